//! What is on its way from the service to a connection's task.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use smallvec::SmallVec;
use socker_core::{
    CloseCode, Instant, Machine, Message, Refusal,
    handshake::Incoming,
    service::{
        Verdict,
        host::{TOO_SLOW, answer},
    },
    wire::{Frame, MAX_HEADER},
};

use super::{pool::Pool, stay::Holders};

/// What the service wants of a connection. It is as small as a message.
#[derive(Debug)]
pub(super) enum Order {
    Answer(Box<(Incoming, Verdict)>),
    Send(Message<'static>),
    SendFrame(Frame),
    Close(CloseCode, String),
}

impl Order {
    /// Orders are given for which there is room. But the machine has more to write than them, pongs
    /// and its answer to the request: where that fills it, the peer does not keep up.
    pub(super) fn carry_out(self, now: Instant, machine: &mut Machine) {
        let sent = match self {
            Self::Answer(answered) => {
                let (incoming, verdict) = *answered;
                return answer(machine, now, incoming, verdict);
            }
            Self::Close(code, reason) => return machine.close(now, code, &reason),
            Self::Send(message) => machine.send(message).map_err(|error| error.refusal),
            Self::SendFrame(frame) => machine.send_frame(&frame),
        };
        if sent == Err(Refusal::Full) {
            machine.close(now, CloseCode::Again, TOO_SLOW);
        }
    }

    /// What it takes at the most of what may wait.
    fn len(&self) -> usize {
        match self {
            Self::Send(message) => message.len() + MAX_HEADER,
            Self::SendFrame(frame) => frame.as_bytes().len(),
            Self::Answer(_) | Self::Close(..) => 0,
        }
    }
}

/// Orders for one connection, given by whoever has the service and carried out by its task.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    orders: Mutex<Orders>,
    /// There are some.
    pub(super) ordered: AtomicBool,
    /// Bytes that wait for this peer: of the orders, and of the machine as its task has counted it.
    pub(super) waiting: Pool,
    /// The peer misses messages.
    pub(super) behind: AtomicBool,
    pub(super) holders: Holders,
    /// The service has panicked over this peer's input.
    failed: AtomicBool,
}

#[derive(Debug, Default)]
struct Orders {
    /// Mostly there is one, which takes no memory of its own.
    list: SmallVec<[Order; 1]>,
    /// Bytes of them.
    len: usize,
    waker: Option<Waker>,
    /// Nobody carries them out any more.
    ended: bool,
}

impl Mailbox {
    /// Gives an order; tells how many more bytes wait.
    pub(super) fn push(&self, order: Order) -> usize {
        let len = order.len();
        let mut orders = self.lock();
        if orders.ended {
            return 0;
        }
        orders.list.push(order);
        orders.len += len;
        self.waiting.change(0, len);
        if !self.ordered.swap(true, Ordering::Relaxed) {
            orders.wake();
        }
        len
    }

    /// Takes all orders, and how many bytes of those that wait they are.
    pub(super) fn take(&self) -> (SmallVec<[Order; 1]>, usize) {
        if !self.ordered.load(Ordering::Relaxed) {
            return (SmallVec::new(), 0);
        }
        let mut orders = self.lock();
        self.ordered.store(false, Ordering::Relaxed);
        (mem::take(&mut orders.list), mem::take(&mut orders.len))
    }

    /// The peer misses messages. Its task may have written all just now, and looks again.
    pub(super) fn fall_behind(&self) {
        if !self.behind.swap(true, Ordering::Relaxed) {
            self.wake();
        }
    }

    /// The service has panicked over this peer's input: the connection ends.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
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
        mem::replace(&mut *orders, Orders { ended: true, ..Orders::default() }).len
    }

    /// The answer to a request, where no machine waits for it. What is ordered after it stays.
    #[cfg(feature = "axum")]
    pub(super) fn poll_answer(
        &self,
        cx: &std::task::Context<'_>,
    ) -> std::task::Poll<(Incoming, Verdict)> {
        let mut orders = self.lock();
        let answer = orders.list.iter().position(|order| matches!(order, Order::Answer(_)));
        if let Some(Order::Answer(answered)) = answer.map(|at| orders.list.remove(at)) {
            return std::task::Poll::Ready(*answered);
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
