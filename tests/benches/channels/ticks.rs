//! A clock for what is done so many times a second.

use std::time::{Duration, Instant};

/// It keeps its pace: one that is late is followed by others that are not.
pub struct Ticks {
    next: Instant,
    every: Duration,
}

impl Ticks {
    pub fn begin(per_second: u32) -> Self {
        let every = Duration::from_secs(1) / per_second.max(1);
        Self { next: Instant::now() + every, every }
    }

    pub fn next(&self) -> Instant {
        self.next
    }

    /// Whether one is due, which is over with that.
    pub fn take(&mut self) -> bool {
        let is_due = self.next <= Instant::now();
        if is_due {
            self.next += self.every;
        }
        is_due
    }
}
