//! A connection of a server: its machine, between its stream and the service.

use std::{
    future::Future,
    io,
    mem::{self, MaybeUninit},
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use socker_core::{
    CloseCode, Instant, Machine,
    service::{
        Service,
        host::{Excess, Input, Intake},
    },
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{inbox::Share, place::Item, seat::Seat};
use crate::driver::{Driver, READ};

/// Runs a connection until it is gone.
pub(super) struct Task<IO, S: Service> {
    driver: Driver<IO>,
    intake: Intake,
    seat: Seat<S>,
    /// What of this connection waits for the service.
    share: Share,
    address: Option<IpAddr>,
    /// The machine has been closed because the server ends.
    drained: bool,
}

/// What came of an attempt to read.
enum Reading {
    Done,
    Waiting,
    /// Too much of this peer waits for the service.
    Withheld,
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Service> Task<IO, S> {
    pub(super) fn new(
        io: IO,
        machine: Machine,
        (seat, excess): (Seat<S>, Option<Excess>),
        address: Option<IpAddr>,
    ) -> Self {
        let driver = Driver::new(io, machine, seat.hub.start());
        let intake = Intake::new(excess);
        Self { driver, intake, seat, share: Share::default(), address, drained: false }
    }

    fn drain(&mut self, now: Instant) {
        let Some(drain) = self.seat.hub.draining() else { return };
        if !mem::replace(&mut self.drained, true) {
            self.driver.machine.close(now, CloseCode::Away, &drain.reason);
        }
        if self.seat.hub.is_cut() {
            self.driver.broken(io::ErrorKind::TimedOut.into());
        }
    }

    /// Writes what waits, and what is ordered after it; whether all is written.
    fn write(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let Self { driver, seat, .. } = self;
        loop {
            let written = driver.poll_write(cx).is_ready();
            let outgoing = driver.machine.outgoing_len();
            let (orders, gap) = seat.mailbox.meet(&seat.hub.limits, outgoing, cx);
            if let Some(gap) = gap {
                seat.hub.hand_over(Item::Gap(seat.peer, gap));
            } else if orders.is_empty() {
                return written;
            }
            for order in orders {
                order.carry_out(now, &mut driver.machine);
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
        if !driver.machine.wants_read() || driver.poll_bytes(now, cx, &mut buffer).is_pending() {
            return Reading::Waiting;
        }
        self.take_in(now, buffer.filled_mut());
        Reading::Done
    }

    /// Brings what a peer has sent, and what the machine tells without that, to the service. Whether
    /// there was anything.
    fn take_in(&mut self, now: Instant, mut bytes: &mut [u8]) -> bool {
        let Self { driver, intake, seat, share, address, .. } = self;
        let hub = &*seat.hub;
        let budget = &hub.limits.budget;
        let machine = &mut driver.machine;
        let Some(mut input) = intake.read(machine, now, budget, &mut bytes) else { return false };
        let Some(mut place) = hub.enter(now) else {
            // Somebody else has the service, and will find it in the inbox.
            let mut items = vec![seat.item(input, *address)];
            while let Some(input) = intake.read(machine, now, budget, &mut bytes) {
                items.push(seat.item(input, *address));
            }
            hub.inbox.push(items, share);
            hub.turn();
            return true;
        };
        loop {
            let mut own = seat.mailbox.own(now, machine);
            while let Input::Message(message) = input {
                place.message_now(&hub.limits, now, message, (seat.peer, &mut own));
                let Some(next) = intake.read(own.machine, now, budget, &mut bytes) else {
                    own.settle();
                    hub.leave(place);
                    return true;
                };
                input = next;
            }
            own.settle();
            place.handle(&hub.limits, now, seat.item(input, *address));
            // A request's answer is in the mailbox now, and what follows the request waits for it.
            seat.mailbox.own(now, machine).settle();
            match intake.read(machine, now, budget, &mut bytes) {
                Some(next) => input = next,
                None => {
                    hub.leave(place);
                    return true;
                }
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Service> Future for Task<IO, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = &mut *self;
        // The runtime's budget ends this call long before the time that it takes matters.
        let now = task.driver.now();
        task.drain(now);
        // Most often it was woken to read, and what that brings is written at once.
        let _ = task.poll_input(now, cx);
        loop {
            let written = task.write(now, cx);
            // What the writing, the time or an answer to a request brought about.
            if task.take_in(now, &mut []) {
                continue;
            }
            if task.driver.machine.is_done() && written {
                return Poll::Ready(());
            }
            match task.poll_input(now, cx) {
                Reading::Done => {}
                // A peer that is not read from can't prove that it is there.
                Reading::Withheld => return Poll::Pending,
                Reading::Waiting if task.driver.poll_timer(cx) => {}
                Reading::Waiting => return Poll::Pending,
            }
        }
    }
}
