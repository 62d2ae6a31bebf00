//! `vectors/frames.txt`: what an open machine makes of frames, however they are cut.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use socker_core::{CloseReason, Config, Instant, Machine, Message, MessageKind, Role, Seed};
use socker_tests::feed::{Told, Transcript, take_outgoing, transcribe};
use socker_tests::frames::{Frame, decode_all, opcode};
use socker_tests::vectors::{Vector, load};
use socker_tests::{notation, oracle, split};

/// A vector as one role receives it.
struct Case {
    name: String,
    role: Role,
    limits: oracle::Limits,
    bytes: Vec<u8>,
    mark: Option<usize>,
    told: Vec<Told>,
    violation: Option<(String, u16)>,
    answers: Vec<Frame>,
}

impl Case {
    fn new(vector: &Vector, role: Role) -> Self {
        let notation::Marked { bytes, mark } =
            notation::parse(vector.get("in").unwrap(), role == Role::Server);
        let violation = vector.get("violation").map(|violation| {
            let (kind, code) = violation.rsplit_once(' ').unwrap();
            (kind.to_owned(), code.parse().unwrap())
        });
        assert_eq!(mark.is_some(), violation.is_some(), "{}", vector.name());
        let limit = |key, default| vector.get(key).map_or(default, |limit| limit.parse().unwrap());
        let limits =
            oracle::Limits { message: limit("limit", 1 << 20), discard: limit("discard", 0) };
        Self {
            name: format!("{} ({role:?})", vector.name()),
            role,
            limits,
            bytes,
            mark,
            told: vector.events(),
            violation,
            answers: vector.all("answer").map(answer).collect(),
        }
    }

    fn machine(&self) -> Machine {
        let oracle::Limits { message, discard } = self.limits;
        let config = Config::default().message_limit(message).discard_limit(discard);
        Machine::upgraded(Instant::START, self.role, Arc::new(config), Seed::from([7; 16]))
    }

    /// The case's events and answers are the transcript's.
    fn check(&self, transcript: &Transcript) {
        let name = &self.name;
        let mut told = transcript.told.clone();
        let (mut frames, used) = decode_all(&transcript.written);
        assert_eq!(used, transcript.written.len(), "{name}: whole frames are written");
        for frame in &mut frames {
            let key = frame.key.take();
            assert_eq!(key.is_some(), self.role == Role::Client, "{name}: {frame:?}");
        }
        if let Some((kind, code)) = &self.violation {
            let Some(CloseReason::Violation(violation)) = &transcript.closed else {
                panic!("{name}: closed with {:?}", transcript.closed);
            };
            assert_eq!(&format!("{violation:?}"), kind, "{name}");
            told.pop();
            let close = frames.pop().unwrap_or_else(|| panic!("{name}: no Close"));
            assert_eq!(close.close_code(), Some(*code), "{name}");
            assert!(str::from_utf8(&close.payload[2..]).is_ok(), "{name}");
        }
        assert_eq!(told, self.told, "{name}");
        assert_eq!(frames, self.answers, "{name}");
    }
}

trait Events {
    fn events(&self) -> Vec<Told>;
}

impl Events for Vector {
    /// What is told before a violation, in the order of the file.
    fn events(&self) -> Vec<Told> {
        let mut told = Vec::new();
        for (key, value) in self.fields() {
            let bytes = || notation::parse(value, false).bytes;
            told.push(match key {
                "text" => Told::Message(Message::text(String::from_utf8(bytes()).unwrap())),
                "binary" => Told::Message(Message::binary(bytes())),
                "oversized" => Told::Oversized(match value {
                    "text" => MessageKind::Text,
                    _ => MessageKind::Binary,
                }),
                "pong" => Told::Pong(bytes()),
                "closed" => {
                    let (code, reason) = value.split_once(' ').unwrap_or((value, ""));
                    let code = code.parse::<u16>().unwrap().into();
                    Told::closed(&CloseReason::Peer { code, reason: reason.to_owned() })
                }
                _ => continue,
            });
        }
        told
    }
}

fn answer(text: &str) -> Frame {
    let bytes = notation::parse(text, false).bytes;
    Frame::new(bytes[0], &bytes[1..])
}

fn cases() -> impl Iterator<Item = Case> {
    load("frames.txt").into_iter().flat_map(|vector| {
        let role = vector.get("role").map(str::to_owned);
        let server = role.as_deref() != Some("client");
        let client = role.as_deref() != Some("server");
        let roles = [(server, Role::Server), (client, Role::Client)];
        roles.into_iter().filter(|(wanted, _)| *wanted).map(move |(_, r)| Case::new(&vector, r))
    })
}

#[test]
fn every_split_gives_the_same() {
    for case in cases() {
        let whole = transcribe(case.machine(), [&case.bytes[..]], false);
        case.check(&whole);
        for pieces in split::every(&case.bytes) {
            let transcript = transcribe(case.machine(), pieces.iter().copied(), false);
            let pieces: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(transcript.outcome(), whole.outcome(), "{}: {pieces:?}", case.name);
        }
    }
}

#[test]
fn a_violation_is_told_at_the_first_byte_that_proves_it() {
    for case in cases() {
        let Some(mark) = case.mark else { continue };
        let (before, rest) = case.bytes.split_at(mark);
        let mut machine = case.machine();
        let mut transcript = Transcript::default();
        for pieces in [before.chunks(1).collect::<Vec<_>>(), vec![before]] {
            machine = case.machine();
            transcript = Transcript::default();
            for piece in pieces {
                transcript.feed(&mut machine, Instant::START, piece);
            }
            assert!(transcript.closed.is_none(), "{}: {:?}", case.name, transcript.closed);
        }
        transcript.feed(&mut machine, Instant::START, &rest[..1]);
        assert!(transcript.closed.is_some(), "{}: nothing was told", case.name);
        case.check(&transcript);
        assert!(!machine.is_done(), "{}: the peer may still read the Close", case.name);
        machine.read_eof(Instant::START);
        assert!(machine.is_done(), "{}", case.name);
    }
}

#[test]
fn the_oracle_agrees() {
    for case in cases() {
        let account = oracle::receive(case.role, case.limits, &case.bytes);
        let transcript = transcribe(case.machine(), [&case.bytes[..]], false);
        assert_eq!(account.told, transcript.told, "{}", case.name);
        let mut frames = decode_all(&transcript.written).0;
        frames.iter_mut().for_each(|frame| frame.key = None);
        assert_eq!(account.answers, frames, "{}", case.name);
    }
}

#[test]
fn nothing_is_told_after_the_end() {
    for case in cases().filter(|case| case.violation.is_some()) {
        let mut machine = case.machine();
        let mut transcript = Transcript::default();
        transcript.feed(&mut machine, Instant::START, &case.bytes);
        let told = transcript.told.len();
        let mut more = Frame::new(opcode::TEXT, b"more");
        if case.role == Role::Server {
            more = more.masked([1, 2, 3, 4]);
        }
        transcript.feed(&mut machine, Instant::START, &more.encode());
        assert_eq!(transcript.told.len(), told, "{}", case.name);
        assert!(machine.send(Message::text("late")).is_err(), "{}", case.name);
        assert!(take_outgoing(&mut machine).is_empty(), "{}", case.name);
    }
}
