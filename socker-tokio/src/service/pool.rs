use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that wait to be sent: to one peer, or to all of them together.
#[derive(Debug, Default)]
pub(super) struct Pool(AtomicUsize);

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// A part of them was `before`, and is `after`.
    #[inline]
    pub(super) fn change(&self, before: usize, after: usize) {
        if after > before {
            self.0.fetch_add(after - before, Ordering::Relaxed);
        } else if after < before {
            self.0.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}
