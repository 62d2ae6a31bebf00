use std::{error, fmt, str::FromStr};

/// A peer of a service: one connection, for as long as it lasts.
///
/// A number is given again when its connection has ended, with another generation. So an id that was
/// kept for too long reaches nobody.
// As one word wherever it is: in commands, two halves would be written and read in different widths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(align(8))]
pub struct PeerId {
    index: u32,
    generation: u32,
}

impl PeerId {
    /// An id, for tests and for hosts. Hosts number from 0 on and give numbers again, so that the
    /// largest stays near the number of peers.
    #[must_use]
    pub const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    /// The number, which no other connection has at the same time.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many connections had this number before.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }
}

/// Number and generation, as in `7.0`.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index, self.generation)
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

/// A text that is not a [`PeerId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerIdError;

impl fmt::Display for PeerIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a peer is a number and a generation, as in 7.0")
    }
}

impl error::Error for PeerIdError {}

impl FromStr for PeerId {
    type Err = PeerIdError;

    fn from_str(text: &str) -> Result<Self, PeerIdError> {
        let (index, generation) = text.split_once('.').ok_or(PeerIdError)?;
        let number = |text: &str| text.parse().map_err(|_| PeerIdError);
        Ok(Self::new(number(index)?, number(generation)?))
    }
}

/// A map by [`PeerId`], in which a stale id finds nothing.
///
/// Its memory is that of an array up to the largest number in it.
///
/// ```
/// use socker_core::service::{PeerId, Peers};
///
/// let mut names = Peers::default();
/// names.insert(PeerId::new(3, 0), "Ada");
/// assert_eq!(names.get(PeerId::new(3, 0)), Some(&"Ada"));
/// assert_eq!(names.get(PeerId::new(3, 1)), None);
/// ```
#[derive(Clone, Debug)]
pub struct Peers<T> {
    slots: Vec<Slot<T>>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Peers<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }
}

impl<T> Peers<T> {
    /// Puts a value in; gives back what was there, under the same number.
    pub fn insert(&mut self, peer: PeerId, value: T) -> Option<T> {
        let index = peer.index as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || Slot { generation: 0, value: None });
        }
        let slot = &mut self.slots[index];
        slot.generation = peer.generation;
        let before = slot.value.replace(value);
        self.len += usize::from(before.is_none());
        before
    }

    /// The value of a peer.
    #[inline]
    #[must_use]
    pub fn get(&self, peer: PeerId) -> Option<&T> {
        let slot = self.slots.get(peer.index as usize)?;
        slot.value.as_ref().filter(|_| slot.generation == peer.generation)
    }

    /// The value of a peer, to be changed.
    #[inline]
    pub fn get_mut(&mut self, peer: PeerId) -> Option<&mut T> {
        let slot = self.slots.get_mut(peer.index as usize)?;
        slot.value.as_mut().filter(|_| slot.generation == peer.generation)
    }

    /// Takes the value of a peer out.
    pub fn remove(&mut self, peer: PeerId) -> Option<T> {
        let slot = self.slots.get_mut(peer.index as usize)?;
        let value = slot.value.take_if(|_| slot.generation == peer.generation)?;
        self.len -= 1;
        // What was many once need not stay: the memory follows the largest number.
        while self.slots.last().is_some_and(|slot| slot.value.is_none()) {
            self.slots.pop();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to(self.slots.len() * 2);
        }
        Some(value)
    }

    /// Whether there is a value for this peer.
    #[must_use]
    pub fn contains(&self, peer: PeerId) -> bool {
        self.get(peer).is_some()
    }

    /// How many peers have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no peer has a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All values, by number.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, &T)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(index, slot)| Some((id(index, slot.generation), slot.value.as_ref()?)))
    }

    /// All values, by number, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (PeerId, &mut T)> {
        let slots = self.slots.iter_mut().enumerate();
        slots.filter_map(|(index, slot)| Some((id(index, slot.generation), slot.value.as_mut()?)))
    }

    /// All peers that have a value, by number.
    pub fn ids(&self) -> impl Iterator<Item = PeerId> {
        self.iter().map(|(peer, _)| peer)
    }
}

fn id(index: usize, generation: u32) -> PeerId {
    // Slots are made for indexes of 32 bits alone.
    PeerId { index: u32::try_from(index).unwrap_or(u32::MAX), generation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_the_largest_number() {
        let mut peers = Peers::default();
        for index in 0..1_000 {
            peers.insert(PeerId::new(index, 0), index);
        }
        assert_eq!(peers.len(), 1_000);
        for index in (100..1_000).rev() {
            peers.remove(PeerId::new(index, 0));
        }
        assert_eq!(peers.len(), 100);
        assert!((200..=400).contains(&peers.slots.capacity()), "{}", peers.slots.capacity());
        for index in 0..100 {
            peers.remove(PeerId::new(index, 0));
        }
        assert!(peers.is_empty() && peers.slots.capacity() == 0, "{}", peers.slots.capacity());
    }

    #[test]
    fn each_value_once_by_number() {
        let mut peers = Peers::default();
        for index in [7, 0, 3] {
            peers.insert(PeerId::new(index, 2), index);
        }
        peers.iter_mut().for_each(|(_, value)| *value += 1);
        let all: Vec<_> = peers.iter().map(|(peer, value)| (peer.index(), *value)).collect();
        assert_eq!(all, [(0, 1), (3, 4), (7, 8)]);
    }

    /// A few that come and go are no reason to move all others.
    #[test]
    fn room_stays_for_a_few() {
        let mut peers = Peers::default();
        for index in 0..100 {
            peers.insert(PeerId::new(index, 0), 0_u64);
        }
        let before = peers.slots.capacity();
        for index in (50..100).rev() {
            peers.remove(PeerId::new(index, 0));
        }
        assert_eq!(peers.slots.capacity(), before);
    }
}
