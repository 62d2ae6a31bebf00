/// What the peers of a service may use. Every default is finite.
///
/// What one connection may use beside this is in its [`Config`](crate::Config): bytes of a message,
/// and bytes that wait to be sent.
///
/// ```
/// use socker_core::service::Budget;
///
/// let budget = Budget::default().connections(2_000).message_rate(60);
/// # assert_eq!(budget.per_address, 256);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Most connections at once. Further ones are answered with 503. Default 10,000: half of the
    /// files that a process may commonly open.
    pub connections: usize,
    /// Most connections at once from one address; of an IPv6 address the first 64 bits count, which
    /// is what one household gets. Further ones are answered with 429. Default 256: a school behind
    /// one address.
    pub per_address: usize,
    /// Most bytes that wait to be sent to all peers together. Above it, a message to a peer for
    /// which something waits already finds no room. Default 256 MiB.
    pub outgoing: usize,
    /// Droppable messages to a peer are dropped while more bytes than this wait for it. Default
    /// 64 KiB: half a second of a slow mobile link.
    pub droppable: usize,
    /// Messages a second from one peer. One that sends more is closed with 1008. Default 1,000:
    /// sixteen for every tick of a game.
    pub message_rate: u32,
    /// Messages that a peer may send at once, before the rate counts. Default 2,000.
    pub message_burst: u32,
    /// Bytes of one peer that wait for a service which stalls, on hosts that run the service apart
    /// from the network; above it the host does not read from the peer. Default 256 KiB.
    pub incoming: usize,
    /// The same of all peers together. Default 64 MiB.
    pub incoming_total: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            connections: 10_000,
            per_address: 256,
            outgoing: 256 << 20,
            droppable: 64 << 10,
            message_rate: 1_000,
            message_burst: 2_000,
            incoming: 256 << 10,
            incoming_total: 64 << 20,
        }
    }
}

/// Each sets one field, to be chained.
impl Budget {
    /// Sets [`Budget::connections`].
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// Sets [`Budget::per_address`].
    #[must_use]
    pub fn per_address(self, per_address: usize) -> Self {
        Self { per_address, ..self }
    }

    /// Sets [`Budget::outgoing`], in bytes.
    #[must_use]
    pub fn outgoing(self, outgoing: usize) -> Self {
        Self { outgoing, ..self }
    }

    /// Sets [`Budget::droppable`], in bytes.
    #[must_use]
    pub fn droppable(self, droppable: usize) -> Self {
        Self { droppable, ..self }
    }

    /// Sets [`Budget::message_rate`], in messages a second.
    #[must_use]
    pub fn message_rate(self, message_rate: u32) -> Self {
        Self { message_rate, ..self }
    }

    /// Sets [`Budget::message_burst`], in messages.
    #[must_use]
    pub fn message_burst(self, message_burst: u32) -> Self {
        Self { message_burst, ..self }
    }

    /// Sets [`Budget::incoming`], in bytes.
    #[must_use]
    pub fn incoming(self, incoming: usize) -> Self {
        Self { incoming, ..self }
    }

    /// Sets [`Budget::incoming_total`], in bytes.
    #[must_use]
    pub fn incoming_total(self, incoming_total: usize) -> Self {
        Self { incoming_total, ..self }
    }
}
