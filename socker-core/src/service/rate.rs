use crate::time::Instant;

/// How often something may happen: the generic cell rate algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rate {
    /// When all so far would have happened, at the rate: nanoseconds of an [`Instant`].
    paid: u64,
}

impl Rate {
    /// Counts one; false if it is one too many for so many a second, and a burst of so many.
    #[inline]
    pub(crate) fn admit(&mut self, now: Instant, rate: u32, burst: u32) -> bool {
        let each = u64::from(1_000_000_000 / rate.max(1));
        let burst = each * u64::from(burst.max(1));
        let now = now.nanos();
        let paid = self.paid.max(now).saturating_add(each);
        if paid - now > burst {
            return false;
        }
        self.paid = paid;
        true
    }
}
