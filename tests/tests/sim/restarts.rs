//! A directory that is started anew, game servers that crash, and pages: whoever is there comes back,
//! and the list is whole again.

use std::collections::BTreeSet;
use std::time::Duration;

use socker_core::directory::codec::{self, Sender};
use socker_core::directory::{Backoff, Directory, Limits, Registration, RegistrationEvent};
use socker_core::service::{Budget, Host};
use socker_core::{Instant, Message, Seed};
use socker_tests::draw::Draw;
use socker_tests::sim::{Cut, Join, Net, Sim};

use crate::directory::{HEARTBEAT, SLACK, listed};

/// How often a program looks at its connection.
const LOOK: Duration = Duration::from_millis(200);

/// How long a game server may take to answer.
const OFFER_TIMEOUT: Duration = Duration::from_secs(5);

/// Before a page connects again.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest wait of a game server before it connects again.
const LONGEST: Duration = Duration::from_secs(8);

struct World {
    sim: Sim<Directory>,
    draw: Draw,
    servers: Vec<Server>,
    pages: Vec<Page>,
    /// The directory runs.
    up: bool,
    lives: u8,
}

/// A connection that is opened again when it has ended.
struct Link {
    path: &'static str,
    net: Net,
    client: Option<usize>,
    opened: bool,
    /// How many messages were read.
    seen: usize,
    /// When to connect.
    at: Instant,
}

/// What happened to a connection.
enum Told {
    Opened,
    Message(Vec<u8>),
    Ended,
}

struct Server {
    link: Link,
    registration: Registration,
    backoff: Backoff,
    metadata: String,
    /// It leaves offers without an answer.
    is_slow: bool,
}

struct Page {
    link: Link,
    /// The servers to which it has made an offer that is not over.
    offered: BTreeSet<u32>,
}

/// One run.
pub(crate) fn run(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..20 + world.draw.below(20) {
        world.step();
        let looks = 1 + world.draw.below(10);
        world.look_for(LOOK * u32::try_from(looks).unwrap());
    }
    world.settle();
    world.judge();
}

impl World {
    fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed ^ 0xD1);
        let mut world = Self {
            sim: Sim::new(seed, host(0)),
            servers: Vec::new(),
            pages: Vec::new(),
            up: true,
            lives: 0,
            draw: draw.clone(),
        };
        for _ in 0..1 + draw.below(5) {
            world.start_server();
            let net = Net::draw(&mut world.draw);
            let page = Page { link: Link::new("/clients", net), offered: BTreeSet::new() };
            world.pages.push(page);
        }
        world
    }

    fn start_server(&mut self) {
        let number = u8::try_from(self.draw.below(256)).unwrap();
        let metadata = format!("{{\"number\":{}}}", self.draw.number());
        let net = Net::draw(&mut self.draw);
        self.servers.push(Server {
            link: Link::new("/servers", net),
            registration: Registration::new(&metadata).unwrap(),
            backoff: Backoff::new(Seed::from([number; 16])),
            metadata,
            is_slow: self.draw.below(4) == 0,
        });
    }

    fn step(&mut self) {
        let server = self.draw.below(self.servers.len());
        let cut = [Cut::Eof, Cut::Reset][self.draw.below(2)];
        match self.draw.below(14) {
            0 => self.restart(),
            1 => self.crash(server),
            2 => self.start_server(),
            3 => self.servers.iter().for_each(|server| server.link.cut(&mut self.sim, cut)),
            4 => self.pages.iter().for_each(|page| page.link.cut(&mut self.sim, cut)),
            5 if !self.servers.is_empty() => {
                let server = &mut self.servers[server];
                server.metadata = format!("{{\"number\":{}}}", self.draw.number());
                server.registration.update(&server.metadata).unwrap();
            }
            6 if !self.servers.is_empty() => {
                let registration = &mut self.servers[server].registration;
                registration.deregister();
                registration.register();
            }
            _ => {
                let page = self.draw.below(self.pages.len());
                self.pages[page].offer(&mut self.sim, &mut self.draw);
            }
        }
    }

    /// All sockets are cut, and for a while nobody is there.
    fn restart(&mut self) {
        for client in 0..self.sim.clients().len() {
            self.sim.cut(client, Cut::Reset);
        }
        self.up = false;
        // Now and then for so long that servers wait their longest.
        let longest = if self.draw.below(4) == 0 { 60_000 } else { 3_000 };
        let pause = self.draw.below(longest) as u64;
        self.look_for(Duration::from_millis(500 + pause));
        assert!(self.sim.host.is_empty(), "a connection has outlived its socket");
        self.lives += 1;
        self.sim.host = host(self.lives);
        self.up = true;
    }

    /// A game server is cut without a word. It is found within the heartbeat; whoever waits for it is
    /// told.
    fn crash(&mut self, server: usize) {
        if self.servers.is_empty() {
            return;
        }
        let Server { link, registration, .. } = self.servers.swap_remove(server);
        let peer = link.client.and_then(|client| self.sim[client].peer());
        link.cut(&mut self.sim, Cut::Silent);
        self.look_for(HEARTBEAT + SLACK);
        let directory = self.sim.host.service();
        let listed = |id| directory.server(id) == peer;
        assert!(peer.is_none() || !directory.servers().any(|(id, _)| listed(id)), "it is listed");
        let waits = |page: &Page| registration.id().is_some_and(|id| page.offered.contains(&id));
        assert!(!self.pages.iter().any(waits), "a page was not told");
    }

    /// So much time goes by.
    fn look_for(&mut self, time: Duration) {
        let end = self.sim.now() + time;
        while self.sim.now() < end {
            self.sim.run_for(LOOK);
            for server in &mut self.servers {
                server.look(&mut self.sim, self.up);
            }
            for page in &mut self.pages {
                page.look(&mut self.sim, self.up);
            }
        }
    }

    /// Until all have come back, and all offers are over.
    fn settle(&mut self) {
        self.look_for(LONGEST + HEARTBEAT + OFFER_TIMEOUT + 5 * SLACK);
    }

    fn judge(&self) {
        let directory = self.sim.host.service();
        let there: BTreeSet<_> = directory.servers().map(|(_, metadata)| metadata).collect();
        let wanted: BTreeSet<_> = self.servers.iter().map(|server| &*server.metadata).collect();
        assert_eq!(there, wanted, "the list is whole");
        for Server { registration, metadata, .. } in &self.servers {
            let id = registration.id().expect("it is listed");
            assert_eq!(directory.metadata(id), Some(&**metadata));
        }
        let list = directory.servers().map(|(id, metadata)| (id, metadata.to_owned())).collect();
        for page in &self.pages {
            let client = &self.sim[page.link.client.expect("it is back")];
            assert_eq!(listed(client.received().iter().map(|(_, message)| message)), list);
            assert!(page.offered.is_empty(), "it waits for {:?}", page.offered);
        }
        assert_eq!(self.sim.host.len(), self.servers.len() + self.pages.len());
    }
}

fn host(life: u8) -> Host<Directory> {
    let limits = Limits::default().offer_timeout(OFFER_TIMEOUT);
    let config = limits.config().into();
    Host::with(Directory::new(Seed::from([life; 16])).limits(limits), config, Budget::default())
}

impl Link {
    fn new(path: &'static str, net: Net) -> Self {
        Self { path, net, client: None, opened: false, seen: 0, at: Instant::START }
    }

    fn cut(&self, sim: &mut Sim<Directory>, cut: Cut) {
        if let Some(client) = self.client {
            sim.cut(client, cut);
        }
    }

    /// Connects if it is time; what has happened since. `Ended` is the last.
    fn look(&mut self, sim: &mut Sim<Directory>, up: bool) -> Vec<Told> {
        let Some(client) = self.client else {
            if self.at > sim.now() {
                return Vec::new();
            }
            if !up {
                return vec![Told::Ended];
            }
            self.client = Some(sim.join(&Join { net: self.net, ..Join::to(self.path) }));
            (self.opened, self.seen) = (false, 0);
            return Vec::new();
        };
        let client = &sim[client];
        let mut told = Vec::new();
        if client.opened().is_some() && !std::mem::replace(&mut self.opened, true) {
            told.push(Told::Opened);
        }
        let new = &client.received()[self.seen..];
        told.extend(new.iter().map(|(_, message)| Told::Message(message.as_bytes().to_vec())));
        self.seen += new.len();
        if client.closed().is_some() {
            self.client = None;
            told.push(Told::Ended);
        }
        told
    }
}

impl Server {
    fn look(&mut self, sim: &mut Sim<Directory>, up: bool) {
        for told in self.link.look(sim, up) {
            match told {
                Told::Opened => self.registration.opened(),
                Told::Message(message) => {
                    self.backoff.succeeded();
                    self.registration.read(&message);
                }
                Told::Ended => {
                    self.registration.closed();
                    self.link.at = sim.now() + self.backoff.failed();
                }
            }
        }
        while let Some(event) = self.registration.poll_event() {
            match event {
                RegistrationEvent::Offer { client, .. } if !self.is_slow => {
                    self.registration.answer(client, "v=0");
                }
                RegistrationEvent::Problem { code: 7, .. } => {}
                RegistrationEvent::Problem { code, text } => panic!("{code} {text}"),
                _ => {}
            }
        }
        while let Some(message) = self.registration.poll_message() {
            sim.send(self.link.client.expect("it is open"), Message::binary(message));
        }
    }
}

impl Page {
    fn look(&mut self, sim: &mut Sim<Directory>, up: bool) {
        for told in self.link.look(sim, up) {
            match told {
                Told::Opened => {}
                Told::Message(message) => {
                    let message = codec::Message::decode(Sender::DirectoryToClient, &message);
                    if let codec::Message::Answer { id, .. } | codec::Message::Reject { id } =
                        message.unwrap()
                    {
                        assert!(self.offered.remove(&id), "{id} was not offered anything");
                    }
                }
                Told::Ended => {
                    self.offered.clear();
                    self.link.at = sim.now() + PAUSE;
                }
            }
        }
    }

    /// Makes an offer to one of the servers that it knows, if it has not yet.
    fn offer(&mut self, sim: &mut Sim<Directory>, draw: &mut Draw) {
        let Some(client) = self.link.client.filter(|client| sim[*client].closed().is_none()) else {
            return;
        };
        let list = listed(sim[client].received().iter().map(|(_, message)| message));
        let Some(&id) = list.keys().nth(draw.below(list.len())) else { return };
        if self.offered.insert(id) {
            let offer = codec::Message::Offer { id, sdp: "v=0".into() };
            sim.send(client, Message::binary(offer.encode(Sender::Client).unwrap()));
        }
    }
}
