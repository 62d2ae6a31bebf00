//! The limits and times of a connection.

use std::time::Duration;

/// Limits and times of a connection, shared by many through an `Arc`.
///
/// Every default is finite. A time of `None` means that there is no such deadline.
///
/// ```
/// use socker_core::Config;
/// use std::{sync::Arc, time::Duration};
///
/// let config = Config::default()
///     .message_limit(64 << 10)
///     .keep_alive(Some(Duration::from_secs(10)));
/// let shared = Arc::new(config);
/// # assert_eq!(shared.opening_timeout, Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Most bytes of the opening request or response, head and body. Default 16 KiB: what common
    /// HTTP servers take.
    pub opening_limit: usize,
    /// Most header lines of the opening request or response, 124 at the most. Default 100.
    pub header_limit: usize,
    /// From the start to the open connection. Default 10 s: a slow mobile link makes it, a peer
    /// that sends a byte a second does not.
    pub opening_timeout: Option<Duration>,
    /// Most bytes of one received message, over all of its fragments. Default 1 MiB.
    pub message_limit: usize,
    /// Longer messages, up to so many bytes, are dropped as they come, and told
    /// ([`Event::Oversized`](crate::Event::Oversized)), so that their sender can be answered; beyond
    /// this the connection is closed with 1009. Default 0: every message that is too long closes it.
    pub discard_limit: usize,
    /// Most bytes that wait to be sent, frame headers included; a single message that is larger is
    /// taken only when nothing waits. Default 1 MiB.
    pub outgoing_limit: usize,
    /// Silence of the peer after which it gets a ping, or up to a 64th later, together with others.
    /// Default 30 s: below the idle time-out of common proxies (60 s).
    pub keep_alive: Option<Duration>,
    /// How long the peer may stay silent after that ping. Default 30 s. The time begins again
    /// while the peer still takes what was queued before the ping.
    pub keep_alive_timeout: Duration,
    /// How long the peer may take to answer a Close, and to end the connection after it. While the
    /// peer still takes what was queued before, the time begins again, eleven times at the most.
    /// Default 5 s.
    pub close_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            opening_limit: 16 << 10,
            header_limit: 100,
            opening_timeout: Some(Duration::from_secs(10)),
            message_limit: 1 << 20,
            discard_limit: 0,
            outgoing_limit: 1 << 20,
            keep_alive: Some(Duration::from_secs(30)),
            keep_alive_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
        }
    }
}

/// Each sets one field, to be chained.
impl Config {
    /// Sets [`Config::opening_limit`], in bytes.
    #[must_use]
    pub fn opening_limit(self, opening_limit: usize) -> Self {
        Self { opening_limit, ..self }
    }

    /// Sets [`Config::header_limit`], in lines.
    #[must_use]
    pub fn header_limit(self, header_limit: usize) -> Self {
        Self { header_limit, ..self }
    }

    /// Sets [`Config::opening_timeout`].
    #[must_use]
    pub fn opening_timeout(self, opening_timeout: Option<Duration>) -> Self {
        Self { opening_timeout, ..self }
    }

    /// Sets [`Config::message_limit`], in bytes.
    #[must_use]
    pub fn message_limit(self, message_limit: usize) -> Self {
        Self { message_limit, ..self }
    }

    /// Sets [`Config::discard_limit`], in bytes.
    #[must_use]
    pub fn discard_limit(self, discard_limit: usize) -> Self {
        Self { discard_limit, ..self }
    }

    /// Sets [`Config::outgoing_limit`], in bytes.
    #[must_use]
    pub fn outgoing_limit(self, outgoing_limit: usize) -> Self {
        Self { outgoing_limit, ..self }
    }

    /// Sets [`Config::keep_alive`].
    #[must_use]
    pub fn keep_alive(self, keep_alive: Option<Duration>) -> Self {
        Self { keep_alive, ..self }
    }

    /// Sets [`Config::keep_alive_timeout`].
    #[must_use]
    pub fn keep_alive_timeout(self, keep_alive_timeout: Duration) -> Self {
        Self { keep_alive_timeout, ..self }
    }

    /// Sets [`Config::close_timeout`].
    #[must_use]
    pub fn close_timeout(self, close_timeout: Duration) -> Self {
        Self { close_timeout, ..self }
    }
}
