use std::time::Duration;

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

/// One connection of a host: its machine, held to the budget.
#[derive(Debug)]
pub struct Link {
    machine: Machine,
    /// It is served to be turned away.
    excess: Option<Excess>,
    /// When its messages so far would all have come, at the budget's rate.
    paid: Instant,
}

/// What a connection has for its service.
#[derive(Debug)]
pub enum Input<'b> {
    /// To be answered with [`Link::answer`].
    Request(Incoming),
    /// A connection of the host's own is open.
    Opened,
    /// A message.
    Message(Message<'b>),
    /// The end.
    Closed(CloseReason),
}

impl Link {
    /// A connection whose machine is new.
    #[must_use]
    pub fn new(machine: Machine, excess: Option<Excess>) -> Self {
        Self { machine, excess, paid: Instant::START }
    }

    /// The machine.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, to be written, closed or told the time.
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Reads from the front of `input` up to what is next for the service.
    #[inline]
    pub fn read<'b>(
        &mut self,
        now: Instant,
        budget: &Budget,
        input: &mut &'b mut [u8],
    ) -> Option<Input<'b>> {
        loop {
            match self.machine.read(now, input)? {
                Event::Message(message) => {
                    if self.machine.is_open() && self.pay(now, budget) {
                        return Some(Input::Message(message));
                    }
                    // What comes after a Close of ours is of no use to the service.
                    self.machine.close(now, CloseCode::Policy, "too many messages a second");
                }
                Event::Incoming(incoming) => match self.excess {
                    None => return Some(Input::Request(incoming)),
                    Some(excess) => {
                        let verdict = Verdict::Reject(Rejection::from(excess));
                        self.answer(now, incoming, verdict);
                    }
                },
                Event::Opened(_) => return Some(Input::Opened),
                Event::Closed(reason) => return Some(Input::Closed(reason)),
                _ => {}
            }
        }
    }

    /// Carries out what the service says to a request. What the client has sent since is there
    /// already, so read on.
    pub fn answer(&mut self, now: Instant, incoming: Incoming, verdict: Verdict) {
        let rejected = match verdict {
            Verdict::Reject(rejection) => self.machine.reject(now, incoming, &rejection),
            Verdict::Accept(acceptance) => match self.machine.accept(now, incoming, acceptance) {
                Err(AnswerError::Subprotocol { incoming, name }) => {
                    let text = format!("the subprotocol {name:?} was not offered\n");
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    self.machine.reject(now, incoming, &Rejection::new(status).with_text(text))
                }
                accepted => accepted,
            },
        };
        // It fails if the time for the opening is over, and then the machine has answered by itself.
        drop(rejected);
    }

    /// Counts a message (the generic cell rate algorithm); false if it is one too many.
    #[inline]
    fn pay(&mut self, now: Instant, budget: &Budget) -> bool {
        let each = Duration::from_nanos(1_000_000_000 / u64::from(budget.message_rate.max(1)));
        let paid = self.paid.max(now);
        if paid.since(now) > each.saturating_mul(budget.message_burst) {
            return false;
        }
        self.paid = paid + each;
        true
    }
}
