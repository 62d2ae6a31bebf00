//! Time as the core sees it: a duration since a moment that the caller picked.

use std::{fmt, ops::Add, time::Duration};

/// A moment, in nanoseconds since a start that the caller picked.
///
/// The core never reads a clock. A real host picks the moment in which it started and passes what
/// has elapsed since; a game passes its tick's time; a test passes what it likes. Only the order
/// and the distance of instants matter. The range is 584 years; what lies beyond is cut to
/// [`Instant::MAX`].
///
/// ```
/// use socker_core::Instant;
/// use std::time::Duration;
///
/// let tick = Instant::START + Duration::from_millis(16);
/// assert_eq!(tick.since(Instant::START), Duration::from_millis(16));
/// assert_eq!(Instant::START.since(tick), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The moment that the caller picked.
    pub const START: Self = Self(0);
    /// The last moment that can be told.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `elapsed` after the start.
    #[inline]
    #[must_use]
    pub const fn at(elapsed: Duration) -> Self {
        let nanos = elapsed.as_nanos();
        // In range by the check; `try_from` is not const.
        #[expect(clippy::cast_possible_truncation)]
        if nanos > u64::MAX as u128 { Self::MAX } else { Self(nanos as u64) }
    }

    #[inline]
    pub(crate) const fn nanos(self) -> u64 {
        self.0
    }

    /// This moment or the next that is a whole number of steps after the start, so that moments which
    /// are near each other become one.
    #[inline]
    pub(crate) const fn in_steps_of(self, step: Duration) -> Self {
        match Self::at(step).0 {
            0 => self,
            step => Self(self.0.div_ceil(step).saturating_mul(step)),
        }
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[inline]
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::at(duration).0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", Duration::from_nanos(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_steps() {
        let step = Duration::from_nanos(10);
        for (at, then) in [(0, 0), (1, 10), (10, 10), (11, 20), (u64::MAX - 1, u64::MAX)] {
            assert_eq!(Instant(at).in_steps_of(step), Instant(then));
        }
        assert_eq!(Instant(7).in_steps_of(Duration::ZERO), Instant(7));
    }

    #[test]
    fn a_time_that_is_too_late_is_the_last() {
        let last = Duration::from_nanos(u64::MAX);
        assert_eq!(Instant::at(last - Duration::from_nanos(1)).nanos(), u64::MAX - 1);
        for late in [last, last + Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(Instant::at(late), Instant::MAX);
            assert_eq!(Instant::at(Duration::from_secs(1)) + late, Instant::MAX);
        }
        assert_eq!(Instant::START.since(Instant::MAX), Duration::ZERO);
        assert_eq!(Instant::MAX.since(Instant::START), last);
    }
}
