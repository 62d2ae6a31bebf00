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
        let parsed = Receive::new(Protocol::Udp, source, local, datagram);
        match (Kind::of(datagram), parsed) {
            (Some(Kind::Stun), Ok(received)) => self.receive_stun(source, received, datagram),
            (Some(Kind::Dtls), Ok(received)) => self.receive_dtls(source, received, datagram),
            _ => self.shared.counters.malformed += 1,
        }
    }

    fn receive_stun(&mut self, source: SocketAddr, received: Receive<'_>, datagram: &[u8]) {
        let input = Input::Receive(self.shared.clock.to_std(self.shared.now), received);
        let peer = self.checked(&input, source, datagram);
        let (Some(peer), Input::Receive(_, received)) = (peer, input) else {
            self.shared.counters.strangers += 1;
            return;
        };
        self.change(peer, |peer, shared| peer.receive(shared, received, true));
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
        self.routes.claim(id, &mut peer.known, source).then_some(id)
    }

    /// Whose check this answers. Before a peer is connected, its answers may be what comes first from an
    /// address. A peer that is connected to the address accepts any, so the last to come is asked first.
    fn answered(&self, input: &Input<'_>, source: SocketAddr) -> Option<PeerId> {
        let accepts = |id: &PeerId| self.peers.get(id).is_some_and(|peer| peer.accepts(input));
        let known = self.routes.by_address(source).iter().copied().rfind(accepts);
        known.or_else(|| {
            let mut opening = self.peers.iter().filter(|(_, peer)| peer.is_opening());
            opening.find(|(_, peer)| peer.accepts(input)).map(|(id, _)| *id)
        })
    }

    /// What is encrypted is given to all peers that may be at this address, since only one of them has
    /// the keys for it. A handshake begins in the clear, where a second answer would spoil the first: it
    /// goes to the last of those that still need one. So a newcomer does not wait until a dead peer is
    /// found, and nobody can take the address of a peer that is connected.
    fn receive_dtls(&mut self, source: SocketAddr, received: Receive<'_>, datagram: &[u8]) {
        let peers = match self.routes.by_address(source) {
            [] => {
                self.shared.counters.strangers += 1;
                return;
            }
            [peer] => {
                let peer = *peer;
                return self.give(peer, received, true);
            }
            peers => peers.to_vec(),
        };
        let local = received.destination;
        let opening = |id: &&PeerId| self.peers.get(id).is_some_and(|peer| peer.is_opening());
        let one = peers.iter().rfind(opening).filter(|_| is_clear(datagram)).copied();
        for peer in peers.into_iter().filter(|peer| one.is_none_or(|one| one == *peer)) {
            if let Ok(again) = Receive::new(Protocol::Udp, source, local, datagram) {
                // Whose it is can't be told, so it is nobody's sign of life.
                self.give(peer, again, false);
            }
        }
    }

    fn give(&mut self, peer: PeerId, received: Receive<'_>, lives: bool) {
        let limit = self.shared.config.event_limit;
        if self.peers.get(&peer).is_some_and(|peer| peer.events.cost() >= limit) {
            self.shared.counters.held_back += 1;
            return;
        }
        self.change(peer, |peer, shared| peer.receive(shared, received, lives));
    }
}

/// Whether a DTLS record is of epoch 0, before encryption (RFC 6347, section 4.1).
fn is_clear(record: &[u8]) -> bool {
    record.get(3..5) == Some(&[0, 0])
}
