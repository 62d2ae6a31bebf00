//! A world that is drawn from a seed: a service, limits, and clients that do anything.

use std::{
    cell::RefCell, collections::BTreeSet, fmt::Write, net::IpAddr, rc::Rc, sync::Arc,
    time::Duration,
};

use socker_core::handshake::Request;
use socker_core::service::{Budget, Host, Recorder};
use socker_core::{CloseCode, CloseReason, Config, Instant, Message};
use socker_tests::draw::Draw;
use socker_tests::sim::{Arrived, Client, Cut, Entry, Join, Ledger, Net, Sim};

use super::services::{self, PATHS, QUIET_FROM};

/// The largest message of a client, which a service may put some words before.
const LARGEST: usize = 3000;

/// More than all that goes out beside a service's messages: a head, a Close, a Ping, and the words.
const OF_ITSELF: usize = 1000;

const HOUR: Duration = Duration::from_secs(3600);

const FAREWELL: &str = "the end";

type Lines = Box<dyn FnMut(&str)>;

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) digest: u64,
    pub(crate) recording: String,
    /// What happened at least once.
    pub(crate) seen: BTreeSet<String>,
}

/// Runs the world of a seed, and checks what must hold.
pub(crate) fn run(seed: u64) -> Outcome {
    let mut world = World::new(seed);
    while world.sim.now() < QUIET_FROM {
        world.act();
        let end = world.sim.now() + millis(world.draw.below(120));
        world.run_until(end);
    }
    world.settle();
    world.end();
    let recording = std::mem::take(&mut *world.recording.borrow_mut());
    Outcome { digest: world.sim.trace.digest(), recording, seen: world.seen() }
}

struct World {
    sim: Sim<Recorder<Ledger, Lines>>,
    draw: Draw,
    budget: Budget,
    config: Arc<Config>,
    recording: Rc<RefCell<String>>,
    /// Those that broke the protocol or the connection.
    spoiled: Vec<usize>,
    said: usize,
}

fn millis(millis: usize) -> Duration {
    Duration::from_millis(millis as u64)
}

impl World {
    fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed ^ 0x5EED);
        let config = Config::default()
            .message_limit(LARGEST + OF_ITSELF)
            .outgoing_limit([4 << 10, 20 << 10, 1 << 20][draw.below(3)])
            .keep_alive([None, Some(millis(500)), Some(millis(3000))][draw.below(3)])
            .keep_alive_timeout(millis(1000))
            .close_timeout(millis([200, 5000][draw.below(2)]));
        let budget = Budget::default()
            .connections(2 + draw.below(8))
            .per_address(1 + draw.below(6))
            .outgoing([8 << 10, 40 << 10, 1 << 20][draw.below(3)])
            .droppable([0, 1000, 10_000][draw.below(3)])
            .message_rate(20)
            .message_burst([10, 1000][draw.below(2)]);
        let recording = Rc::new(RefCell::new(String::new()));
        let lines = Rc::clone(&recording);
        let write: Lines = Box::new(move |line| {
            let _ = writeln!(lines.borrow_mut(), "{line}");
        });
        let recorder = Recorder::new(services::draw(seed), write);
        let config = Arc::new(config);
        let host = Host::with(recorder, Arc::clone(&config), budget.clone());
        let sim = Sim::new(seed, host);
        Self { sim, draw, budget, config, recording, spoiled: Vec::new(), said: 0 }
    }

    /// Somebody does something.
    fn act(&mut self) {
        let clients = self.sim.clients().len();
        if clients == 0 || self.draw.below(5) == 0 {
            return self.join();
        }
        let client = self.draw.below(clients);
        match self.draw.below(24) {
            0 => self.sim.close(client, CloseCode::Away, "off"),
            1 => self.sim.send(client, Message::text("close")),
            2 => self.sim.send(client, Message::text("kick")),
            3 => self.sim.stall(client),
            4..=6 => {
                let time = millis(self.draw.below(1500));
                self.sim.stall_for(client, time);
            }
            7..=8 => self.sim.resume(client),
            9 => {
                let cut = [Cut::Eof, Cut::Reset, Cut::Silent][self.draw.below(3)];
                self.sim.cut(client, cut);
                self.spoiled.push(client);
            }
            10 => {
                self.sim.send_bytes(client, b"\x81\x02hi, without a mask");
                self.spoiled.push(client);
            }
            11 if self.draw.below(12) == 0 => self.sim.jump(HOUR),
            _ => {
                for _ in 0..=self.draw.below(8) {
                    let message = self.message(client);
                    self.sim.send(client, message);
                }
            }
        }
    }

    fn join(&mut self) {
        if self.draw.below(6) == 0 {
            return self.dial();
        }
        let path = PATHS[self.draw.below(PATHS.len())];
        let host = u8::try_from(self.draw.below(3)).unwrap();
        let late = millis([0, 300][self.draw.below(2)]);
        self.sim.join(&Join {
            request: Request::get(&format!("ws://sim{path}")).unwrap(),
            config: Arc::default(),
            net: Net::draw(&mut self.draw),
            address: Some(IpAddr::from([10, 0, 0, host])),
            at: Some(self.sim.now() + late),
        });
    }

    /// The host connects by itself, and may think better of it.
    fn dial(&mut self) {
        let request = Request::get("ws://elsewhere/").unwrap();
        let net = Net::draw(&mut self.draw);
        let dialled = self.sim.dial(&request, Arc::default(), net);
        if let Some(peer) = dialled.and_then(|server| self.sim[server].peer())
            && self.draw.below(4) == 0
        {
            self.sim.run_service(|_, cx| cx.close(peer, CloseCode::Normal, "no longer needed"));
        }
    }

    /// One that nobody else says.
    fn message(&mut self, client: usize) -> Message<'static> {
        self.said += 1;
        let longest = [4, 200, LARGEST][self.draw.below(3)];
        let mut text = format!("{client}:{} ", self.said);
        text.extend(std::iter::repeat_n('*', self.draw.below(longest)));
        match self.draw.below(3) {
            0 => Message::binary(text.into_bytes()),
            _ => Message::text(text),
        }
    }

    fn run_until(&mut self, end: Instant) {
        while self.sim.step(end) {
            self.check();
        }
    }

    /// What holds at any time.
    fn check(&mut self) {
        let (mut all, mut peers) = (0, 0);
        let one = LARGEST + OF_ITSELF;
        for (client, waiting) in self.sim.waiting() {
            let most = self.config.outgoing_limit + one;
            assert!(waiting <= most, "{waiting} bytes wait for client {client}");
            all += waiting;
            peers += 1;
        }
        assert!(all <= self.budget.outgoing + peers * one, "{all} bytes wait");
        assert_eq!(self.sim.host.outgoing_len(), all);
        assert!(self.sim.host.len() <= self.budget.connections);
    }

    /// Until all has arrived that will.
    fn settle(&mut self) {
        let still = |sim: &Sim<_>, spoiled: &[usize]| {
            let arrives = |(number, client): (usize, &Client)| {
                client.is_quiet() || client.is_stalled() || spoiled.contains(&number)
            };
            sim.clients().iter().enumerate().all(arrives)
        };
        let end = self.sim.now() + Duration::from_secs(600);
        while !still(&self.sim, &self.spoiled) {
            assert!(self.sim.step(end), "it does not settle");
            self.check();
        }
        self.run_until(self.sim.now() + millis(200));
    }

    /// The host drains, and all is judged.
    fn end(&mut self) {
        let quiet: Vec<_> = self.sim.clients().iter().map(Client::is_quiet).collect();
        let now = self.sim.now();
        self.sim.host.run(now, |recorder, _| recorder.service_mut().drain());
        let deadline = now + millis(self.draw.below(2000));
        self.sim.host.drain(now, deadline, FAREWELL);
        assert_eq!(self.sim.host.accept(now, None), None, "accepted while draining");
        self.run_until(deadline);
        let host = &self.sim.host;
        assert!(host.is_drained() && host.is_empty(), "not drained in time");
        assert_eq!((host.len(), host.outgoing_len()), (0, 0));
        // What is on its way then still arrives.
        self.run_until(deadline + Duration::from_secs(20));
        for (number, client) in self.sim.clients().iter().enumerate() {
            let stayed = quiet[number] && !self.spoiled.contains(&number);
            if let Err(error) = self.judge(number, client, stayed) {
                panic!("client {number}, {:?}: {error}", client.closed());
            }
        }
        for (peer, record) in self.sim.host.service().service().records() {
            assert!(record.closed.is_some(), "{peer} has no end");
        }
    }

    /// How clients ended, and what the service was told.
    fn seen(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        for client in self.sim.clients() {
            seen.insert(match client.closed() {
                None => "a client has no end".to_owned(),
                Some((_, CloseReason::Peer { code, .. })) => u16::from(*code).to_string(),
                Some((_, CloseReason::Refused(response))) => response.status().as_str().to_owned(),
                Some((_, reason)) => reason.to_string(),
            });
        }
        for (_, record) in self.sim.host.service().service().records() {
            let gap = record.entries.iter().any(|entry| matches!(entry, Entry::Gap(_)));
            seen.extend(gap.then(|| "gap".to_owned()));
            seen.extend(record.closed.as_ref().map(|reason| format!("service: {reason}")));
        }
        seen
    }

    fn judge(&self, number: usize, client: &Client, stayed: bool) -> Result<(), String> {
        let ledger = self.sim.host.service().service();
        let Some(record) = client.peer().and_then(|peer| ledger.record(peer)) else {
            return match client.opened() {
                None if client.received().is_empty() => Ok(()),
                _ => Err("the service does not know it".to_owned()),
            };
        };
        let got = client.received().iter().map(|(_, message)| message);
        let arrived = match client.closed() {
            Some((_, CloseReason::Peer { reason, .. })) if reason == FAREWELL && stayed => {
                Arrived::All
            }
            Some((_, CloseReason::Peer { code, .. }))
                if u16::from(*code) >= 4000 || *code == CloseCode::Away =>
            {
                Arrived::Reliable
            }
            _ => Arrived::Some,
        };
        record.judge(got, arrived)?;
        if !self.spoiled.contains(&number) && !client.sent().starts_with(&record.heard) {
            return Err("the service heard something else".to_owned());
        }
        if arrived == Arrived::All && client.sent() != record.heard {
            return Err(format!("the service heard {} messages", record.heard.len()));
        }
        Ok(())
    }
}
