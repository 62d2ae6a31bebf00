//! What waits to be polled.

use std::collections::VecDeque;

use crate::event::{Event, Transmit};

/// A queue that was longer gives its memory back when it is empty.
const KEPT: usize = 16;

/// What an event costs beside its content.
const EVENT: usize = 64;

/// A queue of one peer, whose turn among all peers' is kept by the endpoint: one ticket for each.
#[derive(Debug)]
pub(super) struct Queue<T> {
    items: VecDeque<T>,
    /// How many of them have no ticket yet.
    fresh: usize,
    /// What they cost together.
    cost: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), fresh: 0, cost: 0 }
    }
}

impl<T: Cost> Queue<T> {
    pub(super) fn push(&mut self, item: T) {
        self.cost += item.cost();
        self.fresh += 1;
        self.items.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let item = self.items.pop_front()?;
        self.cost -= item.cost();
        if self.items.is_empty() && self.items.capacity() > KEPT {
            self.items = VecDeque::new();
        }
        Some(item)
    }

    /// Drops all, and says how many.
    pub(super) fn clear(&mut self) -> usize {
        let dropped = self.items.len();
        *self = Self::default();
        dropped
    }

    pub(super) fn take_fresh(&mut self) -> usize {
        std::mem::take(&mut self.fresh)
    }

    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// What an item counts against its limit.
pub(super) trait Cost {
    fn cost(&self) -> usize;
}

/// In bytes.
impl Cost for Event {
    fn cost(&self) -> usize {
        EVENT
            + match self {
                Self::Message { message, .. } => message.len(),
                Self::Opened { config, .. } => config.len(),
                _ => 0,
            }
    }
}

/// In datagrams.
impl Cost for Transmit {
    fn cost(&self) -> usize {
        1
    }
}
