//! All servers and clients of a directory: one thread.

use socker_core::directory::codec::{Candidate, Message, Sender};

use crate::peers::Peers;
use crate::servers::{Failure, Server};

/// As a browser's offer for a data channel, about.
const SDP: usize = 500;

/// Of each side.
const CANDIDATES: usize = 4;

pub struct Load {
    servers: Peers,
    clients: Peers,
    /// The servers' ids, by place.
    server_ids: Vec<u32>,
}

impl Load {
    pub fn open(server: &Server, servers: usize, clients: usize) -> Result<Self, Failure> {
        let servers = Peers::open(server.address(), "/directory/servers", servers)?;
        let clients = Peers::open(server.address(), "/directory/clients", clients)?;
        let server_ids = vec![0; servers.len()];
        let mut load = Self { servers, clients, server_ids };
        load.register(0..load.servers.len())?;
        load.expect_listed(load.servers.len(), 0)?;
        Ok(load)
    }

    fn register(&mut self, places: std::ops::Range<usize>) -> Result<(), Failure> {
        for place in places.clone() {
            let metadata =
                format!("{{\"name\":\"server {place:04}\",\"players\":12,\"map\":\"a\"}}");
            self.servers.say(place, &Message::Register { metadata: metadata.into() })?;
        }
        let Self { servers, server_ids, .. } = self;
        let mut missing = places.len();
        servers.take(|place, bytes| {
            if let Ok(Message::Registered { id }) =
                Message::decode(Sender::DirectoryToServer, bytes)
            {
                server_ids[place] = id;
                missing -= 1;
            }
            Ok(missing == 0)
        })
    }

    /// Until all clients know of so many servers more, and of so many that are gone.
    fn expect_listed(&mut self, added: usize, removed: usize) -> Result<(), Failure> {
        let mut seen = vec![(0, 0); self.clients.len()];
        let mut missing = seen.len();
        self.clients.take(|place, bytes| {
            let (more, less) = match Message::decode(Sender::DirectoryToClient, bytes)? {
                Message::ServersAdded(list) => (list.len(), 0),
                Message::ServersRemoved(list) => (0, list.len()),
                other => return Err(format!("not expected: {other:?}").into()),
            };
            seen[place].0 += more;
            seen[place].1 += less;
            missing -= usize::from(more + less > 0 && seen[place] == (added, removed));
            Ok(missing == 0)
        })
    }

    /// So many servers leave the list and come back, so many times; each time until all clients
    /// know.
    pub fn churn(&mut self, count: usize, times: usize) -> Result<(), Failure> {
        for _ in 0..times {
            for place in 0..count {
                self.servers.say(place, &Message::Deregister)?;
            }
            self.register(0..count)?;
            self.expect_listed(count, count)?;
        }
        Ok(())
    }

    /// Each client makes an offer to a server, which answers; and each side has its candidates. One
    /// message is in flight for each client at a time.
    pub fn offers(&mut self, times: usize) -> Result<(), Failure> {
        for _ in 0..times {
            let mut pairs = self.clients_say(|id| Message::Offer { id, sdp: sdp() })?;
            self.servers_say(&mut pairs, |id| Message::Answer { id, sdp: sdp() })?;
            for number in 0..CANDIDATES {
                self.clients_say(|id| candidate(id, number))?;
                self.servers_say(&mut pairs, |id| candidate(id, number))?;
            }
        }
        Ok(())
    }

    /// Each client says something to its server; by server and client, who has said it.
    fn clients_say(
        &mut self,
        say: impl Fn(u32) -> Message<'static>,
    ) -> Result<Vec<(usize, u32)>, Failure> {
        for place in 0..self.clients.len() {
            let server = self.server_ids[place % self.server_ids.len()];
            self.clients.say(place, &say(server))?;
        }
        let mut from = Vec::with_capacity(self.clients.len());
        let count = self.clients.len();
        self.servers.take(|place, bytes| {
            let id = match Message::decode(Sender::DirectoryToServer, bytes)? {
                Message::Offer { id, .. } | Message::Candidate { id, .. } => id,
                other => return Err(format!("not expected: {other:?}").into()),
            };
            from.push((place, id));
            Ok(from.len() == count)
        })?;
        Ok(from)
    }

    fn servers_say(
        &mut self,
        to: &mut [(usize, u32)],
        say: impl Fn(u32) -> Message<'static>,
    ) -> Result<(), Failure> {
        for (place, client) in &*to {
            self.servers.say(*place, &say(*client))?;
        }
        let mut missing = self.clients.len();
        self.clients.take(|_, bytes| match Message::decode(Sender::DirectoryToClient, bytes)? {
            Message::Answer { .. } | Message::Candidate { .. } => {
                missing -= 1;
                Ok(missing == 0)
            }
            other => Err(format!("not expected: {other:?}").into()),
        })
    }
}

fn sdp() -> std::borrow::Cow<'static, str> {
    "v=0\r\n".repeat(SDP / 5).into()
}

fn candidate(id: u32, number: usize) -> Message<'static> {
    let text = format!("candidate:{number} 1 udp 2113937151 192.0.2.{number} 54400 typ host");
    let candidate = Candidate { mid: "0".into(), m_line_index: 0, candidate: text.into() };
    Message::Candidate { id, candidate: Some(candidate) }
}
