use std::{io::ErrorKind, net::IpAddr};

use http::StatusCode;

use super::Excess;
use crate::{
    CloseCode,
    error::AnswerError,
    event::Event,
    handshake::{Incoming, Rejection, SubprotocolError},
    machine::Machine,
    message::Message,
    service::{Budget, Rate, Verdict},
    time::Instant,
};

/// What of a connection's events reaches the service: it holds the peer to the budget.
#[derive(Debug, Default)]
pub struct Intake {
    /// Until its request has come: one pointer in those that are open.
    arrival: Option<Box<Arrival>>,
    rate: Rate,
}

/// What matters for a connection's request.
#[derive(Debug)]
struct Arrival {
    /// It is served to be turned away.
    excess: Option<Excess>,
    address: Option<IpAddr>,
}

impl Intake {
    /// For a new connection, which is turned away if there are too many. Its request will tell the
    /// service from which address it came.
    #[must_use]
    pub fn new(excess: Option<Excess>, address: Option<IpAddr>) -> Self {
        let arrival = Arrival { excess, address };
        Self { arrival: Some(Box::new(arrival)), rate: Rate::default() }
    }

    /// The next message, if it is all at the front of `input`. `None`: go on with [`Intake::read`], also
    /// if nothing is left of the input.
    #[inline]
    pub fn read_message<'b>(
        &mut self,
        machine: &mut Machine,
        now: Instant,
        budget: &Budget,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        let message = machine.read_message(now, input)?;
        self.admit(machine, now, budget).then_some(message)
    }

    /// Reads from the front of `input` up to the next event that concerns the service. A request is to
    /// be answered with [`answer`].
    pub fn read<'b>(
        &mut self,
        machine: &mut Machine,
        now: Instant,
        budget: &Budget,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        loop {
            let event = machine.read(now, input)?;
            match event {
                Event::Message(_) | Event::Oversized(_) => {
                    if self.admit(machine, now, budget) {
                        return Some(event);
                    }
                }
                Event::Incoming(incoming) => {
                    if let Some(incoming) = self.judge(machine, now, incoming) {
                        return Some(Event::Incoming(incoming));
                    }
                }
                Event::Opened(_) | Event::Closed(_) => return Some(event),
                Event::Pong(_) => {}
            }
        }
    }

    /// The request of a connection that is not turned away.
    #[cold]
    fn judge(
        &mut self,
        machine: &mut Machine,
        now: Instant,
        incoming: Incoming,
    ) -> Option<Incoming> {
        let Some(arrival) = self.arrival.take() else { return Some(incoming) };
        if let Some(excess) = arrival.excess {
            answer(machine, now, incoming, Verdict::Reject(excess.into()));
            return None;
        }
        Some(match arrival.address {
            Some(address) => incoming.with_address(address),
            None => incoming,
        })
    }

    /// Counts a message; false if it is none for the service. One too many closes the connection.
    #[inline]
    fn admit(&mut self, machine: &mut Machine, now: Instant, budget: &Budget) -> bool {
        if machine.is_open() && self.rate.admit(now, budget.message_rate, budget.message_burst) {
            return true;
        }
        // It does nothing after a Close of ours, and what comes then is of no use to the service.
        machine.close(now, CloseCode::Policy, "too many messages a second");
        false
    }
}

/// Carries out what the service says to a request. What the client has sent since is there already,
/// so read on.
pub fn answer(machine: &mut Machine, now: Instant, incoming: Incoming, verdict: Verdict) {
    let rejected = match verdict {
        Verdict::Reject(rejection) => machine.reject(now, incoming, &rejection),
        Verdict::Accept(acceptance) => match machine.accept(now, incoming, acceptance) {
            Err(AnswerError::Subprotocol { incoming, error }) => {
                machine.reject(now, incoming, &not_offered(&error))
            }
            accepted => accepted,
        },
    };
    // It fails if the time for the opening is over, and then the machine has answered by itself.
    drop(rejected);
}

/// The answer to a client for which the service has chosen a subprotocol that it did not offer.
#[must_use]
pub fn not_offered(error: &SubprotocolError) -> Rejection {
    Rejection::new(StatusCode::INTERNAL_SERVER_ERROR).with_text(format!("{error}\n"))
}

/// Whether an error of `accept` is of the connection that was to be accepted, not of the listener: the
/// next one may be well. After any other, as for want of descriptors, a host waits before it tries again.
///
/// ```
/// use socker_core::service::host::is_of_connection;
/// use std::io::ErrorKind;
///
/// assert!(is_of_connection(ErrorKind::ConnectionAborted)); // the client has gone
/// assert!(!is_of_connection(ErrorKind::OutOfMemory));
/// ```
#[must_use]
pub fn is_of_connection(error: ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::TimedOut
    )
}
