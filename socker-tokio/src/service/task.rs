//! A connection of a server: its machine, between its stream and the service.

use std::{
    future::Future,
    io,
    mem::{self, MaybeUninit},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
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

    /// Carries out what was ordered, and writes it. Whether all is written.
    fn write(&mut self, now: Instant, cx: &mut Context<'_>) -> bool {
        let Self { driver, seat, .. } = self;
        for order in seat.mailbox.take(cx) {
            order.carry_out(now, &mut driver.machine);
        }
        let written = driver.poll_write(cx).is_ready();
        let gap = seat.mailbox.settle(&seat.hub.limits, driver.machine.outgoing_len());
        if let Some(gap) = gap {
            seat.hub.hand_over(Item::Gap(seat.peer, gap));
        }
        written
    }

    fn poll_read(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [MaybeUninit::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        ready!(self.driver.poll_bytes(now, cx, &mut buffer));
        self.take_in(now, buffer.filled_mut());
        Poll::Ready(())
    }

    /// Brings what a peer has sent, and what the machine tells without that, to the service.
    fn take_in(&mut self, now: Instant, mut bytes: &mut [u8]) {
        let Self { driver, intake, seat, share, address, .. } = self;
        let hub = Arc::clone(&seat.hub);
        let budget = &hub.limits.budget;
        let machine = &mut driver.machine;
        let Some(mut input) = intake.read(machine, now, budget, &mut bytes) else { return };
        let Some(mut place) = hub.enter(now) else {
            // Somebody else has the service, and will find it in the inbox.
            let mut items = vec![seat.item(input, *address)];
            while let Some(input) = intake.read(machine, now, budget, &mut bytes) {
                items.push(seat.item(input, *address));
            }
            hub.inbox.push(items, share);
            hub.turn();
            return;
        };
        loop {
            let mut own = seat.mailbox.own(now, machine);
            while let Input::Message(message) = input {
                place.message_now(&hub.limits, now, message, (seat.peer, &mut own));
                let Some(next) = intake.read(own.machine, now, budget, &mut bytes) else {
                    own.settle(&hub.limits);
                    return hub.leave(place);
                };
                input = next;
            }
            own.settle(&hub.limits);
            place.handle(&hub.limits, now, seat.item(input, *address));
            // A request's answer is in the mailbox now, and what follows the request waits for it.
            seat.mailbox.own(now, machine).settle(&hub.limits);
            match intake.read(machine, now, budget, &mut bytes) {
                Some(next) => input = next,
                None => return hub.leave(place),
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Service> Future for Task<IO, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let task = &mut *self;
        loop {
            let now = task.driver.now();
            task.drain(now);
            let written = task.write(now, cx);
            // The end that the service or the writing brought about.
            task.take_in(now, &mut []);
            if task.driver.machine.is_done() && written {
                return Poll::Ready(());
            }
            let open = task.driver.machine.is_open();
            let hub = &task.seat.hub;
            let full = open && !hub.inbox.has_room(&hub.limits.budget, &mut task.share, cx);
            // A peer that is not read from can't prove that it is there.
            if full {
                return Poll::Pending;
            }
            let reads = task.driver.machine.wants_read();
            let read = if reads { task.poll_read(now, cx) } else { Poll::Pending };
            if !task.driver.poll_timer(cx) && read.is_pending() {
                return Poll::Pending;
            }
        }
    }
}
