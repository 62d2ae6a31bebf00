//! A connection of a server: its machine, between its stream and the service.

use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{MutexGuard, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use socker_core::{
    Event, Instant, Machine,
    service::{
        Service,
        host::{Excess, Intake},
    },
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    inbox::Share,
    keeper,
    place::{Item, Own, Place},
    seat::Seat,
};
use crate::driver::{Driver, READ};

/// Most reads of one turn: the others are to go on too, and the time.
const READS: usize = 16;

/// Runs a connection until it is gone.
pub(super) struct Task<IO, S: Service> {
    driver: Driver<IO>,
    intake: Intake,
    seat: Seat<S>,
    /// What of this connection waits for the service.
    share: Share,
    /// The mailbox and the timer wake this one.
    waker: Option<Waker>,
}

/// What came of an attempt to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Done,
    /// Nothing is there. The stream wakes the task.
    Waiting,
    /// The machine wants nothing.
    Unwanted,
    /// Too much of this peer waits for the service.
    Withheld,
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Service> Task<IO, S> {
    pub(super) fn new(io: IO, machine: Machine, (seat, excess): (Seat<S>, Option<Excess>)) -> Self {
        let driver = Driver::new(io, machine, seat.hub.start());
        let intake = Intake::new(excess, seat.address);
        Self { driver, intake, seat, share: Share::default(), waker: None }
    }

    /// The end, where it comes from neither the peer nor an order.
    fn end(&mut self) {
        if self.seat.mailbox.has_failed() {
            self.driver.broken(io::ErrorKind::ConnectionAborted.into());
        }
        if self.seat.hub.is_cut() {
            self.driver.broken(io::ErrorKind::TimedOut.into());
        }
    }

    /// Writes what waits, and what was ordered meanwhile; whether all is written.
    fn write(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let Self { driver, seat, .. } = self;
        loop {
            seat.carry_out_orders(now, &mut driver.machine);
            let before = driver.machine.outgoing_len();
            let written = driver.poll_write(cx).is_ready();
            if seat.settle(before, driver.machine.outgoing_len()) {
                seat.hub.hand_over(Item::CaughtUp(seat.peer));
            }
            if !seat.mailbox.ordered.load(Ordering::Relaxed) {
                return written;
            }
        }
    }

    fn poll_input(&mut self, now: Instant, cx: &mut Context<'_>) -> Reading {
        let Self { driver, seat, share, .. } = self;
        let (inbox, budget) = (&seat.hub.inbox, &seat.hub.limits.budget);
        if driver.machine.is_open() && !inbox.has_room(budget, share, cx) {
            return Reading::Withheld;
        }
        let mut buffer = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        if !driver.machine.wants_read() {
            return Reading::Unwanted;
        }
        if driver.poll_bytes(now, cx, &mut buffer).is_pending() {
            return Reading::Waiting;
        }
        self.take_in(now, buffer.filled_mut());
        Reading::Done
    }

    /// Brings what a peer has sent, and what the machine tells without that, to the service. Whether
    /// there was anything.
    fn take_in(&mut self, now: Instant, mut bytes: &mut [u8]) -> bool {
        let Self { driver, intake, seat, share, .. } = self;
        let hub = &*seat.hub;
        let budget = &hub.limits.budget;
        let machine = &mut driver.machine;
        let Some(input) = intake.read(machine, now, budget, &mut bytes) else { return false };
        let Some(place) = hub.enter(now) else {
            // Somebody else has the service, and will find it in the inbox.
            let mut items = Vec::from_iter(seat.item(input));
            while let Some(input) = intake.read(machine, now, budget, &mut bytes) {
                items.extend(seat.item(input));
            }
            hub.inbox.push(items, share);
            hub.turn();
            return true;
        };
        let own = Own { peer: seat.peer, machine, now };
        // This may be a part of somebody else's task, which a panic of the service is not to end.
        let told = AssertUnwindSafe(|| tell(seat, intake, own, place, (input, bytes)));
        if catch_unwind(told).is_err() {
            driver.broken(io::ErrorKind::ConnectionAborted.into());
            hub.turn();
        }
        true
    }
}

/// Tells the service an input, and all that comes after it.
#[inline]
fn tell<'b, S: Service>(
    seat: &Seat<S>,
    intake: &mut Intake,
    mut own: Own<'_>,
    mut place: MutexGuard<'_, Place<S>>,
    (mut input, mut bytes): (Event<'b>, &'b mut [u8]),
) {
    let (hub, now) = (&*seat.hub, own.now);
    let budget = &hub.limits.budget;
    loop {
        // What was ordered before, an answer to a request above all, goes first.
        seat.carry_out_orders(now, own.machine);
        if let Event::Message(message) = input {
            place.message_now(&hub.limits, message, &mut own);
            while let Some(message) = intake.read_message(own.machine, now, budget, &mut bytes) {
                place.message_now(&hub.limits, message, &mut own);
            }
        } else if let Some(item) = seat.item(input) {
            place.handle(&hub.limits, now, item);
            seat.carry_out_orders(now, own.machine);
        }
        match intake.read(own.machine, now, budget, &mut bytes) {
            Some(next) => input = next,
            None => break,
        }
    }
    seat.count(own.machine.outgoing_len());
    hub.leave(place);
}

impl<IO, S> Future for Task<IO, S>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Service + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = &mut *self;
        if task.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            task.waker = Some(cx.waker().clone());
            task.seat.mailbox.register(cx.waker());
            task.driver.disarm();
            task.share.disarm();
        }
        keeper::start(&task.seat.hub);
        // The turn ends long before the time that it takes matters.
        let now = task.driver.now();
        task.end();
        // Most often it was woken to read, and what that brings is written at once.
        let mut reading = task.poll_input(now, cx);
        let mut reads = 1;
        loop {
            let written = task.write(now, cx);
            // What the writing, the time or an answer to a request brought about.
            if task.take_in(now, &mut []) {
                continue;
            }
            if task.driver.machine.is_done() && written {
                return Poll::Ready(());
            }
            // The stream wakes it to read, the mailbox for orders, the timer for the time.
            if reading == Reading::Waiting && task.driver.is_armed(now) {
                return Poll::Pending;
            }
            reading = task.poll_input(now, cx);
            reads += 1;
            match reading {
                Reading::Done if reads < READS => {}
                Reading::Done => {
                    let _ = task.driver.poll_timer_again(now, cx);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                // A peer that is not read from can't prove that it is there.
                Reading::Withheld => return Poll::Pending,
                _ if task.driver.poll_timer_again(now, cx) => {}
                _ => return Poll::Pending,
            }
        }
    }
}
