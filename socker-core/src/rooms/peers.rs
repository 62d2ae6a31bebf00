//! What peers ask for.

use super::{
    Ask, Guest, Owner, Room, RoomEnd, RoomError, RoomEvent, RoomId, Rooms, Wish,
    problem::Problem,
    wire::{CONNECTED, Said, Saying, one_line, status},
};
use crate::{
    CloseCode,
    message::Message,
    service::{Context, PeerId},
    wire::Frame,
};

const TOO_MANY: &str = "too many messages a second";
const REPLACED: &str = "the owner is back on another connection";

impl Rooms {
    /// Whether a peer's message is looked at: it has not sent too many.
    pub(super) fn admit(&mut self, cx: &mut Context<'_>, peer: PeerId) -> bool {
        let Some(guest) = self.guests.get_mut(peer) else { return false };
        let (rate, burst) = (self.limits.message_rate, self.limits.message_burst);
        let admitted = guest.rate.admit(cx.now(), rate, burst);
        if !admitted {
            cx.close(peer, CloseCode::Policy, TOO_MANY);
        }
        admitted
    }

    /// Tells a peer what is wrong.
    pub(super) fn refuse(&mut self, cx: &mut Context<'_>, peer: PeerId, problem: &Problem) {
        let text = problem.to_string();
        let saying = match self.find(peer) {
            Some((room, _)) => Saying::connected(room, &text),
            None => Saying::not_connected(None, &text),
        };
        say(cx, peer, &saying.with_error(problem.code()));
    }

    pub(super) fn act(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        message: &Message<'_>,
    ) -> Result<(), Problem> {
        if message.len() > self.limits.message {
            return Err(RoomError::MessageTooLong.into());
        }
        let text = message.as_text().ok_or(Problem::Binary)?;
        let said = Said::parse(text)?;
        match said.status() {
            status::NEW => self.create_for(cx, peer, &said, text),
            status::JOIN => self.join(cx, peer, &said, text),
            status::CONNECTED => self.forward(cx, peer, &said, text),
            status::CLOSE => {
                self.owned_by(peer, &said).map(|room| self.end(cx, room, RoomEnd::Owner))
            }
            other => Err(Problem::UnknownStatus(other)),
        }
    }

    /// A new room, or the return of an owner who has a token to show.
    fn create_for(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        said: &Said<'_>,
        text: &str,
    ) -> Result<(), Problem> {
        self.expect_outside(peer)?;
        let claim = said.claim()?;
        let is_claimed = claim.is_some();
        let (room, token) = claim.unwrap_or_else(|| self.draw_room());
        let is_there = self.rooms.contains_key(&room);
        if is_there {
            self.resume(cx, peer, room);
        } else {
            self.expect_room()?;
            self.ask(peer, Wish::Create(room), text)?;
            self.begin(cx, room, Owner::Peer(peer))?;
        }
        self.seat(peer, room);
        let resumed = is_claimed.then_some(is_there);
        let welcome = Saying::connected(room, CONNECTED).with_token(&token, resumed);
        self.welcome(cx, peer, room, welcome);
        Ok(())
    }

    /// The owner is back. Its old connection, if it is still there, gives way.
    fn resume(&mut self, cx: &mut Context<'_>, peer: PeerId, id: RoomId) {
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let members = room.members.len();
        match std::mem::replace(&mut room.owner, Owner::Peer(peer)) {
            Owner::Away(until) => _ = self.ends.remove(&(until, id)),
            Owner::Peer(before) => {
                let goodbye = Saying::not_connected(Some(id), REPLACED);
                say(cx, before, &goodbye.with_error("replaced"));
                cx.close(before, CloseCode::Normal, REPLACED);
            }
            // Nobody has the token of such a room.
            Owner::Program => {}
        }
        self.tell(cx.now(), RoomEvent::OwnerReturned { room: id, owner: peer, members });
    }

    fn join(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        said: &Said<'_>,
        text: &str,
    ) -> Result<(), Problem> {
        self.expect_outside(peer)?;
        let id: RoomId = said.uuid().parse().map_err(|_| RoomError::UnknownRoom)?;
        let room = self.rooms.get(&id).ok_or(RoomError::UnknownRoom)?;
        if room.members.len() >= self.limits.members {
            return Err(Problem::RoomFull);
        }
        self.ask(peer, Wish::Join(id), text)?;
        let room = self.rooms.get_mut(&id).ok_or(RoomError::UnknownRoom)?;
        room.members.insert(peer);
        let members = room.members.len();
        self.seat(peer, id);
        self.welcome(cx, peer, id, Saying::connected(id, CONNECTED));
        self.tell(cx.now(), RoomEvent::Joined { room: id, peer, members });
        Ok(())
    }

    /// An action of the owner goes to all members, as it was sent.
    fn forward(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        said: &Said<'_>,
        text: &str,
    ) -> Result<(), Problem> {
        let room = self.owned_by(peer, said)?;
        if said.has_token() {
            return Err(Problem::TokenInAction);
        }
        let frame = Frame::text(&one_line(text));
        self.spread(cx, room, (said.key(), said.is_state()), frame)?;
        Ok(())
    }

    fn owned_by(&self, peer: PeerId, said: &Said<'_>) -> Result<RoomId, Problem> {
        let (id, room) = self.find(peer).ok_or(Problem::NotInRoom)?;
        if room.owner != Owner::Peer(peer) {
            return Err(Problem::NotOwner);
        }
        let is_right = said.uuid().is_empty() || said.uuid().parse() == Ok(id);
        if is_right { Ok(id) } else { Err(Problem::WrongRoom) }
    }

    fn expect_outside(&self, peer: PeerId) -> Result<(), Problem> {
        self.find(peer).map_or(Ok(()), |_| Err(Problem::AlreadyInRoom))
    }

    fn ask(&mut self, peer: PeerId, wish: Wish, message: &str) -> Result<(), Problem> {
        let Some(authorise) = &mut self.authorise else { return Ok(()) };
        let request = self.guests.get(peer).and_then(|guest| guest.request.as_deref());
        authorise(&Ask { peer, wish, request, message }).map_err(Problem::Denied)
    }

    /// Tells a newcomer that it is in the room, and then the state.
    fn welcome(&self, cx: &mut Context<'_>, peer: PeerId, room: RoomId, saying: Saying<'_>) {
        let Some(Room { state, .. }) = self.rooms.get(&room) else { return };
        say(cx, peer, &saying.with_states(state.len()));
        for frame in state.frames() {
            cx.broadcast([peer], frame.clone());
        }
    }

    /// Where a peer is. The room's own word counts, whatever a guest remembers.
    pub(super) fn find(&self, peer: PeerId) -> Option<(RoomId, &Room)> {
        let id = self.guests.get(peer)?.room?;
        let room = self.rooms.get(&id)?;
        room.has(peer).then_some((id, room))
    }

    fn seat(&mut self, peer: PeerId, room: RoomId) {
        if let Some(guest) = self.guests.get_mut(peer) {
            *guest = Guest { room: Some(room), rate: guest.rate, request: None };
        }
    }
}

fn say(cx: &mut Context<'_>, peer: PeerId, saying: &Saying<'_>) {
    cx.send(peer, Message::text(saying.to_json()));
}
