//! What servers and clients say.

use serde::de::IgnoredAny;

use super::{
    Directory, DirectoryEvent, Member, Problem,
    codec::{self, Candidate, Sender},
    offers::Fate,
    say,
};
use crate::{
    message::Message,
    service::{Context, PeerId},
};

impl Directory {
    pub(super) fn refuse(&mut self, cx: &mut Context<'_>, peer: PeerId, problem: &Problem) {
        let sender = match self.members.get(peer) {
            Some(Member::Server(_)) => Sender::DirectoryToServer,
            Some(Member::Client { .. }) => Sender::DirectoryToClient,
            None => return,
        };
        say(cx, peer, &problem.to_message(), sender);
    }

    pub(super) fn act(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        message: &Message<'_>,
    ) -> Result<(), Problem> {
        let Some(&member) = self.members.get(peer) else { return Ok(()) };
        let Message::Binary(bytes) = message else { return Err(Problem::Text) };
        match member {
            Member::Server(id) => {
                let said = codec::Message::decode(Sender::Server, bytes);
                self.server_says(cx, peer, id, said.map_err(Problem::Malformed)?)
            }
            Member::Client { id: Some(id), .. } => {
                let said = codec::Message::decode(Sender::Client, bytes);
                self.client_says(cx, peer, id, said.map_err(Problem::Malformed)?)
            }
            Member::Client { id: None, .. } => Ok(()),
        }
    }

    fn server_says(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        id: Option<u32>,
        said: codec::Message<'_>,
    ) -> Result<(), Problem> {
        if let codec::Message::Register { metadata } = &said {
            return self.register(cx, peer, id, metadata);
        }
        let server = id.ok_or(Problem::NotRegistered)?;
        match said {
            codec::Message::Update { metadata } => self.register(cx, peer, id, &metadata),
            codec::Message::Deregister => {
                self.members.insert(peer, Member::Server(None));
                self.delist(cx, server);
                Ok(())
            }
            codec::Message::Answer { id: client, sdp } => {
                expect_len(sdp.len(), self.limits.sdp)?;
                let held = self.offers.answer(cx.now(), &self.limits, (client, server));
                let held = held.ok_or(Problem::NoOffer)?;
                self.to_client(cx, client, &codec::Message::Answer { id: server, sdp });
                if let Some(&peer) = self.clients.get(&client) {
                    held.into_iter().for_each(|bytes| cx.send(peer, Message::binary(bytes)));
                }
                Ok(())
            }
            codec::Message::Candidate { id: client, candidate } => {
                self.expect_candidate(candidate.as_ref())?;
                let relayed = codec::Message::Candidate { id: server, candidate };
                let bytes = relayed.encode(Sender::DirectoryToClient).unwrap_or_default();
                let fate = self.offers.server_candidate((client, server), &bytes);
                if judge(fate)?
                    && let Some(&peer) = self.clients.get(&client)
                {
                    cx.send(peer, Message::binary(bytes));
                }
                Ok(())
            }
            codec::Message::Reject { id: client } => {
                if !self.offers.close((client, server)) {
                    return Err(Problem::NoOffer);
                }
                self.reject(cx, client, server);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn client_says(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        client: u32,
        said: codec::Message<'_>,
    ) -> Result<(), Problem> {
        match said {
            codec::Message::Offer { id: server, sdp } => {
                let offered = self.offer(cx, peer, (client, server), sdp.len());
                if offered.is_err() || !self.servers.contains_key(&server) {
                    self.reject(cx, client, server);
                    return offered;
                }
                self.to_server(cx, server, &codec::Message::Offer { id: client, sdp });
                Ok(())
            }
            codec::Message::Candidate { id: server, candidate } => {
                self.expect_candidate(candidate.as_ref())?;
                if judge(self.offers.client_candidate((client, server)))? {
                    let relayed = codec::Message::Candidate { id: client, candidate };
                    self.to_server(cx, server, &relayed);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A server is listed, or its metadata is another.
    fn register(
        &mut self,
        cx: &mut Context<'_>,
        peer: PeerId,
        id: Option<u32>,
        metadata: &str,
    ) -> Result<(), Problem> {
        expect_len(metadata.len(), self.limits.metadata.min(codec::METADATA_LIMIT))?;
        let _: IgnoredAny = serde_json::from_str(metadata).map_err(|_| Problem::Metadata)?;
        if let Some(id) = id {
            self.list.set(id, metadata);
            self.changed(cx.now());
            self.tell(cx.now(), DirectoryEvent::ServerChanged { id });
            return Ok(());
        }
        if self.list.len() >= self.limits.servers {
            return Err(Problem::TooManyServers);
        }
        let id = self.draw_id();
        self.members.insert(peer, Member::Server(Some(id)));
        self.servers.insert(id, peer);
        self.list.set(id, metadata);
        self.changed(cx.now());
        say(cx, peer, &codec::Message::Registered { id }, Sender::DirectoryToServer);
        let servers = self.list.len();
        self.tell(cx.now(), DirectoryEvent::ServerAdded { id, peer, servers });
        Ok(())
    }

    /// A server is not listed any more. Those who wait for its answer need not.
    pub(super) fn delist(&mut self, cx: &mut Context<'_>, id: u32) {
        self.servers.remove(&id);
        self.list.remove(id);
        self.changed(cx.now());
        for client in self.offers.close_server(id) {
            self.reject(cx, client, id);
        }
        let servers = self.list.len();
        self.tell(cx.now(), DirectoryEvent::ServerRemoved { id, servers });
    }

    /// Whether a client may make an offer; if there is such a server, it is open then.
    fn offer(
        &mut self,
        cx: &Context<'_>,
        peer: PeerId,
        pair: (u32, u32),
        len: usize,
    ) -> Result<(), Problem> {
        expect_len(len, self.limits.sdp)?;
        let (offer_rate, offer_burst) = (self.limits.offer_rate, self.limits.offer_burst);
        if let Some(Member::Client { rate, .. }) = self.members.get_mut(peer)
            && !rate.admit(cx.now(), offer_rate, offer_burst)
        {
            return Err(Problem::TooManyOffers);
        }
        let is_there = self.servers.contains_key(&pair.1);
        if is_there && !self.offers.open(cx.now(), &self.limits, pair) {
            return Err(Problem::TooManyOffers);
        }
        Ok(())
    }

    fn expect_candidate(&self, candidate: Option<&Candidate<'_>>) -> Result<(), Problem> {
        let len = candidate.map_or(0, |candidate| candidate.candidate.len());
        expect_len(len, self.limits.candidate)
    }

    pub(super) fn reject(&self, cx: &mut Context<'_>, client: u32, server: u32) {
        self.to_client(cx, client, &codec::Message::Reject { id: server });
    }

    fn to_client(&self, cx: &mut Context<'_>, client: u32, message: &codec::Message<'_>) {
        if let Some(&peer) = self.clients.get(&client) {
            say(cx, peer, message, Sender::DirectoryToClient);
        }
    }

    fn to_server(&self, cx: &mut Context<'_>, server: u32, message: &codec::Message<'_>) {
        if let Some(&peer) = self.servers.get(&server) {
            say(cx, peer, message, Sender::DirectoryToServer);
        }
    }
}

fn expect_len(len: usize, limit: usize) -> Result<(), Problem> {
    if len > limit { Err(Problem::TooLong { limit }) } else { Ok(()) }
}

/// Whether a candidate is relayed now.
fn judge(fate: Fate) -> Result<bool, Problem> {
    match fate {
        Fate::Relay => Ok(true),
        Fate::Held => Ok(false),
        Fate::NoOffer => Err(Problem::NoOffer),
        Fate::TooMany => Err(Problem::TooManyCandidates),
    }
}
