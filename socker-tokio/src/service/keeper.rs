use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use socker_core::service::Service;
use tokio::{runtime::Handle, sync::Notify, task, time};

use super::hub::Hub;

/// How a server reaches its keeper: the task that looks after the service's time and the end of a
/// drain.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// It runs.
    runs: AtomicBool,
    /// It has something to look at.
    pub(super) notify: Arc<Notify>,
}

impl Keeping {
    pub(super) fn runs(&self) -> bool {
        self.runs.load(Ordering::Relaxed)
    }
}

struct Keeper<S: Service> {
    hub: Weak<Hub<S>>,
    notify: Arc<Notify>,
}

/// Starts the keeper, unless it runs: with the first connection, and with one that is left when the
/// runtime on which it ran has ended.
#[inline]
pub(super) fn start<S: Service + Send + 'static>(hub: &Arc<Hub<S>>) {
    let keeping = &hub.keeping;
    if !keeping.runs()
        && let Ok(runtime) = Handle::try_current()
        && !keeping.runs.swap(true, Ordering::Relaxed)
    {
        let keeper = Keeper { hub: Arc::downgrade(hub), notify: Arc::clone(&keeping.notify) };
        runtime.spawn(keeper.run());
    }
}

impl<S: Service> Keeper<S> {
    async fn run(self) {
        while let Some(hub) = self.hub.upgrade() {
            let next = hub.keep();
            drop(hub);
            match next {
                // Either is a reason to look again.
                Some(next) => drop(time::timeout_at(next, self.notify.notified()).await),
                None => self.notify.notified().await,
            }
            // Who keeps calling must not keep all others from going on.
            task::yield_now().await;
        }
    }
}

impl<S: Service> Drop for Keeper<S> {
    fn drop(&mut self) {
        // Its runtime ends, and others may not.
        if let Some(hub) = self.hub.upgrade() {
            hub.keeping.runs.store(false, Ordering::Relaxed);
            hub.wake_all();
        }
    }
}
