//! Calls of a machine in any order, and what must hold after each and at the end.

use std::{io::IoSlice, sync::Arc, time::Duration};

use bytes::Buf;
use socker_core::handshake::{Acceptance, Incoming, Rejection, Request};
use socker_core::http::{self, StatusCode};
use socker_core::wire;
use socker_core::{
    CloseCode, Config, Event, Instant, Machine, Message, MessageKind, Refusal, Role, Seed,
};

use crate::feed::{Told, Transcript};
use crate::oracle;

/// How a machine begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Awaits a request.
    Server,
    /// Has sent a request.
    Client,
    /// Is open.
    Upgraded(Role),
}

/// One call.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Call {
    Read(Vec<u8>),
    ReadEof,
    /// Sets the clock, perhaps back, and tells the machine.
    HandleTimeout {
        millis: u32,
    },
    Accept(Token, Option<String>),
    Reject(Token, u16),
    Send(MessageKind, usize),
    SendFrame(MessageKind, usize),
    Ping(usize),
    Close(u16, String),
    /// The socket takes so many bytes.
    Write(usize),
    Poll,
}

/// Which request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The machine's own, if it has told one that is not answered.
    Own,
    /// One that no machine has told.
    Foreign,
}

/// The bytes that wait at the most, in these runs.
const OUTGOING_LIMIT: usize = 2000;

const UNLIMITED: oracle::Limits = oracle::Limits { message: usize::MAX / 2, discard: 0 };

/// More than all that a machine may say of itself: a head, a Close, a Ping and the Pong that it was
/// still allowed to queue.
const OF_ITSELF: usize = 1000;

/// The request that opens a server.
pub const REQUEST: &str = "GET /path?query HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: one, two\r\n\r\n";

/// The answer that opens the client.
#[must_use]
pub fn right_response() -> Vec<u8> {
    let mut machine = begin(Start::Client);
    let request = String::from_utf8(crate::feed::take_outgoing(&mut machine)).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// The machine that the calls are for.
#[must_use]
pub fn begin(start: Start) -> Machine {
    let now = Instant::START;
    let config =
        Config::default().message_limit(5000).outgoing_limit(OUTGOING_LIMIT).opening_limit(4000);
    let config = config.discard_limit(6000);
    let (config, seed) = (Arc::new(config), Seed::from([7; 16]));
    match start {
        Start::Server => Machine::server(now, config),
        Start::Client => {
            let request = Request::get("ws://a/").unwrap().with_subprotocol("one").unwrap();
            Machine::client(now, config, seed, &request)
        }
        Start::Upgraded(role) => Machine::upgraded(now, role, config, seed),
    }
}

/// Makes the calls and checks what must hold.
pub fn run(start: Start, calls: impl IntoIterator<Item = Call>) {
    let mut walk = Walk {
        start,
        machine: begin(start),
        now: Instant::START,
        transcript: Transcript::default(),
        own: Vec::new(),
        sent: Vec::new(),
        largest: 0,
        rejected: false,
        done: false,
        write_finished: false,
    };
    walk.check();
    for call in calls {
        walk.call(call);
        walk.check();
    }
    walk.end();
}

struct Walk {
    start: Start,
    machine: Machine,
    now: Instant,
    transcript: Transcript,
    own: Vec<Incoming>,
    /// What was taken to be sent.
    sent: Vec<Message<'static>>,
    largest: usize,
    rejected: bool,
    done: bool,
    write_finished: bool,
}

impl Walk {
    fn call(&mut self, call: Call) {
        match call {
            Call::Read(mut bytes) => self.read(&mut bytes),
            Call::Poll => self.read(&mut []),
            Call::ReadEof => self.machine.read_eof(self.now),
            Call::HandleTimeout { millis } => {
                self.now = Instant::at(Duration::from_millis(millis.into()));
                self.machine.handle_timeout(self.now);
            }
            Call::Accept(token, subprotocol) => {
                let Some(incoming) = self.token(token) else { return };
                let mut acceptance = Acceptance::default();
                if let Some(name) = subprotocol {
                    acceptance = acceptance.with_subprotocol(name);
                }
                let was_open = self.machine.is_open();
                let taken = self.machine.accept(self.now, incoming, acceptance).is_ok();
                assert!(!(was_open && taken), "accepted twice");
                assert!(!(taken && token == Token::Foreign), "accepted what it has not told");
            }
            Call::Reject(token, status) => {
                let Some(incoming) = self.token(token) else { return };
                let status = StatusCode::from_u16(status).unwrap_or_default();
                let rejection = Rejection::new(status).with_text("no");
                let taken = self.machine.reject(self.now, incoming, &rejection).is_ok();
                assert!(!(taken && token == Token::Foreign), "rejected what it has not told");
                self.rejected |= taken;
            }
            Call::Send(kind, len) => {
                let message = message(kind, len);
                match self.machine.send(message.clone()) {
                    Ok(()) => self.took(message),
                    Err(error) => {
                        assert_eq!(error.message, message);
                        self.refused(error.refusal);
                    }
                }
            }
            Call::SendFrame(kind, len) => {
                let message = message(kind, len);
                let frame = match &message {
                    Message::Text(text) => wire::Frame::text(text),
                    Message::Binary(payload) => wire::Frame::binary(payload),
                };
                match self.machine.send_frame(&frame) {
                    Ok(()) => self.took(message),
                    Err(refusal) => self.refused(refusal),
                }
            }
            Call::Ping(len) => match self.machine.ping(&vec![b'p'; len]) {
                Ok(()) => assert!(len <= 125),
                Err(Refusal::TooLong) => assert!(len > 125),
                Err(refusal) => self.refused(refusal),
            },
            Call::Close(code, reason) => {
                self.machine.close(self.now, CloseCode::from(code), &reason);
                assert!(!self.machine.is_open());
            }
            Call::Write(len) => self.write(len),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) {
        let mut input = bytes;
        while let Some(event) = self.machine.read(self.now, &mut input) {
            assert!(self.transcript.closed.is_none(), "{event:?} after Closed");
            if let Event::Incoming(incoming) = event {
                self.own.push(incoming);
            } else {
                self.transcript.tell(event);
            }
        }
        assert!(input.is_empty(), "None before the input is used up");
    }

    fn write(&mut self, len: usize) {
        let before = self.machine.outgoing_len();
        let mut outgoing = self.machine.outgoing();
        let mut missing = len.min(before);
        while missing > 0 {
            let chunk = outgoing.chunk();
            assert!(!chunk.is_empty());
            let written = chunk.len().min(missing);
            self.transcript.written.extend_from_slice(&chunk[..written]);
            outgoing.advance(written);
            missing -= written;
        }
        assert_eq!(outgoing.remaining(), before.saturating_sub(len));
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

    fn took(&mut self, message: Message<'static>) {
        assert!(self.transcript.closed.is_none(), "sent after Closed");
        self.largest = self.largest.max(message.len() + wire::MAX_HEADER);
        self.sent.push(message);
    }

    fn refused(&self, refusal: Refusal) {
        match refusal {
            Refusal::Full => assert!(self.machine.is_open() && self.machine.outgoing_len() > 0),
            _ => assert!(!self.machine.is_open(), "{refusal:?} while open"),
        }
        if self.transcript.closed.is_some() {
            assert_eq!(refusal, Refusal::Closed);
        }
    }

    /// What holds after every call.
    fn check(&mut self) {
        let machine = &mut self.machine;
        let waiting = machine.outgoing_len();
        assert!(waiting <= OUTGOING_LIMIT + self.largest + OF_ITSELF, "{waiting} bytes wait");

        let outgoing = machine.outgoing();
        assert_eq!(outgoing.remaining(), waiting);
        assert_eq!(outgoing.chunk().is_empty(), waiting == 0);
        let mut slices = [IoSlice::new(&[]); 64];
        let filled = outgoing.chunks_vectored(&mut slices);
        let offered: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
        assert!(offered == waiting || filled == slices.len() && offered < waiting);

        assert!(machine.is_done() || !self.done, "is_done was true before");
        assert!(machine.is_write_finished() || !self.write_finished, "more to write after the end");
        self.done = machine.is_done();
        self.write_finished = machine.is_write_finished();
        if self.done {
            assert_eq!((waiting, machine.poll_timeout()), (0, None));
            assert!(self.write_finished && !machine.is_open());
        }
        if self.transcript.closed.is_some() {
            assert!(!machine.is_open());
            let refused = machine.send(Message::text("late")).expect_err("sent after Closed");
            assert_eq!(refused.refusal, Refusal::Closed);
        }
    }

    /// Ends the connection, and judges what was written as the peer would.
    fn end(mut self) {
        let whole = self.machine.is_open();
        self.write(usize::MAX);
        if whole {
            self.machine.close(self.now, CloseCode::Normal, "");
            self.write(usize::MAX);
        }
        self.machine.read_eof(self.now);
        self.read(&mut []);
        for _ in 0..3 {
            if let Some(timeout) = self.machine.poll_timeout() {
                self.now = timeout;
                self.machine.handle_timeout(timeout);
                self.read(&mut []);
                self.write(usize::MAX);
            }
        }
        self.check();
        assert!(self.machine.is_done(), "not done: {:?}", self.machine);
        assert!(self.transcript.closed.is_some(), "Closed was not told");

        let written = &self.transcript.written[..];
        let frames = match self.start {
            Start::Upgraded(_) => written,
            Start::Client => body(written),
            Start::Server => {
                let accepted = b"HTTP/1.1 101 ";
                if written.len() > accepted.len() && !written.starts_with(accepted) {
                    return assert!(self.sent.is_empty() && written.starts_with(b"HTTP/1.1 "));
                }
                assert!(!self.rejected || !written.starts_with(accepted));
                body(written)
            }
        };
        let peer = if self.machine.role() == Role::Server { Role::Client } else { Role::Server };
        let account = oracle::receive(peer, UNLIMITED, frames);
        let mut received = Vec::new();
        for told in &account.told {
            match told {
                Told::Message(message) => received.push(message),
                Told::Closed(reason) => {
                    assert!(!reason.starts_with("Violation"), "wrote what is wrong: {reason}");
                    assert_eq!(account.used, frames.len(), "wrote more after a Close");
                }
                _ => {}
            }
        }
        let sent: Vec<_> = self.sent.iter().collect();
        assert!(sent.starts_with(&received), "messages were changed");
        if whole {
            assert_eq!(sent.len(), received.len(), "messages were lost");
        }
    }
}

fn body(written: &[u8]) -> &[u8] {
    let end = written.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    end.map_or(&[], |end| &written[end + 4..])
}

fn message(kind: MessageKind, len: usize) -> Message<'static> {
    let bytes = (0..len).map(|at| b'a' + u8::try_from(at % 26).unwrap_or_default());
    match kind {
        MessageKind::Text => Message::text(bytes.map(char::from).collect::<String>()),
        MessageKind::Binary => Message::binary(bytes.collect::<Vec<u8>>()),
    }
}
