//! What is on its way from the service to a connection's task.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use socker_core::{
    CloseCode, Instant, Machine, Message,
    handshake::Incoming,
    service::{
        Delivery, Gap, Verdict,
        host::{Fate, Pace, answer},
    },
    wire::{Frame, MAX_HEADER},
};

use super::Limits;

/// What is told to a peer that does not keep up.
const TOO_SLOW: &str = "the connection is too slow for what is sent";

/// What is to be sent.
pub(super) enum Content<'c> {
    Message(Message<'c>),
    Frame(&'c Frame),
}

impl Content<'_> {
    /// Bytes, as a machine counts them: beside a header.
    fn len(&self) -> usize {
        match self {
            Self::Message(message) => message.len(),
            Self::Frame(frame) => frame.as_bytes().len(),
        }
    }
}

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
}

/// Orders for one connection, and the room that is left for them.
#[derive(Debug)]
pub(super) struct Mailbox(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    orders: Vec<Order>,
    /// Bytes that wait: the machine's, as it was last asked, and those of the orders.
    waiting: usize,
    /// What the pool counts of them.
    counted: usize,
    pace: Pace,
    /// The service has closed the connection: it wants nothing more of it.
    closing: bool,
    waker: Option<Waker>,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inner {
            orders: Vec::new(),
            waiting: 0,
            counted: 0,
            pace: Pace::default(),
            closing: false,
            waker: None,
        }))
    }

    /// Orders a message to be sent, if there is room. False: the peer does not keep up with what it
    /// must know, and is closed.
    pub(super) fn send(&self, limits: &Limits, content: Content<'_>, delivery: Delivery) -> bool {
        let mut inner = self.lock();
        let (waiting, len) = (inner.waiting, content.len());
        let fate = inner.judge(limits, waiting, len, delivery);
        match fate {
            Fate::Queue => {
                inner.waiting += len + MAX_HEADER;
                inner.count(limits);
                inner.orders.push(match content {
                    Content::Message(message) => Order::Send(message.into_owned()),
                    Content::Frame(frame) => Order::SendFrame(frame.clone()),
                });
                inner.wake();
            }
            Fate::Drop => {}
            Fate::Close => {
                inner.close(CloseCode::Again, TOO_SLOW);
                inner.wake();
            }
        }
        fate != Fate::Close
    }

    pub(super) fn close(&self, code: CloseCode, reason: &str) {
        let mut inner = self.lock();
        inner.close(code, reason);
        inner.wake();
    }

    pub(super) fn answer(&self, incoming: Incoming, verdict: Verdict) {
        let mut inner = self.lock();
        inner.orders.push(Order::Answer(incoming, verdict));
        inner.wake();
    }

    /// The task has something to look at.
    pub(super) fn wake(&self) {
        self.lock().wake();
    }

    /// So much waits in the machine now. Takes the orders that have come; the task is woken by the
    /// next one. Tells what the peer has missed, once it keeps up again.
    pub(super) fn meet(
        &self,
        limits: &Limits,
        outgoing: usize,
        cx: &Context<'_>,
    ) -> (Vec<Order>, Option<Gap>) {
        let mut inner = self.lock();
        match &mut inner.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => inner.waker = Some(cx.waker().clone()),
        }
        // What was ordered since counts as it comes.
        if inner.orders.is_empty() {
            inner.waiting = outgoing;
            inner.count(limits);
        }
        let caught_up = inner.pace.has_caught_up(&limits.budget, inner.waiting);
        let gap = caught_up.then(|| inner.pace.take_gap());
        (mem::take(&mut inner.orders), gap)
    }

    /// The answer to a request, where no machine waits for it. What is ordered after it stays.
    #[cfg(feature = "axum")]
    pub(super) fn poll_answer(&self, cx: &Context<'_>) -> std::task::Poll<(Incoming, Verdict)> {
        use std::task::Poll;

        let mut inner = self.lock();
        let answer = inner.orders.iter().position(|order| matches!(order, Order::Answer(..)));
        match answer.map(|answer| inner.orders.remove(answer)) {
            Some(Order::Answer(incoming, verdict)) => Poll::Ready((incoming, verdict)),
            _ => {
                inner.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The connection is gone.
    pub(super) fn end(&self, limits: &Limits) {
        let mut inner = self.lock();
        inner.closing = true;
        inner.orders = Vec::new();
        inner.waiting = 0;
        inner.count(limits);
    }

    /// For the connection's own task while it has the service: nobody else gives orders then, and
    /// its own need not wait here.
    pub(super) fn own<'t>(&'t self, now: Instant, machine: &'t mut Machine) -> Own<'t> {
        let mut inner = self.lock();
        for order in mem::take(&mut inner.orders) {
            order.carry_out(now, machine);
        }
        Own { machine, now, inner }
    }

    /// A service that panicked has left nothing here half done.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn judge(&mut self, limits: &Limits, waiting: usize, len: usize, delivery: Delivery) -> Fate {
        if self.closing {
            return Fate::Drop;
        }
        let limit = limits.config.outgoing_limit;
        self.pace.judge(&limits.budget, limit, &limits.pool, waiting, (len, delivery))
    }

    fn close(&mut self, code: CloseCode, reason: &str) {
        if !mem::replace(&mut self.closing, true) {
            self.orders.push(Order::Close(code, reason.to_owned()));
        }
    }

    fn count(&mut self, limits: &Limits) {
        limits.pool.change(self.counted, self.waiting);
        self.counted = self.waiting;
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A connection's machine and mailbox, in the hands of its own task.
pub(super) struct Own<'t> {
    pub(super) machine: &'t mut Machine,
    now: Instant,
    inner: MutexGuard<'t, Inner>,
}

impl Own<'_> {
    /// As [`Mailbox::send`], at once.
    #[inline]
    pub(super) fn send(
        &mut self,
        limits: &Limits,
        content: Content<'_>,
        delivery: Delivery,
    ) -> bool {
        let waiting = self.machine.outgoing_len();
        let fate = self.inner.judge(limits, waiting, content.len(), delivery);
        match (fate, content) {
            (Fate::Queue, Content::Message(message)) => drop(self.machine.send(message)),
            (Fate::Queue, Content::Frame(frame)) => _ = self.machine.send_frame(frame),
            (Fate::Drop, _) => {}
            (Fate::Close, _) => self.close(CloseCode::Again, TOO_SLOW),
        }
        fate != Fate::Close
    }

    pub(super) fn close(&mut self, code: CloseCode, reason: &str) {
        self.inner.closing = true;
        self.machine.close(self.now, code, reason);
    }
}

impl Own<'_> {
    /// So much waits now. It is written next, and what is left then goes to the pool's account.
    pub(super) fn settle(mut self) {
        self.inner.waiting = self.machine.outgoing_len();
    }
}
