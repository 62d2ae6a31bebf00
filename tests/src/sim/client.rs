use std::{collections::VecDeque, net::IpAddr, sync::Arc};

use bytes::Buf;
use socker_core::handshake::{Acceptance, Request, Response};
use socker_core::service::PeerId;
use socker_core::{CloseCode, CloseReason, Config, Event, Instant, Machine, Message};

use super::{
    Trace,
    net::{Net, Pipe},
};
use crate::draw::Draw;

/// A client that is to connect.
#[derive(Clone, Debug)]
pub struct Join {
    /// What it asks for.
    pub request: Request,
    /// The limits and times of its machine.
    pub config: Arc<Config>,
    /// The network between it and the host.
    pub net: Net,
    /// Its address.
    pub address: Option<IpAddr>,
    /// When it comes; `None` is at once.
    pub at: Option<Instant>,
}

impl Join {
    /// A plain client for a path.
    #[must_use]
    pub fn to(path: &str) -> Self {
        Self {
            request: Request::get(&format!("ws://sim{path}")).unwrap(),
            config: Arc::default(),
            net: Net::default(),
            address: None,
            at: None,
        }
    }
}

/// How a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The client is gone: some of its last bytes still arrive, then the end of them.
    Eof,
    /// Both sides learn that the connection broke.
    Reset,
    /// Nobody learns anything.
    Silent,
}

/// The far end of one of the host's connections: a client, or a server to which the host connects.
#[derive(Debug)]
pub struct Client {
    /// When it comes.
    pub(super) begin: Instant,
    pub(super) address: Option<IpAddr>,
    pub(super) begun: bool,
    /// What the host calls it, as long as it is there.
    pub(super) present: Option<PeerId>,
    /// The same, and still known when the connection is gone.
    pub(super) peer: Option<PeerId>,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// The host has something to do for it.
    pub(super) changed: bool,
    /// Until when it does not read.
    pub(super) stalled: Option<Instant>,
    number: usize,
    machine: Machine,
    /// Its socket is closed.
    gone: bool,
    outbox: VecDeque<Message<'static>>,
    close: Option<(CloseCode, String)>,
    sent: Vec<Message<'static>>,
    opened: Option<(Instant, Response)>,
    received: Vec<(Instant, Message<'static>)>,
    closed: Option<(Instant, CloseReason)>,
}

/// What became of it.
impl Client {
    /// The messages that it got, and when.
    #[must_use]
    pub fn received(&self) -> &[(Instant, Message<'static>)] {
        &self.received
    }

    /// The text messages that it got.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.received.iter().filter_map(|(_, message)| message.as_text())
    }

    /// What it has sent; what waits for its own socket is not here yet.
    #[must_use]
    pub fn sent(&self) -> &[Message<'static>] {
        &self.sent
    }

    /// How many of its messages wait for its own socket, or for the opening.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// The answer that opened it, and when.
    #[must_use]
    pub fn opened(&self) -> Option<&(Instant, Response)> {
        self.opened.as_ref()
    }

    /// Why it ended, and when.
    #[must_use]
    pub fn closed(&self) -> Option<&(Instant, CloseReason)> {
        self.closed.as_ref()
    }

    /// The peer's code and words, if that is how it ended.
    #[must_use]
    pub fn closed_by_peer(&self) -> Option<(u16, &str)> {
        match &self.closed {
            Some((_, CloseReason::Peer { code, reason })) => Some((u16::from(*code), reason)),
            _ => None,
        }
    }

    /// The answer to a request that was not accepted.
    #[must_use]
    pub fn refused(&self) -> Option<&Response> {
        match &self.closed {
            Some((_, CloseReason::Refused(response))) => Some(response),
            _ => None,
        }
    }

    /// What the host calls it; kept when the connection is gone.
    #[must_use]
    pub fn peer(&self) -> Option<PeerId> {
        self.peer
    }

    /// Whether nothing is on its way, be it from or to this client, or waits for that.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let sent = self.outbox.is_empty() && self.machine.outgoing_len() == 0;
        sent && self.up.is_empty() && self.down.is_empty() && !self.changed
    }

    /// Whether it reads nothing at present.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stalled.is_some()
    }
}

impl Client {
    pub(super) fn new(number: usize, begin: Instant, machine: Machine, join: &Join) -> Self {
        Self {
            begin,
            address: join.address,
            begun: false,
            present: None,
            peer: None,
            up: Pipe::new(join.net),
            down: Pipe::new(join.net),
            changed: false,
            stalled: None,
            number,
            machine,
            gone: false,
            outbox: VecDeque::new(),
            close: None,
            sent: Vec::new(),
            opened: None,
            received: Vec::new(),
            closed: None,
        }
    }

    pub(super) fn send(&mut self, message: Message<'static>) {
        self.outbox.push_back(message);
    }

    pub(super) fn close(&mut self, code: CloseCode, reason: &str) {
        self.close.get_or_insert_with(|| (code, reason.to_owned()));
    }

    /// Its socket breaks.
    pub(super) fn broken(&mut self, now: Instant, trace: &mut Trace) {
        self.machine.read_eof(now);
        self.read(now, trace, &mut []);
        self.gone = true;
    }

    /// Bytes from the host, and what they bring about.
    pub(super) fn read(&mut self, now: Instant, trace: &mut Trace, bytes: &mut [u8]) {
        let mut input = bytes;
        while let Some(event) = self.machine.read(now, &mut input) {
            match event {
                Event::Message(message) => {
                    trace.note(now, "gets a message", self.number, message.as_bytes());
                    self.received.push((now, message.into_owned()));
                }
                Event::Opened(response) => self.opened = Some((now, response)),
                Event::Closed(reason) => {
                    trace.note(now, "ends", self.number, reason.to_string().as_bytes());
                    assert!(self.closed.is_none(), "Closed was told twice");
                    self.closed = Some((now, reason));
                }
                Event::Incoming(incoming) => {
                    let accepted = self.machine.accept(now, incoming, Acceptance::default());
                    accepted.expect("it is pending");
                }
                _ => {}
            }
        }
    }

    /// What has arrived, and the time.
    pub(super) fn act(&mut self, now: Instant, trace: &mut Trace) {
        self.stalled.take_if(|until| *until <= now);
        if self.down.take_broken(now) {
            self.broken(now, trace);
        }
        self.machine.handle_timeout(now);
        self.read(now, trace, &mut []);
        while self.reads()
            && let Some(mut bytes) = self.down.take(now)
        {
            trace.note(now, "reads", self.number, &bytes);
            if bytes.is_empty() {
                self.machine.read_eof(now);
            }
            self.read(now, trace, &mut bytes);
        }
    }

    /// What it has to say goes on its way.
    pub(super) fn write(&mut self, now: Instant, draw: &mut Draw) {
        while self.machine.is_open()
            && let Some(message) = self.outbox.pop_front()
        {
            match self.machine.send(message.clone()) {
                Ok(()) => self.sent.push(message),
                Err(_) => {
                    self.outbox.push_front(message);
                    break;
                }
            }
        }
        if self.closed.is_some() {
            self.outbox.clear();
        }
        let opening = self.opened.is_none() && self.closed.is_none();
        if (self.outbox.is_empty() || opening)
            && let Some((code, reason)) = self.close.take()
        {
            self.machine.close(now, code, &reason);
        }
        if self.gone {
            let mut outgoing = self.machine.outgoing();
            outgoing.advance(outgoing.remaining());
        }
        self.up.write(now, draw, &mut self.machine.outgoing());
        if self.machine.is_write_finished() || self.machine.is_done() {
            self.up.end(now, draw);
        }
        self.gone |= self.machine.is_done();
    }

    /// Whether it takes what arrives; from a socket that is closed it is taken away.
    fn reads(&self) -> bool {
        self.gone || self.stalled.is_none() && self.machine.wants_read()
    }

    /// When something happens to it next, beside what arrives at the host.
    pub(super) fn next(&self) -> Option<Instant> {
        let arrival = self.down.next().filter(|_| self.reads());
        let stalled = self.stalled.filter(|until| *until < Instant::MAX);
        let timeout = self.machine.poll_timeout();
        [arrival, stalled, timeout, self.down.next_broken()].into_iter().flatten().min()
    }
}
