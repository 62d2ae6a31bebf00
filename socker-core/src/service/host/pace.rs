use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    service::{Budget, Delivery, Gap},
    wire::MAX_HEADER,
};

/// Bytes that wait to be sent to all peers together; clones count as one.
#[derive(Clone, Debug, Default)]
pub struct Pool(Arc<AtomicUsize>);

impl Pool {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One peer's share was `before`, and is `after`.
    #[inline]
    pub fn change(&self, before: usize, after: usize) {
        if after > before {
            self.0.fetch_add(after - before, Ordering::Relaxed);
        } else if after < before {
            self.0.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}

/// Whether a peer keeps up, and what it has missed.
///
/// ```text
///            a droppable message finds no room
///   keeps up ---------------------------------> behind: droppable messages are dropped
///      ^                                           |
///      '------- half of the room is there again ---'
/// ```
#[derive(Debug, Default)]
pub struct Pace {
    dropped: u32,
}

/// What is to be done with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Queue it.
    Queue,
    /// Drop it; the peer is behind.
    Drop,
    /// Close the peer with 1013: it can't be told what it must know.
    Close,
}

impl Pace {
    /// Decides on a message of `len` bytes for a peer for which `waiting` bytes wait, at `limit` of
    /// them at the most. As in a [`Machine`](crate::Machine), one message alone may be larger.
    #[inline]
    pub fn judge(
        &mut self,
        budget: &Budget,
        limit: usize,
        pool: &Pool,
        waiting: usize,
        message: (usize, Delivery),
    ) -> Fate {
        let (len, delivery) = message;
        let len = len.saturating_add(MAX_HEADER);
        let full = waiting > 0
            && (waiting.saturating_add(len) > limit
                || pool.len().saturating_add(len) > budget.outgoing);
        match delivery {
            Delivery::Reliable if full => Fate::Close,
            Delivery::Reliable => Fate::Queue,
            Delivery::Droppable if full || self.is_behind() || waiting > budget.droppable => {
                self.dropped = self.dropped.saturating_add(1);
                Fate::Drop
            }
            Delivery::Droppable => Fate::Queue,
        }
    }

    /// Whether messages were dropped of which nobody has been told yet.
    #[inline]
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.dropped > 0
    }

    /// Whether a peer that was behind keeps up again, now that `waiting` bytes wait for it.
    #[inline]
    #[must_use]
    pub fn has_room(budget: &Budget, waiting: usize) -> bool {
        waiting <= budget.droppable / 2
    }

    /// What was dropped, to be told; nothing is dropped any more.
    pub fn take_gap(&mut self) -> Gap {
        Gap { messages: std::mem::take(&mut self.dropped) }
    }
}
