//! Two machines on a simulated network: every way in which a connection ends.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use bytes::Buf;

use socker_core::handshake::{Acceptance, Request};
use socker_core::wire::Violation;
use socker_core::{
    CloseCode, CloseReason, Config, Event, Instant, Machine, Message, Refusal, Role, Seed,
};
use socker_tests::at;
use socker_tests::feed::{Told, Transcript, take_outgoing};
use socker_tests::frames::{Frame, decode_all, opcode};
use socker_tests::pair::{Answer, Network, Pair};

fn opened() -> Pair {
    let request = Request::get("ws://server/").unwrap();
    let config = Config::default;
    let mut pair = Pair::new(Network::default(), config(), config(), &request);
    pair.run_until(at(1000));
    pair
}

fn peer(code: u16, reason: &str) -> Told {
    Told::closed(&CloseReason::Peer { code: code.into(), reason: reason.to_owned() })
}

fn local(code: u16) -> Told {
    Told::closed(&CloseReason::Local {
        code: code.into(),
        answer: code.into(),
        reason: String::new(),
    })
}

#[test]
fn the_client_closes() {
    let mut pair = opened();
    pair.client.machine.send(Message::text("last words")).unwrap();
    pair.client.machine.close(pair.now, CloseCode::Away, "going home");
    let refused = pair.client.machine.send(Message::text("late")).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Closed);
    pair.client.machine.close(pair.now, CloseCode::Error, "only the first call counts");
    pair.run();
    let server = &pair.server;
    assert_eq!(server.messages(), [Message::text("last words")]);
    assert_eq!(server.transcript.told.last(), Some(&peer(1001, "going home")));
    assert_eq!(pair.client.transcript.told.last(), Some(&local(1001)));
    assert_eq!((server.closed_at, pair.client.closed_at), (Some(at(1010)), Some(at(1020))));
    // The server ended the connection, and the client saw it: nobody waited for a time-out.
    assert!(server.machine.is_done() && pair.client.machine.is_done());
    assert_eq!(pair.now, at(1020));
}

#[test]
fn the_server_closes() {
    let mut pair = opened();
    pair.server.machine.send(Message::text("last words")).unwrap();
    pair.server.machine.close(pair.now, CloseCode::Library(4000), "");
    // What the client says before it has heard of that still counts.
    pair.client.machine.send(Message::text("too")).unwrap();
    pair.run();
    assert_eq!(pair.client.messages(), [Message::text("last words")]);
    assert_eq!(pair.server.messages(), [Message::text("too")]);
    assert_eq!(pair.client.transcript.told.last(), Some(&peer(4000, "")));
    assert_eq!(pair.server.transcript.told.last(), Some(&local(4000)));
    assert!(pair.server.machine.is_done() && pair.client.machine.is_done());
    assert_eq!(pair.now, at(1030));
}

#[test]
fn nothing_is_sent_after_a_close() {
    let mut pair = opened();
    pair.server.machine.close(pair.now, CloseCode::Normal, "");
    pair.client.machine.ping(b"there?").unwrap();
    pair.run();
    let written = &pair.server.transcript.written;
    assert!(written.ends_with(b"\x88\x02\x03\xE8"), "{written:?}");
    assert_eq!(pair.client.transcript.told.last(), Some(&peer(1000, "")));
}

#[test]
fn both_close_at_once() {
    let mut pair = opened();
    pair.server.machine.close(pair.now, CloseCode::Normal, "enough");
    pair.client.machine.close(pair.now, CloseCode::Away, "");
    pair.run();
    // Each tells what the other said, and not its own word back.
    let crossed = |code: u16, answer: u16, reason: &str| {
        let (code, answer, reason) = (code.into(), answer.into(), reason.to_owned());
        Told::closed(&CloseReason::Local { code, answer, reason })
    };
    let told = |peer: &socker_tests::pair::Peer| peer.transcript.told.last().cloned();
    assert_eq!(told(&pair.client), Some(crossed(1001, 1000, "enough")));
    assert_eq!(told(&pair.server), Some(crossed(1000, 1001, "")));
    assert_eq!((pair.server.closed_at, pair.client.closed_at), (Some(at(1010)), Some(at(1010))));
    assert!(pair.server.machine.is_done() && pair.client.machine.is_done());
}

#[test]
fn a_close_that_is_not_answered() {
    for role in [Role::Client, Role::Server] {
        let mut pair = opened();
        pair.client.unplugged = true;
        let now = pair.now;
        let closer = if role == Role::Client { &mut pair.client } else { &mut pair.server };
        closer.machine.close(now, CloseCode::Normal, "");
        pair.run_until(at(7000));
        let closer = if role == Role::Client { &pair.client } else { &pair.server };
        assert_eq!(closer.closed_at, Some(at(6000)));
        assert!(matches!(closer.transcript.closed, Some(CloseReason::CloseTimeout)));
        assert!(closer.machine.is_done());
    }
}

#[test]
fn a_server_that_does_not_end_the_connection() {
    let mut pair = opened();
    pair.client.machine.close(pair.now, CloseCode::Normal, "");
    // Its Close, and then nothing.
    pair.client.arrive(at(1500), &Frame::new(opcode::CLOSE, &1000_u16.to_be_bytes()).encode());
    pair.client.unplugged = true;
    pair.run_until(at(6499));
    assert_eq!(pair.client.closed_at, Some(at(1500)));
    assert!(pair.client.machine.is_write_finished() && !pair.client.machine.is_done());
    pair.run_until(at(6500));
    assert!(pair.client.machine.is_done());
}

#[test]
fn a_violation_is_told_to_both() {
    let mut pair = opened();
    pair.server.arrive(at(1500), b"\x81\x85\0\0\0\0\xFFabcd");
    pair.run();
    let closed = pair.server.transcript.closed.as_ref();
    assert!(matches!(closed, Some(CloseReason::Violation(Violation::InvalidUtf8))));
    let reason = "text is not UTF-8";
    assert_eq!(pair.client.transcript.told.last(), Some(&peer(1007, reason)));
    assert!(pair.server.machine.is_done() && pair.client.machine.is_done());
}

#[test]
fn half_closed_while_much_is_outgoing() {
    let mut pair = opened();
    pair.server.stalled = true;
    pair.server.machine.send(Message::binary(vec![7; 100_000])).unwrap();
    // The client's side ends, and still reads.
    pair.server.arrive(at(1100), &[]);
    pair.run_until(at(1200));
    assert!(matches!(pair.server.transcript.closed, Some(CloseReason::Eof)));
    assert!(!pair.server.machine.is_done() && !pair.server.machine.is_write_finished());
    assert!(!pair.server.machine.wants_read());
    pair.server.stalled = false;
    pair.run();
    assert_eq!(pair.client.messages(), [Message::binary(vec![7; 100_000])]);
    assert!(matches!(pair.client.transcript.closed, Some(CloseReason::Eof)));
    assert!(pair.server.machine.is_done() && pair.client.machine.is_done());
}

#[test]
fn a_peer_that_never_takes_what_is_outgoing() {
    let mut pair = opened();
    pair.server.stalled = true;
    pair.server.machine.send(Message::binary(vec![7; 100_000])).unwrap();
    pair.server.arrive(at(1100), &[]);
    pair.run_until(at(7000));
    assert!(pair.server.machine.is_done());
    assert_eq!(pair.server.machine.outgoing_len(), 0);
}

/// The end of the bytes, in every phase: one Closed, and nothing after it.
#[test]
fn eof_in_every_phase() {
    let request = Request::get("ws://server/").unwrap();
    let fresh = || Pair::new(Network::default(), Config::default(), Config::default(), &request);
    let mut waiting = fresh();
    waiting.answer = Answer::Hold;
    waiting.run_until(at(100));
    let mut closing = opened();
    closing.client.machine.close(closing.now, CloseCode::Normal, "");
    closing.server.machine.close(closing.now, CloseCode::Normal, "");
    let mut ended = opened();
    ended.client.machine.close(ended.now, CloseCode::Normal, "");
    ended.run();

    for (pair, expected) in
        [(fresh(), "Eof"), (waiting, "Eof"), (opened(), "Eof"), (closing, "Eof"), (ended, "")]
    {
        let now = pair.now;
        for mut peer in [pair.client, pair.server] {
            let before = peer.transcript.told.len();
            peer.machine.read_eof(now);
            peer.machine.read_eof(now);
            peer.transcript.feed(&mut peer.machine, now, &[]);
            peer.transcript.feed(&mut peer.machine, now, b"more");
            let told = &peer.transcript.told[before..];
            let expected = Told::Closed(expected.to_owned());
            let none = expected == Told::Closed(String::new());
            assert_eq!(told, if none { &[] } else { std::slice::from_ref(&expected) });
            assert!(peer.machine.is_done());
            assert_eq!(peer.machine.poll_timeout(), None);
        }
    }
}

#[test]
fn closing_before_the_opening() {
    let request = Request::get("ws://server/").unwrap();
    let mut pair = Pair::new(Network::default(), Config::default(), Config::default(), &request);
    pair.answer = Answer::Hold;
    pair.run_until(at(100));
    pair.server.machine.close(pair.now, CloseCode::Restart, "");
    pair.run();
    let Some(CloseReason::Refused(response)) = &pair.client.transcript.closed else {
        panic!("{:?}", pair.client.transcript.closed);
    };
    assert_eq!(response.status().as_u16(), 503);
    let incoming = pair.held.take().unwrap();
    let late = pair.server.machine.accept(pair.now, incoming, Acceptance::default());
    assert!(late.is_err());

    let mut pair = Pair::new(Network::default(), Config::default(), Config::default(), &request);
    pair.client.machine.close(pair.now, CloseCode::Away, "");
    assert!(!pair.client.machine.is_done(), "the end is to be told");
    let mut transcript = Transcript::default();
    transcript.feed(&mut pair.client.machine, pair.now, &[]);
    assert_eq!(transcript.told, [Told::closed(&CloseReason::Cancelled)]);
    assert!(pair.client.machine.is_done());
    assert!(transcript.written.is_empty());
}

#[test]
fn codes_and_reasons_that_can_not_be_sent() {
    let long = "é".repeat(100);
    for (code, reason, payload) in [
        (1005, "no code", Vec::new()),
        (1006, "", Vec::new()),
        (1015, "", Vec::new()),
        (999, "", Vec::new()),
        (2000, "", Vec::new()),
        (1000, "", vec![3, 0xE8]),
        (4999, "bye", b"\x13\x87bye".to_vec()),
        // 123 bytes are left, and a code point has two.
        (1000, &long, [b"\x03\xE8", "é".repeat(61).as_bytes()].concat()),
    ] {
        let config = Config::default().into();
        let seed = Seed::from([0; 16]);
        let mut machine = Machine::upgraded(Instant::START, Role::Server, config, seed);
        machine.close(Instant::START, code.into(), reason);
        let (frames, _) = decode_all(&take_outgoing(&mut machine));
        assert_eq!(frames, [Frame::new(opcode::CLOSE, &payload)], "{code}");
    }
}

#[test]
fn what_was_said_before_a_close_may_take_its_time() {
    let config = Config::default().outgoing_limit(1000);
    let mut machine =
        Machine::upgraded(Instant::START, Role::Server, config.into(), Seed::from([0; 16]));
    machine.send(Message::binary(vec![0; 10_000])).unwrap();
    machine.close(Instant::START, CloseCode::Normal, "");
    for second in 1..=9 {
        machine.outgoing().advance(1000);
        machine.handle_timeout(at(second * 1000));
        assert!(machine.poll(at(second * 1000)).is_none(), "{second}");
    }
    // Now the peer takes nothing any more.
    assert_eq!(machine.poll_timeout(), Some(at(10_000)));
    machine.handle_timeout(at(10_000));
    assert_eq!(machine.poll_timeout(), Some(at(15_000)), "some was taken since the last time");
    machine.handle_timeout(at(15_000));
    let end = machine.poll(at(15_000));
    assert!(matches!(end, Some(Event::Closed(CloseReason::CloseTimeout))), "{end:?}");
    assert!(machine.is_done());
}

#[test]
fn a_peer_that_drips_does_not_hold_a_close_for_ever() {
    let config = Config::default().outgoing_limit(1000);
    let mut machine =
        Machine::upgraded(Instant::START, Role::Server, config.into(), Seed::from([0; 16]));
    machine.send(Message::binary(vec![0; 10_000])).unwrap();
    machine.close(Instant::START, CloseCode::Normal, "");
    for second in 1..60 {
        machine.outgoing().advance(1);
        machine.handle_timeout(at(second * 1000));
        assert!(machine.poll(at(second * 1000)).is_none(), "{second}");
    }
    machine.outgoing().advance(1);
    machine.handle_timeout(at(60_000));
    let end = machine.poll(at(60_000));
    assert!(matches!(end, Some(Event::Closed(CloseReason::CloseTimeout))), "{end:?}");
    assert!(machine.is_done() && machine.outgoing_len() == 0);
}
