//! The addresses, limits and times of an endpoint.

use std::{net::SocketAddr, time::Duration};

/// Addresses, limits and times of an [`Endpoint`](crate::Endpoint). Every default is finite.
///
/// ```
/// use socker_rtc::Config;
/// use std::time::Duration;
///
/// let config = Config::default()
///     .candidate("203.0.113.5:9000".parse()?)
///     .peers(200)
///     .silence(Duration::from_secs(3));
/// # assert_eq!(config.peers, 200);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The addresses under which browsers reach the socket, which answers announce. Where the socket
    /// is bound, and what a router makes of that, is the caller's affair. None by default.
    pub candidates: Vec<SocketAddr>,
    /// Whether to be ICE-lite (RFC 8445, section 2.5): only to answer the browser's checks. It sends
    /// nothing to addresses that it has not heard from, and opens connections later: 82 ms instead of
    /// 26 ms on loopback. Default false.
    pub ice_lite: bool,
    /// Most peers at once; one that has ended counts until its last event has been polled. Default
    /// 1,000.
    pub peers: usize,
    /// Most peers at once that are not connected yet. Default 100: a full room that comes back at
    /// once; an offer that nobody follows up costs a place for `opening_timeout`.
    pub pending: usize,
    /// From the offer to the connection. Default 15 s: ICE tries for about ten, and a person may have
    /// to allow it.
    pub opening_timeout: Duration,
    /// Silence after which a peer is taken for gone. Browsers check their consent every 2.5 s or so
    /// (RFC 7675), and unless it is ICE-lite, the endpoint asks five times in this span; if it is, give
    /// bad networks 10 s. Default 5 s.
    pub silence: Duration,
    /// How long a peer that is kicked or closed may take for what was sent to it before, and how long
    /// its last datagrams wait to be polled. Default 1 s: a few round trips.
    pub close_timeout: Duration,
    /// Most data channels of a peer at once, whoever opened them. One more ends the peer. Default 16.
    /// SCTP streams on which a peer sends without having opened a channel are not told, and beneath the
    /// sight of this crate: the library keeps about 1 KiB for each of 65,536 at the most.
    pub channels: usize,
    /// Most bytes of a channel's label and protocol together, 1,024 at the most. One that is longer
    /// ends the peer. Default 256.
    pub label_limit: usize,
    /// Most bytes of a received message, at least 1, told to browsers (RFC 8841, section 6), which then
    /// refuse to send more. A longer one ends the peer. Default 64 KiB.
    pub message_limit: u32,
    /// Most bytes of events that wait to be polled for one peer, 64 for each beside its content. From
    /// there on its datagrams are dropped, and its browser sends them again, more slowly; a few may
    /// come that were in order only now. Default 256 KiB.
    pub event_limit: usize,
    /// Most bytes that one peer has not acknowledged, over all its channels. A reliable message that
    /// does not fit is refused. It bounds the throughput: so many bytes in a round trip. Default
    /// 128 KiB.
    pub send_limit: usize,
    /// Droppable messages are skipped while more bytes than this are not acknowledged. Congestion
    /// control holds back unreliable channels too, so what is queued beyond a few packets comes late
    /// and makes all after it late. Default 4,800: four packets.
    pub droppable_limit: usize,
    /// Most datagrams that wait to be polled for one peer; more are dropped, as a network would.
    /// Default 256, which is twice what `send_limit` can have on the way.
    pub datagram_limit: usize,
    /// Most bytes of an offer. Default 16 KiB: a browser's is below 2 KiB.
    pub offer_limit: usize,
    /// Most addresses that a peer may name as candidates, in its offers and after them; an ICE restart
    /// begins anew. The endpoint sends ten datagrams or so to each, unless it is ICE-lite. Default 16.
    pub remote_candidates: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            candidates: Vec::new(),
            ice_lite: false,
            peers: 1_000,
            pending: 100,
            opening_timeout: Duration::from_secs(15),
            silence: Duration::from_secs(5),
            close_timeout: Duration::from_secs(1),
            channels: 16,
            label_limit: 256,
            message_limit: 64 << 10,
            event_limit: 256 << 10,
            send_limit: 128 << 10,
            droppable_limit: 4_800,
            datagram_limit: 256,
            offer_limit: 16 << 10,
            remote_candidates: 16,
        }
    }
}

/// Each sets one field, to be chained.
impl Config {
    /// Adds to [`Config::candidates`].
    #[must_use]
    pub fn candidate(mut self, address: SocketAddr) -> Self {
        self.candidates.push(address);
        self
    }

    /// Sets [`Config::ice_lite`].
    #[must_use]
    pub fn ice_lite(self, ice_lite: bool) -> Self {
        Self { ice_lite, ..self }
    }

    /// Sets [`Config::peers`].
    #[must_use]
    pub fn peers(self, peers: usize) -> Self {
        Self { peers, ..self }
    }

    /// Sets [`Config::pending`], in peers.
    #[must_use]
    pub fn pending(self, pending: usize) -> Self {
        Self { pending, ..self }
    }

    /// Sets [`Config::opening_timeout`].
    #[must_use]
    pub fn opening_timeout(self, opening_timeout: Duration) -> Self {
        Self { opening_timeout, ..self }
    }

    /// Sets [`Config::silence`].
    #[must_use]
    pub fn silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// Sets [`Config::close_timeout`].
    #[must_use]
    pub fn close_timeout(self, close_timeout: Duration) -> Self {
        Self { close_timeout, ..self }
    }

    /// Sets [`Config::channels`].
    #[must_use]
    pub fn channels(self, channels: usize) -> Self {
        Self { channels, ..self }
    }

    /// Sets [`Config::label_limit`], in bytes.
    #[must_use]
    pub fn label_limit(self, label_limit: usize) -> Self {
        Self { label_limit, ..self }
    }

    /// Sets [`Config::message_limit`], in bytes.
    #[must_use]
    pub fn message_limit(self, message_limit: u32) -> Self {
        Self { message_limit, ..self }
    }

    /// Sets [`Config::event_limit`], in bytes.
    #[must_use]
    pub fn event_limit(self, event_limit: usize) -> Self {
        Self { event_limit, ..self }
    }

    /// Sets [`Config::send_limit`], in bytes.
    #[must_use]
    pub fn send_limit(self, send_limit: usize) -> Self {
        Self { send_limit, ..self }
    }

    /// Sets [`Config::droppable_limit`], in bytes.
    #[must_use]
    pub fn droppable_limit(self, droppable_limit: usize) -> Self {
        Self { droppable_limit, ..self }
    }

    /// Sets [`Config::datagram_limit`], in datagrams.
    #[must_use]
    pub fn datagram_limit(self, datagram_limit: usize) -> Self {
        Self { datagram_limit, ..self }
    }

    /// Sets [`Config::offer_limit`], in bytes.
    #[must_use]
    pub fn offer_limit(self, offer_limit: usize) -> Self {
        Self { offer_limit, ..self }
    }

    /// Sets [`Config::remote_candidates`].
    #[must_use]
    pub fn remote_candidates(self, remote_candidates: usize) -> Self {
        Self { remote_candidates, ..self }
    }
}

impl Config {
    /// More than this does not fit what opens a channel.
    pub(crate) fn longest_label(&self) -> usize {
        self.label_limit.min(1_024)
    }
}
