//! Where the connections' tasks, the service and other threads meet.

use std::{
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{self, AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use socker_core::{
    CloseCode, Instant,
    service::{
        Context, PeerId, Peers, Service,
        host::{Entry, Excess, Roster},
    },
};
use tokio::{sync::Notify, time};

use super::{
    Limits,
    inbox::{Inbox, Share},
    keeper::Keeping,
    mailbox::{Mailbox, Order},
    place::{Item, Place},
};

/// When to look again for what could not be done just now.
const SOON: Duration = Duration::from_millis(1);

/// How often the one who has the service goes on for others before the keeper has to.
const ROUNDS: usize = 4;

/// The same before there is a keeper, which comes with the first connection.
const ROUNDS_ALONE: usize = 1024;

/// What all parts of a server share.
///
/// The service is in one place. On a server that is not ticked, whoever has something for it takes
/// the place if nobody has it, and handles what waits in the inbox too; who finds it taken leaves
/// what it has in the inbox, and goes on. So nobody waits, and nothing is left lying: the place is
/// given back before the inbox is looked at for the last time.
pub(super) struct Hub<S> {
    pub(super) limits: Limits,
    /// The service's [`Instant::START`].
    start: time::Instant,
    pub(super) inbox: Inbox<S>,
    /// None: it is on the thread of a game's loop.
    place: Option<Mutex<Place<S>>>,
    lobby: Mutex<Lobby>,
    /// When what is left of a drain is cut, once it has begun; `None` is never.
    drain: OnceLock<Option<time::Instant>>,
    cut: AtomicBool,
    /// Somebody waits for the end of the drain, or for its begin.
    pub(super) ending: Notify,
    pub(super) keeping: Keeping,
    /// When the keeper wakes by itself, in nanoseconds.
    armed: AtomicU64,
}

/// All connections.
#[derive(Default)]
struct Lobby {
    roster: Roster,
    mailboxes: Peers<Arc<Mailbox>>,
}

impl<S: Service> Hub<S> {
    pub(super) fn new(limits: Limits, place: Option<Place<S>>) -> Self {
        Self {
            limits,
            start: time::Instant::now(),
            inbox: Inbox::new(),
            place: place.map(Mutex::new),
            lobby: Mutex::default(),
            drain: OnceLock::new(),
            cut: AtomicBool::new(false),
            ending: Notify::new(),
            keeping: Keeping::default(),
            armed: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn start(&self) -> time::Instant {
        self.start
    }

    pub(super) fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }
}

/// The way to the service.
impl<S: Service> Hub<S> {
    /// The service, if nobody has it; what waits has been handled.
    #[inline]
    pub(super) fn enter(&self, now: Instant) -> Option<MutexGuard<'_, Place<S>>> {
        let mut place = match self.place.as_ref()?.try_lock() {
            Ok(place) => place,
            Err(TryLockError::WouldBlock) => return None,
            // A call of the service panicked, and ended the connection that it was for. Others go on.
            Err(TryLockError::Poisoned(place)) => place.into_inner(),
        };
        self.catch_up(&mut place, now);
        Some(place)
    }

    /// Gives the service back.
    #[inline]
    pub(super) fn leave<'h>(&'h self, place: MutexGuard<'h, Place<S>>) {
        self.leave_to(place, Some(&self.keeping.notify));
    }

    /// Gives the service back, and tells the keeper if it has to wake earlier.
    #[inline]
    fn leave_to<'h>(&'h self, mut place: MutexGuard<'h, Place<S>>, keeper: Option<&Notify>) {
        let rounds = if self.keeping.runs() { ROUNDS } else { ROUNDS_ALONE };
        for _ in 0..rounds {
            let timeout = place.runner.poll_timeout();
            drop(place);
            if self.arm(timeout)
                && let Some(keeper) = keeper
            {
                keeper.notify_one();
            }
            // Whoever found the place taken had put something in before. Either that is seen here,
            // or the place was free when it looked.
            atomic::fence(Ordering::SeqCst);
            if self.inbox.is_empty() {
                return;
            }
            match self.enter(self.now()) {
                Some(again) => place = again,
                None => return,
            }
        }
        drop(place);
        self.keeping.notify.notify_one();
    }

    /// Handles what waits, unless somebody else does.
    pub(super) fn turn(&self) {
        atomic::fence(Ordering::SeqCst);
        if let Some(place) = self.enter(self.now()) {
            self.leave(place);
        }
    }

    /// Handles what waits, and the time.
    #[inline]
    pub(super) fn catch_up(&self, place: &mut Place<S>, now: Instant) {
        let items = (!self.inbox.is_empty()).then(|| self.inbox.take());
        // Looked at after what waited was taken: that may be of those whom the drain has closed.
        place.silent = self.is_draining();
        for item in items.into_iter().flatten() {
            let peer = item.peer();
            self.call(peer, || place.handle(&self.limits, now, item));
        }
        self.call(None, || place.handle_timeout(&self.limits, now));
    }

    /// Calls the service for a peer, whose connection ends if that panics. The thread is somebody
    /// else's then, except that of a game, for which the panic is meant.
    fn call(&self, peer: Option<PeerId>, act: impl FnOnce()) {
        if self.place.is_none() {
            return act();
        }
        if catch_unwind(AssertUnwindSafe(act)).is_err()
            && let Some(peer) = peer
            && let Some(mailbox) = self.lobby().mailboxes.get(peer)
        {
            mailbox.fail();
        }
    }

    /// Puts something in the inbox, and handles it if nobody has the service.
    pub(super) fn hand_over(&self, item: Item<S>) {
        self.inbox.push([item], &mut Share::default());
        self.turn();
    }

    pub(super) fn run<F>(&self, act: F) -> Result<(), F>
    where
        F: FnOnce(&mut S, &mut Context<'_>) + Send + 'static,
    {
        self.inbox.push_job(act)?;
        self.turn();
        Ok(())
    }

    /// Whether the keeper has to wake earlier than it would.
    fn arm(&self, timeout: Option<Instant>) -> bool {
        let nanos = timeout.map_or(u64::MAX, nanos);
        let earlier = nanos < self.armed.load(Ordering::Relaxed);
        if earlier {
            self.armed.store(nanos, Ordering::Relaxed);
        }
        earlier
    }

    /// For the keeper: handles what is due; tells when to do so again.
    pub(super) fn keep(&self) -> Option<time::Instant> {
        self.armed.store(u64::MAX, Ordering::Relaxed);
        let drain = self.drain.get().copied().flatten();
        if drain.is_some_and(|deadline| deadline <= time::Instant::now()) {
            self.cut();
        }
        let drain = drain.filter(|_| !self.is_cut());
        let soon = time::Instant::now() + SOON;
        let service = match (&self.place, self.enter(self.now())) {
            (None, _) => None,
            // Somebody has the service just now.
            (_, None) => Some(soon),
            (_, Some(place)) => {
                self.leave_to(place, None);
                match self.armed.load(Ordering::Relaxed) {
                    u64::MAX => None,
                    // A service whose time has still come after its time-out waits too.
                    nanos => Some((self.start + Duration::from_nanos(nanos)).max(soon)),
                }
            }
        };
        drain.into_iter().chain(service).min()
    }
}

/// Who is there.
impl<S: Service> Hub<S> {
    /// A new connection's number and mailbox; `None` is that there are too many to even say so, or
    /// that the server drains.
    pub(super) fn admit(
        &self,
        address: Option<IpAddr>,
    ) -> Option<(PeerId, Arc<Mailbox>, Option<Excess>)> {
        let mut lobby = self.lobby();
        if self.is_draining() {
            return None;
        }
        let (peer, excess) = match lobby.roster.enter(&self.limits.budget, address) {
            Entry::Welcome(peer) => (peer, None),
            Entry::TurnedAway(peer, excess) => (peer, Some(excess)),
            Entry::Full => return None,
        };
        let mailbox = Arc::<Mailbox>::default();
        lobby.mailboxes.insert(peer, Arc::clone(&mailbox));
        Some((peer, mailbox, excess))
    }

    /// All have something to look at.
    pub(super) fn wake_all(&self) {
        self.lobby().mailboxes.iter().for_each(|(_, mailbox)| mailbox.wake());
    }

    pub(super) fn len(&self) -> usize {
        self.lobby().roster.len()
    }
}

impl<S> Hub<S> {
    /// A connection is gone, and the service has been told.
    pub(super) fn dismiss(&self, peer: PeerId) {
        let mut lobby = self.lobby();
        lobby.mailboxes.remove(peer);
        lobby.roster.leave(peer);
        if lobby.roster.is_empty() && self.is_draining() {
            self.ending.notify_waiters();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.drain.get().is_some()
    }

    fn lobby(&self) -> MutexGuard<'_, Lobby> {
        self.lobby.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end.
impl<S: Service> Hub<S> {
    /// The first call counts.
    pub(super) fn begin_drain(&self, timeout: Duration, reason: &str) {
        let deadline = time::Instant::now().checked_add(timeout);
        let lobby = self.lobby();
        if self.drain.set(deadline).is_err() {
            return;
        }
        // What was sent before goes first. That one of them is gone is no news for the others, to whom
        // this may come later: the service is silent from here on.
        for (_, mailbox) in lobby.mailboxes.iter() {
            mailbox.push(Order::Close(CloseCode::Away, reason.to_owned()));
        }
        drop(lobby);
        self.ending.notify_waiters();
        self.keeping.notify.notify_one();
    }

    /// The service is gone: there is nobody left to talk to.
    pub(super) fn abandon(&self) {
        self.begin_drain(self.limits.config.close_timeout, "the server has ended");
        self.inbox.close();
    }

    pub(super) fn is_drained(&self) -> bool {
        self.is_draining() && self.lobby().roster.is_empty()
    }

    fn cut(&self) {
        if !self.cut.swap(true, Ordering::Relaxed) {
            self.wake_all();
        }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl<S> Drop for Hub<S> {
    fn drop(&mut self) {
        // The keeper ends too.
        self.keeping.notify.notify_one();
    }
}

fn nanos(at: Instant) -> u64 {
    u64::try_from(at.since(Instant::START).as_nanos()).unwrap_or(u64::MAX)
}
