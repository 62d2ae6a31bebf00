//! A directory, in which browsers find game servers and exchange with them what opens a WebRTC
//! connection: Enslavism's protocol.
//!
//! [`Directory`] is a [`Service`]. Game servers connect to a path that ends with `/servers` and
//! register with metadata, JSON of any shape. Clients connect to one that ends with `/clients` and
//! get the list, and then its changes. A client's offer is relayed to the server, and the server's
//! answer back; so are candidates. What is said after that does not come by the directory.
//!
//! ```
//! use socker_core::Seed;
//! use socker_core::directory::{Denial, Directory, DirectoryEvent, Limits, Role};
//! use socker_core::service::{Budget, Host};
//!
//! let limits = Limits::default().servers(100);
//! let config = limits.config().into();
//! let seed = Seed::from([7; 16]); // from the operating system, outside of examples
//! let directory = Directory::new(seed)
//!     .limits(limits)
//!     .authorise(|ask| match (ask.role, ask.request.header("authorization")) {
//!         (Role::Server, Some("Bearer of-the-servers")) | (Role::Client, _) => Ok(()),
//!         _ => Err(Denial::new("this server is not known")),
//!     })
//!     .on_event(|_, event| {
//!         if let DirectoryEvent::ServerAdded { id, servers, .. } = event {
//!             println!("server {id} is one of {servers}");
//!         }
//!     });
//! let host = Host::with(directory, config, Budget::default());
//! ```
//!
//! A game server's side is [`Registration`], a pure machine too; [`servers_url`] and [`Backoff`] are
//! where it connects, and when it does again.
//!
//! # Protocol
//!
//! All messages are binary, their first byte is the type, and numbers are big-endian; [`codec`]
//! reads and writes them. An id is 32 bits: to and from a client it is a server's, to and from a
//! server it is a client's.
//!
//! | type | message | direction |
//! |---|---|---|
//! | 0 | Register | server to directory |
//! | 1, 2 | ServersAdded, ServersRemoved | directory to client |
//! | 3, 4 | Offer | client to directory, directory to server |
//! | 5, 6 | Answer | server to directory, directory to client |
//! | 7, 8 | Candidate | client to directory, directory to server |
//! | 9, 10 | Candidate | server to directory, directory to client |
//! | 11, 12 | Reject | server to directory, directory to client |
//! | 13 | Update | server to directory |
//! | 14 | ServersChanged | directory to client |
//! | 15 | Problem | directory to both |
//! | 16 | Registered | directory to server |
//! | 17 | Deregister | server to directory |
//!
//! The types from 13 on are beyond the original, whose programs pass over what they do not know.
//!
//! - Only servers that have registered are listed. A client gets one list at once, which may be
//!   empty, and what changes within [`Limits::tick`] as one message each of removed, added and
//!   changed servers.
//! - An offer to nobody, one of too many, and one that is not answered in
//!   [`Limits::offer_timeout`] or whose server goes before, is rejected. A second offer to the same
//!   server takes the first one's place.
//! - An answer is relayed once for each offer, and candidates while it is open; those of the server
//!   wait until its answer has gone.
//! - What can't be followed is answered with a Problem to its sender, and the connection stays.
//!
//! | code | problem |
//! |---|---|
//! | 1 | a binary message was expected |
//! | 2 | it is no message, or none of this side |
//! | 3 | its metadata, description or candidate is over [`Limits`] |
//! | 4 | the metadata is not JSON |
//! | 5 | the server is not registered |
//! | 6 | [`Limits::servers`] are listed |
//! | 7 | there is no such open offer |
//! | 8 | there were more than [`Limits::candidates`] for this offer |
//! | 9 | more than [`Limits::offers`] are open, or than [`Limits::offer_rate`] came |
//! | 10 | it is longer than [`Config::message_limit`](crate::Config::message_limit) |

pub mod codec;
mod event;
mod limits;
mod list;
mod offers;
mod problem;
mod program;
mod reach;
mod registration;
mod relay;

use std::{collections::BTreeMap, fmt};

use http::StatusCode;

use self::{codec::Sender, list::List, offers::Offers, problem::Problem};
pub use self::{
    event::{Ask, Denial, DirectoryEvent, Role},
    limits::Limits,
    reach::{Backoff, servers_url},
    registration::{MetadataError, Registration, RegistrationEvent},
};
use crate::{
    event::CloseReason,
    handshake::{Rejection, Request},
    message::Message,
    seed::{Draw, Seed},
    service::{Context, Oversized, PeerId, Peers, Rate, Service, Verdict},
    time::Instant,
};

/// A directory, as a service: see the [module](self).
pub struct Directory {
    limits: Limits,
    members: Peers<Member>,
    /// Those that are listed, by id.
    servers: BTreeMap<u32, PeerId>,
    clients: BTreeMap<u32, PeerId>,
    list: List,
    /// When the changes of the list go out.
    tick: Option<Instant>,
    offers: Offers,
    next_id: u32,
    authorise: Option<Box<Authorise>>,
    follow: Option<Box<Follow>>,
}

type Authorise = dyn FnMut(&Ask<'_>) -> Result<(), Denial> + Send;
type Follow = dyn FnMut(Instant, DirectoryEvent) + Send;

/// A connection.
#[derive(Clone, Copy, Debug)]
enum Member {
    /// A server, by its id once it is listed.
    Server(Option<u32>),
    /// A client, by its id once it is open.
    Client { id: Option<u32>, rate: Rate },
}

impl Directory {
    /// Nobody is there yet. Ids are counted from a number that comes from the seed, so that a client
    /// which knew this directory before a restart does not take one server for another.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        let [a, b, c, d] = Draw::new(seed).mask();
        Self {
            limits: Limits::default(),
            members: Peers::default(),
            servers: BTreeMap::new(),
            clients: BTreeMap::new(),
            list: List::default(),
            tick: None,
            offers: Offers::default(),
            next_id: u32::from_be_bytes([a, b, c, d]),
            authorise: None,
            follow: None,
        }
    }

    /// What the directory may use; give the host the [`Config`](crate::Config) that suits it
    /// ([`Limits::config`]).
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Decides who may connect as a server or a client; without it, everybody may.
    #[must_use]
    pub fn authorise(
        self,
        authorise: impl FnMut(&Ask<'_>) -> Result<(), Denial> + Send + 'static,
    ) -> Self {
        Self { authorise: Some(Box::new(authorise)), ..self }
    }

    /// Tells what happens in the directory, and when.
    #[must_use]
    pub fn on_event(self, follow: impl FnMut(Instant, DirectoryEvent) + Send + 'static) -> Self {
        Self { follow: Some(Box::new(follow)), ..self }
    }

    fn tell(&mut self, now: Instant, event: DirectoryEvent) {
        if let Some(follow) = &mut self.follow {
            follow(now, event);
        }
    }

    /// An id that nobody has. There are more of them than connections.
    fn draw_id(&mut self) -> u32 {
        loop {
            let id = self.next_id;
            self.next_id = self.next_id.wrapping_add(1);
            if !self.servers.contains_key(&id) && !self.clients.contains_key(&id) {
                return id;
            }
        }
    }

    /// Clients learn at the next tick what has changed in the list.
    fn changed(&mut self, now: Instant) {
        if self.tick.is_none() {
            self.tick = Some(now + self.limits.tick);
        }
    }

    fn publish(&mut self, cx: &mut Context<'_>) {
        self.tick = None;
        for frame in self.list.publish() {
            cx.broadcast(self.clients.values().copied(), frame);
        }
    }

    /// A client is open: it gets the list, and from now on its changes.
    fn welcome(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        let id = self.draw_id();
        if let Some(Member::Client { id: own, .. }) = self.members.get_mut(peer) {
            *own = Some(id);
        }
        self.clients.insert(id, peer);
        for frame in self.list.frames() {
            cx.broadcast([peer], frame.clone());
        }
        let clients = self.clients.len();
        self.tell(cx.now(), DirectoryEvent::ClientJoined { id, peer, clients });
    }

    fn forget(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        match self.members.remove(peer) {
            Some(Member::Server(Some(id))) => self.delist(cx, id),
            Some(Member::Client { id: Some(id), .. }) => {
                self.clients.remove(&id);
                self.offers.close_client(id);
                let clients = self.clients.len();
                self.tell(cx.now(), DirectoryEvent::ClientLeft { id, clients });
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("servers", &self.servers.len())
            .field("clients", &self.clients.len())
            .finish_non_exhaustive()
    }
}

/// What a path is for.
fn role(path: &str) -> Option<Role> {
    match path.trim_end_matches('/').rsplit('/').next()? {
        "servers" | "slaves" => Some(Role::Server),
        "clients" => Some(Role::Client),
        _ => None,
    }
}

impl Service for Directory {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.forget(cx, peer);
        let Some(role) = role(request.path()) else {
            let rejection = Rejection::new(StatusCode::NOT_FOUND);
            return rejection.with_text("a directory has /servers and /clients\n").into();
        };
        if role == Role::Client && self.clients.len() >= self.limits.clients {
            let rejection = Rejection::new(StatusCode::SERVICE_UNAVAILABLE);
            return rejection.with_text("there are too many clients; try again later\n").into();
        }
        if let Some(authorise) = &mut self.authorise
            && let Err(denial) = authorise(&Ask { peer, role, request })
        {
            let rejection = Rejection::new(StatusCode::UNAUTHORIZED);
            return rejection.with_text(denial.text.into_owned()).into();
        }
        let member = match role {
            Role::Server => Member::Server(None),
            Role::Client => Member::Client { id: None, rate: Rate::default() },
        };
        self.members.insert(peer, member);
        Verdict::accept()
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        // Without a request, this side has connected to a server.
        if !self.members.contains(peer) {
            self.members.insert(peer, Member::Server(None));
        }
        if let Some(Member::Client { id: None, .. }) = self.members.get(peer) {
            self.welcome(cx, peer);
        }
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if let Err(problem) = self.act(cx, peer, &message) {
            self.refuse(cx, peer, &problem);
        }
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, _: Oversized) {
        self.refuse(cx, peer, &Problem::Oversized);
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.forget(cx, peer);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if self.tick.is_some_and(|tick| tick <= cx.now()) {
            self.publish(cx);
        }
        while let Some(((client, server), answered)) = self.offers.take_over(cx.now()) {
            if !answered {
                self.reject(cx, client, server);
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.tick.into_iter().chain(self.offers.poll_timeout()).min()
    }
}

/// Says something to a peer.
fn say(cx: &mut Context<'_>, peer: PeerId, message: &codec::Message<'_>, sender: Sender) {
    // What was read could be written, and what the directory says of itself is short.
    let bytes = message.encode(sender).unwrap_or_default();
    cx.send(peer, Message::binary(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Once all numbers have been given, they come again.
    #[test]
    fn an_id_that_somebody_has_is_not_given_again() {
        let mut directory = Directory::new(Seed::from([1; 16]));
        let first = directory.draw_id();
        directory.servers.insert(first, PeerId::new(0, 0));
        directory.clients.insert(first.wrapping_add(1), PeerId::new(1, 0));
        directory.next_id = first;
        assert_eq!(directory.draw_id(), first.wrapping_add(2));
    }
}
