//! All servers and clients of a directory: one thread.

use std::{iter, ops::Range};

use socker_core::directory::codec::{Candidate, Message, Sender};

use crate::peers::Peers;
use crate::servers::{Failure, Server};

/// As a browser's offer for a data channel, about.
const SDP: usize = 500;

/// Of each side: the offer or answer, and four candidates.
pub const MESSAGES: usize = 5;

pub struct Load {
    servers: Peers,
    clients: Peers,
    /// The servers' ids, by place.
    server_ids: Vec<u32>,
}

impl Load {
    pub fn open(server: &Server, servers: usize, clients: usize) -> Result<Self, Failure> {
        expect_empty(server)?;
        let servers = Peers::open(server.address(), "/directory/servers", servers)?;
        let clients = Peers::open(server.address(), "/directory/clients", clients)?;
        let server_ids = vec![0; servers.len()];
        let mut load = Self { servers, clients, server_ids };
        load.register(0..load.servers.len())?;
        load.expect_listed(load.servers.len(), 0)?;
        Ok(load)
    }

    fn register(&mut self, places: Range<usize>) -> Result<(), Failure> {
        for place in places.clone() {
            let metadata =
                format!("{{\"name\":\"server {place:04}\",\"players\":12,\"map\":\"a\"}}");
            let registers = Message::Register { metadata: metadata.into() };
            self.servers.say(place, iter::once(registers))?;
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
            let (more, less) = changes(bytes)?;
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
                self.servers.say(place, iter::once(Message::Deregister))?;
            }
            self.register(0..count)?;
            self.expect_listed(count, count)?;
        }
        Ok(())
    }

    /// Each client makes an offer to a server, which answers; and each side has its candidates. So
    /// many messages of each are in flight at a time, in one write: one, or all, as the candidates of
    /// a browser come.
    pub fn offers(&mut self, times: usize, at_a_time: usize) -> Result<(), Failure> {
        for _ in 0..times {
            let mut pairs = Vec::with_capacity(self.clients.len());
            for first in (0..MESSAGES).step_by(at_a_time) {
                let numbers = first..(first + at_a_time).min(MESSAGES);
                self.clients_say(numbers.clone(), &mut pairs)?;
                self.servers_say(numbers, &pairs)?;
            }
        }
        Ok(())
    }

    /// Each client says these to its server. `pairs` are by server and client who has made an offer.
    fn clients_say(
        &mut self,
        numbers: Range<usize>,
        pairs: &mut Vec<(usize, u32)>,
    ) -> Result<(), Failure> {
        for place in 0..self.clients.len() {
            let id = self.server_ids[place % self.server_ids.len()];
            let offer = || Message::Offer { id, sdp: sdp() };
            let said = numbers.clone().map(|number| candidate(id, number).unwrap_or_else(offer));
            self.clients.say(place, said)?;
        }
        let mut missing = self.clients.len() * numbers.len();
        self.servers.take(|place, bytes| {
            match Message::decode(Sender::DirectoryToServer, bytes)? {
                Message::Offer { id, .. } => pairs.push((place, id)),
                Message::Candidate { .. } => {}
                other => return Err(format!("not expected: {other:?}").into()),
            }
            missing -= 1;
            Ok(missing == 0)
        })
    }

    fn servers_say(
        &mut self,
        numbers: Range<usize>,
        pairs: &[(usize, u32)],
    ) -> Result<(), Failure> {
        for &(place, id) in pairs {
            let answer = || Message::Answer { id, sdp: sdp() };
            let said = numbers.clone().map(|number| candidate(id, number).unwrap_or_else(answer));
            self.servers.say(place, said)?;
        }
        let mut missing = self.clients.len() * numbers.len();
        self.clients.take(|_, bytes| match Message::decode(Sender::DirectoryToClient, bytes)? {
            Message::Answer { .. } | Message::Candidate { .. } => {
                missing -= 1;
                Ok(missing == 0)
            }
            other => Err(format!("not expected: {other:?}").into()),
        })
    }
}

/// Until the servers of the run before have left the list, as they do with its next tick.
fn expect_empty(server: &Server) -> Result<(), Failure> {
    let mut listed = 0;
    Peers::open(server.address(), "/directory/clients", 1)?.take(|_, bytes| {
        let (more, less) = changes(bytes)?;
        listed = listed + more - less;
        Ok(listed == 0)
    })
}

/// How many servers a client is told to be there, and to be gone.
fn changes(bytes: &[u8]) -> Result<(usize, usize), Failure> {
    match Message::decode(Sender::DirectoryToClient, bytes)? {
        Message::ServersAdded(list) => Ok((list.len(), 0)),
        Message::ServersRemoved(list) => Ok((0, list.len())),
        other => Err(format!("not expected: {other:?}").into()),
    }
}

fn sdp() -> std::borrow::Cow<'static, str> {
    "v=0\r\n".repeat(SDP / 5).into()
}

/// The message with this number; none if that is the offer or answer, before all candidates.
fn candidate(id: u32, number: usize) -> Option<Message<'static>> {
    let number = number.checked_sub(1)?;
    let text = format!("candidate:{number} 1 udp 2113937151 192.0.2.{number} 54400 typ host");
    let candidate = Candidate { mid: "0".into(), m_line_index: 0, candidate: text.into() };
    Some(Message::Candidate { id, candidate: Some(candidate) })
}
