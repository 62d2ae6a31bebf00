use std::time::Duration;

use crate::config::Config;

/// A message over the limit, by so many bytes at the most, is taken for a mistake and answered; more
/// closes the connection.
const DISCARD: usize = 16 << 20;

/// What rooms may use. Every default is finite.
///
/// What all connections together may use is in [`Budget`](crate::service::Budget), which counts a
/// peer's messages too: the lower of the two rates holds. A rate of 10⁹ or more is no limit.
///
/// ```
/// use socker_core::rooms::Limits;
///
/// let limits = Limits::default().rooms(50).members(20);
/// # assert_eq!(limits.message, 64 << 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most rooms at once. If that many are there, the first to end goes for a new one of those whose
    /// owners are away and that have no members. Default 1,000: with full states of all, they take
    /// 512 MiB.
    pub rooms: usize,
    /// Most members of a room, beside its owner. Default 1,000.
    pub members: usize,
    /// Most bytes of a message. Default 64 KiB: a drawing's stroke, a slide's text. Members that take
    /// less than the owner sends are closed with 1013 once
    /// [`Config::outgoing_limit`](crate::Config::outgoing_limit) waits for them.
    pub message: usize,
    /// Most bytes of the state messages of a room together, with their keys and 256 bytes for each,
    /// which is what keeping it takes. A newcomer gets them all at once, so this has to stay below
    /// [`Config::outgoing_limit`](crate::Config::outgoing_limit). Default 512 KiB.
    pub state: usize,
    /// Most state messages of a room, of different keys. Default 1,024.
    pub state_keys: usize,
    /// Messages a second from one peer, the owner's actions above all. One that sends more is
    /// closed with 1008. Default 250: a pen that is asked four times in a frame.
    pub message_rate: u32,
    /// Messages that a peer may send at once, before the rate counts. Default 2,000: a whole state that
    /// is sent again, and as much as has waited meanwhile.
    pub message_burst: u32,
    /// How long a room waits for its owner to come back. Default 30 s: a page is loaded again, a
    /// phone changes its network.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rooms: 1_000,
            members: 1_000,
            message: 64 << 10,
            state: 512 << 10,
            state_keys: 1_024,
            message_rate: 250,
            message_burst: 2_000,
            grace: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// A connection's limits that suit these: a message that is too long is discarded and answered,
    /// and a whole state finds room beside what else is sent, and so do sixteen messages at once.
    ///
    /// ```
    /// use socker_core::rooms::Limits;
    ///
    /// let config = Limits::default().config();
    /// assert_eq!(config.message_limit, 64 << 10);
    /// ```
    #[must_use]
    pub fn config(&self) -> Config {
        let config = Config::default().message_limit(self.message);
        let outgoing = self.state.saturating_mul(2).saturating_add(self.message.saturating_mul(16));
        let outgoing = config.outgoing_limit.max(outgoing);
        config.discard_limit(self.message.saturating_add(DISCARD)).outgoing_limit(outgoing)
    }
}

/// Each sets one field, to be chained.
impl Limits {
    /// Sets [`Limits::rooms`].
    #[must_use]
    pub fn rooms(self, rooms: usize) -> Self {
        Self { rooms, ..self }
    }

    /// Sets [`Limits::members`].
    #[must_use]
    pub fn members(self, members: usize) -> Self {
        Self { members, ..self }
    }

    /// Sets [`Limits::message`], in bytes.
    #[must_use]
    pub fn message(self, message: usize) -> Self {
        Self { message, ..self }
    }

    /// Sets [`Limits::state`], in bytes.
    #[must_use]
    pub fn state(self, state: usize) -> Self {
        Self { state, ..self }
    }

    /// Sets [`Limits::state_keys`].
    #[must_use]
    pub fn state_keys(self, state_keys: usize) -> Self {
        Self { state_keys, ..self }
    }

    /// Sets [`Limits::message_rate`], in messages a second.
    #[must_use]
    pub fn message_rate(self, message_rate: u32) -> Self {
        Self { message_rate, ..self }
    }

    /// Sets [`Limits::message_burst`], in messages.
    #[must_use]
    pub fn message_burst(self, message_burst: u32) -> Self {
        Self { message_burst, ..self }
    }

    /// Sets [`Limits::grace`].
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }
}
