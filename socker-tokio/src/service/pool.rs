use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that wait to be sent to all peers together.
#[derive(Debug, Default)]
pub(super) struct Pool(AtomicUsize);

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One peer's share was `before`, and is `after`.
    #[inline]
    pub(super) fn change(&self, before: usize, after: usize) {
        if after > before {
            self.0.fetch_add(after - before, Ordering::Relaxed);
        } else if after < before {
            self.0.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}
