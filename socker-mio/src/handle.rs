//! From other threads to a loop.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mio::Waker;
use socker_core::service::Context;

use crate::error::RunError;

/// Closures that wait for a loop. A loop takes all of them in each of its turns, so more than this
/// come only while it stalls.
const WAITING: usize = 1_024;

/// A way to an [`EventLoop`](crate::EventLoop) from other threads.
pub struct Handle<S>(Arc<Mailbox<S>>);

/// What is to be done on the loop.
type Act<S> = Box<dyn FnOnce(&mut S, &mut Context<'_>) + Send>;

/// What handles and their loop share.
pub(crate) struct Mailbox<S> {
    mail: Mutex<Mail<S>>,
    waker: Waker,
}

/// What waits for a loop.
pub(crate) struct Mail<S> {
    /// To be done first, in this order.
    pub(crate) acts: VecDeque<Act<S>>,
    /// To be begun, with what time, and the reason that peers are told.
    pub(crate) drain: Option<(Duration, String)>,
    /// Nobody takes it any more.
    gone: bool,
}

impl<S> Handle<S> {
    pub(crate) fn new(mailbox: Arc<Mailbox<S>>) -> Self {
        Self(mailbox)
    }

    /// Does something with the service, soon, on the loop's thread: sends what another thread has
    /// computed, say. Closures are run in the order in which they came.
    ///
    /// # Errors
    /// 1,024 closures wait already, or the loop is gone; this one is given back.
    pub fn run<F>(&self, act: F) -> Result<(), RunError<F>>
    where
        F: FnOnce(&mut S, &mut Context<'_>) + Send + 'static,
    {
        let mut mail = self.0.lock();
        if mail.gone {
            return Err(RunError::Gone(act));
        }
        if mail.acts.len() >= WAITING {
            return Err(RunError::Full(act));
        }
        let first = mail.is_empty();
        mail.acts.push_back(Box::new(act));
        drop(mail);
        self.0.wake(first);
        Ok(())
    }

    /// As [`EventLoop::drain`](crate::EventLoop::drain), soon, after the closures that wait already.
    /// It is never refused; if the loop is gone, there is nothing to do.
    pub fn drain(&self, timeout: Duration, reason: &str) {
        let mut mail = self.0.lock();
        let first = mail.is_empty();
        mail.drain = Some((timeout, reason.to_owned()));
        drop(mail);
        self.0.wake(first);
    }
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl<S> Mailbox<S> {
    pub(crate) fn new(waker: Waker) -> Self {
        Self { mail: Mutex::default(), waker }
    }

    /// Takes everything. It is handled without the lock, which is held for a few instructions only.
    pub(crate) fn take(&self) -> Mail<S> {
        std::mem::take(&mut *self.lock())
    }

    /// The loop is gone: what waits is dropped.
    pub(crate) fn close(&self) {
        let mail = std::mem::replace(&mut *self.lock(), Mail { gone: true, ..Mail::default() });
        // A closure may own a handle, and what it owns may do anything when it is dropped.
        drop(mail);
    }

    /// Whoever puts the first thing in wakes the loop, which takes all.
    fn wake(&self, first: bool) {
        if first {
            // It fails only if the loop's descriptors are not its own any more.
            let _ = self.waker.wake();
        }
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Mail<S>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Mail<S> {
    fn is_empty(&self) -> bool {
        self.acts.is_empty() && self.drain.is_none()
    }
}

impl<S> Default for Mail<S> {
    fn default() -> Self {
        Self { acts: VecDeque::new(), drain: None, gone: false }
    }
}
