//! The core's time as str0m's.

use std::time::{Duration, Instant as StdInstant};

use socker_core::Instant;

/// What lies beyond is never: every platform's `Instant` can tell it.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A moment of the operating system that stands for [`Instant::START`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(pub(crate) StdInstant);

impl Clock {
    pub(crate) fn to_std(self, at: Instant) -> StdInstant {
        let elapsed = at.since(Instant::START).min(FAR);
        self.0.checked_add(elapsed).unwrap_or(self.0)
    }

    pub(crate) fn to_core(self, at: StdInstant) -> Option<Instant> {
        let elapsed = at.saturating_duration_since(self.0);
        (elapsed < FAR).then(|| Instant::at(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        #[expect(clippy::disallowed_methods)]
        let clock = Clock(StdInstant::now());
        let at = Instant::START + Duration::from_millis(1_500);
        assert_eq!(clock.to_core(clock.to_std(at)), Some(at));
        assert_eq!(clock.to_core(clock.to_std(Instant::MAX)), None);
    }
}
