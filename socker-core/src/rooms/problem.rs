use std::{error, fmt};

use super::Denial;

/// Why the embedding program's call did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomError {
    /// There is no such room, or it was closed.
    UnknownRoom,
    /// [`Limits::rooms`](super::Limits::rooms) are there: close one first.
    TooManyRooms,
    /// An action needs a key, which tells the members what to do.
    MissingKey,
    /// The message is over [`Limits::message`](super::Limits::message): split it.
    MessageTooLong,
    /// The room's state would be over [`Limits::state`](super::Limits::state) or
    /// [`Limits::state_keys`](super::Limits::state_keys): use fewer keys, or smaller messages.
    StateFull,
}

impl RoomError {
    fn code(self) -> &'static str {
        match self {
            Self::UnknownRoom => "unknown-room",
            Self::TooManyRooms => "too-many-rooms",
            Self::MissingKey => "missing-key",
            Self::MessageTooLong => "message-too-long",
            Self::StateFull => "state-full",
        }
    }
}

impl fmt::Display for RoomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownRoom => "there is no such room; it may have been closed",
            Self::TooManyRooms => "there are too many rooms; try again later",
            Self::MissingKey => "an action needs a funcKey",
            Self::MessageTooLong => "the message is too long; split it",
            Self::StateFull => "the room's state is full; use fewer keys, or smaller messages",
        })
    }
}

impl error::Error for RoomError {}

/// What is wrong with a peer's message, which did nothing.
#[derive(Debug)]
pub(super) enum Problem {
    Room(RoomError),
    Binary,
    /// In the parser's words.
    Malformed(String),
    WrongType(String),
    UnknownStatus(i64),
    NotInRoom,
    AlreadyInRoom,
    WrongRoom,
    NotOwner,
    TokenInAction,
    RoomFull,
    WrongToken,
    Denied(Denial),
}

impl From<RoomError> for Problem {
    fn from(error: RoomError) -> Self {
        Self::Room(error)
    }
}

impl Problem {
    /// As it goes to the peer; the list in the module's documentation explains each.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Room(error) => error.code(),
            Self::Binary => "text-expected",
            Self::Malformed(_) => "malformed",
            Self::WrongType(_) => "wrong-type",
            Self::UnknownStatus(_) => "unknown-status",
            Self::NotInRoom => "not-in-room",
            Self::AlreadyInRoom => "already-in-room",
            Self::WrongRoom => "wrong-room",
            Self::NotOwner => "not-owner",
            Self::TokenInAction => "token-in-action",
            Self::RoomFull => "room-full",
            Self::WrongToken => "wrong-token",
            Self::Denied(_) => "denied",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(error) => error.fmt(f),
            Self::Binary => f.write_str("a text message with JSON was expected, not binary"),
            Self::Malformed(error) => write!(f, "the message is not JSON: {error}"),
            Self::WrongType(error) => write!(f, "the message has a wrong type: {error}"),
            Self::UnknownStatus(value) => write!(
                f,
                "status.value {value} is unknown; 1 is new, 2 is join, 3 is an action, 4 is close"
            ),
            Self::NotInRoom => f.write_str("this connection is in no room; create or join one"),
            Self::AlreadyInRoom => f.write_str("this connection is in a room already"),
            Self::WrongRoom => f.write_str("the uuid is not that of this connection's room"),
            Self::NotOwner => f.write_str("only the room's owner can do this"),
            Self::TokenInAction => {
                f.write_str("an action must not have the token, which the members would see")
            }
            Self::RoomFull => f.write_str("the room is full; try again later"),
            Self::WrongToken => f.write_str("the token is not that of the room's owner"),
            Self::Denied(denial) => f.write_str(&denial.text),
        }
    }
}
