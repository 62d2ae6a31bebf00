//! A host and its clients, joined byte by byte without delay, so that a fault can be put anywhere: a
//! cut behind any byte, or a violation, a silence or a jump of the clock between any two acts.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use bytes::Buf;
use socker_core::handshake::Request;
use socker_core::service::{Host, PeerId, Service};
use socker_core::{CloseCode, Config, Event, Instant, Machine, Message, Seed};
use socker_tests::feed::{Transcript, take_outgoing};

use crate::counted::Counted;
use crate::fault::{Fault, How, What};

const HOUR: Duration = Duration::from_secs(3600);

/// A host and its clients.
pub(crate) struct Lines<S> {
    pub(crate) host: Host<Counted<S>>,
    pub(crate) clients: Vec<Client>,
    pub(crate) now: Instant,
    pub(crate) fault: Option<Fault>,
    pub(crate) acts: usize,
}

pub(crate) struct Client {
    pub(crate) machine: Machine,
    pub(crate) transcript: Transcript,
    peer: Option<PeerId>,
    /// What has been written in each direction, and whether it has ended.
    pub(crate) up: usize,
    pub(crate) down: usize,
    up_ended: bool,
    /// Nothing arrives any more.
    pub(crate) dead: bool,
    /// Nor does the host's socket take anything.
    stalled: bool,
    /// It has made an offer.
    pub(crate) offered: bool,
}

impl<S: Service> Lines<S> {
    pub(crate) fn new(host: impl FnOnce(Counted<S>) -> Host<Counted<S>>, service: S) -> Self {
        let host = host(Counted::new(service));
        Self { host, clients: Vec::new(), now: Instant::START, fault: None, acts: 0 }
    }

    /// A client connects, and says what it has to say of itself; its number is given back.
    pub(crate) fn connect(&mut self, path: &str) -> usize {
        let number = self.clients.len();
        let request = Request::get(&format!("ws://sim{path}")).unwrap();
        let seed = Seed::from([u8::try_from(number).unwrap(); 16]);
        let machine = Machine::client(self.now, Arc::new(Config::default()), seed, &request);
        self.clients.push(Client {
            machine,
            transcript: Transcript::default(),
            peer: self.host.accept(self.now, None),
            up: 0,
            down: 0,
            up_ended: false,
            dead: false,
            stalled: false,
            offered: false,
        });
        self.flow();
        self.acted();
        number
    }

    /// A client says something, if it can.
    pub(crate) fn say(&mut self, client: usize, message: Message<'_>) {
        // Whoever is closed already says nothing.
        let _ = self.clients[client].machine.send(message);
        self.flow();
        self.acted();
    }

    /// A socket that took nothing breaks, with all that waits for it.
    pub(crate) fn break_stalled(&mut self) {
        let Some(Fault::After { client, what: What::Breaks, .. }) = self.fault else { return };
        if let Some(client) = self.clients.get_mut(client).filter(|client| client.stalled)
            && let Some(peer) = client.peer.take()
        {
            self.host.remove(self.now, peer);
        }
        self.flow();
    }

    /// So much time goes by, with all that happens in it.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.timeout().filter(|timeout| *timeout <= end) {
            self.now = self.now.max(next);
            self.handle_timeout();
        }
        self.now = end;
    }

    fn timeout(&self) -> Option<Instant> {
        let of_clients = self.clients.iter().filter_map(|client| client.machine.poll_timeout());
        of_clients.chain(self.host.poll_timeout()).min()
    }

    fn handle_timeout(&mut self) {
        self.host.handle_timeout(self.now);
        for client in &mut self.clients {
            client.machine.handle_timeout(self.now);
            client.read(self.now, &[]);
        }
        self.flow();
    }

    /// An act is over: now the fault may come.
    fn acted(&mut self) {
        self.acts += 1;
        let Some(Fault::After { act, client: number, what }) = self.fault else { return };
        if act != self.acts || number >= self.clients.len() {
            return;
        }
        let client = &mut self.clients[number];
        match what {
            What::ClientViolates => {
                if let Some(peer) = client.peer {
                    self.host.read(self.now, peer, &mut b"\x81\x02hi".to_vec());
                }
            }
            What::HostViolates => client.read(self.now, b"\x81\x82\0\0\0\0hi"),
            What::Stalls | What::Breaks => (client.dead, client.stalled) = (true, true),
            What::Hour => {
                self.now = self.now + HOUR;
                self.handle_timeout();
            }
            What::Times => {
                for _ in 0..3 {
                    self.handle_timeout();
                }
            }
        }
        self.flow();
    }

    /// All that is to be written arrives, until there is nothing more.
    fn flow(&mut self) {
        loop {
            while self.host.next_changed().is_some() {}
            if !(0..self.clients.len()).fold(false, |any, client| any | self.carry(client)) {
                return;
            }
        }
    }

    /// Whether anything happened.
    fn carry(&mut self, number: usize) -> bool {
        let up = self.carry_up(number);
        self.carry_down(number) || up
    }

    fn carry_up(&mut self, number: usize) -> bool {
        let (now, cut) = (self.now, self.cut(number, true));
        let client = &mut self.clients[number];
        let bytes = take_outgoing(&mut client.machine);
        let before = client.up;
        client.up += bytes.len();
        let ends = client.machine.is_write_finished() || client.machine.is_done();
        let ends = ends && !std::mem::replace(&mut client.up_ended, ends);
        if client.dead {
            return ends || !bytes.is_empty();
        }
        let (len, how) = cut_at(cut, before, bytes.len());
        if let Some(peer) = client.peer {
            if len > 0 {
                self.host.read(now, peer, &mut bytes[..len].to_vec());
            }
            if ends {
                self.host.read_eof(now, peer);
            }
        }
        self.break_at(number, how);
        ends || !bytes.is_empty()
    }

    fn carry_down(&mut self, number: usize) -> bool {
        let (now, cut) = (self.now, self.cut(number, false));
        let Some(peer) = self.clients[number].peer else { return false };
        if self.clients[number].stalled && !self.host.is_done(peer) {
            return false;
        }
        let outgoing = self.host.outgoing(peer);
        let bytes = outgoing.map(|mut outgoing| outgoing.copy_to_bytes(outgoing.remaining()));
        let bytes = bytes.unwrap_or_default();
        let (finished, done) = (self.host.is_write_finished(peer), self.host.is_done(peer));
        let client = &mut self.clients[number];
        let before = client.down;
        client.down += bytes.len();
        let (len, how) = cut_at(cut, before, bytes.len());
        if !client.dead {
            client.read(now, &bytes[..len]);
            if finished || done {
                client.machine.read_eof(now);
                client.read(now, &[]);
            }
        }
        self.break_at(number, how);
        if done {
            self.clients[number].peer = None;
            self.host.remove(now, peer);
        }
        done || !bytes.is_empty()
    }

    /// The cut of this direction, if it has one and it has not come.
    fn cut(&self, number: usize, way: bool) -> Option<(usize, How)> {
        match self.fault {
            Some(Fault::Cut { client, up, at, how }) if (client, up) == (number, way) => {
                Some((at, how)).filter(|_| !self.clients[number].dead)
            }
            _ => None,
        }
    }

    fn break_at(&mut self, number: usize, how: Option<How>) {
        let (Some(how), now) = (how, self.now) else { return };
        let client = &mut self.clients[number];
        client.dead = true;
        if how == How::Silent {
            return;
        }
        client.machine.read_eof(now);
        client.read(now, &[]);
        match (how, client.peer) {
            (How::Eof, Some(peer)) => self.host.read_eof(now, peer),
            (How::Broken, Some(peer)) => self.host.broken(now, peer),
            _ => {}
        }
    }

    /// All close, and it is over after an hour at the most: each machine was told its end, and so was
    /// the service.
    pub(crate) fn end(&mut self) {
        for client in &mut self.clients {
            client.machine.close(self.now, CloseCode::Normal, "");
            client.read(self.now, &[]);
        }
        self.flow();
        self.pass(HOUR);
        for (number, client) in self.clients.iter().enumerate() {
            assert!(client.machine.is_done(), "client {number}: {:?}", client.machine);
            assert!(client.transcript.closed.is_some(), "client {number} was not told its end");
        }
        let host = &self.host;
        assert!(host.is_empty() && host.outgoing_len() == 0, "connections are left");
        assert_eq!(host.poll_timeout(), None);
        let there = &host.service().there;
        assert!(there.values().all(|there| !there), "the service was not told: {there:?}");
    }

    /// How many bytes an idle host holds.
    pub(crate) fn idle_bytes(self) -> i64 {
        let Self { mut host, now, .. } = self;
        host.run(now, |counted, _| counted.there.clear());
        -measure(|| drop(host)).bytes_current
    }
}

/// How many of the bytes arrive, and what comes after them.
fn cut_at(cut: Option<(usize, How)>, before: usize, len: usize) -> (usize, Option<How>) {
    match cut {
        Some((at, how)) if at <= before + len => (at.saturating_sub(before), Some(how)),
        _ => (len, None),
    }
}

impl Client {
    fn read(&mut self, now: Instant, bytes: &[u8]) {
        let mut buffer = bytes.to_vec();
        let mut input = &mut buffer[..];
        while let Some(event) = self.machine.read(now, &mut input) {
            match event {
                Event::Incoming(_) => panic!("a client is asked"),
                event => self.transcript.tell(event),
            }
        }
    }

    /// Whether the host knows it.
    pub(crate) fn is_there(&self) -> bool {
        self.peer.is_some()
    }

    /// The messages that it got.
    pub(crate) fn messages(&self) -> Vec<&Message<'static>> {
        self.transcript.messages().collect()
    }
}
