//! Rooms, in each of which one owner drives many members: rtbroadcaster's protocol.
//!
//! [`Rooms`] is a [`Service`]. A peer creates a room, others join it by its id, and what the owner
//! sends from then on reaches all of them, in order. Actions that are marked as state are kept, the
//! last of each key, and told to whoever joins later.
//!
//! ```
//! use socker_core::Seed;
//! use socker_core::rooms::{Denial, Limits, RoomEvent, Rooms, Wish};
//! use socker_core::service::{Budget, Host};
//!
//! let limits = Limits::default().members(200);
//! let config = limits.config().into();
//! let seed = Seed::from([7; 16]); // from the operating system, outside of examples
//! let rooms = Rooms::new(seed)
//!     .limits(limits)
//!     .authorise(|ask| match ask.request.and_then(|request| request.cookie("role")) {
//!         Some("teacher") => Ok(()),
//!         _ if matches!(ask.wish, Wish::Create(_)) => Err(Denial::new("only teachers open rooms")),
//!         _ => Ok(()),
//!     })
//!     .on_event(|_, event| {
//!         if let RoomEvent::Joined { room, members, .. } = event {
//!             println!("{members} follow {room}");
//!         }
//!     });
//! let host = Host::with(rooms, config, Budget::default());
//! ```
//!
//! # Protocol
//!
//! Each message is a text message with one JSON object. `status.value` tells what it is; fields that
//! are not needed may be empty, null or missing. Those that are unknown may be anything, and are
//! forwarded with an action.
//!
//! ```json
//! {"uuid": "", "status": {"value": 1, "text": "new"}, "funcKey": "", "funcParams": [], "stateMessage": false}
//! ```
//!
//! | `status.value` | from a peer | from the server |
//! |---|---|---|
//! | 0 | | not connected: in no room, or not any more; `status.text` says why |
//! | 1 | create a room | |
//! | 2 | join the room `uuid` | |
//! | 3 | the owner's action: `funcKey`, `funcParams`, `stateMessage` | connected; or an action |
//! | 4 | the owner closes the room | |
//!
//! The answer to 1 and 2 has status 3 and the room's `uuid`; after the answer to 2 come the state
//! messages, in the order in which they were last set, and then the actions as they happen. An
//! action is forwarded to the members, not to the owner, byte for byte; only line ends between its
//! tokens become spaces, since the original's clients take each line for a message.
//!
//! When a room is closed, all who are in it get status 0, and their connections are closed with
//! 1000.
//!
//! Beyond the original:
//!
//! - The answers to 1 and 2 tell in `states` how many state messages follow.
//! - The answer to 1 has a `token`. An owner whose connection broke sends 1 again, with its `uuid`
//!   and `token`, within [`Limits::grace`]. The answer then has `"resumed": true`, and the state
//!   follows. With `"resumed": false` the server did not know the room any more, say after a
//!   restart, and has made it anew, without a state. A second connection that comes back takes the
//!   first one's place, which gets status 0 with the error `replaced`.
//! - A message that can't be followed gets an answer with an `error`, which goes to its sender
//!   alone; nobody else learns of it. Its status is 3 if the sender is in a room, and 0 if not. The
//!   connection stays.
//!
//! | `error` | what to do |
//! |---|---|
//! | `malformed`, `wrong-type` | send a JSON object with these fields; `status.text` says what is wrong |
//! | `text-expected` | send text, not binary |
//! | `message-too-long` | send no more than [`Limits::message`] bytes |
//! | `unknown-status` | use a value from the table |
//! | `unknown-room` | ask for another id: there is no such room any more, or there never was |
//! | `room-full`, `too-many-rooms` | try again later |
//! | `not-in-room` | create or join a room first |
//! | `already-in-room` | open another connection for another room |
//! | `wrong-room` | send the `uuid` of the room in which this connection is, or an empty one |
//! | `not-owner` | leave it to the owner |
//! | `wrong-token` | send the `uuid` and `token` of the same answer |
//! | `token-in-action` | keep the token to yourself: the members would see it |
//! | `missing-key` | give the action a `funcKey` |
//! | `state-full` | use fewer keys, or smaller messages: see [`Limits::state`] |
//! | `denied` | the server's program does not want it; `status.text` has its reason |
//! | `replaced` | nothing: the owner is back on another connection |
//!
//! A peer that sends more than [`Limits::message_rate`] is closed with 1008, and one that does not
//! read what it is sent with 1013.

mod action;
mod event;
mod id;
mod limits;
mod peers;
mod problem;
mod program;
mod room;
mod state;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

pub use self::{
    action::Action,
    event::{Ask, Denial, RoomEnd, RoomEvent, Wish},
    id::{RoomId, RoomIdError},
    limits::Limits,
    problem::RoomError,
};
use self::{
    id::OwnerToken,
    room::{Owner, Room},
    wire::Saying,
};
use crate::{
    CloseCode,
    event::CloseReason,
    handshake::Request,
    message::Message,
    seed::{Draw, Seed},
    service::{Context, Oversized, PeerId, Peers, Rate, Service, Verdict},
    time::Instant,
    wire::Frame,
};

/// Rooms, as a service: see the [module](self).
pub struct Rooms {
    limits: Limits,
    draw: Draw,
    rooms: BTreeMap<RoomId, Room>,
    guests: Peers<Guest>,
    /// When the rooms are closed whose owners are away.
    ends: BTreeSet<(Instant, RoomId)>,
    authorise: Option<Box<Authorise>>,
    follow: Option<Box<Follow>>,
}

type Authorise = dyn FnMut(&Ask<'_>) -> Result<(), Denial> + Send;
type Follow = dyn FnMut(Instant, RoomEvent) + Send;

/// A connection.
#[derive(Debug, Default)]
struct Guest {
    /// Where it is, if the room still knows it.
    room: Option<RoomId>,
    rate: Rate,
    /// Kept for [`Rooms::authorise`], until it is in a room.
    request: Option<Box<Request>>,
}

impl Rooms {
    /// No rooms yet. Their ids and their owners' tokens come from the seed, which must not be used
    /// for anything else.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            limits: Limits::default(),
            draw: Draw::new(seed),
            rooms: BTreeMap::new(),
            guests: Peers::default(),
            ends: BTreeSet::new(),
            authorise: None,
            follow: None,
        }
    }

    /// What rooms may use; give the host the [`Config`](crate::Config) that suits them
    /// ([`Limits::config`]).
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Decides who may create a room, and who may join one; without it, everybody may. An owner that
    /// comes back to its room is not asked for.
    #[must_use]
    pub fn authorise(
        self,
        authorise: impl FnMut(&Ask<'_>) -> Result<(), Denial> + Send + 'static,
    ) -> Self {
        Self { authorise: Some(Box::new(authorise)), ..self }
    }

    /// Tells what happens to rooms, and when.
    #[must_use]
    pub fn on_event(self, follow: impl FnMut(Instant, RoomEvent) + Send + 'static) -> Self {
        Self { follow: Some(Box::new(follow)), ..self }
    }

    fn tell(&mut self, now: Instant, event: RoomEvent) {
        if let Some(follow) = &mut self.follow {
            follow(now, event);
        }
    }

    /// Closes a room and the connections of all who are in it.
    fn end(&mut self, cx: &mut Context<'_>, id: RoomId, end: RoomEnd) {
        let Some(room) = self.rooms.remove(&id) else { return };
        if let Owner::Away(until) = room.owner {
            self.ends.remove(&(until, id));
        }
        let goodbye = Saying::not_connected(Some(id), end.text()).to_json();
        cx.broadcast(room.peers(), Frame::text(&goodbye));
        for peer in room.peers() {
            cx.close(peer, CloseCode::Normal, end.text());
        }
        self.tell(cx.now(), RoomEvent::Closed { room: id, members: room.members.len(), end });
    }

    /// A connection is gone.
    fn forget(&mut self, now: Instant, peer: PeerId) {
        let Some(id) = self.guests.remove(peer).and_then(|guest| guest.room) else { return };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        if room.owner == Owner::Peer(peer) {
            let until = now + self.limits.grace;
            room.owner = Owner::Away(until);
            self.ends.insert((until, id));
            let members = room.members.len();
            self.tell(now, RoomEvent::OwnerLeft { room: id, members });
        } else if room.members.remove(&peer) {
            let members = room.members.len();
            self.tell(now, RoomEvent::Left { room: id, peer, members });
        }
    }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("rooms", &self.rooms.len()).finish_non_exhaustive()
    }
}

impl Service for Rooms {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.forget(cx.now(), peer);
        let request = self.authorise.is_some().then(|| Box::new(request.clone()));
        self.guests.insert(peer, Guest { request, ..Guest::default() });
        Verdict::accept()
    }

    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        if !self.guests.contains(peer) {
            self.guests.insert(peer, Guest::default());
        }
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if self.admit(cx, peer)
            && let Err(problem) = self.act(cx, peer, &message)
        {
            self.refuse(cx, peer, &problem);
        }
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, _: Oversized) {
        if self.admit(cx, peer) {
            self.refuse(cx, peer, &RoomError::MessageTooLong.into());
        }
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.forget(cx.now(), peer);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        while let Some((until, room)) = self.ends.first().copied()
            && until <= cx.now()
        {
            self.ends.pop_first();
            self.end(cx, room, RoomEnd::Abandoned);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.ends.first().map(|(until, _)| *until)
    }
}
