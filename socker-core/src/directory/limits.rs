use std::time::Duration;

use super::codec::METADATA_LIMIT;
use crate::config::Config;

/// A message over the limit, by so many bytes at the most, is taken for a mistake and answered; more
/// closes the connection.
const DISCARD: usize = 1 << 20;

/// What a directory may use. Every default is finite.
///
/// What all connections together may use is in [`Budget`](crate::service::Budget), which counts a
/// peer's messages too.
///
/// ```
/// use socker_core::directory::Limits;
///
/// let limits = Limits::default().servers(50).metadata(300);
/// # assert_eq!(limits.clients, 10_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most servers that are listed at once. Default 1,000.
    pub servers: usize,
    /// Most clients at once. Default 10,000.
    pub clients: usize,
    /// Most bytes of a server's metadata, up to 65,535. Default 1 KiB: a name, a map, some numbers.
    pub metadata: usize,
    /// Most bytes of an offer or an answer. Default 16 KiB: one for data channels has less than one.
    pub sdp: usize,
    /// Most bytes of a candidate. Default 1 KiB.
    pub candidate: usize,
    /// Offers a second from one client. Further ones are rejected. Default 10.
    pub offer_rate: u32,
    /// Offers that a client may make at once, before the rate counts. Default 20.
    pub offer_burst: u32,
    /// Most offers of one client that are open at once. For a new one an answered one goes, the
    /// oldest; if there is none, it is rejected. Default 16.
    pub offers: usize,
    /// Most candidates of each side for one offer. Default 64.
    pub candidates: u16,
    /// How long a server may take to answer an offer, before it is rejected; and how long candidates
    /// are relayed after the answer. Default 30 s.
    pub offer_timeout: Duration,
    /// How long changes of the list gather, to go out as one message. Default 50 ms: nobody sees it,
    /// and servers that come and go by the hundred cost each client twenty messages a second.
    pub tick: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            servers: 1_000,
            clients: 10_000,
            metadata: 1 << 10,
            sdp: 16 << 10,
            candidate: 1 << 10,
            offer_rate: 10,
            offer_burst: 20,
            offers: 16,
            candidates: 64,
            offer_timeout: Duration::from_secs(30),
            tick: Duration::from_millis(50),
        }
    }
}

impl Limits {
    /// A connection's limits and times that suit these: a message that is too long is discarded and
    /// answered, a whole list finds room, and a server that has died is found within 15 s.
    #[must_use]
    pub fn config(&self) -> Config {
        let message = self.sdp.max(self.metadata).max(self.candidate + 0x200) + 0x10;
        let list = self.servers.saturating_mul(self.metadata.min(METADATA_LIMIT) + 6);
        let config = Config::default();
        let outgoing = config.outgoing_limit.max(list.saturating_mul(2));
        config
            .message_limit(message)
            .discard_limit(message.saturating_add(DISCARD))
            .outgoing_limit(outgoing)
            .keep_alive(Some(Duration::from_secs(10)))
            .keep_alive_timeout(Duration::from_secs(5))
    }
}

/// Each sets one field, to be chained.
impl Limits {
    /// Sets [`Limits::servers`].
    #[must_use]
    pub fn servers(self, servers: usize) -> Self {
        Self { servers, ..self }
    }

    /// Sets [`Limits::clients`].
    #[must_use]
    pub fn clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }

    /// Sets [`Limits::metadata`], in bytes.
    #[must_use]
    pub fn metadata(self, metadata: usize) -> Self {
        Self { metadata, ..self }
    }

    /// Sets [`Limits::sdp`], in bytes.
    #[must_use]
    pub fn sdp(self, sdp: usize) -> Self {
        Self { sdp, ..self }
    }

    /// Sets [`Limits::candidate`], in bytes.
    #[must_use]
    pub fn candidate(self, candidate: usize) -> Self {
        Self { candidate, ..self }
    }

    /// Sets [`Limits::offer_rate`], in offers a second.
    #[must_use]
    pub fn offer_rate(self, offer_rate: u32) -> Self {
        Self { offer_rate, ..self }
    }

    /// Sets [`Limits::offer_burst`].
    #[must_use]
    pub fn offer_burst(self, offer_burst: u32) -> Self {
        Self { offer_burst, ..self }
    }

    /// Sets [`Limits::offers`].
    #[must_use]
    pub fn offers(self, offers: usize) -> Self {
        Self { offers, ..self }
    }

    /// Sets [`Limits::candidates`].
    #[must_use]
    pub fn candidates(self, candidates: u16) -> Self {
        Self { candidates, ..self }
    }

    /// Sets [`Limits::offer_timeout`].
    #[must_use]
    pub fn offer_timeout(self, offer_timeout: Duration) -> Self {
        Self { offer_timeout, ..self }
    }

    /// Sets [`Limits::tick`].
    #[must_use]
    pub fn tick(self, tick: Duration) -> Self {
        Self { tick, ..self }
    }
}
