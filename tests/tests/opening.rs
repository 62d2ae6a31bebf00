//! Two machines on a simulated network: the opening, its times, and what comes too early.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::panic)]

use socker_core::handshake::{Acceptance, HandshakeError, Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::{AnswerError, CloseReason, Config, Event, Instant, Machine, Message, Refusal};
use socker_tests::at;
use socker_tests::calls::REQUEST;
use socker_tests::feed::{Told, Transcript, take_outgoing};
use socker_tests::frames::{Frame, opcode};
use socker_tests::pair::{Answer, Network, Pair};

fn pair(client: Config, server: Config) -> Pair {
    let request = Request::get("ws://server/arena?team=red").unwrap();
    let request = request.with_subprotocol("arena-1").unwrap();
    Pair::new(Network::default(), client, server, &request)
}

/// Has no deadline of its own, so that the server's can be seen.
fn patient() -> Config {
    Config::default().opening_timeout(None)
}

fn text(text: &str) -> Vec<u8> {
    Frame::new(opcode::TEXT, text.as_bytes()).masked([1, 2, 3, 4]).encode()
}

#[test]
fn accepted_with_a_subprotocol_and_a_header() {
    let mut pair = pair(Config::default(), Config::default());
    let acceptance = Acceptance::default().with_subprotocol("arena-1");
    pair.answer = Answer::Accept(acceptance.with_header("Set-Cookie", "name=Ada").unwrap());
    let early = pair.client.machine.send(Message::text("early")).unwrap_err();
    assert_eq!((early.refusal, early.message), (Refusal::Opening, Message::text("early")));
    pair.run_until(at(20));
    assert!(pair.client.machine.is_open() && pair.server.machine.is_open());
    let response = pair.client.transcript.response.as_ref().unwrap();
    assert_eq!(response.subprotocol(), Some("arena-1"));
    assert_eq!(response.header("set-cookie"), Some("name=Ada"));
    assert_eq!(response.headers()["upgrade"], "websocket");
    let request = pair.server.transcript.request.as_ref().unwrap();
    assert_eq!((request.path(), request.query()), ("/arena", Some("team=red")));
}

#[test]
fn rejected_with_status_headers_and_body() {
    let mut pair = pair(Config::default(), Config::default());
    let rejection = Rejection::new(StatusCode::UNAUTHORIZED);
    let rejection = rejection.with_header("WWW-Authenticate", "Cookie").unwrap();
    pair.answer = Answer::Reject(rejection.with_text("log in first"));
    pair.run();
    let Some(CloseReason::Refused(response)) = &pair.client.transcript.closed else {
        panic!("{:?}", pair.client.transcript.closed);
    };
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.header("www-authenticate"), Some("Cookie"));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.body(), "log in first");
    let closed = pair.server.transcript.closed.as_ref();
    assert!(matches!(closed, Some(CloseReason::Rejected(StatusCode::UNAUTHORIZED))));
    assert_eq!((pair.server.closed_at, pair.client.closed_at), (Some(at(10)), Some(at(20))));
    assert!(pair.server.machine.is_done() && pair.client.machine.is_done());
}

#[test]
fn a_request_that_is_late_is_told_so() {
    let mut pair = pair(patient(), Config::default());
    pair.client.stalled = true;
    assert_eq!(pair.server.machine.poll_timeout(), Some(at(10_000)));
    pair.run_until(at(9999));
    assert_eq!(pair.server.transcript.told, []);
    pair.run_until(at(20_000));
    assert_eq!(pair.server.closed_at, Some(at(10_000)));
    assert!(matches!(pair.server.transcript.closed, Some(CloseReason::OpeningTimeout)));
    let Some(CloseReason::Refused(response)) = &pair.client.transcript.closed else {
        panic!("{:?}", pair.client.transcript.closed);
    };
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert_eq!(pair.client.closed_at, Some(at(10_010)));
}

#[test]
fn an_opening_without_a_deadline_has_no_time() {
    let pair = pair(patient(), patient());
    assert_eq!(pair.client.machine.poll_timeout(), None);
    assert_eq!(pair.server.machine.poll_timeout(), None);
}

#[test]
fn a_request_that_nobody_decides_is_refused() {
    let mut pair = pair(patient(), Config::default());
    pair.answer = Answer::Hold;
    pair.run_until(at(20_000));
    assert_eq!(pair.server.closed_at, Some(at(10_000)));
    assert!(matches!(pair.server.transcript.closed, Some(CloseReason::OpeningTimeout)));
    let Some(CloseReason::Refused(response)) = &pair.client.transcript.closed else {
        panic!("{:?}", pair.client.transcript.closed);
    };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let late = pair.held.take().unwrap();
    let answered = pair.server.machine.accept(pair.now, late, Acceptance::default());
    assert!(matches!(answered, Err(AnswerError::NotPending(_))));
}

#[test]
fn a_decision_just_in_time() {
    let mut pair = pair(patient(), Config::default());
    pair.answer = Answer::Hold;
    pair.run_until(at(9999));
    let incoming = pair.held.take().unwrap();
    pair.server.machine.accept(pair.now, incoming, Acceptance::default()).unwrap();
    pair.run_until(at(11_000));
    assert!(pair.client.machine.is_open() && pair.server.machine.is_open());
}

#[test]
fn a_client_does_not_wait_for_ever() {
    let mut pair = pair(Config::default(), patient());
    pair.answer = Answer::Hold;
    pair.run_until(at(20_000));
    assert_eq!(pair.client.closed_at, Some(at(10_000)));
    assert!(matches!(pair.client.transcript.closed, Some(CloseReason::OpeningTimeout)));
    assert!(pair.client.machine.is_done());
    // The server learns it from the end of the connection.
    let incoming = pair.held.take().unwrap();
    pair.server.machine.reject(pair.now, incoming, &Rejection::new(StatusCode::OK)).unwrap();
    pair.run();
    assert!(pair.server.machine.is_done());
}

#[test]
fn the_wrong_subprotocol_can_be_answered_again() {
    let mut pair = pair(Config::default(), Config::default());
    pair.answer = Answer::Hold;
    pair.run_until(at(10));
    let incoming = pair.held.take().unwrap();
    let wrong = Acceptance::default().with_subprotocol("arena-2");
    let error = pair.server.machine.accept(pair.now, incoming, wrong).unwrap_err();
    let AnswerError::Subprotocol { incoming, error } = error else { panic!("{error:?}") };
    assert_eq!(error.name, "arena-2");
    pair.server.machine.accept(pair.now, incoming, Acceptance::default()).unwrap();
    pair.run_until(at(100));
    assert!(pair.client.machine.is_open());
}

/// A server that has told a request, and been given `early` after it.
fn deciding(early: &[&[u8]]) -> (Machine, socker_core::handshake::Incoming) {
    let mut server = Machine::server(Instant::START, Config::default().into());
    let mut request = REQUEST.as_bytes().to_vec();
    let Some(Event::Incoming(incoming)) = server.read(Instant::START, &mut &mut request[..]) else {
        panic!("no request");
    };
    assert!(!server.wants_read());
    for piece in early {
        assert!(server.read(Instant::START, &mut &mut piece.to_vec()[..]).is_none());
    }
    (server, incoming)
}

#[test]
fn what_comes_before_the_decision_is_told_after_it() {
    let early = [text("one"), text("two"), text("three")].concat();
    let expected = ["one", "two", "three", "four"].map(|t| Told::Message(Message::text(t)));
    for cut in 0..early.len() {
        let (mut server, incoming) = deciding(&[&early[..cut / 2], &early[cut / 2..cut]]);
        server.accept(Instant::START, incoming, Acceptance::default()).unwrap();
        let mut transcript = Transcript::default();
        let rest = [&early[cut..], &text("four")].concat();
        transcript.feed(&mut server, Instant::START, &rest);
        assert_eq!(transcript.told, expected, "{cut}");
    }
}

#[test]
fn what_comes_before_the_decision_is_judged_after_it() {
    let (mut server, incoming) = deciding(&[&text("one"), b"\x81\x00", &text("never")]);
    server.accept(Instant::START, incoming, Acceptance::default()).unwrap();
    let mut transcript = Transcript::default();
    transcript.feed(&mut server, Instant::START, &[]);
    assert_eq!(transcript.messages().count(), 1);
    assert!(matches!(transcript.closed, Some(CloseReason::Violation(_))));
    server.read_eof(Instant::START);
    transcript.feed(&mut server, Instant::START, &text("late"));
    assert_eq!(transcript.told.len(), 2);
    assert!(server.is_done());
}

#[test]
fn a_client_that_says_something_and_ends_before_the_decision_is_heard() {
    let (mut server, incoming) = deciding(&[&text("one"), &text("two")]);
    server.read_eof(Instant::START);
    server.accept(Instant::START, incoming, Acceptance::default()).unwrap();
    let mut transcript = Transcript::default();
    transcript.feed(&mut server, Instant::START, &[]);
    assert_eq!(transcript.messages().count(), 2);
    assert!(matches!(transcript.closed, Some(CloseReason::Eof)));
    assert!(server.is_done());
}

#[test]
fn too_much_before_the_decision() {
    let (mut server, incoming) = deciding(&[&vec![0x81; 16 << 10]]);
    let mut transcript = Transcript::default();
    transcript.feed(&mut server, Instant::START, &[0x81]);
    let closed = transcript.closed.as_ref();
    assert!(matches!(closed, Some(CloseReason::Handshake(HandshakeError::EarlyData))));
    assert!(transcript.written.starts_with(b"HTTP/1.1 400 "));
    assert!(server.accept(Instant::START, incoming, Acceptance::default()).is_err());
}

#[test]
fn another_machines_request_is_given_back() {
    let (mut server, incoming) = deciding(&[]);
    let mut other = Machine::server(Instant::START, Config::default().into());
    let error = other.accept(Instant::START, incoming, Acceptance::default()).unwrap_err();
    let AnswerError::NotPending(incoming) = error else { panic!("{error:?}") };
    // One that has asked as well, with a key of its own.
    let request = REQUEST.replace("dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAA==");
    let mut request = request.into_bytes();
    assert!(matches!(other.read(Instant::START, &mut &mut request[..]), Some(Event::Incoming(_))));
    let rejection = Rejection::new(StatusCode::FORBIDDEN);
    let error = other.reject(Instant::START, incoming, &rejection).unwrap_err();
    let AnswerError::NotPending(incoming) = error else { panic!("{error:?}") };
    server.accept(Instant::START, incoming, Acceptance::default()).unwrap();
    assert!(take_outgoing(&mut server).starts_with(b"HTTP/1.1 101 "));
}
