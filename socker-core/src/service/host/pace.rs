use crate::{
    service::{Budget, Delivery, Gap},
    wire::MAX_HEADER,
};

/// What a peer is told that does not keep up with what it must know.
pub const TOO_SLOW: &str = "the connection is too slow for what is sent";

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
    /// Decides on a message (its length in bytes, and its delivery) for a peer for which `waiting`
    /// bytes wait, at `limit` of them at the most, while `pooled` bytes wait for all peers. As in a
    /// [`Machine`](crate::Machine), one message alone may be larger.
    #[inline]
    pub fn judge(
        &mut self,
        budget: &Budget,
        limit: usize,
        pooled: usize,
        waiting: usize,
        message: (usize, Delivery),
    ) -> Fate {
        let (len, delivery) = message;
        let len = len.saturating_add(MAX_HEADER);
        let full = waiting > 0
            && (waiting.saturating_add(len) > limit
                || pooled.saturating_add(len) > budget.outgoing);
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
