//! One WebSocket connection as pure state.

mod assembly;
mod outgoing;
mod phase;
mod receiver;
mod send;

use std::{mem, sync::Arc};

use bytes::BytesMut;
use tungstenite::protocol::frame::coding::CloseCode;

pub use self::outgoing::Outgoing;
use self::{outgoing::Queue, phase::Phase, receiver::Receiver};
use crate::{
    config::Config,
    error::AnswerError,
    event::{CloseReason, Event},
    handshake::{Acceptance, ClientOpening, Incoming, Rejection, Request, ServerOpening},
    message::Message,
    seed::{Draw, Seed},
    time::Instant,
};

/// Pings wait for the next of so many steps of the keep-alive's time: connections that fall silent at
/// about the same time are then pinged together, and their host wakes once for all of them.
const KEEP_ALIVE_STEPS: u32 = 64;

/// Which side of the connection a machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends masked frames and the opening request.
    Client,
    /// Sends frames without a mask.
    Server,
}

/// One WebSocket connection, client or server, without any IO.
///
/// Its owner passes in what came from the peer, the end of that, and the time; it takes out events,
/// bytes to write and the time at which to call next. Any order of calls is right: a call that has
/// nothing to do does nothing.
///
/// ```
/// use bytes::Buf;
/// use socker_core::{Config, Event, Instant, Machine, Message, Role, Seed};
///
/// let now = Instant::START;
/// let config = std::sync::Arc::new(Config::default());
/// let mut machine = Machine::upgraded(now, Role::Server, config, Seed::from([0; 16]));
///
/// // "hello", masked with zeros, as a client would send it.
/// let mut buffer = *b"\x81\x85\0\0\0\0hello";
/// let mut input = &mut buffer[..];
/// while let Some(event) = machine.read(now, &mut input) {
///     if let Event::Message(message) = event {
///         machine.send(message).expect("nothing waits to be written");
///     }
/// }
/// assert_eq!(machine.outgoing().chunk(), b"\x81\x05hello");
/// ```
#[derive(Debug)]
pub struct Machine {
    config: Arc<Config>,
    role: Role,
    phase: Phase,
    /// The peer sends nothing more.
    eof: bool,
    /// The keep-alive's ping has gone out and nothing has come since.
    pinged: bool,
    /// How often the time of this end was given again.
    renewals: u8,
    /// The end of this phase, or of the wait for the peer to answer the keep-alive's ping;
    /// [`Instant::MAX`] is never.
    deadline: Instant,
    /// When the peer was last heard.
    heard: Instant,
    receiver: Receiver,
    queue: Queue,
    draw: Draw,
    /// What is to be told before anything that comes.
    held: Option<Box<Held>>,
}

/// There is never more than one of these, so they share a pointer.
#[derive(Debug)]
enum Held {
    /// What came between a request and its acceptance.
    Early(BytesMut),
    /// The end, of which the owner has not been told.
    Closed(CloseReason),
}

/// Where a connection begins.
impl Machine {
    /// A server that awaits an opening request.
    #[must_use]
    pub fn server(now: Instant, config: Arc<Config>) -> Self {
        let phase = Phase::Requesting(Box::new(ServerOpening::new(&config)));
        // A server draws nothing.
        Self::begin(now, Role::Server, config, Seed::from([0; 16]), phase)
    }

    /// A client whose request is outgoing. `seed` must not be used for another machine.
    #[must_use]
    pub fn client(now: Instant, config: Arc<Config>, seed: Seed, request: &Request) -> Self {
        let mut machine = Self::begin(now, Role::Client, config, seed, Phase::Open);
        let key = machine.draw.key();
        let (opening, bytes) = ClientOpening::new(&machine.config, request, key);
        machine.phase = Phase::Waiting(Box::new(opening));
        machine.queue.push_encoded(bytes);
        machine
    }

    /// A connection that is open already: someone else did the HTTP part. A client's `seed` must
    /// not be used for another machine; a server's does not matter.
    #[must_use]
    pub fn upgraded(now: Instant, role: Role, config: Arc<Config>, seed: Seed) -> Self {
        Self::begin(now, role, config, seed, Phase::Open)
    }

    fn begin(now: Instant, role: Role, config: Arc<Config>, seed: Seed, phase: Phase) -> Self {
        let deadline = config.opening_timeout.map_or(Instant::MAX, |timeout| now + timeout);
        Self {
            config,
            role,
            phase,
            eof: false,
            pinged: false,
            renewals: 0,
            deadline,
            heard: now,
            receiver: Receiver::default(),
            queue: Queue::default(),
            draw: Draw::new(seed),
            held: None,
        }
    }
}

/// What comes in.
impl Machine {
    /// Takes bytes from the front of `input` up to the next event, which borrows from `input` alone.
    ///
    /// `None` means that the input is used up and nothing else is to be told. Call it with an empty
    /// input to learn what a call without a result has brought about, such as the end by a time-out
    /// ([`Machine::poll`] does so).
    ///
    /// Frames are unmasked in place, so the bytes that it has taken are not what they were.
    // Left to the compiler, a second caller in a program makes each message dearer by a third.
    #[inline(always)]
    pub fn read<'b>(&mut self, now: Instant, input: &mut &'b mut [u8]) -> Option<Event<'b>> {
        // Nearly every call is this one. Its result is built here, and all others behind a call:
        // moved through one place they would cost as much again as the frame itself.
        if let Some(message) = self.read_message(now, input) {
            return Some(Event::Message(message));
        }
        // And the next one finds that nothing is left.
        if input.is_empty() && self.is_open() && self.held.is_none() && !self.receiver.is_invalid()
        {
            return None;
        }
        self.read_otherwise(now, input)
    }

    /// The next message, if nothing else is to be told before it and all of it is at the front of
    /// `input`. `None`: go on with [`Machine::read`].
    #[inline(always)]
    pub(crate) fn read_message<'b>(
        &mut self,
        now: Instant,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        if self.is_open() && self.held.is_none() { self.read_whole(now, input) } else { None }
    }

    /// The next event that needs no input.
    #[inline]
    pub fn poll(&mut self, now: Instant) -> Option<Event<'static>> {
        self.read(now, &mut &mut [][..])
    }

    /// The peer sends nothing more: its side of the connection ended, or the connection broke.
    ///
    /// What is outgoing may still be written. [`Machine::poll`] tells what this has ended.
    pub fn read_eof(&mut self, now: Instant) {
        if !mem::replace(&mut self.eof, true) && !self.has_early() {
            self.lost(now);
        }
    }

    /// The time is `now`. A call before [`Machine::poll_timeout`] does nothing. [`Machine::poll`]
    /// tells what this has ended.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|timeout| timeout <= now) {
            self.timed_out(now);
        }
    }

    /// Opens the connection for a request. What the client has sent since is there already, so call
    /// [`Machine::poll`] next unless this is called while reading.
    ///
    /// # Errors
    /// The subprotocol was not offered, or no such request waits here; the request is given back.
    pub fn accept(
        &mut self,
        now: Instant,
        incoming: Incoming,
        acceptance: Acceptance,
    ) -> Result<(), AnswerError> {
        if !self.is_pending(&incoming) {
            return Err(AnswerError::NotPending(incoming));
        }
        match incoming.encode(&acceptance) {
            Ok(bytes) => {
                self.queue.push_encoded(bytes);
                self.opened(now);
                Ok(())
            }
            Err(error) => Err(AnswerError::Subprotocol { incoming, error }),
        }
    }

    /// Answers a request with an HTTP status instead, and ends the connection.
    ///
    /// # Errors
    /// No such request waits here; it is given back.
    pub fn reject(
        &mut self,
        now: Instant,
        incoming: Incoming,
        rejection: &Rejection,
    ) -> Result<(), AnswerError> {
        if !self.is_pending(&incoming) {
            return Err(AnswerError::NotPending(incoming));
        }
        self.rejected(now, rejection, CloseReason::Rejected(rejection.status()));
        Ok(())
    }

    /// Closes the connection: what is queued goes out, then a Close, and the peer has
    /// [`Config::close_timeout`] to answer. The first call counts.
    ///
    /// A code that must not be sent (1005, 1006, 1015 and the undefined ones) makes an empty Close.
    /// The reason is cut to 123 bytes.
    pub fn close(&mut self, now: Instant, code: CloseCode, reason: &str) {
        self.closing(now, code, reason);
    }
}

/// What goes out.
impl Machine {
    /// The bytes to write next.
    #[inline]
    pub fn outgoing(&mut self) -> Outgoing<'_> {
        Outgoing(&mut self.queue)
    }

    /// How many bytes wait to be written.
    #[inline]
    #[must_use]
    pub fn outgoing_len(&self) -> usize {
        self.queue.len()
    }

    /// When to call [`Machine::handle_timeout`]; `None` if there is no such time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeout = match self.phase {
            Phase::Open if self.pinged => self.deadline,
            Phase::Open => {
                let silence = self.config.keep_alive?;
                (self.heard + silence).in_steps_of(silence / KEEP_ALIVE_STEPS)
            }
            _ if self.is_finished() => return None,
            _ => self.deadline,
        };
        (timeout < Instant::MAX).then_some(timeout)
    }

    /// Whether to read from the peer. False while a request waits for its answer, and once the peer
    /// has nothing more to say.
    ///
    /// It stays true while much is outgoing: two peers that both waited for the other to read first
    /// would wait for ever. Look at [`Machine::outgoing_len`] to hold back one that asks for more
    /// than it takes.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        match self.phase {
            Phase::Deciding(_) | Phase::Done => false,
            _ => !self.eof && !self.is_finished(),
        }
    }

    /// Whether messages can be sent.
    #[inline]
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether all has been written that ever will be: end the writing side of the connection now,
    /// and keep reading until [`Machine::is_done`], so that the peer gets what was written.
    #[must_use]
    pub fn is_write_finished(&self) -> bool {
        self.queue.len() == 0 && matches!(self.phase, Phase::Ending { .. } | Phase::Done)
    }

    /// Whether the connection can be dropped: nothing is to be written, read or told any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_finished() && !self.has_closed()
    }

    fn is_finished(&self) -> bool {
        match self.phase {
            Phase::Done => true,
            Phase::Ending { linger } => self.queue.len() == 0 && (self.eof || !linger),
            _ => false,
        }
    }

    /// Which side this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The limits and times.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }
}
