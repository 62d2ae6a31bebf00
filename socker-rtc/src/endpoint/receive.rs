//! What comes from the network.

use std::net::SocketAddr;

use socker_core::Instant;
use str0m::{
    Input,
    ice::StunMessage,
    net::{Protocol, Receive},
};

use super::Endpoint;
use crate::event::PeerId;

/// What a datagram is, by its first byte (RFC 7983, section 7). There is no media here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stun,
    Dtls,
}

impl Kind {
    fn of(datagram: &[u8]) -> Option<Self> {
        match datagram.first()? {
            0..=3 => Some(Self::Stun),
            20..=63 => Some(Self::Dtls),
            _ => None,
        }
    }
}

impl Endpoint {
    /// A datagram has come from `source` to the announced address `local`.
    ///
    /// What comes from strangers, or makes no sense, is counted and dropped.
    pub fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
    ) {
        self.advance(now);
        if !self.shared.config.candidates.contains(&local) {
            self.shared.counters.strangers += 1;
            return;
        }
        let received = Receive::new(Protocol::Udp, source, local, datagram);
        let (Some(kind), Ok(received)) = (Kind::of(datagram), received) else {
            self.shared.counters.malformed += 1;
            return;
        };
        let input = Input::Receive(self.shared.clock.to_std(self.shared.now), received);
        let peer = match kind {
            Kind::Stun => self.checked(&input, source, datagram),
            Kind::Dtls => self.routes.by_address(source),
        };
        let Input::Receive(_, received) = input else { return };
        let Some(id) = peer else {
            self.shared.counters.strangers += 1;
            return;
        };
        let limit = self.shared.config.event_limit;
        let held_back = self.peers.get(&id).is_some_and(|peer| peer.events.cost() >= limit);
        if held_back && kind == Kind::Dtls {
            self.shared.counters.held_back += 1;
            return;
        }
        self.change(id, |peer, shared| peer.receive(shared, received));
    }

    /// Whose datagram of ICE this is, and notes a check's source as that peer's address.
    fn checked(
        &mut self,
        input: &Input<'_>,
        source: SocketAddr,
        datagram: &[u8],
    ) -> Option<PeerId> {
        let message = StunMessage::parse(datagram).ok()?;
        let Some((name, _)) = message.split_username() else {
            return self.answered(input, source);
        };
        let id = self.routes.by_name(name)?;
        let peer = self.peers.get_mut(&id).filter(|peer| peer.accepts(input))?;
        self.routes.claim(self.shared.now, id, &mut peer.known, source);
        Some(id)
    }

    /// Whose check this answers. Before a peer is connected, its answers may be what comes first from an
    /// address.
    fn answered(&self, input: &Input<'_>, source: SocketAddr) -> Option<PeerId> {
        let known = self.routes.by_address(source);
        if known.is_some_and(|id| self.peers.get(&id).is_some_and(|peer| peer.accepts(input))) {
            return known;
        }
        let mut opening = self.peers.iter().filter(|(_, peer)| peer.is_opening());
        opening.find(|(_, peer)| peer.accepts(input)).map(|(id, _)| *id)
    }
}
