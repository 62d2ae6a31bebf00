//! What rooms have to do, as plainly as it can be said.

use std::collections::BTreeMap;
use std::time::Duration;

use socker_core::Instant;
use socker_core::rooms::{Limits, RoomEnd, RoomEvent, RoomId};
use socker_core::service::PeerId;

use super::naive::Naive;

/// The fields of an answer that are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The room.
    pub uuid: Option<RoomId>,
    /// Whether it has status 3, or else 0.
    pub connected: bool,
    /// Whether it has a token.
    pub token: bool,
    /// What it says of these.
    pub resumed: Option<bool>,
    /// How many state messages follow.
    pub states: Option<usize>,
    /// What is wrong.
    pub error: Option<&'static str>,
}

/// What a peer has to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// An answer of the server.
    Answer(Answer),
    /// Exactly this text.
    Text(String),
    /// The end, with this code.
    Close(u16),
}

/// How long a room waits for its owner, in these tests.
pub const WATCHED: Duration = Duration::from_secs(30);

/// All rooms, in the order in which they were created.
#[derive(Debug)]
pub struct Model {
    limits: Limits,
    pub(super) now: Instant,
    rooms: Vec<Room>,
    /// Who is there, and was not closed; how much of its burst each has used, and when it was so much.
    peers: Vec<(PeerId, Duration, Instant)>,
    expected: BTreeMap<PeerId, Vec<Expected>>,
    events: Vec<RoomEvent>,
}

/// What keeping a state message takes beside its bytes and its key.
const ENTRY: usize = 256;

#[derive(Debug)]
struct Room {
    id: RoomId,
    owner: Owner,
    members: Vec<PeerId>,
    state: Vec<(String, String)>,
}

#[derive(Debug, PartialEq)]
enum Owner {
    Program,
    Peer(PeerId),
    AwaySince(Instant),
}

impl Room {
    fn has(&self, peer: PeerId) -> bool {
        self.owner == Owner::Peer(peer) || self.members.contains(&peer)
    }
}

impl Model {
    /// No rooms, and nobody there.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            now: Instant::START,
            rooms: Vec::new(),
            peers: Vec::new(),
            expected: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// What a peer has to hear, since the last call.
    pub fn expected(&mut self, peer: PeerId) -> Vec<Expected> {
        self.expected.remove(&peer).unwrap_or_default()
    }

    /// What the program has to be told, since the last call.
    pub fn events(&mut self) -> Vec<RoomEvent> {
        std::mem::take(&mut self.events)
    }

    /// The rooms that are there, with the numbers of their members and of their state messages.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, usize, usize)> {
        self.rooms.iter().map(|room| (room.id, room.members.len(), room.state.len()))
    }

    /// Whether a peer is there.
    #[must_use]
    pub fn is_there(&self, peer: PeerId) -> bool {
        self.peers.iter().any(|(other, ..)| *other == peer)
    }

    /// The owner of a room, if it is there.
    #[must_use]
    pub fn owner(&self, id: RoomId) -> Option<PeerId> {
        match self.rooms[self.find(id)?].owner {
            Owner::Peer(peer) => Some(peer),
            Owner::Program | Owner::AwaySince(_) => None,
        }
    }

    /// The room in which a peer is.
    #[must_use]
    pub fn id_of_room(&self, peer: PeerId) -> Option<RoomId> {
        self.room_of(peer).map(|room| self.rooms[room].id)
    }

    /// How many bytes a state message with this key may have, in the room of a peer.
    pub(super) fn room_for(&self, peer: PeerId, key: &str) -> usize {
        let Some(room) = self.room_of(peer) else { return 0 };
        let others = self.rooms[room].state.iter().filter(|(other, _)| other != key);
        let used: usize = others.map(|(key, text)| key.len() + text.len() + ENTRY).sum();
        self.limits.state.saturating_sub(used + key.len() + ENTRY)
    }

    /// When the next room ends whose owner does not come back.
    #[must_use]
    pub fn timeout(&self) -> Option<Instant> {
        let away = self.rooms.iter().filter_map(|room| match room.owner {
            Owner::AwaySince(since) => Some(since + WATCHED),
            _ => None,
        });
        away.min()
    }

    fn tell(&mut self, peer: PeerId, expected: Expected) {
        self.expected.entry(peer).or_default().push(expected);
    }

    /// Whether a peer is in a room.
    pub(super) fn is_inside(&self, peer: PeerId) -> bool {
        self.room_of(peer).is_some()
    }

    fn room_of(&self, peer: PeerId) -> Option<usize> {
        self.rooms.iter().position(|room| room.has(peer))
    }

    fn find(&self, id: RoomId) -> Option<usize> {
        self.rooms.iter().position(|room| room.id == id)
    }

    /// That a peer's message was wrong.
    pub(super) fn wrong(&mut self, peer: PeerId, error: &'static str) {
        let uuid = self.room_of(peer).map(|room| self.rooms[room].id);
        let connected = uuid.is_some();
        let answer = Answer { uuid, connected, error: Some(error), ..Answer::default() };
        self.tell(peer, Expected::Answer(answer));
    }

    fn welcome(&mut self, peer: PeerId, room: usize, token: bool, resumed: Option<bool>) {
        let Room { id, state, .. } = &self.rooms[room];
        let states: Vec<_> = state.iter().map(|(_, text)| text.clone()).collect();
        let (uuid, count) = (Some(*id), Some(states.len()));
        let answer = Answer { uuid, connected: true, token, resumed, states: count, error: None };
        self.tell(peer, Expected::Answer(answer));
        for text in states {
            self.tell(peer, Expected::Text(text));
        }
    }

    pub(super) fn open(&mut self, peer: PeerId) {
        self.peers.push((peer, Duration::ZERO, self.now));
    }

    /// A peer says something, if not too much; whether it is heard.
    pub(super) fn admit(&mut self, peer: PeerId) -> bool {
        let of = self.peers.iter_mut().find(|(other, ..)| *other == peer);
        let (_, used, at) = of.expect("it is there");
        let each = Duration::from_secs(1) / self.limits.message_rate;
        let now_used = used.saturating_sub(self.now.since(*at)) + each;
        if now_used > each * self.limits.message_burst {
            self.dismiss(peer, 1008);
            return false;
        }
        (*used, *at) = (now_used, self.now);
        true
    }

    /// The room is new: the rooms' own number for it is taken as it is.
    pub(super) fn create(&mut self, peer: PeerId, id: Option<RoomId>) {
        if self.room_of(peer).is_some() {
            self.wrong(peer, "already-in-room");
        } else if !self.make_room() {
            self.wrong(peer, "too-many-rooms");
        } else {
            self.begin(id.expect("there is room for it"), Owner::Peer(peer));
            self.welcome(peer, self.rooms.len() - 1, true, None);
        }
    }

    /// A room whose owner is away and that nobody follows goes for a new one, the first to end.
    fn make_room(&mut self) -> bool {
        if self.rooms.len() < self.limits.rooms {
            return true;
        }
        let away = self.rooms.iter().enumerate().filter_map(|(at, room)| match room.owner {
            Owner::AwaySince(since) if room.members.is_empty() => Some((since, room.id, at)),
            _ => None,
        });
        let Some((.., first)) = away.min() else { return false };
        self.end(first, RoomEnd::Abandoned);
        true
    }

    fn begin(&mut self, id: RoomId, owner: Owner) {
        assert!(self.find(id).is_none(), "{id} is there twice");
        let by = if let Owner::Peer(peer) = owner { Some(peer) } else { None };
        self.events.push(RoomEvent::Created { room: id, owner: by });
        self.rooms.push(Room { id, owner, members: Vec::new(), state: Vec::new() });
    }

    pub(super) fn program_creates(&mut self, id: Option<RoomId>) {
        match id {
            None => assert!(!self.make_room(), "there was room"),
            Some(id) => {
                assert!(self.make_room(), "there was no room");
                self.begin(id, Owner::Program);
            }
        }
    }

    /// An owner comes back, with its token.
    pub(super) fn come_back(&mut self, peer: PeerId, id: RoomId) {
        if self.room_of(peer).is_some() {
            return self.wrong(peer, "already-in-room");
        }
        let Some(room) = self.find(id) else {
            if !self.make_room() {
                return self.wrong(peer, "too-many-rooms");
            }
            self.begin(id, Owner::Peer(peer));
            return self.welcome(peer, self.rooms.len() - 1, true, Some(false));
        };
        let before = std::mem::replace(&mut self.rooms[room].owner, Owner::Peer(peer));
        if let Owner::Peer(before) = before {
            let (uuid, error) = (Some(id), Some("replaced"));
            self.tell(before, Expected::Answer(Answer { uuid, error, ..Answer::default() }));
            self.dismiss(before, 1000);
        }
        let members = self.rooms[room].members.len();
        self.events.push(RoomEvent::OwnerReturned { room: id, owner: peer, members });
        self.welcome(peer, room, true, Some(true));
    }

    pub(super) fn join(&mut self, peer: PeerId, id: Option<RoomId>) {
        if self.room_of(peer).is_some() {
            return self.wrong(peer, "already-in-room");
        }
        let Some(room) = id.and_then(|id| self.find(id)) else {
            return self.wrong(peer, "unknown-room");
        };
        if self.rooms[room].members.len() == self.limits.members {
            return self.wrong(peer, "room-full");
        }
        self.rooms[room].members.push(peer);
        let (room_id, members) = (self.rooms[room].id, self.rooms[room].members.len());
        self.events.push(RoomEvent::Joined { room: room_id, peer, members });
        self.welcome(peer, room, false, None);
    }

    /// Whether a peer may do what the owner of its room alone may.
    fn owned(&self, peer: PeerId, said: &Naive) -> Result<usize, &'static str> {
        let room = self.room_of(peer).ok_or("not-in-room")?;
        let Room { id, owner, .. } = &self.rooms[room];
        if *owner != Owner::Peer(peer) {
            return Err("not-owner");
        }
        let right = said.uuid.is_empty() || said.uuid.parse() == Ok(*id);
        if right { Ok(room) } else { Err("wrong-room") }
    }

    pub(super) fn act(&mut self, peer: PeerId, said: &Naive, text: &str) {
        let text = text.replace(['\n', '\r'], " ");
        let done = self.owned(peer, said).and_then(|room| match said.token {
            Some(_) => Err("token-in-action"),
            None => self.spread(room, &said.key, &text, said.is_state),
        });
        if let Err(error) = done {
            self.wrong(peer, error);
        }
    }

    pub(super) fn program_acts(
        &mut self,
        id: RoomId,
        key: &str,
        text: &str,
        state: bool,
    ) -> Result<usize, &'static str> {
        let room = self.find(id).ok_or("unknown-room")?;
        self.spread(room, key, text, state)
    }

    fn spread(
        &mut self,
        room: usize,
        key: &str,
        text: &str,
        is_state: bool,
    ) -> Result<usize, &'static str> {
        if key.is_empty() {
            return Err("missing-key");
        }
        if is_state {
            let mut state = self.rooms[room].state.clone();
            state.retain(|(other, _)| other != key);
            state.push((key.to_owned(), text.to_owned()));
            let bytes: usize = state.iter().map(|(key, text)| key.len() + text.len() + ENTRY).sum();
            if bytes > self.limits.state || state.len() > self.limits.state_keys {
                return Err("state-full");
            }
            self.rooms[room].state = state;
        }
        let members = self.rooms[room].members.clone();
        for member in &members {
            self.tell(*member, Expected::Text(text.to_owned()));
        }
        Ok(members.len())
    }

    pub(super) fn close(&mut self, peer: PeerId, said: &Naive) {
        match self.owned(peer, said) {
            Ok(room) => self.end(room, RoomEnd::Owner),
            Err(error) => self.wrong(peer, error),
        }
    }

    pub(super) fn program_closes(&mut self, id: RoomId) -> bool {
        self.find(id).map(|room| self.end(room, RoomEnd::Program)).is_some()
    }

    fn end(&mut self, room: usize, end: RoomEnd) {
        let Room { id, owner, members, .. } = self.rooms.remove(room);
        self.events.push(RoomEvent::Closed { room: id, members: members.len(), end });
        let owner = if let Owner::Peer(owner) = owner { Some(owner) } else { None };
        for peer in owner.into_iter().chain(members) {
            self.tell(peer, Expected::Answer(Answer { uuid: Some(id), ..Answer::default() }));
            self.dismiss(peer, 1000);
        }
    }

    /// The service has closed a peer: all that it says now is not heard.
    fn dismiss(&mut self, peer: PeerId, code: u16) {
        self.tell(peer, Expected::Close(code));
        self.peers.retain(|(other, ..)| *other != peer);
    }

    pub(super) fn gone(&mut self, peer: PeerId) {
        self.peers.retain(|(other, ..)| *other != peer);
        let Some(room) = self.room_of(peer) else { return };
        let Room { id, owner, members, .. } = &mut self.rooms[room];
        members.retain(|other| *other != peer);
        let (room, count) = (*id, members.len());
        self.events.push(if *owner == Owner::Peer(peer) {
            *owner = Owner::AwaySince(self.now);
            RoomEvent::OwnerLeft { room, members: count }
        } else {
            RoomEvent::Left { room, peer, members: count }
        });
    }

    pub(super) fn time(&mut self, now: Instant) {
        self.now = now;
        loop {
            let away = self.rooms.iter().enumerate().filter_map(|(at, room)| match room.owner {
                Owner::AwaySince(since) if since + WATCHED <= now => Some((since, room.id, at)),
                _ => None,
            });
            let Some((.., first)) = away.min() else { return };
            self.end(first, RoomEnd::Abandoned);
        }
    }
}
