//! What a directory has to do, as plainly as it can be said.

use std::collections::BTreeMap;
use std::time::Duration;

use socker_core::Instant;
use socker_core::directory::codec::Message;
use socker_core::directory::{DirectoryEvent, Limits};
use socker_core::service::PeerId;

/// All servers, clients and offers.
#[derive(Debug)]
pub struct Model {
    limits: Limits,
    now: Instant,
    /// Those that are listed: id, connection, metadata.
    servers: Vec<(u32, PeerId, String)>,
    clients: Vec<(u32, PeerId)>,
    /// What clients know.
    known: BTreeMap<u32, String>,
    tick: Option<Instant>,
    offers: Vec<Offer>,
    told: BTreeMap<PeerId, Vec<String>>,
    events: Vec<DirectoryEvent>,
    /// How much of its burst of offers each client has used, and when it was so much.
    used: BTreeMap<u32, (Duration, Instant)>,
}

#[derive(Debug)]
struct Offer {
    client: u32,
    server: u32,
    since: Instant,
    answered: bool,
    held: Vec<String>,
    from_client: u16,
    from_server: u16,
}

impl Model {
    /// Nobody is there.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            now: Instant::START,
            servers: Vec::new(),
            clients: Vec::new(),
            known: BTreeMap::new(),
            tick: None,
            offers: Vec::new(),
            told: BTreeMap::new(),
            events: Vec::new(),
            used: BTreeMap::new(),
        }
    }

    /// What the program has to be told, since the last call.
    pub fn events(&mut self) -> Vec<DirectoryEvent> {
        std::mem::take(&mut self.events)
    }

    /// The clients that are there.
    #[must_use]
    pub fn clients(&self) -> Vec<(u32, PeerId)> {
        let mut clients = self.clients.clone();
        clients.sort();
        clients
    }

    /// The connection of a server that is listed.
    #[must_use]
    pub fn server(&self, id: u32) -> Option<PeerId> {
        self.servers.iter().find(|(other, ..)| *other == id).map(|(_, peer, _)| *peer)
    }

    /// Whether there is room for one more client.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.clients.len() < self.limits.clients
    }

    /// When the list goes out, or an offer is over.
    #[must_use]
    pub fn timeout(&self) -> Option<Instant> {
        let offers = self.offers.iter().map(|offer| offer.since + self.limits.offer_timeout);
        offers.chain(self.tick).min()
    }

    /// What a peer has to be told, in debug form, since the last call.
    pub fn told(&mut self, peer: PeerId) -> Vec<String> {
        self.told.remove(&peer).unwrap_or_default()
    }

    /// The servers that are listed.
    #[must_use]
    pub fn servers(&self) -> Vec<(u32, &str)> {
        let mut servers: Vec<_> =
            self.servers.iter().map(|(id, _, metadata)| (*id, &**metadata)).collect();
        servers.sort();
        servers
    }

    /// How many offers are open.
    #[must_use]
    pub fn open_offers(&self) -> usize {
        self.offers.len()
    }

    fn tell(&mut self, peer: PeerId, message: &Message<'_>) {
        self.told.entry(peer).or_default().push(format!("{message:?}"));
    }

    fn tell_client(&mut self, client: u32, message: &Message<'_>) {
        let peer = self.clients.iter().find(|(id, _)| *id == client).map(|(_, peer)| *peer);
        if let Some(peer) = peer {
            self.tell(peer, message);
        }
    }

    /// That something was wrong; the words do not matter.
    pub(super) fn problem(&mut self, peer: PeerId, code: u16) {
        self.told.entry(peer).or_default().push(format!("Problem {code}"));
    }

    fn reject(&mut self, client: u32, server: u32) {
        self.tell_client(client, &Message::Reject { id: server });
    }

    pub(super) fn id_of(&self, peer: PeerId) -> Option<u32> {
        let servers = self.servers.iter().map(|(id, peer, _)| (*id, *peer));
        servers
            .chain(self.clients.iter().copied())
            .find(|(_, other)| *other == peer)
            .map(|(id, _)| id)
    }

    fn changed(&mut self) {
        self.tick.get_or_insert(self.now + self.limits.tick);
    }

    pub(super) fn client_opens(&mut self, peer: PeerId, id: u32) {
        self.clients.push((id, peer));
        let known = self.known.clone();
        let listings = known.iter().map(|(id, metadata)| listing(*id, metadata)).collect();
        self.tell(peer, &Message::ServersAdded(listings));
        let clients = self.clients.len();
        self.events.push(DirectoryEvent::ClientJoined { id, peer, clients });
    }

    /// The id is the directory's own choice; `None` where there is no room.
    pub(super) fn register(&mut self, peer: PeerId, metadata: &str, id: Option<u32>) {
        if metadata.len() > self.limits.metadata {
            return self.problem(peer, 3);
        }
        if serde_json::from_str::<serde_json::Value>(metadata).is_err() {
            return self.problem(peer, 4);
        }
        if let Some(server) = self.servers.iter_mut().find(|(_, other, _)| *other == peer) {
            metadata.clone_into(&mut server.2);
            let id = server.0;
            self.events.push(DirectoryEvent::ServerChanged { id });
            return self.changed();
        }
        if self.servers.len() == self.limits.servers {
            return self.problem(peer, 6);
        }
        let id = id.expect("there is room");
        self.servers.push((id, peer, metadata.to_owned()));
        self.tell(peer, &Message::Registered { id });
        let servers = self.servers.len();
        self.events.push(DirectoryEvent::ServerAdded { id, peer, servers });
        self.changed();
    }

    pub(super) fn delist(&mut self, peer: PeerId) {
        let Some(at) = self.servers.iter().position(|(_, other, _)| *other == peer) else { return };
        let (id, ..) = self.servers.remove(at);
        let servers = self.servers.len();
        self.events.push(DirectoryEvent::ServerRemoved { id, servers });
        self.changed();
        let mut gone: Vec<_> = self.offers.extract_if(.., |offer| offer.server == id).collect();
        gone.sort_by_key(|offer| offer.client);
        for offer in gone.iter().filter(|offer| !offer.answered) {
            self.reject(offer.client, id);
        }
    }

    pub(super) fn offer(&mut self, peer: PeerId, server: u32, sdp: &str) {
        let client = self.id_of(peer).expect("it is there");
        if sdp.len() > self.limits.sdp {
            self.reject(client, server);
            return self.problem(peer, 3);
        }
        if !self.admit(client) {
            self.reject(client, server);
            return self.problem(peer, 9);
        }
        let Some(to) = self.servers.iter().find(|(id, ..)| *id == server).map(|(_, peer, _)| *peer)
        else {
            return self.reject(client, server);
        };
        self.offers.retain(|offer| (offer.client, offer.server) != (client, server));
        let own = |offer: &&Offer| offer.client == client;
        if self.offers.iter().filter(own).count() >= self.limits.offers {
            let answered = self.offers.iter().filter(own).filter(|offer| offer.answered);
            let oldest = answered.min_by_key(|offer| (offer.since, offer.server));
            let Some(oldest) = oldest.map(|offer| offer.server) else {
                self.reject(client, server);
                return self.problem(peer, 9);
            };
            self.offers.retain(|offer| (offer.client, offer.server) != (client, oldest));
        }
        self.offers.push(Offer {
            client,
            server,
            since: self.now,
            answered: false,
            held: Vec::new(),
            from_client: 0,
            from_server: 0,
        });
        self.tell(to, &Message::Offer { id: client, sdp: sdp.into() });
    }

    /// Whether a client's offers are not too many.
    fn admit(&mut self, client: u32) -> bool {
        let (used, at) = self.used.entry(client).or_insert((Duration::ZERO, self.now));
        let each = Duration::from_secs(1) / self.limits.offer_rate;
        let now_used = used.saturating_sub(self.now.since(*at)) + each;
        let admitted = now_used <= each * self.limits.offer_burst;
        if admitted {
            (*used, *at) = (now_used, self.now);
        }
        admitted
    }

    fn find(&mut self, client: u32, server: u32) -> Option<&mut Offer> {
        self.offers.iter_mut().find(|offer| (offer.client, offer.server) == (client, server))
    }

    pub(super) fn answer(&mut self, peer: PeerId, client: u32, sdp: &str) {
        let Some(server) = self.id_of(peer) else { return self.problem(peer, 5) };
        if sdp.len() > self.limits.sdp {
            return self.problem(peer, 3);
        }
        let now = self.now;
        let Some(offer) = self.find(client, server).filter(|offer| !offer.answered) else {
            return self.problem(peer, 7);
        };
        offer.answered = true;
        offer.since = now;
        let held = std::mem::take(&mut offer.held);
        self.tell_client(client, &Message::Answer { id: server, sdp: sdp.into() });
        let to = self.clients.iter().find(|(id, _)| *id == client).map(|(_, peer)| *peer);
        self.told.entry(to.expect("its offer is open")).or_default().extend(held);
    }

    pub(super) fn client_candidate(&mut self, peer: PeerId, server: u32, message: &Message<'_>) {
        let client = self.id_of(peer).expect("it is there");
        let limit = self.limits.candidates;
        match self.find(client, server) {
            None => self.problem(peer, 7),
            Some(offer) if offer.from_client == limit => self.problem(peer, 8),
            Some(offer) => {
                offer.from_client += 1;
                let to =
                    self.servers.iter().find(|(id, ..)| *id == server).map(|(_, peer, _)| *peer);
                self.tell(to.expect("its offer is open"), message);
            }
        }
    }

    pub(super) fn server_candidate(&mut self, peer: PeerId, client: u32, message: &Message<'_>) {
        let Some(server) = self.id_of(peer) else { return self.problem(peer, 5) };
        let limit = self.limits.candidates;
        match self.find(client, server) {
            None => self.problem(peer, 7),
            Some(offer) if offer.from_server == limit => self.problem(peer, 8),
            Some(offer) => {
                offer.from_server += 1;
                if offer.answered {
                    self.tell_client(client, message);
                } else {
                    offer.held.push(format!("{message:?}"));
                }
            }
        }
    }

    pub(super) fn server_rejects(&mut self, peer: PeerId, client: u32) {
        let Some(server) = self.id_of(peer) else { return self.problem(peer, 5) };
        if self.find(client, server).is_none() {
            return self.problem(peer, 7);
        }
        self.offers.retain(|offer| (offer.client, offer.server) != (client, server));
        self.reject(client, server);
    }

    pub(super) fn deregister(&mut self, peer: PeerId) {
        match self.id_of(peer) {
            None => self.problem(peer, 5),
            Some(_) => self.delist(peer),
        }
    }

    pub(super) fn gone(&mut self, peer: PeerId) {
        self.delist(peer);
        if let Some(id) = self.id_of(peer) {
            self.clients.retain(|(_, other)| *other != peer);
            self.offers.retain(|offer| offer.client != id);
            let clients = self.clients.len();
            self.events.push(DirectoryEvent::ClientLeft { id, clients });
        }
    }

    pub(super) fn time(&mut self, now: Instant) {
        self.now = now;
        if self.tick.take_if(|tick| *tick <= now).is_some() {
            self.publish();
        }
        let timeout: Duration = self.limits.offer_timeout;
        let mut over: Vec<_> =
            self.offers.extract_if(.., |offer| offer.since + timeout <= now).collect();
        over.sort_by_key(|offer| (offer.since, offer.client, offer.server));
        for offer in over.iter().filter(|offer| !offer.answered) {
            self.reject(offer.client, offer.server);
        }
    }

    fn publish(&mut self) {
        let now: BTreeMap<_, _> =
            self.servers.iter().map(|(id, _, metadata)| (*id, metadata.clone())).collect();
        let before = std::mem::replace(&mut self.known, now.clone());
        let removed: Vec<_> = before.keys().copied().filter(|id| !now.contains_key(id)).collect();
        let of = |is: &dyn Fn(&u32, &String) -> bool| {
            let those = now.iter().filter(|(id, metadata)| is(id, metadata));
            those.map(|(id, metadata)| listing(*id, metadata)).collect::<Vec<_>>()
        };
        let added = of(&|id, _| !before.contains_key(id));
        let changed = of(&|id, metadata| before.get(id).is_some_and(|before| before != metadata));
        for (_, client) in self.clients.clone() {
            if !removed.is_empty() {
                self.tell(client, &Message::ServersRemoved(removed.clone()));
            }
            if !added.is_empty() {
                self.tell(client, &Message::ServersAdded(added.clone()));
            }
            if !changed.is_empty() {
                self.tell(client, &Message::ServersChanged(changed.clone()));
            }
        }
    }
}

fn listing(id: u32, metadata: &str) -> socker_core::directory::codec::Listing<'_> {
    socker_core::directory::codec::Listing { id, metadata: metadata.into() }
}
