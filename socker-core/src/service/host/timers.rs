use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{service::PeerId, time::Instant};

/// When peers are to be looked at, the earliest first.
///
/// A peer's time mostly moves on with every message. It is put in again only when it comes nearer or
/// has come, so what is found here may be out of date, and whoever takes it compares.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, PeerId)>>);

impl Timers {
    pub(super) fn insert(&mut self, at: Instant, peer: PeerId) {
        self.0.push(Reverse((at, peer)));
    }

    /// The earliest time, at which perhaps nothing is to be done.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// A peer whose time has come, or had been put in for now.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(Instant, PeerId)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(due)| due)
    }

    /// Drops what is out of date, if it is most of what is here: peers that came and went.
    pub(super) fn tidy(&mut self, peers: usize, is_current: impl Fn(Instant, PeerId) -> bool) {
        if self.0.len() > 64 + 4 * peers {
            self.0.retain(|Reverse((at, peer))| is_current(*at, *peer));
            self.0.shrink_to(2 * self.0.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_out_of_date_is_dropped() {
        let mut timers = Timers::default();
        let at = |number: u32| Instant::at(Duration::from_secs(number.into()));
        let peer = PeerId::new(0, 0);
        (0..68).for_each(|number| timers.insert(at(number), peer));
        // Of one peer so much may be here; of none, it is mostly out of date.
        timers.tidy(1, |_, _| false);
        assert_eq!(timers.0.len(), 68);
        (68..1_000).for_each(|number| timers.insert(at(number), peer));
        timers.tidy(1, |time, _| time >= at(990));
        assert_eq!(timers.0.len(), 10);
        assert!((10..=20).contains(&timers.0.capacity()), "{}", timers.0.capacity());
        assert_eq!(timers.take_due(at(990)), Some((at(990), peer)));
        assert_eq!(timers.take_due(at(990)), None);
    }
}
