//! A directory on a simulated network: clients know the servers that are there, whoever comes and
//! goes, and whoever vanishes.

use std::collections::BTreeMap;
use std::time::Duration;

use socker_core::directory::codec::{self, Sender};
use socker_core::directory::{Directory, Limits};
use socker_core::service::{Budget, Host};
use socker_core::{Message, Seed};
use socker_tests::draw::Draw;
use socker_tests::sim::{Client, Cut, Join, Net, Sim};

/// From when a peer is silent to when the directory has found it: a ping after 10 s, and 5 s for the
/// answer.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// More than any of these networks delays, and a tick.
pub(crate) const SLACK: Duration = Duration::from_secs(1);

struct World {
    sim: Sim<Directory>,
    draw: Draw,
    servers: Vec<usize>,
    clients: Vec<usize>,
    registered: u32,
}

/// One run.
pub(crate) fn run(seed: u64) {
    let mut world = World::new(seed);
    for _ in 0..20 + world.draw.below(40) {
        world.step();
        let pause = Duration::from_millis(world.draw.below(150) as u64);
        world.sim.run_for(pause);
    }
    world.sim.run_for(HEARTBEAT + SLACK);
    world.judge();
    world.end();
}

impl World {
    fn new(seed: u64) -> Self {
        let limits = Limits::default();
        let config = limits.config().into();
        let host = Host::with(
            Directory::new(Seed::from([7; 16])).limits(limits),
            config,
            Budget::default(),
        );
        let (servers, clients) = (Vec::new(), Vec::new());
        Self { sim: Sim::new(seed, host), draw: Draw::new(seed), servers, clients, registered: 0 }
    }

    fn connect(&mut self, path: &str) -> usize {
        let net = Net::draw(&mut self.draw);
        self.sim.join(&Join { net, ..Join::to(path) })
    }

    fn say(&mut self, server: usize, message: &codec::Message<'_>) {
        let bytes = message.encode(Sender::Server).unwrap();
        self.sim.send(server, Message::binary(bytes));
    }

    fn register(&mut self, server: usize) {
        self.registered += 1;
        let metadata = format!("{{\"number\":{}}}", self.registered).into();
        self.say(server, &codec::Message::Register { metadata });
    }

    fn step(&mut self) {
        let server = self.draw.below(self.servers.len());
        match self.draw.below(10) {
            0..3 => {
                let server = self.connect("/servers");
                self.register(server);
                self.servers.push(server);
            }
            3 | 4 => {
                let client = self.connect("/clients");
                self.clients.push(client);
            }
            5 if !self.servers.is_empty() => {
                let cut = [Cut::Eof, Cut::Reset, Cut::Silent][self.draw.below(3)];
                self.sim.cut(self.servers.swap_remove(server), cut);
            }
            6 if !self.clients.is_empty() => {
                let client = self.draw.below(self.clients.len());
                self.sim.cut(self.clients.swap_remove(client), Cut::Silent);
            }
            7 if !self.servers.is_empty() => {
                self.say(self.servers[server], &codec::Message::Deregister);
                self.register(self.servers[server]);
            }
            _ if !self.servers.is_empty() => self.register(self.servers[server]),
            _ => {}
        }
    }

    /// All clients know the servers that are there, as the directory does, and no others.
    fn judge(&self) {
        let directory = self.sim.host.service();
        let there: BTreeMap<_, _> =
            directory.servers().map(|(id, metadata)| (id, metadata.to_owned())).collect();
        assert_eq!(there.len(), self.servers.len(), "those that have vanished are found");
        assert_eq!(directory.clients().count(), self.clients.len());
        for client in &self.clients {
            assert_eq!(known(&self.sim[*client]), there, "client {client}");
        }
    }

    /// When all are gone, nothing is left.
    fn end(mut self) {
        for peer in self.servers.iter().chain(&self.clients) {
            self.sim.cut(*peer, Cut::Reset);
        }
        self.sim.run_for(60 * SLACK);
        assert!(self.sim.host.is_empty());
        assert_eq!(self.sim.host.poll_timeout(), None);
    }
}

/// What a client has been told.
fn known(client: &Client) -> BTreeMap<u32, String> {
    listed(client.received().iter().map(|(_, message)| message))
}

/// The list that these messages come to; those that are not about it are left out.
pub(crate) fn listed<'m>(
    messages: impl IntoIterator<Item = &'m Message<'static>>,
) -> BTreeMap<u32, String> {
    let mut known = BTreeMap::new();
    for message in messages {
        match codec::Message::decode(Sender::DirectoryToClient, message.as_bytes()).unwrap() {
            codec::Message::ServersAdded(list) => {
                for listing in list {
                    let before = known.insert(listing.id, listing.metadata.into_owned());
                    assert_eq!(before, None, "{} was there already", listing.id);
                }
            }
            codec::Message::ServersChanged(list) => {
                for listing in list {
                    let before = known.insert(listing.id, listing.metadata.into_owned());
                    assert!(before.is_some(), "{} was not there", listing.id);
                }
            }
            codec::Message::ServersRemoved(ids) => {
                for id in ids {
                    assert!(known.remove(&id).is_some(), "{id} was not there");
                }
            }
            _ => {}
        }
    }
    known
}
