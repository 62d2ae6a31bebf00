use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Buf;
use socker_core::{CloseReason, Config, Instant, Machine, Message, Role, Seed};
use socker_tests::feed::{Told, Transcript};
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{self, CloseFrame, WebSocket, WebSocketConfig, frame::Frame};

const STEPS: usize = 60;
const LIMIT: usize = 1 << 20;

/// Valid traffic between a machine and tungstenite, in any order and any pieces: what one has sent is
/// what the other is told, up to the close.
pub fn interop(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let _ = talk(&mut data);
}

fn talk(data: &mut Unstructured<'_>) -> Result<()> {
    let mut talk = Talk::new(if bool::arbitrary(data)? { Role::Server } else { Role::Client });
    for _ in 0..STEPS {
        if data.is_empty() || talk.step(data).is_err() {
            break;
        }
    }
    talk.finish_fragments();
    talk.carry(usize::MAX);
    talk.carry(usize::MAX); // the answers
    talk.compare();
    talk.close(bool::arbitrary(data)?, u16::arbitrary(data)? % 1000, <&str>::arbitrary(data)?);
    Ok(())
}

/// What waits for the one who reads, and what was written.
#[derive(Debug, Default)]
struct Pipe {
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

#[derive(Debug, Default)]
struct Socket(Rc<RefCell<Pipe>>);

struct Talk {
    ours: Machine,
    transcript: Transcript,
    theirs: WebSocket<Socket>,
    pipe: Rc<RefCell<Pipe>>,
    told: Vec<tungstenite::Message>,
    sent: Sent,
    /// Whether theirs has begun a message: text or not.
    fragments: Option<bool>,
    fragmented: Vec<u8>,
}

/// By each, and in this order.
#[derive(Default)]
struct Sent {
    by_us: Vec<Message<'static>>,
    by_them: Vec<Message<'static>>,
    our_pings: Vec<Vec<u8>>,
    their_pings: Vec<Vec<u8>>,
}

impl Talk {
    fn new(role: Role) -> Self {
        let config = Config::default().message_limit(LIMIT).outgoing_limit(64 << 20);
        let ours = Machine::upgraded(Instant::START, role, Arc::new(config), Seed::from([7; 16]));
        let theirs = match role {
            Role::Server => protocol::Role::Client,
            Role::Client => protocol::Role::Server,
        };
        let pipe = Rc::<RefCell<Pipe>>::default();
        let config = WebSocketConfig::default().write_buffer_size(0);
        let theirs = WebSocket::from_raw_socket(Socket(pipe.clone()), theirs, Some(config));
        Self {
            ours,
            transcript: Transcript::default(),
            theirs,
            pipe,
            told: Vec::new(),
            sent: Sent::default(),
            fragments: None,
            fragmented: Vec::new(),
        }
    }

    fn step(&mut self, data: &mut Unstructured<'_>) -> Result<()> {
        match u8::arbitrary(data)? % 16 {
            0..3 => {
                let message = message(data)?;
                self.ours.send(message.clone()).unwrap();
                self.sent.by_us.push(message);
            }
            3..6 => {
                let message = message(data)?;
                self.finish_fragments();
                self.say(theirs(message.clone()));
                self.sent.by_them.push(message);
            }
            6 => {
                let ping = ping(data)?;
                self.ours.ping(&ping).unwrap();
                self.sent.our_pings.push(ping);
            }
            7 => {
                let ping = ping(data)?;
                self.say(tungstenite::Message::Ping(ping.clone().into()));
                self.sent.their_pings.push(ping);
            }
            8..11 => self.fragment(data)?,
            11 => self.finish_fragments(),
            _ => {
                let piece = usize::from(u16::arbitrary(data)?);
                self.carry(piece);
            }
        }
        Ok(())
    }

    fn say(&mut self, message: tungstenite::Message) {
        self.theirs.send(message).unwrap();
    }

    /// A piece of a message, cut anywhere, be it in a code point.
    fn fragment(&mut self, data: &mut Unstructured<'_>) -> Result<()> {
        let begins = self.fragments.is_none();
        let is_text = *self.fragments.get_or_insert(bool::arbitrary(data)?);
        let piece = if is_text {
            // What goes before it has to end in a half for this to begin with one.
            let half = self.fragmented.last() == Some(&0xC3);
            let text = <&str>::arbitrary(data)?.as_bytes();
            let begin: &[u8] = if half { &[0xA9] } else { &[] };
            let end: &[u8] = if bool::arbitrary(data)? { &[0xC3] } else { &[] };
            [begin, text, end].concat()
        } else {
            Vec::arbitrary(data)?
        };
        self.fragmented.extend_from_slice(&piece);
        self.send_fragment(begins, piece, false);
        Ok(())
    }

    fn finish_fragments(&mut self) {
        let Some(is_text) = self.fragments else { return };
        let half = is_text && self.fragmented.last() == Some(&0xC3);
        let last = if half { vec![0xA9] } else { Vec::new() };
        self.fragmented.extend_from_slice(&last);
        self.send_fragment(false, last, true);
        self.fragments = None;
        let payload = std::mem::take(&mut self.fragmented);
        self.sent.by_them.push(match is_text {
            true => Message::text(String::from_utf8(payload).unwrap()),
            false => Message::binary(payload),
        });
    }

    fn send_fragment(&mut self, begins: bool, piece: Vec<u8>, fin: bool) {
        let data = match self.fragments {
            _ if !begins => Data::Continue,
            Some(true) => Data::Text,
            _ => Data::Binary,
        };
        let frame = Frame::message(piece, OpCode::Data(data), fin);
        self.say(tungstenite::Message::Frame(frame));
    }

    /// Brings as many bytes at the most each way, in one piece.
    fn carry(&mut self, piece: usize) {
        let mut outgoing = self.ours.outgoing();
        let len = outgoing.remaining().min(piece);
        self.pipe.borrow_mut().incoming.extend_from_slice(&outgoing.copy_to_bytes(len));
        loop {
            match self.theirs.read() {
                Ok(message) => self.told.push(message),
                Err(tungstenite::Error::Io(error)) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    break;
                }
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let mut pipe = self.pipe.borrow_mut();
        let len = pipe.outgoing.len().min(piece);
        let bytes: Vec<u8> = pipe.outgoing.drain(..len).collect();
        drop(pipe);
        let mut buffer = bytes;
        let mut input = &mut buffer[..];
        while let Some(event) = self.ours.read(Instant::START, &mut input) {
            self.transcript.tell(event);
        }
    }

    fn compare(&self) {
        assert!(self.transcript.messages().eq(&self.sent.by_them));
        let by_us = self.sent.by_us.iter().cloned().map(theirs);
        let told = self.told.iter().filter(|message| message.is_text() || message.is_binary());
        assert!(told.eq(by_us.collect::<Vec<_>>().iter()));
        let pongs = self.transcript.told.iter().filter_map(|told| match told {
            Told::Pong(payload) => Some(&payload[..]),
            _ => None,
        });
        assert_answers(&self.sent.our_pings, pongs);
        let pongs = self.told.iter().filter_map(|message| match message {
            tungstenite::Message::Pong(payload) => Some(&payload[..]),
            _ => None,
        });
        assert_answers(&self.sent.their_pings, pongs);
    }

    /// The code and the reason arrive, and both ends are done.
    fn close(mut self, by_us: bool, code: u16, reason: &str) {
        let code = 4000 + code;
        let end = reason.floor_char_boundary(123);
        let reason = &reason[..end];
        if by_us {
            self.ours.close(Instant::START, code.into(), reason);
        } else {
            let frame = CloseFrame { code: code.into(), reason: reason.into() };
            self.theirs.close(Some(frame)).unwrap();
        }
        for _ in 0..3 {
            self.carry(usize::MAX);
        }
        self.ours.read_eof(Instant::START);
        self.carry(0);
        if by_us {
            assert!(matches!(self.transcript.closed, Some(CloseReason::Local { .. })));
            let heard = self.told.iter().rev().find_map(|message| match message {
                tungstenite::Message::Close(frame) => frame.as_ref(),
                _ => None,
            });
            let heard = heard.map(|frame| (u16::from(frame.code), frame.reason.as_str()));
            assert_eq!(heard, Some((code, reason)));
        } else {
            let Some(CloseReason::Peer { code: heard, reason: words }) = &self.transcript.closed
            else {
                panic!("{:?}", self.transcript.closed)
            };
            assert_eq!((u16::from(*heard), &words[..]), (code, reason));
        }
        assert!(self.ours.is_done() && !self.theirs.can_read());
    }
}

/// Only the newest of several pings needs an answer (RFC 6455, section 5.5.3); none has two.
fn assert_answers<'p>(pings: &[Vec<u8>], pongs: impl Iterator<Item = &'p [u8]>) {
    let mut rest = pings.iter();
    let mut last = None;
    for pong in pongs {
        assert!(rest.any(|ping| ping == pong), "a pong that nobody asked for");
        last = Some(pong);
    }
    assert_eq!(last, pings.last().map(|ping| &ping[..]));
}

fn message(data: &mut Unstructured<'_>) -> Result<Message<'static>> {
    let long = if data.ratio(1, 16)? { data.int_in_range(0..=70_000)? } else { 0 };
    Ok(if bool::arbitrary(data)? {
        Message::text(String::arbitrary(data)? + &"é".repeat(long / 2))
    } else {
        let mut payload = Vec::arbitrary(data)?;
        payload.resize(payload.len().max(long), 7);
        Message::binary(payload)
    })
}

fn ping(data: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut payload = Vec::arbitrary(data)?;
    payload.truncate(125);
    Ok(payload)
}

fn theirs(message: Message<'static>) -> tungstenite::Message {
    match message {
        Message::Text(text) => tungstenite::Message::text(text.into_owned()),
        Message::Binary(payload) => tungstenite::Message::binary(payload.into_bytes()),
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let incoming = &mut self.0.borrow_mut().incoming;
        if incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let len = incoming.len().min(buffer.len());
        buffer[..len].copy_from_slice(&incoming[..len]);
        incoming.drain(..len);
        Ok(len)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
