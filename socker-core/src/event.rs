//! What a machine tells its owner.

use std::fmt;

use http::StatusCode;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::{
    handshake::{HandshakeError, Incoming, Response},
    message::{Message, MessageKind, Payload},
    wire::Violation,
};

/// What happened on a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'b> {
    /// A client asks to open the connection: answer with
    /// [`Machine::accept`](crate::Machine::accept) or [`Machine::reject`](crate::Machine::reject).
    /// Servers only.
    Incoming(Incoming),
    /// The server has opened the connection. Clients only.
    Opened(Response),
    /// A message.
    Message(Message<'b>),
    /// A message over [`Config::message_limit`](crate::Config::message_limit) has begun. It is dropped
    /// as it comes, and takes no memory; what is sent after it comes as always. Only up to
    /// [`Config::discard_limit`](crate::Config::discard_limit), beyond which it is a violation.
    Oversized(Oversized),
    /// The answer to a ping, with the ping's payload.
    Pong(Payload<'b>),
    /// No message comes after this, and nothing more can be sent. Every machine says it once.
    Closed(CloseReason),
}

impl Event<'_> {
    /// The same event without a borrow; copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Incoming(incoming) => Event::Incoming(incoming),
            Self::Opened(response) => Event::Opened(response),
            Self::Message(message) => Event::Message(message.into_owned()),
            Self::Oversized(oversized) => Event::Oversized(oversized),
            Self::Pong(payload) => Event::Pong(Payload::Owned(payload.into_bytes())),
            Self::Closed(reason) => Event::Closed(reason),
        }
    }
}

/// A message that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oversized {
    /// Text or binary; whether the text is UTF-8 is not looked at.
    pub kind: MessageKind,
}

impl Oversized {
    /// For tests of services, and for hosts.
    #[must_use]
    pub fn new(kind: MessageKind) -> Self {
        Self { kind }
    }
}

/// Why a connection ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer closed it; [`CloseCode::Status`] if it gave no code.
    Peer {
        /// The peer's code.
        code: CloseCode,
        /// The peer's words.
        reason: String,
    },
    /// This side closed it, and the peer answered, or had closed it at the same time.
    Local {
        /// The code that was given to `close`.
        code: CloseCode,
        /// The peer's code, mostly the same; [`CloseCode::Status`] if it gave none.
        answer: CloseCode,
        /// The peer's words.
        reason: String,
    },
    /// This side closed it before it was open. Clients only.
    Cancelled,
    /// The peer broke the protocol or a limit; it was told so.
    Violation(Violation),
    /// The opening failed; a client was told so.
    Handshake(HandshakeError),
    /// This server rejected the request.
    Rejected(StatusCode),
    /// The server did not open the connection.
    Refused(Response),
    /// The opening was not complete in [`Config::opening_timeout`](crate::Config::opening_timeout).
    OpeningTimeout,
    /// The peer was silent and did not answer a ping.
    KeepAliveTimeout,
    /// This side closed it, and the peer did not answer.
    CloseTimeout,
    /// The connection ended without a Close.
    Eof,
}

impl CloseReason {
    /// The code of the end (RFC 6455, section 7.1.5): the peer's, or what it was told of a violation,
    /// and [`CloseCode::Abnormal`] where there was no Close.
    #[must_use]
    pub fn code(&self) -> CloseCode {
        match self {
            Self::Peer { code, .. } | Self::Local { answer: code, .. } => *code,
            Self::Violation(violation) => violation.code(),
            _ => CloseCode::Abnormal,
        }
    }

    /// Whether the connection ended with a Close from each side.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Peer { .. } | Self::Local { .. })
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer { code, reason } if reason.is_empty() => {
                write!(f, "closed by the peer with code {code}")
            }
            Self::Peer { code, reason } => write!(f, "closed by the peer with {code}: {reason}"),
            Self::Local { code, .. } => write!(f, "closed by this side with code {code}"),
            Self::Cancelled => f.write_str("closed by this side before it was open"),
            Self::Violation(violation) => write!(f, "protocol violation: {violation}"),
            Self::Handshake(error) => write!(f, "opening handshake failed: {error}"),
            Self::Rejected(status) => write!(f, "rejected with {status}"),
            Self::Refused(response) => {
                write!(f, "refused by the server with {}", response.status())
            }
            Self::OpeningTimeout => f.write_str("the opening handshake took too long"),
            Self::KeepAliveTimeout => f.write_str("the peer was silent and did not answer a ping"),
            Self::CloseTimeout => f.write_str("the peer did not answer a close"),
            Self::Eof => f.write_str("the connection ended without a close"),
        }
    }
}
