//! A connection's place in a server.

use std::{
    cell::Cell,
    net::IpAddr,
    sync::{Arc, atomic::Ordering},
};

use socker_core::{
    CloseReason, Event, Instant, Machine,
    service::{
        PeerId, Service,
        host::{Excess, Pace},
    },
};

use super::{hub::Hub, mailbox::Mailbox, place::Item, stay::Stay};

/// A connection's place in a server. Dropped, the connection is gone, and the service knows.
pub(super) struct Seat<S: Service> {
    pub(super) hub: Arc<Hub<S>>,
    pub(super) peer: PeerId,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) address: Option<IpAddr>,
    _stay: Stay<S>,
    /// The service may know of this connection.
    asked: Cell<bool>,
    /// The service has been told of the end.
    told: Cell<bool>,
    /// What of its machine's outgoing bytes is counted for the peer.
    counted: Cell<usize>,
    /// The same of all peers together.
    pooled: Cell<usize>,
}

impl<S: Service> Seat<S> {
    pub(super) fn take(
        hub: &Arc<Hub<S>>,
        address: Option<IpAddr>,
    ) -> Option<(Self, Option<Excess>)> {
        let (peer, mailbox, excess) = hub.admit(address)?;
        let stay = Stay::new(hub, peer, &mailbox);
        Some((
            Self {
                hub: Arc::clone(hub),
                peer,
                mailbox,
                address,
                _stay: stay,
                asked: Cell::new(false),
                told: Cell::new(false),
                counted: Cell::new(0),
                pooled: Cell::new(0),
            },
            excess,
        ))
    }
}

impl<S: Service> Seat<S> {
    /// Carries out the orders that have come.
    pub(super) fn carry_out_orders(&self, now: Instant, machine: &mut Machine) {
        let (orders, len) = self.mailbox.take();
        // They count as the machine's from now on.
        self.counted.set(self.counted.get() + len);
        self.pooled.set(self.pooled.get() + len);
        for order in orders {
            order.carry_out(now, machine);
        }
    }

    /// So much waits in the machine now. Whoever has the service next has to know.
    pub(super) fn count(&self, outgoing: usize) {
        self.mailbox.waiting.change(self.counted.replace(outgoing), outgoing);
    }

    /// So much waited in the machine, and waits after it was written. Whether the service is to know
    /// that the peer keeps up again: not before something moves, as there may be room for this peer
    /// and none for all together.
    pub(super) fn settle(&self, before: usize, outgoing: usize) -> bool {
        self.count(outgoing);
        self.hub.limits.pool.change(self.pooled.replace(outgoing), outgoing);
        let behind = &self.mailbox.behind;
        behind.load(Ordering::Relaxed)
            && (outgoing < before || outgoing == 0)
            && Pace::has_room(&self.hub.limits.budget, self.mailbox.waiting.len())
            && behind.swap(false, Ordering::Relaxed)
    }

    /// What the service is to be told: nothing of a connection of which it has not been asked.
    pub(super) fn item(&self, event: Event<'_>) -> Option<Item<S>> {
        Some(match event {
            Event::Message(message) => Item::Message(self.peer, message.into_owned()),
            Event::Oversized(oversized) => Item::Oversized(self.peer, oversized),
            Event::Incoming(incoming) => {
                self.asked.set(true);
                Item::Request(self.peer, incoming, Arc::clone(&self.mailbox))
            }
            Event::Closed(reason) => return self.closed(reason),
            // These are of clients' machines, or nothing for a service.
            _ => return None,
        })
    }

    /// Tells the service, where no task does.
    #[cfg(feature = "axum")]
    pub(super) fn tell(&self, event: Event<'_>) {
        self.item(event).into_iter().for_each(|item| self.hub.hand_over(item));
    }

    fn closed(&self, reason: CloseReason) -> Option<Item<S>> {
        if !self.asked.get() || self.told.replace(true) {
            return None;
        }
        let stay = Stay::new(&self.hub, self.peer, &self.mailbox);
        Some(Item::Closed(self.peer, reason, stay))
    }
}

impl<S: Service> Drop for Seat<S> {
    fn drop(&mut self) {
        let ordered = self.mailbox.end();
        self.hub.limits.pool.change(self.pooled.get() + ordered, 0);
        if let Some(closed) = self.closed(CloseReason::Eof) {
            self.hub.hand_over(closed);
        }
    }
}
