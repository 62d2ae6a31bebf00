//! Bytes to a machine in any pieces; what it told and wrote is kept.

use bytes::Buf;
use socker_core::handshake::{Acceptance, Request, Response};
use socker_core::{CloseReason, Event, Instant, Machine, Message, MessageKind};

/// An event that is owned and can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// [`Event::Incoming`], with the request in debug form.
    Incoming(String),
    /// [`Event::Opened`], with the response in debug form.
    Opened(String),
    /// [`Event::Message`].
    Message(Message<'static>),
    /// [`Event::Oversized`].
    Oversized(MessageKind),
    /// [`Event::Pong`].
    Pong(Vec<u8>),
    /// [`Event::Closed`], with the reason in debug form.
    Closed(String),
}

impl Told {
    /// The end of a connection.
    #[must_use]
    pub fn closed(reason: &CloseReason) -> Self {
        Self::Closed(format!("{reason:?}"))
    }
}

/// All that a machine told and wrote.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The events, in order.
    pub told: Vec<Told>,
    /// The bytes, in order.
    pub written: Vec<u8>,
    /// What the server was asked.
    pub request: Option<Request>,
    /// What the client was answered, be it yes or no.
    pub response: Option<Response>,
    /// The end.
    pub closed: Option<CloseReason>,
}

impl Transcript {
    /// What can be compared: the events and the bytes.
    #[must_use]
    pub fn outcome(&self) -> (&[Told], &[u8]) {
        (&self.told, &self.written)
    }

    /// The messages alone.
    pub fn messages(&self) -> impl Iterator<Item = &Message<'static>> {
        self.told.iter().filter_map(|told| match told {
            Told::Message(message) => Some(message),
            _ => None,
        })
    }

    /// Keeps an event that is not to be acted on.
    pub fn tell(&mut self, event: Event<'_>) {
        let told = match event {
            Event::Incoming(incoming) => {
                self.request = Some(incoming.request().clone());
                Told::Incoming(format!("{:?}", incoming.request()))
            }
            Event::Opened(response) => {
                let told = Told::Opened(format!("{response:?}"));
                self.response = Some(response);
                told
            }
            Event::Message(message) => Told::Message(message.into_owned()),
            Event::Oversized(oversized) => Told::Oversized(oversized.kind),
            Event::Pong(payload) => Told::Pong(payload.to_vec()),
            Event::Closed(reason) => {
                if let CloseReason::Refused(response) = &reason {
                    self.response = Some(response.clone());
                }
                assert!(self.closed.is_none(), "Closed was told twice");
                let told = Told::closed(&reason);
                self.closed = Some(reason);
                told
            }
            event => panic!("a new event: {event:?}"),
        };
        self.told.push(told);
    }

    /// Hands `piece` to the machine, accepts a request at once, and writes what is outgoing.
    pub fn feed(&mut self, machine: &mut Machine, now: Instant, piece: &[u8]) {
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        while let Some(event) = machine.read(now, &mut input) {
            if let Event::Incoming(incoming) = event {
                self.request = Some(incoming.request().clone());
                self.told.push(Told::Incoming(format!("{:?}", incoming.request())));
                machine.accept(now, incoming, Acceptance::default()).expect("it is pending");
            } else {
                self.tell(event);
            }
        }
        assert!(input.is_empty(), "None before the input is used up");
        self.write(machine);
    }

    /// The peer's side ends.
    pub fn feed_eof(&mut self, machine: &mut Machine, now: Instant) {
        machine.read_eof(now);
        self.feed(machine, now, &[]);
    }

    /// Takes all that is outgoing.
    pub fn write(&mut self, machine: &mut Machine) {
        self.written.extend(take_outgoing(machine));
    }
}

/// Takes all that is outgoing.
pub fn take_outgoing(machine: &mut Machine) -> Vec<u8> {
    let mut outgoing = machine.outgoing();
    outgoing.copy_to_bytes(outgoing.remaining()).into()
}

/// What a machine makes of pieces.
pub fn transcribe<'p>(
    mut machine: Machine,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    eof: bool,
) -> Transcript {
    let mut transcript = Transcript::default();
    transcript.write(&mut machine);
    for piece in pieces {
        transcript.feed(&mut machine, Instant::START, piece);
    }
    if eof {
        transcript.feed_eof(&mut machine, Instant::START);
    }
    transcript
}
