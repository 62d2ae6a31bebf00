//! Whose datagram.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::event::PeerId;

/// Most peers at one address: a browser, those that were killed there, and some that forge it.
const CLAIMANTS: usize = 4;

/// Most addresses of one peer, since its last ICE restart. The library keeps each, and sends checks to it.
/// A browser has one, and another whenever its network or its router changes.
const ADDRESSES: usize = 32;

/// By which peers are found: the name in a check (its user name, RFC 8445, section 7.2.2), and for all
/// else the address from which a check has come.
///
/// Several peers may have been named by checks from one address: one of them is there, and the others
/// are dead or forge it.
#[derive(Debug, Default)]
pub(super) struct Routes {
    names: BTreeMap<String, PeerId>,
    /// The one that was named last is the last.
    addresses: BTreeMap<SocketAddr, Vec<PeerId>>,
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

    /// All who may be there.
    pub(super) fn by_address(&self, address: SocketAddr) -> &[PeerId] {
        self.addresses.get(&address).map_or(&[], Vec::as_slice)
    }

    /// The peer is called so in checks from now on. Of the addresses that it had, what is on the way
    /// comes from the last.
    pub(super) fn name(&mut self, peer: PeerId, known: &mut Known, name: String) {
        if known.name == name {
            return;
        }
        let old = known.addresses.len().saturating_sub(1);
        for address in known.addresses.drain(..old) {
            Self::release(&mut self.addresses, peer, address);
        }
        self.names.remove(&known.name);
        self.names.insert(name.clone(), peer);
        known.name = name;
    }

    /// A check from `address` has named this peer. Whether that may be one of its addresses.
    #[must_use]
    pub(super) fn claim(&mut self, peer: PeerId, known: &mut Known, address: SocketAddr) -> bool {
        if !known.addresses.contains(&address) {
            if known.addresses.len() >= ADDRESSES {
                return false;
            }
            known.addresses.push(address);
        }
        let claimants = self.addresses.entry(address).or_default();
        if claimants.last() == Some(&peer) {
            return true;
        }
        claimants.retain(|claimant| *claimant != peer);
        // However many forge an address, who is there stays.
        if claimants.len() < CLAIMANTS {
            claimants.push(peer);
        }
        true
    }

    pub(super) fn forget(&mut self, peer: PeerId, known: &mut Known) {
        let Known { name, addresses } = std::mem::take(known);
        self.names.remove(&name);
        for address in addresses {
            Self::release(&mut self.addresses, peer, address);
        }
    }

    fn release(all: &mut BTreeMap<SocketAddr, Vec<PeerId>>, peer: PeerId, address: SocketAddr) {
        let Some(claimants) = all.get_mut(&address) else { return };
        claimants.retain(|claimant| *claimant != peer);
        if claimants.is_empty() {
            all.remove(&address);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.addresses.is_empty()
    }
}
