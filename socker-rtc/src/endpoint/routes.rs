//! Whose datagram.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use socker_core::Instant;

use crate::event::PeerId;

/// An address stays with the peer that a check has last named there for so long, whoever else is named
/// by a check from it: browsers check at least every 2.5 s. So nobody can take another's address by
/// forging it once.
const HOLD: Duration = Duration::from_secs(3);

/// Most addresses of one peer. A browser has one, and another while it changes its network.
const ADDRESSES: usize = 16;

/// By which peers are found: the name in a check (its user name, RFC 8445, section 7.2.2), and for all
/// else the address from which a check has come.
#[derive(Debug, Default)]
pub(super) struct Routes {
    names: BTreeMap<String, PeerId>,
    addresses: BTreeMap<SocketAddr, Claim>,
}

#[derive(Debug)]
struct Claim {
    peer: PeerId,
    since: Instant,
}

/// What a peer has in the routes, so that all of it can be found.
#[derive(Debug, Default)]
pub(super) struct Known {
    name: String,
    addresses: Vec<SocketAddr>,
}

impl Routes {
    pub(super) fn by_name(&self, name: &str) -> Option<PeerId> {
        self.names.get(name).copied()
    }

    pub(super) fn by_address(&self, address: SocketAddr) -> Option<PeerId> {
        self.addresses.get(&address).map(|claim| claim.peer)
    }

    /// The peer is called so in checks from now on.
    pub(super) fn name(&mut self, peer: PeerId, known: &mut Known, name: String) {
        self.names.remove(&known.name);
        self.names.insert(name.clone(), peer);
        known.name = name;
    }

    /// A check from `address` has named this peer.
    pub(super) fn claim(
        &mut self,
        now: Instant,
        peer: PeerId,
        known: &mut Known,
        address: SocketAddr,
    ) {
        let claim = self.addresses.entry(address).or_insert(Claim { peer, since: now });
        if claim.peer != peer && now.since(claim.since) < HOLD {
            return;
        }
        *claim = Claim { peer, since: now };
        if !known.addresses.contains(&address) {
            known.addresses.push(address);
            if known.addresses.len() > ADDRESSES {
                let oldest = known.addresses.remove(0);
                self.release(peer, oldest);
            }
        }
    }

    pub(super) fn forget(&mut self, peer: PeerId, known: &mut Known) {
        let Known { name, addresses } = std::mem::take(known);
        self.names.remove(&name);
        for address in addresses {
            self.release(peer, address);
        }
    }

    fn release(&mut self, peer: PeerId, address: SocketAddr) {
        if self.by_address(address) == Some(peer) {
            self.addresses.remove(&address);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.addresses.is_empty()
    }
}
