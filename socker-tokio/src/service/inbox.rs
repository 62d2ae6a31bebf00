//! What waits for the service.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Waker},
    vec,
};

use socker_core::service::{Budget, Context as ServiceContext};

use super::place::Item;

/// What an item takes beside its payload, about.
const ITEM: usize = 128;

/// Most jobs of other threads that wait.
const JOBS: usize = 1024;

/// Items in the order in which they came.
pub(super) struct Inbox<S> {
    queue: Mutex<Queue<S>>,
    /// Something is in the queue.
    waiting: AtomicBool,
    /// Bytes of the messages that wait or are being handled.
    bytes: AtomicUsize,
    /// How often all that waited was handled.
    round: AtomicU64,
}

struct Queue<S> {
    items: Vec<Item<S>>,
    jobs: usize,
    /// Bytes of the messages among the items.
    bytes: usize,
    /// Tasks that do not read for want of room.
    paused: Vec<Waker>,
    /// Nobody takes them any more.
    closed: bool,
}

/// What one peer has in the inbox.
#[derive(Debug, Default)]
pub(super) struct Share {
    round: u64,
    bytes: usize,
    /// Its task is woken at the end of the round.
    paused: bool,
}

impl Share {
    /// Another task is to be woken from now on.
    pub(super) fn disarm(&mut self) {
        self.paused = false;
    }
}

/// All that waited, to be handled. Dropped, it has been: what a panic has left waits again.
pub(super) struct Batch<'i, S> {
    inbox: &'i Inbox<S>,
    items: vec::IntoIter<Item<S>>,
    bytes: usize,
}

impl<S> Inbox<S> {
    pub(super) fn new() -> Self {
        let queue =
            Queue { items: Vec::new(), jobs: 0, bytes: 0, paused: Vec::new(), closed: false };
        Self {
            queue: Mutex::new(queue),
            waiting: AtomicBool::new(false),
            bytes: AtomicUsize::new(0),
            round: AtomicU64::new(0),
        }
    }

    /// Puts items in, whatever the room: who reads asks for it before.
    pub(super) fn push(&self, items: impl IntoIterator<Item = Item<S>>, share: &mut Share) {
        let mut queue = self.lock();
        if queue.closed {
            // What is dropped may lead back to here.
            drop(queue);
            return drop(items);
        }
        let mut bytes = 0;
        queue.items.extend(items.into_iter().inspect(|item| bytes += size(item)));
        queue.bytes += bytes;
        self.waiting.store(true, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.renew(share);
        share.bytes += bytes;
    }

    /// Puts a job in, or gives it back.
    pub(super) fn push_job<F>(&self, act: F) -> Result<(), F>
    where
        F: FnOnce(&mut S, &mut ServiceContext<'_>) + Send + 'static,
    {
        let mut queue = self.lock();
        if queue.jobs >= JOBS || queue.closed {
            return Err(act);
        }
        queue.jobs += 1;
        queue.items.push(Item::Run(Box::new(act)));
        self.waiting.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a peer may be read from; if not, its task is woken when there is room.
    pub(super) fn has_room(&self, budget: &Budget, share: &mut Share, cx: &Context<'_>) -> bool {
        if self.is_roomy(budget, share) {
            return true;
        }
        let mut queue = self.lock();
        // It may have been emptied meanwhile.
        let room = self.is_roomy(budget, share);
        if !room && !mem::replace(&mut share.paused, true) {
            queue.paused.push(cx.waker().clone());
        }
        room
    }

    fn is_roomy(&self, budget: &Budget, share: &mut Share) -> bool {
        self.renew(share);
        share.bytes <= budget.incoming
            && self.bytes.load(Ordering::Relaxed) <= budget.incoming_total
    }

    /// What was handled is of the peer's share no more.
    fn renew(&self, share: &mut Share) {
        let round = self.round.load(Ordering::Relaxed);
        if share.round != round {
            *share = Share { round, ..Share::default() };
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        !self.waiting.load(Ordering::Relaxed)
    }

    /// Takes all that waits.
    pub(super) fn take(&self) -> Batch<'_, S> {
        let mut queue = self.lock();
        queue.jobs = 0;
        self.waiting.store(false, Ordering::Relaxed);
        let (items, bytes) = (mem::take(&mut queue.items), mem::take(&mut queue.bytes));
        Batch { inbox: self, items: items.into_iter(), bytes }
    }

    /// Drops all that waits and that will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.take().for_each(drop);
    }

    /// A service that panicked has left nothing here half done.
    fn lock(&self) -> MutexGuard<'_, Queue<S>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Iterator for Batch<'_, S> {
    type Item = Item<S>;

    fn next(&mut self) -> Option<Item<S>> {
        self.items.next()
    }
}

impl<S> Drop for Batch<'_, S> {
    fn drop(&mut self) {
        let Self { inbox, items, bytes } = self;
        let mut queue = inbox.lock();
        let rest = items.as_slice();
        if !rest.is_empty() {
            let rest_bytes: usize = rest.iter().map(size).sum();
            *bytes -= rest_bytes;
            queue.bytes += rest_bytes;
            queue.jobs += rest.iter().filter(|item| matches!(item, Item::Run(_))).count();
            queue.items.splice(..0, items);
            inbox.waiting.store(true, Ordering::Relaxed);
        }
        inbox.bytes.fetch_sub(*bytes, Ordering::Relaxed);
        inbox.round.fetch_add(1, Ordering::Relaxed);
        let paused = mem::take(&mut queue.paused);
        drop(queue);
        paused.into_iter().for_each(Waker::wake);
    }
}

/// What an item counts of the budget.
fn size<S>(item: &Item<S>) -> usize {
    match item {
        Item::Message(_, message) => message.len() + ITEM,
        Item::Oversized(..) => ITEM,
        _ => 0,
    }
}
