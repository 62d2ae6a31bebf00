//! The logic of many connections as one pure machine, and what hosts it.
//!
//! A [`Service`] is told what its peers do and what time it is, and answers with [`Command`]s, which
//! are data. It has no IO, so the same service runs on tokio, on a blocking mio loop, in a game's
//! tick and on a simulated network, and a test of it is a table:
//!
//! ```
//! use socker_core::service::{Command, Commands, Context, Delivery, PeerId, Service};
//! use socker_core::{Instant, Message};
//!
//! struct Echo;
//!
//! impl Service for Echo {
//!     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
//!         cx.send(peer, message);
//!     }
//! }
//!
//! let mut commands = Commands::default();
//! let peer = PeerId::new(0, 0);
//! Echo.message(&mut Context::new(Instant::START, &mut commands), peer, Message::text("hello"));
//! let send = Command::Send {
//!     to: peer,
//!     message: Message::text("hello"),
//!     delivery: Delivery::Reliable,
//! };
//! assert_eq!(commands.drain().collect::<Vec<_>>(), [send]);
//! ```
//!
//! # Map
//!
//! - [`Service`] is what you write; [`Context`] takes its [`Command`]s to peers, each of which has a
//!   [`PeerId`]. [`Peers`] is a map by them.
//! - [`Router`] mounts several services on one listener, by path. [`Scripted`] runs a
//!   [`Script`](crate::script::Script) for each connection.
//! - [`Budget`] limits what all peers together, and one of them, may use.
//! - [`Host`] runs a service and all of its connections, without IO: the loop of a game, of mio and
//!   of the simulation. [`host`] has its parts, for a host of another shape.
//! - [`Recorder`] writes down what a service is told and answers; [`Recording`] replays it.

mod budget;
mod command;
mod context;
mod forward;
pub mod host;
mod peer;
mod rate;
mod record;
mod router;
mod scripted;

pub(crate) use self::rate::Rate;
pub use self::{
    budget::Budget,
    command::{Command, Commands, Delivery, Drain},
    context::{Context, PeerOutbox},
    host::Host,
    peer::{PeerId, PeerIdError, Peers},
    record::{Difference, Recorder, Recording, RecordingError},
    router::Router,
    scripted::Scripted,
};
pub use crate::event::Oversized;
use crate::{
    CloseCode,
    event::CloseReason,
    handshake::{Acceptance, Rejection, Request},
    message::Message,
    time::Instant,
    wire::Violation,
};

/// The logic of many connections, without IO.
///
/// For each peer it is called in this order, on every host:
///
/// ```text
///   request --Accept--> opened --> message, oversized, gap --> closed
///      |                             (any number)
///      '--Reject--> nothing more
/// ```
///
/// A peer to which the host has connected by itself begins with `opened`. After the service has
/// closed a peer, `closed` is all that it is still told of it. Commands are carried out in order,
/// after the call; those to a peer that is gone do nothing.
///
/// All methods but `message` have a default, which does nothing but where it says so.
pub trait Service {
    /// A client asks to open a connection: look at its path, origin, cookies or address. The default
    /// accepts.
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        let _ = (cx, peer, request);
        Verdict::accept()
    }

    /// The connection is open: from now on there is something to send to.
    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        let _ = (cx, peer);
    }

    /// The peer has sent a message.
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>);

    /// The peer has sent a message over [`Config::message_limit`](crate::Config::message_limit),
    /// which is dropped as it comes ([`Config::discard_limit`](crate::Config::discard_limit)). The
    /// default closes the connection with 1009.
    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        let _ = oversized;
        cx.close(peer, CloseCode::Size, Violation::MessageTooLarge.reason());
    }

    /// The peer did not keep up, and droppable messages to it were dropped. It keeps up again now:
    /// what is sent from here on comes after the gap. Until this call all droppable messages to it
    /// are dropped.
    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        let _ = (cx, peer, gap);
    }

    /// The connection has ended; once for every peer that was opened.
    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        let _ = (cx, peer, reason);
    }

    /// The time of [`Service::poll_timeout`] has come. It may also be called too early.
    fn timeout(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// When to call [`Service::timeout`]; `None` if there is no such time.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

/// What a service says to a request.
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// Open the connection.
    Accept(Acceptance),
    /// Answer with an HTTP status instead.
    Reject(Rejection),
}

impl Verdict {
    /// Open the connection, without a subprotocol or further headers.
    pub fn accept() -> Self {
        Self::Accept(Acceptance::default())
    }
}

impl From<Rejection> for Verdict {
    fn from(rejection: Rejection) -> Self {
        Self::Reject(rejection)
    }
}

impl From<Acceptance> for Verdict {
    fn from(acceptance: Acceptance) -> Self {
        Self::Accept(acceptance)
    }
}

/// What a peer has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// How many messages.
    pub messages: u32,
}
