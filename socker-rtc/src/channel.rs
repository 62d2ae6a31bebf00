//! Data channels as both sides see them.

use std::time::Duration;

use str0m::channel as inner;

/// A data channel of a peer. Ids of one peer are not used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub(crate) u32);

impl ChannelId {
    /// An id by its number, for tests of what is told by an endpoint.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }
}

/// What a channel promises of its messages (RFC 8831, section 6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reliability {
    /// All arrive.
    #[default]
    Reliable,
    /// Each is sent again so many times at the most.
    MaxRetransmits(u16),
    /// Each is sent again for so long at the most; whole milliseconds, 65.535 s at the most.
    MaxLifetime(Duration),
}

/// A channel's name and promises, as the side that opens it tells the other (RFC 8832, section 5.1).
///
/// ```
/// use socker_rtc::{ChannelConfig, Reliability};
///
/// let chat = ChannelConfig::new("chat");
/// let state = ChannelConfig::new("state").ordered(false).reliability(Reliability::MaxRetransmits(0));
/// assert_eq!((chat.ordered, state.label.as_str()), (true, "state"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ChannelConfig {
    /// For people and programs; several channels may have the same.
    pub label: String,
    /// The subprotocol, mostly empty.
    pub protocol: String,
    /// Whether messages arrive in the order in which they were sent. One that is lost then holds back
    /// all after it.
    pub ordered: bool,
    /// Whether messages may get lost.
    pub reliability: Reliability,
}

impl ChannelConfig {
    /// A channel that is ordered and reliable.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ordered: true, ..Self::default() }
    }

    /// Sets [`ChannelConfig::protocol`].
    #[must_use]
    pub fn protocol(self, protocol: impl Into<String>) -> Self {
        Self { protocol: protocol.into(), ..self }
    }

    /// Sets [`ChannelConfig::ordered`].
    #[must_use]
    pub fn ordered(self, ordered: bool) -> Self {
        Self { ordered, ..self }
    }

    /// Sets [`ChannelConfig::reliability`].
    #[must_use]
    pub fn reliability(self, reliability: Reliability) -> Self {
        Self { reliability, ..self }
    }

    /// Bytes of label and protocol.
    pub(crate) fn len(&self) -> usize {
        self.label.len().saturating_add(self.protocol.len())
    }
}

/// As the engine has it. These are no `From`, which would make the engine's types part of what we promise.
impl ChannelConfig {
    pub(crate) fn from_inner(config: &inner::ChannelConfig) -> Self {
        let reliability = match config.reliability {
            inner::Reliability::Reliable => Reliability::Reliable,
            inner::Reliability::MaxRetransmits { retransmits } => {
                Reliability::MaxRetransmits(retransmits)
            }
            inner::Reliability::MaxPacketLifetime { lifetime } => {
                Reliability::MaxLifetime(Duration::from_millis(lifetime.into()))
            }
        };
        let (label, protocol) = (config.label.clone(), config.protocol.clone());
        Self { label, protocol, ordered: config.ordered, reliability }
    }

    pub(crate) fn into_inner(self) -> inner::ChannelConfig {
        let reliability = match self.reliability {
            Reliability::Reliable => inner::Reliability::Reliable,
            Reliability::MaxRetransmits(retransmits) => {
                inner::Reliability::MaxRetransmits { retransmits }
            }
            Reliability::MaxLifetime(lifetime) => {
                let lifetime = u16::try_from(lifetime.as_millis()).unwrap_or(u16::MAX);
                inner::Reliability::MaxPacketLifetime { lifetime }
            }
        };
        let Self { label, protocol, ordered, .. } = self;
        inner::ChannelConfig { label, protocol, ordered, reliability, negotiated: None }
    }
}

/// What becomes of a message that can't leave soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It waits, up to [`Config::send_limit`](crate::Config::send_limit).
    Reliable,
    /// It is skipped while more than [`Config::droppable_limit`](crate::Config::droppable_limit) waits:
    /// the next one tells the same, and fresher. Whether it arrives once it has left is up to its
    /// channel.
    Droppable,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// It is on its way.
    Queued,
    /// It was droppable and has been skipped; [`Event::Writable`](crate::Event::Writable) tells how
    /// many were.
    Skipped,
}
