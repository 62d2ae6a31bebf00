//! What an endpoint tells its owner.

use std::{fmt, net::SocketAddr};

use bytes::Bytes;
use socker_core::Message;

use crate::channel::{ChannelConfig, ChannelId};

/// A browser's connection. Ids are not used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub(crate) u64);

impl PeerId {
    /// An id by its number, for tests of what is told by an endpoint.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer {}", self.0)
    }
}

/// What happened to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// ICE and DTLS have connected. Channels open next.
    Connected,
    /// A channel can be sent on, whichever side opened it.
    Opened {
        /// Which one.
        channel: ChannelId,
        /// Its name and promises, as the side that opened it has told them.
        config: ChannelConfig,
    },
    /// A message.
    Message {
        /// On which channel.
        channel: ChannelId,
        /// Text or binary, whole; it may be empty.
        message: Message<'static>,
    },
    /// There is room again, after a message was refused with
    /// [`Refusal::Full`](crate::Refusal::Full) or droppable ones were skipped.
    Writable {
        /// On which channel.
        channel: ChannelId,
        /// How many droppable messages the peer has missed since the last one that was not skipped: a
        /// fresh snapshot helps now.
        skipped: u64,
    },
    /// No message comes on this channel after this, and none can be sent, whichever side closed it. A
    /// peer's end says it for none of its channels.
    ChannelClosed {
        /// Which one.
        channel: ChannelId,
    },
    /// The peer's last event, which every peer has once, whether it was connected or not.
    Disconnected {
        /// Why.
        reason: Reason,
    },
}

/// Why a peer is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The peer closed the connection, or broke SCTP's rules: a message was longer than
    /// [`Config::message_limit`](crate::Config::message_limit), which it had been told.
    Peer,
    /// This side closed it.
    Local,
    /// Nothing was heard for [`Config::silence`](crate::Config::silence).
    Timeout,
    /// It was not connected within [`Config::opening_timeout`](crate::Config::opening_timeout).
    OpeningTimeout,
    /// The peer did what it must not.
    Violation(Violation),
    /// What was agreed on in the offer was not kept, or encryption failed: the certificate is not the
    /// one of the offer, for example.
    Failed,
}

/// What a peer must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// It opened more than [`Config::channels`](crate::Config::channels).
    Channels,
    /// A channel's label and protocol are longer than
    /// [`Config::label_limit`](crate::Config::label_limit).
    Label,
    /// A text message is not UTF-8 (RFC 8831, section 6.6).
    NotUtf8,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "closed by the peer",
            Self::Local => "closed by this side",
            Self::Timeout => "the peer was silent for too long",
            Self::OpeningTimeout => "not connected in time",
            Self::Violation(violation) => return write!(f, "violation by the peer: {violation}"),
            Self::Failed => "the peer is not who its offer promised, or encryption failed",
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channels => "too many data channels",
            Self::Label => "a data channel's label is too long",
            Self::NotUtf8 => "a text is not UTF-8",
        })
    }
}

/// A datagram to be sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transmit {
    /// The announced address from which it goes, for hosts with several sockets.
    pub source: SocketAddr,
    /// Where it goes.
    pub destination: SocketAddr,
    /// 1,500 bytes at the most, and mostly below 1,200.
    pub payload: Bytes,
}

impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, destination, payload } = self;
        write!(f, "{source} -> {destination}, {} bytes", payload.len())
    }
}

/// What an endpoint has counted since it began.
///
/// ```
/// # use socker_rtc::Counters;
/// assert_eq!(Counters::default().strangers, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Peers whose offer was answered.
    pub accepted: u64,
    /// Datagrams of nobody who made an offer, or to no announced address. They are dropped.
    pub strangers: u64,
    /// Datagrams that are none of ICE and DTLS, or that a peer's state refused. They are dropped.
    pub malformed: u64,
    /// Datagrams that came while the peer's events waited to be polled
    /// ([`Config::event_limit`](crate::Config::event_limit)). They are dropped, and come again.
    pub held_back: u64,
    /// Datagrams to peers beyond [`Config::datagram_limit`](crate::Config::datagram_limit), and those
    /// that were not polled within [`Config::close_timeout`](crate::Config::close_timeout) of an end.
    pub unsent: u64,
    /// Droppable messages that were skipped.
    pub skipped: u64,
}
