//! What is on its way from the service to a connection's task.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
};

use socker_core::{
    CloseCode, Instant, Machine, Message,
    handshake::Incoming,
    service::{Verdict, host::answer},
    wire::{Frame, MAX_HEADER},
};

/// What the service wants of a connection.
#[derive(Debug)]
pub(super) enum Order {
    Answer(Incoming, Verdict),
    Send(Message<'static>),
    SendFrame(Frame),
    Close(CloseCode, String),
}

impl Order {
    /// Orders are given for which there is room, so a machine that is open refuses none.
    pub(super) fn carry_out(self, now: Instant, machine: &mut Machine) {
        match self {
            Self::Answer(incoming, verdict) => answer(machine, now, incoming, verdict),
            Self::Send(message) => drop(machine.send(message)),
            Self::SendFrame(frame) => _ = machine.send_frame(&frame),
            Self::Close(code, reason) => machine.close(now, code, &reason),
        }
    }

    /// What it takes at the most of what may wait.
    fn len(&self) -> usize {
        match self {
            Self::Send(message) => message.len() + MAX_HEADER,
            Self::SendFrame(frame) => frame.as_bytes().len(),
            Self::Answer(..) | Self::Close(..) => 0,
        }
    }
}

/// Orders for one connection, given by whoever has the service and carried out by its task.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    orders: Mutex<Orders>,
    /// There are some.
    pub(super) ordered: AtomicBool,
    /// Bytes of the orders.
    ordered_len: AtomicUsize,
    /// Bytes that wait in the machine, as its task last found it.
    unwritten: AtomicUsize,
    /// The peer misses messages.
    pub(super) behind: AtomicBool,
}

#[derive(Debug, Default)]
struct Orders {
    list: Vec<Order>,
    waker: Option<Waker>,
    /// Nobody carries them out any more.
    ended: bool,
}

impl Mailbox {
    /// Bytes that wait for this peer.
    pub(super) fn waiting(&self) -> usize {
        self.ordered_len.load(Ordering::Relaxed) + self.unwritten.load(Ordering::Relaxed)
    }

    /// So much waits in the machine.
    pub(super) fn set_unwritten(&self, unwritten: usize) {
        self.unwritten.store(unwritten, Ordering::Relaxed);
    }

    /// Gives an order; tells how many more bytes wait.
    pub(super) fn push(&self, order: Order) -> usize {
        let len = order.len();
        let mut orders = self.lock();
        if orders.ended {
            return 0;
        }
        orders.list.push(order);
        self.ordered_len.fetch_add(len, Ordering::Relaxed);
        if !self.ordered.swap(true, Ordering::Relaxed) {
            orders.wake();
        }
        len
    }

    /// Takes all orders, and how many bytes they are, which wait in the machine from now on.
    pub(super) fn take(&self) -> (Vec<Order>, usize) {
        if !self.ordered.load(Ordering::Relaxed) {
            return (Vec::new(), 0);
        }
        let mut orders = self.lock();
        self.ordered.store(false, Ordering::Relaxed);
        let len = self.ordered_len.load(Ordering::Relaxed);
        self.unwritten.fetch_add(len, Ordering::Relaxed);
        self.ordered_len.store(0, Ordering::Relaxed);
        (mem::take(&mut orders.list), len)
    }

    /// The peer misses messages. Its task may have written all just now, and looks again.
    pub(super) fn fall_behind(&self) {
        if !self.behind.swap(true, Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Whose task this is.
    pub(super) fn register(&self, waker: &Waker) {
        self.lock().waker = Some(waker.clone());
    }

    /// The task has something to look at.
    pub(super) fn wake(&self) {
        self.lock().wake();
    }

    /// The connection is gone. Tells how many bytes of orders will never be carried out.
    pub(super) fn end(&self) -> usize {
        let mut orders = self.lock();
        *orders = Orders { ended: true, ..Orders::default() };
        self.ordered_len.swap(0, Ordering::Relaxed)
    }

    /// The answer to a request, where no machine waits for it. What is ordered after it stays.
    #[cfg(feature = "axum")]
    pub(super) fn poll_answer(
        &self,
        cx: &std::task::Context<'_>,
    ) -> std::task::Poll<(Incoming, Verdict)> {
        let mut orders = self.lock();
        let answer = orders.list.iter().position(|order| matches!(order, Order::Answer(..)));
        if let Some(Order::Answer(incoming, verdict)) = answer.map(|at| orders.list.remove(at)) {
            return std::task::Poll::Ready((incoming, verdict));
        }
        // What is there already wakes nobody.
        self.ordered.store(false, Ordering::Relaxed);
        orders.waker = Some(cx.waker().clone());
        std::task::Poll::Pending
    }

    /// A service that panicked has left nothing here half done.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orders {
    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
