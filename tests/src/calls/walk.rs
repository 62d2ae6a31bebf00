use std::io::IoSlice;
use std::time::Duration;

use bytes::Buf;
use socker_core::handshake::{Acceptance, Incoming, Rejection};
use socker_core::http::{self, StatusCode};
use socker_core::{
    AnswerError, CloseCode, Event, Instant, Machine, Message, MessageKind, Refusal, Role, wire,
};

use super::{Call, Start, Token, model::Model};
use crate::feed::{Told, Transcript};
use crate::frames::{Frame, decode_all, opcode};

const HOUR: Duration = Duration::from_secs(3600);

/// Of a message where there is no limit.
const LONGEST: usize = 100_000;

/// A machine and its model, on their way.
pub(super) struct Walk {
    pub(super) machine: Machine,
    pub(super) model: Model,
    start: Start,
    now: Instant,
    pub(super) transcript: Transcript,
    /// What was given to the machine, and is not read yet.
    unread: Vec<u8>,
    own: Vec<Incoming>,
    /// What was taken to be sent.
    pub(super) sent: Vec<Message<'static>>,
}

impl Walk {
    pub(super) fn new(start: Start, machine: Machine, right_head: Vec<u8>) -> Self {
        let mut walk = Self {
            model: Model::new(start, right_head, &machine),
            machine,
            start,
            now: Instant::START,
            transcript: Transcript::default(),
            unread: Vec::new(),
            own: Vec::new(),
            sent: Vec::new(),
        };
        walk.check();
        walk
    }

    pub(super) fn call(&mut self, call: Call) {
        match call {
            Call::Read(bytes) => self.read(&bytes),
            Call::ReadOne(bytes) => {
                self.unread.extend(bytes);
                self.read_one(usize::MAX);
            }
            Call::Poll => drop(self.read_one(0)),
            Call::ReadEof => self.read_eof(),
            Call::HandleTimeout { millis } => {
                self.time(Instant::at(Duration::from_millis(millis.into())));
            }
            Call::Timeout { before } => {
                let timeout = self.machine.poll_timeout().unwrap_or(self.now);
                let early = Duration::from_nanos(before.into());
                self.time(Instant::at(timeout.since(Instant::START).saturating_sub(early)));
            }
            Call::Hour => self.time(self.now + HOUR),
            Call::Accept(token, subprotocol) => self.accept(token, subprotocol),
            Call::Reject(token, status) => self.reject(token, status),
            Call::Send(kind, len) => self.send(&message(kind, len)),
            Call::SendFrame(kind, len) => {
                self.send_shared(&message(kind, len), Machine::send_frame);
            }
            Call::WriteFrame(kind, len, most) => drop(self.write_frame(kind, len, most)),
            Call::Fill(more) => {
                let waiting = self.machine.outgoing_len() + wire::MAX_HEADER;
                let limit = self.machine.config().outgoing_limit;
                let len = limit.saturating_sub(waiting).min(LONGEST) + more;
                self.send(&message(MessageKind::Binary, len));
            }
            Call::Ping(len) => {
                let payload = vec![b'p'; len];
                let pinged = self.machine.ping(&payload);
                assert_eq!(pinged, self.model.send(Frame::new(opcode::PING, &payload)));
            }
            Call::Close(code, reason) => {
                self.machine.close(self.now, CloseCode::from(code), &reason);
                self.model.close(self.now, code, &reason);
            }
            Call::Write(len) => drop(self.write(len)),
            Call::Drip(times) => {
                for _ in 0..times {
                    self.write(1);
                    self.call(Call::Timeout { before: false });
                }
            }
        }
        self.check();
    }

    /// Bytes, until nothing more is told.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.unread.extend(bytes);
        while self.read_one(usize::MAX) {}
        assert!(self.unread.is_empty(), "None before the input is used up");
    }

    /// One event of the first bytes that are not read yet; whether there was one.
    fn read_one(&mut self, len: usize) -> bool {
        let given: Vec<_> = self.unread[..len.min(self.unread.len())].to_vec();
        let mut buffer = given.clone();
        let mut input = &mut buffer[..];
        let event = self.machine.read(self.now, &mut input);
        let taken = given.len() - input.len();
        let told = event.map(|event| match event {
            Event::Incoming(incoming) => {
                let told = Told::Incoming(format!("{:?}", incoming.request()));
                self.own.push(incoming);
                told
            }
            event => {
                self.transcript.tell(event);
                self.transcript.told.last().expect("it was told").clone()
            }
        });
        self.unread.drain(..taken);
        self.model.read(self.now, &given, taken, told.as_ref());
        self.check();
        told.is_some()
    }

    pub(super) fn read_eof(&mut self) {
        self.machine.read_eof(self.now);
        self.model.read_eof(self.now);
        self.check();
    }

    fn time(&mut self, now: Instant) {
        self.now = now;
        self.machine.handle_timeout(now);
        self.model.handle_timeout(now);
    }

    /// The socket takes so many bytes.
    pub(super) fn write(&mut self, len: usize) -> Vec<u8> {
        let before = self.machine.outgoing_len();
        let mut outgoing = self.machine.outgoing();
        let mut written = Vec::new();
        while written.len() < len.min(before) {
            let chunk = outgoing.chunk();
            assert!(!chunk.is_empty());
            let taken = chunk.len().min(len - written.len());
            written.extend_from_slice(&chunk[..taken]);
            outgoing.advance(taken);
        }
        assert_eq!(outgoing.remaining(), before.saturating_sub(len));
        self.wrote(&written);
        self.check();
        written
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.transcript.written.extend_from_slice(bytes);
        self.model.written(bytes.len());
    }

    fn accept(&mut self, token: Token, subprotocol: Option<String>) {
        let Some(incoming) = self.token(token) else { return };
        let mut acceptance = Acceptance::default();
        let offered = subprotocol.as_ref().is_none_or(|name| self.model.offers(name));
        if let Some(name) = subprotocol {
            acceptance = acceptance.with_subprotocol(name);
        }
        let pending = self.model.is_pending() && token == Token::Own;
        match self.machine.accept(self.now, incoming, acceptance) {
            Ok(()) => {
                assert!(pending && offered, "accepted what is not pending, or was not offered");
                self.model.accepted(self.now);
            }
            Err(AnswerError::Subprotocol { incoming, .. }) => {
                assert!(pending && !offered);
                self.own.push(incoming);
            }
            Err(error) => {
                assert!(!pending, "{error}");
                self.give_back(token, error);
            }
        }
    }

    fn reject(&mut self, token: Token, status: u16) {
        let Some(incoming) = self.token(token) else { return };
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let rejection = Rejection::new(status).with_text("no");
        let pending = self.model.is_pending() && token == Token::Own;
        match self.machine.reject(self.now, incoming, &rejection) {
            Ok(()) => {
                assert!(pending, "rejected what is not pending");
                self.model.rejected(self.now, rejection.status().as_u16());
            }
            Err(error) => {
                assert!(!pending, "{error}");
                self.give_back(token, error);
            }
        }
    }

    /// It can be tried again, and is refused again.
    fn give_back(&mut self, token: Token, error: AnswerError) {
        let AnswerError::NotPending(incoming) = error else { panic!("{error}") };
        if token == Token::Own {
            self.own.push(incoming);
        }
    }

    fn token(&mut self, token: Token) -> Option<Incoming> {
        match token {
            Token::Own => self.own.pop(),
            Token::Foreign => {
                let request = http::Request::get("/")
                    .header("Host", "a")
                    .header("Connection", "upgrade")
                    .header("Upgrade", "websocket")
                    .header("Sec-WebSocket-Version", "13")
                    .header("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
                    .body(());
                Incoming::new(request.ok()?).ok()
            }
        }
    }

    fn send(&mut self, message: &Message<'static>) {
        let expected = self.model.send(frame(message));
        let taken = self.machine.send(message.clone()).map_err(|error| {
            assert_eq!(error.message, *message);
            error.refusal
        });
        self.took(message, taken, expected);
    }

    fn send_shared(
        &mut self,
        message: &Message<'static>,
        send: impl FnOnce(&mut Machine, &wire::Frame) -> Result<(), Refusal>,
    ) {
        let shared = match message {
            Message::Text(text) => wire::Frame::text(text),
            Message::Binary(payload) => wire::Frame::binary(payload),
        };
        let expected = self.model.send(frame(message));
        let taken = send(&mut self.machine, &shared);
        self.took(message, taken, expected);
    }

    /// The socket takes so many bytes of what it is given.
    pub(super) fn write_frame(&mut self, kind: MessageKind, len: usize, most: usize) -> Vec<u8> {
        let (sent, mut written) = (self.sent.len(), None);
        let first = self.machine.outgoing().chunk().to_vec();
        let role = self.machine.role();
        self.send_shared(&message(kind, len), |machine, frame| {
            let waiting = machine.write_frame(frame, |bytes| {
                assert!(!bytes.is_empty() && bytes.starts_with(&first));
                assert!(!first.is_empty() || role == Role::Client || bytes == frame.as_bytes());
                written = Some(bytes[..most.min(bytes.len())].to_vec());
                most
            })?;
            assert_eq!(waiting, machine.outgoing_len());
            Ok(())
        });
        assert_eq!(written.is_some(), self.sent.len() > sent);
        let written = written.unwrap_or_default();
        self.wrote(&written);
        self.check();
        written
    }

    fn took(
        &mut self,
        message: &Message<'static>,
        taken: Result<(), Refusal>,
        expected: Result<(), Refusal>,
    ) {
        assert_eq!(taken, expected);
        if taken.is_ok() {
            self.sent.push(message.clone());
        }
    }

    /// What holds after every call.
    pub(super) fn check(&mut self) {
        self.model.check(&self.machine);
        let waiting = self.machine.outgoing_len();
        let outgoing = self.machine.outgoing();
        assert_eq!(outgoing.remaining(), waiting);
        assert_eq!(outgoing.chunk().is_empty(), waiting == 0);
        let mut slices = [IoSlice::new(&[]); 64];
        let filled = outgoing.chunks_vectored(&mut slices);
        let offered: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        assert!(offered == waiting || filled == slices.len() && offered < waiting);
        assert_eq!(self.transcript.closed.is_some(), self.model.over, "Closed");
    }

    /// Ends the connection, and judges what was written.
    pub(super) fn end(mut self) -> Machine {
        self.write(usize::MAX);
        // Without a time-out a request waits as long as its owner does.
        if self.machine.is_open() || self.model.is_pending() {
            self.call(Call::Close(1000, String::new()));
            self.write(usize::MAX);
        }
        self.read(&[]);
        self.read_eof();
        self.read(&[]);
        for _ in 0..3 {
            self.call(Call::Timeout { before: false });
            self.read(&[]);
            self.write(usize::MAX);
        }
        assert!(self.machine.is_done(), "not done: {:?}", self.machine);
        assert!(self.transcript.closed.is_some(), "Closed was not told");
        self.judge_written();
        self.machine
    }

    /// All that was queued is written, in order, up to where it was thrown away.
    fn judge_written(&self) {
        let written = &self.transcript.written[..];
        let frames = match self.start {
            Start::Upgraded(_) => written,
            Start::Client | Start::Server => body(written),
        };
        if self.start == Start::Server {
            let (any, accepted) = ("HTTP/1.1 ", "HTTP/1.1 101 ");
            let begin = &written[..accepted.len().min(written.len())];
            assert!(begin.starts_with(any.as_bytes()) || any.as_bytes().starts_with(begin));
            let whole = begin.len() == accepted.len();
            assert!(!whole || self.model.accepted == (begin == accepted.as_bytes()));
            if !self.model.accepted {
                return;
            }
        }
        let (mut read, used) = decode_all(frames);
        for frame in &mut read {
            let masked = frame.key.take().is_some();
            assert_eq!(masked, self.machine.role() == Role::Client);
        }
        assert!(self.model.queued.starts_with(&read), "what was queued was changed");
        if !self.model.dropped {
            assert_eq!((read.len(), used), (self.model.queued.len(), frames.len()), "lost");
        }
    }
}

fn body(written: &[u8]) -> &[u8] {
    let end = written.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    end.map_or(&[], |end| &written[end + 4..])
}

fn frame(message: &Message<'_>) -> Frame {
    let opcode = match message.kind() {
        MessageKind::Text => opcode::TEXT,
        MessageKind::Binary => opcode::BINARY,
    };
    Frame::new(opcode, message.as_bytes())
}

fn message(kind: MessageKind, len: usize) -> Message<'static> {
    let bytes = (0..len).map(|at| b'a' + u8::try_from(at % 26).unwrap_or_default());
    match kind {
        MessageKind::Text => Message::text(bytes.map(char::from).collect::<String>()),
        MessageKind::Binary => Message::binary(bytes.collect::<Vec<u8>>()),
    }
}
