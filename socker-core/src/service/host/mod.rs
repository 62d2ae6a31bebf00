//! A service and all of its connections, without IO.
//!
//! [`Host`] is for whoever has all connections in one place: a game's loop, the mio adapter, the
//! simulated network. Where connections run apart from the service, as on tokio, a host is built
//! from the parts: an [`Intake`] for each connection, a [`Runner`] for the service, a [`Roster`] that
//! gives out ids, and a [`Pace`] that decides for each peer what it can still be sent. What is right
//! for one host is then right for all of them.

mod connections;
mod intake;
mod pace;
mod roster;
mod runner;
mod timers;

use std::{collections::VecDeque, net::IpAddr, sync::Arc};

use bytes::Buf;

use self::connections::Connections;
pub use self::{
    connections::Outgoing,
    intake::{Intake, answer, is_of_connection, not_offered},
    pace::{Fate, Pace, TOO_SLOW},
    roster::{Entry, Excess, Roster},
    runner::Runner,
};
use super::{Budget, Context, PeerId, Service};
use crate::{
    CloseCode, Event,
    config::Config,
    event::CloseReason,
    handshake::Request,
    machine::{Machine, Role},
    seed::Seed,
    time::Instant,
};

/// Connections that were not opened and that nobody has asked for yet: the last of them are kept.
const FAILED: usize = 1_024;

/// A service and all of its connections, without IO.
///
/// Whoever has the sockets gives each new one to [`Host::accept`], its bytes to [`Host::read`] and
/// the time to [`Host::handle_timeout`]. After any of these, [`Host::next_changed`] names the
/// connections that have something to write or may be dropped.
///
/// ```
/// use bytes::Buf;
/// use socker_core::service::{Context, Host, PeerId, Service};
/// use socker_core::{Instant, Message};
///
/// struct Echo;
///
/// impl Service for Echo {
///     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
///         cx.send(peer, message);
///     }
/// }
///
/// let now = Instant::START;
/// let mut host = Host::new(Echo);
/// let peer = host.accept(now, None).expect("there is room");
///
/// let mut input = *b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
///     Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\0\0\0\0hello";
/// host.read(now, peer, &mut input);
///
/// while let Some(peer) = host.next_changed() {
///     let mut outgoing = host.outgoing(peer).expect("it is there");
///     let bytes = outgoing.copy_to_bytes(outgoing.remaining()); // to its socket
///     assert!(bytes.ends_with(b"\r\n\r\n\x81\x05hello"));
/// }
/// ```
#[derive(Debug)]
pub struct Host<S> {
    config: Arc<Config>,
    roster: Roster,
    runner: Runner<S>,
    connections: Connections,
    /// Connections of the host's own that were not opened.
    failed: VecDeque<(PeerId, CloseReason)>,
    /// When what is left is cut.
    drain: Option<Instant>,
}

impl<S: Service> Host<S> {
    /// A host with the default limits.
    pub fn new(service: S) -> Self {
        Self::with(service, Arc::default(), Budget::default())
    }

    /// A host with limits for each connection, and for all of them.
    pub fn with(service: S, config: Arc<Config>, budget: Budget) -> Self {
        Self {
            config,
            roster: Roster::default(),
            runner: Runner::new(service),
            connections: Connections::new(budget),
            failed: VecDeque::new(),
            drain: None,
        }
    }

    /// The service.
    pub fn service(&self) -> &S {
        self.runner.service()
    }

    /// Does something with the service, say a game's tick.
    pub fn run<R>(&mut self, now: Instant, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        let result = self.runner.run(now, act);
        self.carry_out(now);
        result
    }
}

/// Where connections begin and end.
impl<S: Service> Host<S> {
    /// A client has connected, from this address. `None`: drop the connection, there are too many
    /// or the host drains.
    ///
    /// A client above the budget is served until it has been told so, if there are not too many of
    /// these as well.
    pub fn accept(&mut self, now: Instant, address: Option<IpAddr>) -> Option<PeerId> {
        if self.drain.is_some() {
            return None;
        }
        let (peer, excess) = match self.roster.enter(&self.connections.budget, address) {
            Entry::Welcome(peer) => (peer, None),
            Entry::TurnedAway(peer, excess) => (peer, Some(excess)),
            Entry::Full => return None,
        };
        let machine = Machine::server(now, Arc::clone(&self.config));
        self.connections.insert(peer, machine, Intake::new(excess, address));
        Some(peer)
    }

    /// This side has connected to a server, and asks to open a connection. `seed` must not be used
    /// for another. The service is told when it is open; if it never is, [`Host::next_failed`] tells.
    /// `None`: there are too many connections, or the host drains.
    pub fn connect(&mut self, now: Instant, seed: Seed, request: &Request) -> Option<PeerId> {
        if self.drain.is_some() {
            return None;
        }
        match self.roster.enter(&self.connections.budget, None) {
            Entry::Welcome(peer) => {
                let machine = Machine::client(now, Arc::clone(&self.config), seed, request);
                self.connections.insert(peer, machine, Intake::default());
                Some(peer)
            }
            Entry::TurnedAway(peer, _) => {
                self.roster.leave(peer);
                None
            }
            Entry::Full => None,
        }
    }

    /// A connection of the host's own that has ended before it was open, and why: the service is not
    /// told of it. Each is named once; the last 1,024 are kept.
    pub fn next_failed(&mut self) -> Option<(PeerId, CloseReason)> {
        self.failed.pop_front()
    }

    /// Forgets a connection: its socket is gone. If it had not ended, it breaks.
    pub fn remove(&mut self, now: Instant, peer: PeerId) {
        self.broken(now, peer);
        self.connections.remove(peer);
        self.roster.leave(peer);
    }

    /// Takes no more connections, and closes all with 1001 and this reason. What is left at
    /// `deadline` is cut. The first call counts.
    pub fn drain(&mut self, now: Instant, deadline: Instant, reason: &str) {
        if self.drain.is_some() {
            return;
        }
        self.drain = Some(deadline);
        for peer in self.connections.ids() {
            self.connections.close(now, peer, CloseCode::Away, reason);
            self.runner.shut(peer);
            self.read(now, peer, &mut []);
        }
    }

    /// Whether [`Host::drain`] has begun: no more connections are taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// Whether [`Host::drain`] has come to its end: all connections are gone.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.drain.is_some() && self.connections.is_empty()
    }

    /// How many connections there are, without those that are turned away.
    #[must_use]
    pub fn len(&self) -> usize {
        self.roster.len()
    }

    /// How many bytes wait to be written to all peers together.
    #[must_use]
    pub fn outgoing_len(&self) -> usize {
        self.connections.outgoing_len()
    }

    /// Whether there are no connections at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}

/// What comes in. A peer that is not there is nobody: the call does nothing.
impl<S: Service> Host<S> {
    /// Takes all of `input`, which a peer has sent, and lets the service act on it. The bytes are
    /// not what they were afterwards.
    #[inline]
    pub fn read(&mut self, now: Instant, peer: PeerId, mut input: &mut [u8]) {
        loop {
            // Nearly all that comes. An event around it would be written by its fields and read as a whole,
            // for which the processor waits until they are stored.
            while let Some(message) = self.connections.read_message(now, peer, &mut input) {
                self.runner.message(now, peer, message);
                self.carry_out(now);
            }
            let Some(event) = self.connections.read(now, peer, &mut input) else { break };
            self.tell(now, peer, event);
            self.carry_out(now);
        }
        self.connections.touched(peer);
    }

    fn tell(&mut self, now: Instant, peer: PeerId, event: Event<'_>) {
        match event {
            Event::Message(message) => self.runner.message(now, peer, message),
            Event::Oversized(oversized) => self.runner.oversized(now, peer, oversized),
            Event::Opened(_) => self.runner.opened(now, peer),
            Event::Closed(reason) => self.closed(now, peer, reason),
            Event::Pong(_) => {}
            Event::Incoming(incoming) => {
                let verdict = self.runner.request(now, peer, incoming.request());
                if let Some(machine) = self.connections.machine_mut(peer) {
                    answer(machine, now, incoming, verdict);
                }
            }
        }
    }

    fn closed(&mut self, now: Instant, peer: PeerId, reason: CloseReason) {
        if self.runner.is_opened(peer) {
            return self.runner.closed(now, peer, &reason);
        }
        if self.connections.machine(peer).map(Machine::role) == Some(Role::Client) {
            if self.failed.len() == FAILED {
                self.failed.pop_front();
            }
            self.failed.push_back((peer, reason));
        }
    }

    /// The peer sends nothing more.
    pub fn read_eof(&mut self, now: Instant, peer: PeerId) {
        if let Some(machine) = self.connections.machine_mut(peer) {
            machine.read_eof(now);
            self.read(now, peer, &mut []);
        }
    }

    /// The connection broke: nothing can be read or written any more.
    pub fn broken(&mut self, now: Instant, peer: PeerId) {
        self.read_eof(now, peer);
        if let Some(mut outgoing) = self.connections.outgoing(peer) {
            outgoing.advance(outgoing.remaining());
            self.connections.touched(peer);
        }
    }

    /// The time is `now`. A call before [`Host::poll_timeout`] does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.handle_due(now, now);
    }

    /// As [`Host::handle_timeout`], where what came after `due` may not have been read: no peer is taken
    /// for late that was not late by then. What this begins, such as a peer's time to answer a ping,
    /// begins `now`.
    pub fn handle_due(&mut self, due: Instant, now: Instant) {
        while let Some(peer) = self.connections.next_timed_out(due, now) {
            self.read(now, peer, &mut []);
        }
        while let Some((peer, gap)) = self.connections.next_gap() {
            self.runner.gap(now, peer, gap);
            self.carry_out(now);
        }
        self.runner.handle_timeout(now);
        self.carry_out(now);
        if self.drain.is_some_and(|deadline| deadline <= now) {
            for peer in self.connections.ids() {
                self.broken(now, peer);
            }
        }
    }
}

/// What goes out.
impl<S: Service> Host<S> {
    /// A connection to look at: something is to be written to it, or it has ended. Each is named
    /// once, until something happens to it again.
    pub fn next_changed(&mut self) -> Option<PeerId> {
        self.connections.next_changed()
    }

    /// Whether [`Host::next_changed`] would name this connection; it does not any more, until
    /// something happens to it again. For writing to a connection that was just read from, while its
    /// memory is at hand.
    pub fn take_changed(&mut self, peer: PeerId) -> bool {
        self.connections.take_changed(peer)
    }

    /// The bytes to write to a peer next; `None` if it is not there.
    pub fn outgoing(&mut self, peer: PeerId) -> Option<Outgoing<'_>> {
        self.connections.outgoing(peer)
    }

    /// When to call [`Host::handle_timeout`]; `None` if there is no such time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let drain = self.drain.filter(|_| !self.connections.is_empty());
        [self.connections.poll_timeout(), self.runner.poll_timeout(), drain]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether to read from a peer.
    #[must_use]
    pub fn wants_read(&self, peer: PeerId) -> bool {
        self.connections.machine(peer).is_some_and(Machine::wants_read)
    }

    /// Whether all has been written to a peer that ever will be: end the writing side of its
    /// connection now.
    #[must_use]
    pub fn is_write_finished(&self, peer: PeerId) -> bool {
        self.connections.machine(peer).is_none_or(Machine::is_write_finished)
    }

    /// Whether a connection can be dropped; call [`Host::remove`] then.
    #[must_use]
    pub fn is_done(&self, peer: PeerId) -> bool {
        self.connections.machine(peer).is_none_or(Machine::is_done)
    }

    #[inline]
    fn carry_out(&mut self, now: Instant) {
        let Self { runner, connections, .. } = self;
        runner.drain(|command| connections.carry_out(now, command));
        while let Some(peer) = self.connections.overrun.pop() {
            self.runner.shut(peer);
        }
        // Nothing else will come of these: no bytes and no time.
        while let Some(peer) = self.connections.ended.pop() {
            self.read(now, peer, &mut []);
        }
    }
}
