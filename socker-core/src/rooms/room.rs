use std::collections::BTreeSet;

use super::state::State;
use crate::{service::PeerId, time::Instant};

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) owner: Owner,
    pub(super) members: BTreeSet<PeerId>,
    pub(super) state: State,
}

/// Who owns a room.
///
/// ```text
///   Peer --its connection ends--> Away --the grace is over--> the room is closed
///    ^                             |
///    '------ with its token -------'
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The embedding program.
    Program,
    Peer(PeerId),
    /// It may come back until then.
    Away(Instant),
}

impl Room {
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, members: BTreeSet::new(), state: State::default() }
    }

    pub(super) fn has(&self, peer: PeerId) -> bool {
        self.owner == Owner::Peer(peer) || self.members.contains(&peer)
    }

    /// All who are in it.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> {
        let owner = match self.owner {
            Owner::Peer(peer) => Some(peer),
            Owner::Program | Owner::Away(_) => None,
        };
        owner.into_iter().chain(self.members.iter().copied())
    }
}
