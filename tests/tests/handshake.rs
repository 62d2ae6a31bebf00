//! `vectors/requests.txt` and `vectors/responses.txt`: the opening handshake of both roles, however
//! its bytes are cut.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use socker_core::handshake::Request;
use socker_core::{CloseReason, Config, Instant, Machine, Seed};
use socker_tests::feed::{Transcript, take_outgoing, transcribe};
use socker_tests::split;
use socker_tests::vectors::{Vector, load};
use tungstenite::handshake::derive_accept_key;

fn server() -> Machine {
    Machine::server(Instant::START, Arc::new(Config::default()))
}

fn client() -> Machine {
    let request = Request::get("ws://a/").unwrap();
    let request = request.with_subprotocol("one").unwrap().with_subprotocol("two").unwrap();
    Machine::client(Instant::START, Config::default().into(), Seed::from([7; 16]), &request)
}

/// The `Sec-WebSocket-Accept` that belongs to the request of [`client`].
fn accept() -> String {
    let request = String::from_utf8(take_outgoing(&mut client())).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    derive_accept_key(key.as_bytes())
}

/// The name of the error, without what it says.
fn kind(reason: Option<&CloseReason>) -> String {
    match reason {
        Some(CloseReason::Handshake(error)) => {
            let text = format!("{error:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        }
        reason => format!("{reason:?}"),
    }
}

fn lines(written: &[u8]) -> Vec<&str> {
    let end = written.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head's end");
    str::from_utf8(&written[..end]).expect("ASCII").split("\r\n").collect()
}

fn check_server(vector: &Vector, transcript: &Transcript) {
    let name = vector.name();
    let outcome = vector.get("outcome").unwrap();
    if outcome == "waiting" {
        assert!(transcript.told.is_empty() && transcript.written.is_empty(), "{name}");
        return;
    }
    let written = lines(&transcript.written);
    for header in vector.all("header") {
        assert!(written.contains(&header), "{name}: no {header:?} in {written:?}");
    }
    if outcome != "accepted" {
        let (status, error) = outcome.split_once(' ').unwrap();
        let begin = format!("HTTP/1.1 {status} ");
        assert!(written[0].starts_with(&begin), "{name}: {written:?}");
        assert_eq!(kind(transcript.closed.as_ref()), error, "{name}");
        return;
    }
    assert_eq!(written[0], "HTTP/1.1 101 Switching Protocols", "{name}: {:?}", transcript.told);
    assert!(transcript.closed.is_none(), "{name}");
    let request = transcript.request.as_ref().unwrap();
    for (key, value) in vector.fields() {
        match key {
            "path" => assert_eq!(request.path(), value, "{name}"),
            "query" => assert_eq!(request.query(), Some(value), "{name}"),
            "host" => assert_eq!(request.host(), Some(value), "{name}"),
            "origin" => assert_eq!(request.origin(), Some(value), "{name}"),
            "subprotocols" => {
                let offered: Vec<&str> = request.subprotocols().collect();
                assert_eq!(offered, value.split(' ').collect::<Vec<_>>(), "{name}");
            }
            "cookie" => {
                let (cookie, value) = value.split_once('=').unwrap();
                assert_eq!(request.cookie(cookie), Some(value), "{name}");
            }
            _ => {}
        }
    }
}

fn check_client(vector: &Vector, transcript: &Transcript) {
    let name = vector.name();
    let closed = transcript.closed.as_ref();
    let outcome = vector.get("outcome").unwrap();
    match outcome.split_once(' ').unwrap_or((outcome, "")) {
        ("waiting", _) => return assert!(transcript.told.is_empty(), "{name}"),
        ("eof", _) => return assert!(matches!(closed, Some(CloseReason::Eof)), "{name}"),
        ("failed", error) => return assert_eq!(kind(closed), error, "{name}"),
        ("opened", _) => assert!(closed.is_none(), "{name}: {closed:?}"),
        ("refused", status) => {
            let Some(CloseReason::Refused(response)) = closed else {
                panic!("{name}: {closed:?}");
            };
            assert_eq!(response.status().as_str(), status, "{name}");
        }
        _ => panic!("{name}: no such outcome: {outcome}"),
    }
    let response = transcript.response.as_ref().unwrap();
    for (key, value) in vector.fields() {
        match key {
            "subprotocol" => assert_eq!(response.subprotocol(), Some(value), "{name}"),
            "body" => assert_eq!(response.body(), value, "{name}"),
            "header" => {
                let (header, value) = value.split_once(": ").unwrap();
                assert_eq!(response.header(header), Some(value), "{name}");
            }
            _ => {}
        }
    }
}

/// Checks all vectors of a file, in every split.
fn check(file: &str, machine: fn() -> Machine, check: fn(&Vector, &Transcript)) {
    let accept = accept();
    for vector in load(file) {
        let eof = vector.get("eof") == Some("yes");
        let (bytes, mark) = vector.head(&accept);
        let whole = transcribe(machine(), [&bytes[..]], eof);
        check(&vector, &whole);
        for pieces in split::every(&bytes) {
            let transcript = transcribe(machine(), pieces.iter().copied(), eof);
            let pieces: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(transcript.outcome(), whole.outcome(), "{}: {pieces:?}", vector.name());
        }
        if let Some(mark) = mark {
            let before = transcribe(machine(), [&bytes[..mark]], false);
            assert!(before.told.is_empty(), "{}: too early: {:?}", vector.name(), before.told);
            let proven = transcribe(machine(), [&bytes[..=mark]], false);
            check(&vector, &proven);
        }
    }
}

#[test]
fn requests() {
    check("requests.txt", server, check_server);
}

#[test]
fn responses() {
    check("responses.txt", client, check_client);
}

/// What a client's URI becomes on the wire, and what a server makes of that.
#[test]
fn request_uris() {
    for (uri, target, host) in [
        ("ws://a", "/", "a"),
        ("ws://a/", "/", "a"),
        ("wss://a:444/b/c?d=e&f", "/b/c?d=e&f", "a:444"),
        ("ws://a?b=c", "/?b=c", "a"),
        ("ws://[::1]:80/x", "/x", "[::1]:80"),
        ("ws://name:secret@a/", "/", "a"),
    ] {
        let request = Request::get(uri).unwrap_or_else(|error| panic!("{uri}: {error}"));
        let now = Instant::START;
        let mut client = Machine::client(now, server().config().clone(), [7; 16].into(), &request);
        let bytes = take_outgoing(&mut client);
        let written = lines(&bytes);
        assert_eq!(written[0], format!("GET {target} HTTP/1.1"), "{uri}");
        assert!(written.contains(&&*format!("Host: {host}")), "{uri}: {written:?}");
        let transcript = transcribe(server(), [&bytes[..]], false);
        assert!(transcript.written.starts_with(b"HTTP/1.1 101 "), "{uri}: {:?}", transcript.told);
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
        let received = transcript.request.unwrap();
        assert_eq!((received.path(), received.query()), (path, query), "{uri}");
        assert_eq!((request.path(), request.query()), (path, query), "{uri}");
    }
    for uri in ["", "a", "/a", "http://a/", "ws:///b", "ws://:80/", "ws://a/\u{e9}", "ws://a/b c"] {
        assert!(Request::get(uri).is_err(), "{uri:?} was taken");
    }
}

/// What is wrong in no single byte: no URI, and more lines, or a longer name, than any limits allow.
#[test]
fn what_no_limit_lets_pass() {
    let config = Arc::new(Config::default().header_limit(1000).opening_limit(1 << 20));
    let answer = |target: &str, lines: &str| {
        let request = format!("GET {target} HTTP/1.1\r\n{lines}\r\n");
        let server = Machine::server(Instant::START, Arc::clone(&config));
        let transcript = transcribe(server, [request.as_bytes()], false);
        let text = String::from_utf8(transcript.written).unwrap();
        let status = text.split(' ').nth(1).unwrap().to_owned();
        (status, text.lines().last().unwrap().to_owned())
    };
    let is = |status: &str, text: &str| (status.to_owned(), text.to_owned());
    let many = |lines: usize| "a: b\r\n".repeat(lines);
    assert_eq!(answer("http://[", &many(1)), is("400", "not an HTTP/1.1 head: request target"));
    assert_eq!(answer("/", &many(124)), is("400", "one Host header is needed"));
    assert_eq!(answer("/", &many(125)), is("431", "the head has too many header lines"));
    // Of two errors the first is told, also when all comes at once.
    assert_eq!(answer("", &many(125)), is("400", "not an HTTP/1.1 head: request target"));
    let long = |name: usize| format!("{}: b\r\n", "a".repeat(name));
    assert_eq!(answer("/", &long(65_535)), is("400", "one Host header is needed"));
    assert_eq!(answer("/", &long(65_536)), is("400", "not an HTTP/1.1 head: header name"));
}
