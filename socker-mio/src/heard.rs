//! Until when all that had come has been read.

use socker_core::Instant;

/// Until when all that had come has been read: nobody is late who was not late by then.
///
/// In a turn with room for all events that is the turn's begin. Where there are more, those that are ready
/// wait in line, and all of them have had their turn after so many.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    until: Instant,
    /// Since when there have been more events than a turn takes, and for how many turns.
    crowd: Option<(Instant, usize)>,
}

impl Heard {
    /// After a turn, which was `full` of events; in `turns` full ones each socket has had its own.
    pub(crate) fn after(&mut self, begin: Instant, full: bool, turns: usize) -> Instant {
        if !full {
            *self = Self { until: begin, crowd: None };
            return begin;
        }
        let (since, gone) = self.crowd.get_or_insert((begin, 0));
        *gone += 1;
        if *gone >= turns {
            self.until = *since;
            self.crowd = None;
        }
        self.until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_crowd_is_heard_in_so_many_turns() {
        let at = |secs| Instant::at(Duration::from_secs(secs));
        let mut heard = Heard::default();
        assert_eq!(heard.after(at(1), false, 3), at(1));
        // It takes three turns to hear what had come by the first of them.
        for (begin, until) in [(2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 5)] {
            assert_eq!(heard.after(at(begin), true, 3), at(until), "{begin}");
        }
        assert_eq!(heard.after(at(8), true, 3), at(5));
        assert_eq!(heard.after(at(9), false, 3), at(9));
        assert_eq!(heard.after(at(10), true, 1), at(10));
    }
}
