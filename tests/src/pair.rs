//! A client and a server on a simulated network with a virtual clock.
//!
//! Bytes arrive in order, after a delay and in pieces that are drawn from a seed. Time goes straight
//! to what happens next: an arrival, or a machine's own time. So each run is exact, and is the same
//! again for the same seed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Buf;
use socker_core::handshake::{Acceptance, Incoming, Rejection, Request};
use socker_core::{Config, Event, Instant, Machine, Message, Role, Seed};

use crate::draw::Draw;
use crate::feed::Transcript;

/// What the server says to a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Yes, at once.
    Accept(Acceptance),
    /// No, at once.
    Reject(Rejection),
    /// Nothing: it is kept in [`Pair::held`].
    Hold,
}

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// From writing to arriving, at least.
    pub delay: Duration,
    /// More than that, at the most.
    pub jitter: Duration,
    /// The longest piece that arrives at once.
    pub piece: usize,
    /// The same for the same runs.
    pub seed: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            piece: usize::MAX,
            seed: 0,
        }
    }
}

/// What is on its way; no bytes are the end of them.
type Arrival = (Instant, Vec<u8>);

/// One of the two.
#[derive(Debug)]
pub struct Peer {
    /// Its machine.
    pub machine: Machine,
    /// All that the machine told and wrote.
    pub transcript: Transcript,
    /// When the machine told its end.
    pub closed_at: Option<Instant>,
    /// Sends each message back.
    pub echoes: bool,
    /// Its socket takes nothing.
    pub stalled: bool,
    /// Its bytes are lost, and those to it.
    pub unplugged: bool,
    arrivals: VecDeque<Arrival>,
    ended: bool,
}

/// A client and a server.
#[derive(Debug)]
pub struct Pair {
    /// The virtual time.
    pub now: Instant,
    /// The client.
    pub client: Peer,
    /// The server.
    pub server: Peer,
    /// What the server says to a request.
    pub answer: Answer,
    /// The request that waits for the server's answer.
    pub held: Option<Incoming>,
    network: Network,
    draw: Draw,
}

impl Peer {
    fn new(machine: Machine) -> Self {
        Self {
            machine,
            transcript: Transcript::default(),
            closed_at: None,
            echoes: false,
            stalled: false,
            unplugged: false,
            arrivals: VecDeque::new(),
            ended: false,
        }
    }

    /// Bytes or the end of them, from a peer that is made by hand.
    pub fn arrive(&mut self, at: Instant, bytes: &[u8]) {
        let after = self.arrivals.back().map_or(at, |(last, _)| at.max(*last));
        self.arrivals.push_back((after, bytes.to_vec()));
    }

    /// The messages that it got.
    #[must_use]
    pub fn messages(&self) -> Vec<Message<'static>> {
        self.transcript.messages().cloned().collect()
    }

    /// When something happens to it next.
    fn next(&self) -> Option<Instant> {
        let reads = self.machine.wants_read() && !self.machine.is_done();
        let arrival = self.arrivals.front().filter(|_| reads).map(|(at, _)| *at);
        arrival.into_iter().chain(self.machine.poll_timeout()).min()
    }
}

impl Pair {
    /// Both from the beginning.
    #[must_use]
    pub fn new(network: Network, client: Config, server: Config, request: &Request) -> Self {
        let now = Instant::START;
        let seed = Seed::from([3; 16]);
        let client = Machine::client(now, Arc::new(client), seed, request);
        Self::of(network, client, Machine::server(now, Arc::new(server)))
    }

    /// Both open already.
    #[must_use]
    pub fn upgraded(network: Network, client: Config, server: Config) -> Self {
        let now = Instant::START;
        let machine = |role, config| Machine::upgraded(now, role, config, Seed::from([3; 16]));
        let client = machine(Role::Client, Arc::new(client));
        Self::of(network, client, machine(Role::Server, Arc::new(server)))
    }

    fn of(network: Network, client: Machine, server: Machine) -> Self {
        Self {
            now: Instant::START,
            client: Peer::new(client),
            server: Peer::new(server),
            answer: Answer::Accept(Acceptance::default()),
            held: None,
            network,
            draw: Draw::new(network.seed),
        }
    }

    /// Until nothing more happens, or `end` has come; the time is `end` then if it is one.
    pub fn run_until(&mut self, end: Instant) {
        self.write();
        loop {
            let next = self.client.next().into_iter().chain(self.server.next()).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.step();
        }
        if end < Instant::MAX {
            self.now = self.now.max(end);
        }
    }

    /// For so long.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Until both are done, or nothing happens any more.
    pub fn run(&mut self) {
        for _ in 0..1_000_000 {
            if self.client.machine.is_done() && self.server.machine.is_done() {
                return;
            }
            self.write();
            let next = self.client.next().into_iter().chain(self.server.next()).min();
            let Some(next) = next else { return };
            self.now = self.now.max(next);
            self.step();
        }
        panic!("it has no end");
    }

    /// What happens now.
    fn step(&mut self) {
        let now = self.now;
        for role in [Role::Client, Role::Server] {
            self.peer(role).machine.handle_timeout(now);
            self.read(role, &mut []);
            loop {
                let peer = self.peer(role);
                let reads = peer.machine.wants_read() && !peer.machine.is_done();
                let Some((at, _)) = peer.arrivals.front() else { break };
                if !reads || *at > now {
                    break;
                }
                let Some((_, mut bytes)) = peer.arrivals.pop_front() else { break };
                if bytes.is_empty() {
                    peer.machine.read_eof(now);
                }
                self.read(role, &mut bytes);
            }
        }
        self.write();
    }

    fn peer(&mut self, role: Role) -> &mut Peer {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    fn read(&mut self, role: Role, bytes: &mut [u8]) {
        let (now, answer) = (self.now, self.answer.clone());
        let peer = self.peer(role);
        let mut held = None;
        let mut input = bytes;
        while let Some(event) = peer.machine.read(now, &mut input) {
            match event {
                Event::Incoming(incoming) => {
                    peer.transcript.request = Some(incoming.request().clone());
                    let answered = match &answer {
                        Answer::Accept(acceptance) => {
                            peer.machine.accept(now, incoming, acceptance.clone())
                        }
                        Answer::Reject(rejection) => peer.machine.reject(now, incoming, rejection),
                        Answer::Hold => {
                            held = Some(incoming);
                            Ok(())
                        }
                    };
                    answered.expect("it is pending");
                }
                Event::Message(message) => {
                    if peer.echoes {
                        peer.machine.send(message.clone()).expect("room for an echo");
                    }
                    peer.transcript.tell(Event::Message(message));
                }
                event => {
                    if matches!(event, Event::Closed(_)) {
                        peer.closed_at = Some(now);
                    }
                    peer.transcript.tell(event);
                }
            }
        }
        self.held = held.or(self.held.take());
    }

    /// What is outgoing goes on its way.
    fn write(&mut self) {
        let Self { now, client, server, network, draw, .. } = self;
        network.carry(*now, draw, client, server);
        network.carry(*now, draw, server, client);
    }
}

impl Network {
    fn carry(&self, now: Instant, draw: &mut Draw, from: &mut Peer, to: &mut Peer) {
        let arrives = now + self.delay;
        let plugged = !from.unplugged && !to.unplugged;
        let jitter = usize::try_from(self.jitter.as_micros()).unwrap_or_default();
        let mut outgoing = from.machine.outgoing();
        while outgoing.has_remaining() && !from.stalled {
            let longest = outgoing.remaining().min(self.piece);
            let len = if longest == self.piece { 1 + draw.below(longest) } else { longest };
            let bytes = outgoing.copy_to_bytes(len);
            from.transcript.written.extend_from_slice(&bytes);
            let late = Duration::from_micros(draw.below(jitter + 1) as u64);
            if plugged {
                to.arrive(arrives + late, &bytes);
            }
        }
        let ends = from.machine.is_write_finished() || from.machine.is_done();
        if ends && !std::mem::replace(&mut from.ended, true) && plugged {
            to.arrive(arrives, &[]);
        }
    }
}
