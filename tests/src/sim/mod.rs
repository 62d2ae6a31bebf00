//! A host with any service, and clients on a simulated network with a virtual clock.
//!
//! Bytes arrive in order, late, in pieces and through small buffers, all drawn from a seed. Time goes
//! straight to what happens next. So each run is exact, and is the same again for the same seed:
//! [`Trace::digest`] tells. [`for_seeds`] runs a test for many.
//!
//! ```
//! use socker_core::{Message, service::{Context, Host, PeerId, Service}};
//! use socker_tests::sim::Sim;
//! use std::time::Duration;
//!
//! struct Echo;
//!
//! impl Service for Echo {
//!     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
//!         cx.send(peer, message);
//!     }
//! }
//!
//! let mut sim = Sim::new(17, Host::new(Echo));
//! let ada = sim.connect("/");
//! sim.send(ada, Message::text("hello"));
//! sim.run_for(Duration::from_secs(1));
//! assert_eq!(sim[ada].texts().collect::<Vec<_>>(), ["hello"]);
//! ```

mod client;
mod ledger;
mod net;
mod replay;
mod run;
mod shared;
mod trace;

use std::{collections::BTreeMap, ops::Index, sync::Arc, time::Duration};

use bytes::Buf;
use socker_core::handshake::Request;
use socker_core::service::{Context, Host, PeerId, Service};
use socker_core::{CloseCode, Config, Instant, Machine, Message, Seed};

pub use self::{
    client::{Client, Cut, Join},
    ledger::{Arrived, Entry, Ledger, Record},
    net::Net,
    replay::{replay, replay_file},
    shared::SharedLedger,
    trace::{Trace, for_few_seeds, for_seeds},
};
use crate::draw::Draw;

/// A host with its service, the clients, and the network between them.
#[derive(Debug)]
pub struct Sim<S> {
    /// The host. What is done to it here goes on its way with the next run.
    pub host: Host<S>,
    /// All that happened.
    pub trace: Trace,
    now: Instant,
    clients: Vec<Client>,
    numbers: BTreeMap<PeerId, usize>,
    draw: Draw,
    steps: usize,
}

impl<S> Index<usize> for Sim<S> {
    type Output = Client;

    fn index(&self, client: usize) -> &Client {
        &self.clients[client]
    }
}

impl<S: Service> Sim<S> {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(seed: u64, host: Host<S>) -> Self {
        Self {
            host,
            trace: Trace::default(),
            now: Instant::START,
            clients: Vec::new(),
            numbers: BTreeMap::new(),
            draw: Draw::new(seed),
            steps: 0,
        }
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// All clients that ever were, by number.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// Does something with the service.
    pub fn run_service<R>(&mut self, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        self.host.run(self.now, act)
    }

    /// The bytes that wait at the host to be written, by client.
    pub fn waiting(&mut self) -> impl Iterator<Item = (usize, usize)> {
        let Self { host, numbers, .. } = self;
        numbers.iter().map(|(peer, client)| {
            (*client, host.outgoing(*peer).map_or(0, |outgoing| outgoing.remaining()))
        })
    }
}

/// What the clients do.
impl<S: Service> Sim<S> {
    /// A plain client connects; its number is given back.
    pub fn connect(&mut self, path: &str) -> usize {
        self.join(&Join::to(path))
    }

    /// A client connects, now or later; its number is given back.
    pub fn join(&mut self, join: &Join) -> usize {
        let begin = join.at.unwrap_or(self.now).max(self.now);
        let config = Arc::clone(&join.config);
        let machine = Machine::client(begin, config, self.seed(), &join.request);
        self.clients.push(Client::new(self.clients.len(), begin, machine, join));
        self.clients.len() - 1
    }

    /// The host connects to a server, which accepts. `None`: the host does not want to.
    pub fn dial(&mut self, request: &Request, config: Arc<Config>, net: Net) -> Option<usize> {
        let seed = self.seed();
        let peer = self.host.connect(self.now, seed, request)?;
        let join = Join { net, ..Join::to("/") };
        let machine = Machine::server(self.now, config);
        let number = self.clients.len();
        let mut server = Client::new(number, self.now, machine, &join);
        server.begun = true;
        (server.present, server.peer) = (Some(peer), Some(peer));
        self.clients.push(server);
        self.numbers.insert(peer, number);
        Some(number)
    }

    /// Sends a message, as soon as the connection is open and there is room.
    pub fn send(&mut self, client: usize, message: Message<'static>) {
        self.clients[client].send(message);
    }

    /// Closes, after what was to be sent before.
    pub fn close(&mut self, client: usize, code: CloseCode, reason: &str) {
        self.clients[client].close(code, reason);
    }

    /// Sends bytes that need not be right.
    pub fn send_bytes(&mut self, client: usize, bytes: &[u8]) {
        let Self { clients, draw, .. } = self;
        clients[client].up.put(self.now, draw, bytes.to_vec());
    }

    /// Reads nothing until [`Sim::resume`].
    pub fn stall(&mut self, client: usize) {
        self.clients[client].stalled = Some(Instant::MAX);
    }

    /// Reads nothing for so long.
    pub fn stall_for(&mut self, client: usize, time: Duration) {
        self.clients[client].stalled = Some(self.now + time);
    }

    /// Reads again.
    pub fn resume(&mut self, client: usize) {
        self.clients[client].stalled = None;
    }

    /// Breaks the connection.
    pub fn cut(&mut self, client: usize, cut: Cut) {
        let Self { clients, draw, trace, now, .. } = self;
        let client = &mut clients[client];
        match cut {
            Cut::Eof => {
                client.broken(*now, trace);
                client.up.truncate(*now, draw);
            }
            Cut::Reset => {
                client.up.reset(*now);
                client.down.reset(*now);
            }
            Cut::Silent => {
                client.up.lose();
                client.down.lose();
            }
        }
    }

    fn seed(&mut self) -> Seed {
        let halves = [self.draw.number(), self.draw.number()].map(u64::to_le_bytes);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(halves.as_flattened());
        Seed::from(bytes)
    }
}
