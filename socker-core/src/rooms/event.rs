use std::{borrow::Cow, fmt};

use super::RoomId;
use crate::{handshake::Request, service::PeerId};

/// What happened to a room, for the embedding program.
///
/// `members` is how many there are, without the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// There is a new room.
    Created {
        /// The room.
        room: RoomId,
        /// Its owner; `None` is the embedding program.
        owner: Option<PeerId>,
    },
    /// Somebody has joined.
    Joined {
        /// The room.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// How many members there are now.
        members: usize,
    },
    /// A member has left. When a room is closed, this is not told of each.
    Left {
        /// The room.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// How many members there are now.
        members: usize,
    },
    /// The owner's connection has ended. It may come back within [`Limits::grace`](super::Limits::grace).
    OwnerLeft {
        /// The room.
        room: RoomId,
        /// How many members there are.
        members: usize,
    },
    /// The owner is back, on another connection.
    OwnerReturned {
        /// The room.
        room: RoomId,
        /// The owner.
        owner: PeerId,
        /// How many members there are.
        members: usize,
    },
    /// The room is gone, and the connections of all who were in it are closed.
    Closed {
        /// The room.
        room: RoomId,
        /// How many members there were.
        members: usize,
        /// Why.
        end: RoomEnd,
    },
}

/// Why a room was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEnd {
    /// The owner has closed it.
    Owner,
    /// The embedding program has closed it.
    Program,
    /// The owner did not come back.
    Abandoned,
}

impl RoomEnd {
    /// As the peers are told.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Owner => "the room was closed by its owner",
            Self::Program => "the room was closed by the server",
            Self::Abandoned => "the room's owner did not come back",
        }
    }
}

impl fmt::Display for RoomEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a peer asks for, to be allowed or denied.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ask<'a> {
    /// Who asks.
    pub peer: PeerId,
    /// What for.
    pub wish: Wish,
    /// What its connection was opened with: path, query, cookies, address. `None` if it was opened
    /// by this side.
    pub request: Option<&'a Request>,
    /// Its message, a JSON object as it was sent. It may have fields of your own, say a password.
    pub message: &'a str,
}

/// What a peer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// To own a new room, which would be this one. It may have been there before: an owner can make
    /// its room anew after it was closed or forgotten.
    Create(RoomId),
    /// To be a member of this room.
    Join(RoomId),
}

/// A wish that is not granted, and why: the peer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub(super) text: Cow<'static, str>,
}

impl Denial {
    /// With a reason for people to read.
    #[must_use]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into() }
    }
}
