//! The phases of a connection and all transitions between them.

use bytes::BytesMut;
use http::StatusCode;
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    Held, Machine, Role,
    receiver::{Limits, Received, Receiver},
};
use crate::{
    event::{CloseReason, Event},
    handshake::{
        ClientOpening, ClientStep, HandshakeError, Incoming, Key, Rejection, ServerOpening, refusal,
    },
    message::Message,
    time::Instant,
    wire::{Close, Opcode, Violation},
};

/// Where a connection is.
///
/// ```text
///      server                                    client
///   Requesting --request--> Deciding          Waiting
///       |                   |      |           |    |
///       | malformed,        |    accept       101   | refused, malformed,
///       | time-out       reject,   |           |    | time-out, eof
///       |                time-out  '--> Open <-'    |
///       |                   |          |    |       |
///       |                   |     close()   |       |
///       |                   |          v    |       |
///       |                   |    Closing    | Close from the peer, violation, eof
///       |                   |       |  |    |       |
///       |    Close, violation, eof  |  |    |       |
///       v                   v       v  |    v       |
///    Ending <---------------+-------+--|----'       |
///       |                              |            |
///       | all written, and the peer    | time-out   |
///       | ended too; time-out          |            |
///       '-----------------> Done <-----+------------'
///                             ^
///                             '--- keep-alive time-out from Open
/// ```
#[derive(Debug)]
pub(super) enum Phase {
    /// The request is coming.
    Requesting(Box<ServerOpening>),
    /// The owner has the request with this key.
    Deciding(Box<Key>),
    /// The request is sent, the response is coming.
    Waiting(Box<ClientOpening>),
    Open,
    /// Our Close is queued, the peer's has not come.
    Closing {
        code: CloseCode,
    },
    /// Nothing is queued any more. `linger`: the peer ends the connection, not us, so that it gets
    /// our last bytes even if some of its own are never read.
    Ending {
        linger: bool,
    },
    Done,
}

/// How often [`Config::close_timeout`](crate::Config::close_timeout) begins again while what was
/// queued before the end is being written: a slow peer gets a minute by default, and no peer more.
const RENEWALS: u8 = 11;

/// Input, by phase.
impl Machine {
    /// A message that is all in the input.
    #[inline(always)]
    pub(super) fn read_whole<'b>(
        &mut self,
        now: Instant,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        let masked = self.role == Role::Server;
        let message = self.receiver.read_whole(masked, self.config.message_limit, input)?;
        self.heard = now;
        self.pinged = false;
        Some(message)
    }

    /// Reads while open or closing.
    fn read_frames<'b>(&mut self, now: Instant, input: &mut &'b mut [u8]) -> Option<Event<'b>> {
        // The whole input may have been one message that is not UTF-8.
        if input.is_empty() && !self.receiver.is_invalid() {
            return None;
        }
        self.heard = now;
        self.pinged = false;
        let masked = self.role == Role::Server;
        let limits =
            Limits { message: self.config.message_limit, discard: self.config.discard_limit };
        loop {
            if let Some(message) = self.read_whole(now, input) {
                return Some(Event::Message(message));
            }
            match self.receiver.read(masked, limits, input) {
                Ok(None) => return None,
                Ok(Some(Received::Message(message))) => return Some(Event::Message(message)),
                Ok(Some(Received::Oversized(oversized))) => {
                    return Some(Event::Oversized(oversized));
                }
                Ok(Some(Received::Pong(payload))) => return Some(Event::Pong(payload)),
                Ok(Some(Received::Ping(payload))) => self.pong(&payload),
                Ok(Some(Received::Close(payload))) => return Some(self.peer_closed(now, &payload)),
                Err(violation) => return Some(self.violated(now, violation)),
            }
        }
    }

    /// Reads in any phase but the plainest.
    #[inline(never)]
    pub(super) fn read_otherwise<'b>(
        &mut self,
        now: Instant,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        if let Some(reason) = self.take_closed() {
            return Some(Event::Closed(reason));
        }
        let has_early = self.has_early();
        match &mut self.phase {
            Phase::Requesting(opening) => match opening.read(input) {
                Ok(None) => None,
                Ok(Some(incoming)) => {
                    self.phase = Phase::Deciding(Box::new(incoming.key()));
                    Some(Event::Incoming(incoming))
                }
                Err(error) => self.malformed(now, error),
            },
            Phase::Deciding(_) => self.keep_early(now, input),
            Phase::Waiting(opening) => match opening.read(&self.config, input) {
                Ok(ClientStep::Waiting) => None,
                Ok(ClientStep::Opened(response)) => {
                    self.opened(now);
                    Some(Event::Opened(response))
                }
                Ok(ClientStep::Refused(response)) => {
                    self.cut(CloseReason::Refused(response));
                    self.poll(now)
                }
                Err(error) => self.malformed(now, error),
            },
            Phase::Open | Phase::Closing { .. } if has_early => match self.read_early(now) {
                None if !self.eof => self.read_frames(now, input),
                event => event,
            },
            Phase::Open | Phase::Closing { .. } => self.read_frames(now, input),
            Phase::Ending { .. } | Phase::Done => {
                *input = &mut [];
                None
            }
        }
    }

    fn keep_early(&mut self, now: Instant, input: &mut &mut [u8]) -> Option<Event<'static>> {
        if input.is_empty() {
            return None;
        }
        let mut early = self.take_early().unwrap_or_default();
        if early.len() + input.len() > self.config.opening_limit {
            return self.malformed(now, HandshakeError::EarlyData);
        }
        early.extend_from_slice(input);
        self.held = Some(Box::new(Held::Early(early)));
        *input = &mut [];
        None
    }

    fn read_early(&mut self, now: Instant) -> Option<Event<'static>> {
        let mut early = self.take_early()?;
        let mut rest = &mut early[..];
        let before = rest.len();
        let event = self.read_frames(now, &mut rest).map(Event::into_owned);
        let used = before - rest.len();
        if event.is_some() && used < before && self.receives() {
            bytes::Buf::advance(&mut early, used);
            self.held = Some(Box::new(Held::Early(early)));
        } else if self.eof {
            self.lost(now);
        }
        event.or_else(|| self.take_closed().map(Event::Closed))
    }

    pub(super) fn has_early(&self) -> bool {
        matches!(self.held.as_deref(), Some(Held::Early(_)))
    }

    fn take_early(&mut self) -> Option<BytesMut> {
        match *self.held.take_if(|held| matches!(**held, Held::Early(_)))? {
            Held::Early(early) => Some(early),
            Held::Closed(_) => None,
        }
    }

    pub(super) fn has_closed(&self) -> bool {
        matches!(self.held.as_deref(), Some(Held::Closed(_)))
    }

    fn take_closed(&mut self) -> Option<CloseReason> {
        match *self.held.take_if(|held| matches!(**held, Held::Closed(_)))? {
            Held::Closed(reason) => Some(reason),
            Held::Early(_) => None,
        }
    }
}

/// Transitions.
impl Machine {
    pub(super) fn is_pending(&self, incoming: &Incoming) -> bool {
        matches!(&self.phase, Phase::Deciding(key) if **key == incoming.key())
    }

    fn receives(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Closing { .. })
    }

    pub(super) fn opened(&mut self, now: Instant) {
        self.phase = Phase::Open;
        self.heard = now;
    }

    pub(super) fn rejected(&mut self, now: Instant, rejection: &Rejection, reason: CloseReason) {
        self.queue.push_encoded(rejection.encode());
        self.end(now, true);
        self.held = Some(Box::new(Held::Closed(reason)));
    }

    fn malformed(&mut self, now: Instant, error: HandshakeError) -> Option<Event<'static>> {
        let reason = CloseReason::Handshake(error);
        match self.role {
            Role::Server => self.rejected(now, &error.into(), reason),
            Role::Client => self.cut(reason),
        }
        self.poll(now)
    }

    pub(super) fn closing(&mut self, now: Instant, code: CloseCode, reason: &str) {
        match self.phase {
            Phase::Requesting(_) | Phase::Deciding(_) => {
                let rejection = refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is closing");
                self.rejected(now, &rejection, CloseReason::Rejected(rejection.status()));
            }
            Phase::Waiting(_) => self.cut(CloseReason::Cancelled),
            Phase::Open => {
                self.push_frame(Opcode::Close, &Close { code, reason }.encode());
                self.phase = Phase::Closing { code };
                self.queue.take_progress();
                self.deadline = now + self.config.close_timeout;
            }
            Phase::Closing { .. } | Phase::Ending { .. } | Phase::Done => {}
        }
    }

    #[cold]
    fn peer_closed(&mut self, now: Instant, payload: &[u8]) -> Event<'static> {
        let Close { code, reason } = match Close::decode(payload) {
            Ok(close) => close,
            Err(violation) => return self.violated(now, violation),
        };
        let reason = match self.phase {
            Phase::Closing { code: own } => {
                CloseReason::Local { code: own, answer: code, reason: reason.to_owned() }
            }
            _ => {
                self.push_frame(Opcode::Close, &Close { code, reason: "" }.encode());
                CloseReason::Peer { code, reason: reason.to_owned() }
            }
        };
        // The server ends the connection first (RFC 6455, section 7.1.1).
        self.end(now, self.role == Role::Client);
        Event::Closed(reason)
    }

    #[cold]
    fn violated(&mut self, now: Instant, violation: Violation) -> Event<'static> {
        if self.is_open() {
            let close = Close { code: violation.code(), reason: violation.reason() };
            self.push_frame(Opcode::Close, &close.encode());
        }
        self.end(now, true);
        Event::Closed(CloseReason::Violation(violation))
    }

    /// The peer's side has ended.
    pub(super) fn lost(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Requesting(_) | Phase::Deciding(_) => self.cut(CloseReason::Eof),
            Phase::Waiting(opening) => {
                let refused = opening.finish().map(CloseReason::Refused);
                self.cut(refused.unwrap_or(CloseReason::Eof));
            }
            Phase::Open | Phase::Closing { .. } => {
                self.end(now, false);
                self.held = Some(Box::new(Held::Closed(CloseReason::Eof)));
            }
            Phase::Ending { .. } | Phase::Done => {}
        }
    }

    /// The phase's time is over.
    pub(super) fn timed_out(&mut self, now: Instant) {
        // What still waits comes nearer to the peer, if slowly.
        let moves = self.queue.take_progress() && self.queue.len() > 0;
        match &mut self.phase {
            Phase::Requesting(_) => {
                let rejection = refusal(StatusCode::REQUEST_TIMEOUT, "the request took too long");
                self.rejected(now, &rejection, CloseReason::OpeningTimeout);
            }
            Phase::Deciding(_) => {
                let rejection = refusal(StatusCode::SERVICE_UNAVAILABLE, "no decision in time");
                self.rejected(now, &rejection, CloseReason::OpeningTimeout);
            }
            Phase::Waiting(opening) => {
                let refused = opening.finish().map(CloseReason::Refused);
                self.cut(refused.unwrap_or(CloseReason::OpeningTimeout));
            }
            // It can't have answered a ping that stands behind what it is still reading.
            Phase::Open if self.pinged && moves => {
                self.deadline = now + self.config.keep_alive_timeout;
            }
            Phase::Open if self.pinged => self.cut(CloseReason::KeepAliveTimeout),
            Phase::Open => {
                self.push_frame(Opcode::Ping, &[]);
                self.pinged = true;
                self.deadline = now + self.config.keep_alive_timeout;
            }
            Phase::Closing { .. } | Phase::Ending { .. } if moves && self.renewals < RENEWALS => {
                self.renewals += 1;
                self.deadline = now + self.config.close_timeout;
            }
            Phase::Closing { .. } => self.cut(CloseReason::CloseTimeout),
            Phase::Ending { .. } => self.drop_all(),
            Phase::Done => {}
        }
    }

    /// Only what is queued still goes out.
    fn end(&mut self, now: Instant, linger: bool) {
        self.phase = Phase::Ending { linger };
        self.queue.take_progress();
        self.deadline = now + self.config.close_timeout;
        self.receiver = Receiver::default();
        self.take_early();
    }

    /// Nothing goes out any more.
    fn cut(&mut self, reason: CloseReason) {
        self.drop_all();
        self.held = Some(Box::new(Held::Closed(reason)));
    }

    fn drop_all(&mut self) {
        self.phase = Phase::Done;
        self.queue.clear();
        self.receiver = Receiver::default();
        self.take_early();
    }
}
