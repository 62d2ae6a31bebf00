//! Misuse of a call. What a peer or the clock did is an event.

use std::{error, fmt};

use crate::{
    handshake::{Incoming, SubprotocolError},
    message::Message,
};

/// Why nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The connection is not open yet: wait for the opening.
    Opening,
    /// The connection is closing or closed: nothing more can be sent.
    Closed,
    /// [`Config::outgoing_limit`](crate::Config::outgoing_limit) bytes wait to be sent: write what
    /// is outgoing, then send again.
    Full,
    /// A ping of more than 125 bytes (RFC 6455, section 5.5).
    TooLong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "the connection is not open yet",
            Self::Closed => "the connection is closed",
            Self::Full => "too many bytes wait to be sent; write what is outgoing first",
            Self::TooLong => "a ping holds at most 125 bytes",
        })
    }
}

impl error::Error for Refusal {}

/// A message that was not queued, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError<'m> {
    /// Why.
    pub refusal: Refusal,
    /// The message, as it was given.
    pub message: Message<'m>,
}

impl SendError<'_> {
    /// The same error without a borrow; copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> SendError<'static> {
        SendError { refusal: self.refusal, message: self.message.into_owned() }
    }
}

impl fmt::Display for SendError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message not sent: {}", self.refusal)
    }
}

impl error::Error for SendError<'_> {}

/// A request that was not answered, and why.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnswerError {
    /// The chosen subprotocol was not offered. The request can be answered again.
    Subprotocol {
        /// The request, to be answered again.
        incoming: Incoming,
        /// What was chosen.
        error: SubprotocolError,
    },
    /// This machine has no such request to be answered: it is another connection's, or its time is
    /// over. Requests are told apart by their keys, which clients draw.
    NotPending(Incoming),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subprotocol { error, .. } => error.fmt(f),
            Self::NotPending(_) => f.write_str("this machine has no such request to be answered"),
        }
    }
}

impl error::Error for AnswerError {}
