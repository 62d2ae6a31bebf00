use std::{collections::BTreeMap, sync::Arc};

use super::{Limits, RoomError};
use crate::wire::Frame;

/// The state messages of a room: the last of each key, in the order in which they were last set.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By the order in which they came.
    stored: BTreeMap<u64, Stored>,
    /// Where each key is.
    places: BTreeMap<Arc<str>, u64>,
    next: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Stored {
    key: Arc<str>,
    frame: Frame,
}

/// What keeping a message takes beside its bytes and its key, about.
const ENTRY: usize = 256;

impl Stored {
    fn len(&self) -> usize {
        self.key.len() + self.frame.payload().len() + ENTRY
    }
}

impl State {
    /// Keeps a message instead of the one that has its key.
    pub(super) fn set(
        &mut self,
        limits: &Limits,
        key: &str,
        frame: Frame,
    ) -> Result<(), RoomError> {
        let before = self.places.get(key).and_then(|place| self.stored.get(place));
        let before_len = before.map_or(0, Stored::len);
        let is_new = before.is_none();
        let key: Arc<str> = before.map_or_else(|| key.into(), |stored| Arc::clone(&stored.key));
        let stored = Stored { key: Arc::clone(&key), frame };
        let bytes = self.bytes - before_len + stored.len();
        if bytes > limits.state || is_new && self.places.len() >= limits.state_keys {
            return Err(RoomError::StateFull);
        }
        self.bytes = bytes;
        if let Some(place) = self.places.insert(key, self.next) {
            self.stored.remove(&place);
        }
        self.stored.insert(self.next, stored);
        self.next += 1;
        Ok(())
    }

    /// What a newcomer has to be told, in order.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.stored.values().map(|stored| &stored.frame)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_makes_room() {
        let limits = Limits::default().state(2 * (1 + 10 + ENTRY));
        let mut state = State::default();
        let mut set = |key, len| state.set(&limits, key, Frame::binary(&vec![0; len]));
        for _ in 0..10 {
            assert_eq!(set("a", 10), Ok(()));
        }
        assert_eq!(set("b", 10), Ok(()), "to the byte");
        assert_eq!(set("b", 11), Err(RoomError::StateFull));
        assert_eq!(set("a", 9), Ok(()));
        assert_eq!(set("b", 11), Ok(()));
        assert_eq!(state.len(), 2);
    }
}
