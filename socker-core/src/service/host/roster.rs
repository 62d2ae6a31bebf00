use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use http::{StatusCode, header::RETRY_AFTER};

use crate::{
    handshake::Rejection,
    service::{Budget, PeerId},
};

/// Peers above the budget that are served at the same time, just to be told so.
const TURNED_AWAY: usize = 64;

/// Gives peers their ids, and counts them.
#[derive(Debug, Default)]
pub struct Roster {
    slots: Vec<Slot>,
    free: Vec<u32>,
    addresses: BTreeMap<Household, usize>,
    welcome: usize,
    turned_away: usize,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Welcome(Option<Household>),
    TurnedAway,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// There is room.
    Welcome(PeerId),
    /// There is none; await its request and answer with the rejection of this.
    TurnedAway(PeerId, Excess),
    /// There is none, and too many are being told so: drop the connection.
    Full,
}

/// Of what there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// [`Budget::connections`] are there.
    Connections,
    /// [`Budget::per_address`] are there from its address.
    PerAddress,
}

impl From<Excess> for Rejection {
    fn from(excess: Excess) -> Self {
        let (status, text) = match excess {
            Excess::Connections => (StatusCode::SERVICE_UNAVAILABLE, "too many connections"),
            Excess::PerAddress => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections from your address")
            }
        };
        let rejection = Rejection::new(status).with_text(format!("{text}; try again later\n"));
        // It is a header.
        rejection.clone().with_header(RETRY_AFTER.as_str(), "10").unwrap_or(rejection)
    }
}

impl Roster {
    /// A connection has come from an address; `None` is one that is not counted, say of the host's
    /// own.
    pub fn enter(&mut self, budget: &Budget, address: Option<IpAddr>) -> Entry {
        let address = address.map(Household::from);
        let from_there = address.and_then(|address| self.addresses.get(&address));
        let excess = if self.welcome >= budget.connections {
            Some(Excess::Connections)
        } else if from_there.is_some_and(|count| *count >= budget.per_address) {
            Some(Excess::PerAddress)
        } else {
            None
        };
        let Some(excess) = excess else {
            self.welcome += 1;
            if let Some(address) = address {
                *self.addresses.entry(address).or_default() += 1;
            }
            return Entry::Welcome(self.issue(State::Welcome(address)));
        };
        if self.turned_away >= TURNED_AWAY {
            return Entry::Full;
        }
        self.turned_away += 1;
        Entry::TurnedAway(self.issue(State::TurnedAway), excess)
    }

    /// A connection is gone; its number will be given again. A stale id does nothing.
    pub fn leave(&mut self, peer: PeerId) {
        let Some(slot) = self.slots.get_mut(peer.index() as usize) else { return };
        if slot.generation != peer.generation() || slot.state == State::Free {
            return;
        }
        match std::mem::replace(&mut slot.state, State::Free) {
            State::Welcome(address) => {
                self.welcome -= 1;
                if let Some(address) = address {
                    self.forget(address);
                }
            }
            State::TurnedAway => self.turned_away -= 1,
            State::Free => {}
        }
        // A number whose generations are used up is not given again.
        if let Some(generation) = peer.generation().checked_add(1) {
            self.slots[peer.index() as usize].generation = generation;
            self.free.push(peer.index());
        }
    }

    /// How many are welcome.
    #[must_use]
    pub fn len(&self) -> usize {
        self.welcome
    }

    /// Whether nobody is here, not even to be turned away.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.welcome + self.turned_away == 0
    }

    fn forget(&mut self, address: Household) {
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }

    fn issue(&mut self, state: State) -> PeerId {
        if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.state = state;
            return PeerId::new(index, slot.generation);
        }
        // There are fewer connections at once than that.
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot { generation: 0, state });
        PeerId::new(index, 0)
    }
}

/// What counts as one address. There is one for each connection, so it is no larger than it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Household {
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6([u8; 8]),
}

impl From<IpAddr> for Household {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}
