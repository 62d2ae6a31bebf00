use std::{net::IpAddr, time::Duration};

use http::StatusCode;

use super::Excess;
use crate::{
    CloseCode,
    error::AnswerError,
    event::{CloseReason, Event},
    handshake::{Incoming, Rejection},
    machine::Machine,
    message::Message,
    service::{Budget, Verdict},
    time::Instant,
};

/// What of a connection's events reaches the service: it holds the peer to the budget.
#[derive(Debug, Default)]
pub struct Intake {
    /// Until its request has come: one pointer in those that are open.
    arrival: Option<Box<Arrival>>,
    /// When its messages so far would all have come, at the budget's rate.
    paid: Instant,
}

/// What matters for a connection's request.
#[derive(Debug)]
struct Arrival {
    /// It is served to be turned away.
    excess: Option<Excess>,
    address: Option<IpAddr>,
}

/// What a connection has for its service.
#[derive(Debug)]
pub enum Input<'b> {
    /// To be answered with [`answer`].
    Request(Incoming),
    /// A connection of the host's own is open.
    Opened,
    /// A message.
    Message(Message<'b>),
    /// The end.
    Closed(CloseReason),
}

impl Intake {
    /// For a new connection, which is turned away if there are too many. Its request will tell the
    /// service from which address it came.
    #[must_use]
    pub fn new(excess: Option<Excess>, address: Option<IpAddr>) -> Self {
        let arrival = Arrival { excess, address };
        Self { arrival: Some(Box::new(arrival)), paid: Instant::START }
    }

    /// Reads from the front of `input` up to what is next for the service.
    #[inline]
    pub fn read<'b>(
        &mut self,
        machine: &mut Machine,
        now: Instant,
        budget: &Budget,
        input: &mut &'b mut [u8],
    ) -> Option<Input<'b>> {
        loop {
            match machine.read(now, input)? {
                Event::Message(message) => {
                    if machine.is_open() && self.pay(now, budget) {
                        return Some(Input::Message(message));
                    }
                    // What comes after a Close of ours is of no use to the service.
                    machine.close(now, CloseCode::Policy, "too many messages a second");
                }
                Event::Incoming(incoming) => match self.arrival.take().map(|arrival| *arrival) {
                    Some(Arrival { excess: Some(excess), .. }) => {
                        let verdict = Verdict::Reject(Rejection::from(excess));
                        answer(machine, now, incoming, verdict);
                    }
                    Some(Arrival { address: Some(address), .. }) => {
                        return Some(Input::Request(incoming.with_address(address)));
                    }
                    _ => return Some(Input::Request(incoming)),
                },
                Event::Opened(_) => return Some(Input::Opened),
                Event::Closed(reason) => return Some(Input::Closed(reason)),
                _ => {}
            }
        }
    }

    /// Counts a message (the generic cell rate algorithm); false if it is one too many.
    #[inline]
    fn pay(&mut self, now: Instant, budget: &Budget) -> bool {
        let each = Duration::from_nanos(1_000_000_000 / u64::from(budget.message_rate.max(1)));
        let paid = self.paid.max(now);
        if paid.since(now) + each > each.saturating_mul(budget.message_burst.max(1)) {
            return false;
        }
        self.paid = paid + each;
        true
    }
}

/// Carries out what the service says to a request. What the client has sent since is there already,
/// so read on.
pub fn answer(machine: &mut Machine, now: Instant, incoming: Incoming, verdict: Verdict) {
    let rejected = match verdict {
        Verdict::Reject(rejection) => machine.reject(now, incoming, &rejection),
        Verdict::Accept(acceptance) => match machine.accept(now, incoming, acceptance) {
            Err(AnswerError::Subprotocol { incoming, name }) => {
                machine.reject(now, incoming, &not_offered(&name))
            }
            accepted => accepted,
        },
    };
    // It fails if the time for the opening is over, and then the machine has answered by itself.
    drop(rejected);
}

/// The answer to a client for which the service has chosen a subprotocol that it did not offer.
#[must_use]
pub fn not_offered(subprotocol: &str) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR)
        .with_text(format!("the subprotocol {subprotocol:?} was not offered\n"))
}
