//! `service::Host`: what a service is told, ids, times, and what is to be written.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, IoSlice};
use std::time::Duration;

use bytes::Buf;
use socker_core::handshake::{Acceptance, Rejection};
use socker_core::http::StatusCode;
use socker_core::service::host::is_of_connection;
use socker_core::service::{Budget, PeerId, Verdict};
use socker_core::wire::Frame;
use socker_core::{CloseCode, Config, Instant, Message};
use socker_tests::at;
use socker_tests::frames::{self, opcode};
use socker_tests::notes::{address, ask, frames, host, open, say, send, status, told, written};

const NOW: Instant = Instant::START;

#[test]
fn what_a_service_is_told() {
    let mut host = host(Config::default(), Budget::default());
    let first = ask(&mut host, NOW, Some(address("10.0.0.1")));
    say(&mut host, NOW, first, "hello");
    let second = ask(&mut host, NOW, None);
    host.run(NOW, |_, cx| {
        cx.send(first, Message::text("to the first"));
        cx.close(second, CloseCode::Library(4000), "enough");
        cx.send(second, Message::text("too late"));
    });
    say(&mut host, NOW, second, "nobody listens");
    host.read_eof(NOW, first);
    say(&mut host, NOW, first, "from beyond");
    let close = frames::Frame::new(opcode::CLOSE, &4000_u16.to_be_bytes()).masked([0; 4]);
    host.read(NOW, second, &mut close.encode());
    assert_eq!(
        told(&mut host),
        [
            "request 0.0 /path from 10.0.0.1",
            "opened 0.0",
            "message 0.0 hello",
            "request 1.0 /path from nowhere",
            "opened 1.0",
            "closed 0.0 the connection ended without a close",
            "closed 1.0 closed by this side with code 4000",
        ]
    );
    assert!(written(&mut host, first).ends_with(b"\x81\x0Cto the first"));
    assert!(written(&mut host, second).ends_with(b"\x88\x08\x0F\xA0enough"));
}

/// Who is late is told from when the host has read last, and how long there is to answer from now on.
#[test]
fn a_host_that_has_not_read_takes_nobody_for_late() {
    let config = Config::default()
        .keep_alive(Some(Duration::from_secs(10)))
        .keep_alive_timeout(Duration::from_secs(5));
    let mut host = host(config, Budget::default());
    let peer = open(&mut host, NOW);
    told(&mut host);
    // It has read at 11 s, and the service took until 19 s.
    host.handle_due(at(11_000), at(19_000));
    assert_eq!(frames(&mut host, peer)[0].opcode, opcode::PING);
    assert_eq!(host.poll_timeout(), Some(at(24_000)));
    // What came by 23 s has been read, and it is 100 s by now.
    host.handle_due(at(23_000), at(100_000));
    assert!(told(&mut host).is_empty());
    assert_eq!(host.poll_timeout(), Some(at(24_000)));
    host.handle_due(at(24_000), at(100_000));
    let end = "closed 0.0 the peer was silent and did not answer a ping";
    assert_eq!(told(&mut host), [end]);
}

#[test]
fn a_request_that_is_rejected_is_never_opened() {
    let mut host = host(Config::default(), Budget::default());
    let rejection = Rejection::new(StatusCode::FORBIDDEN).with_text("not you");
    host.run(NOW, |notes, _| notes.verdict = Some(rejection.into()));
    let client = ask(&mut host, NOW, None);
    say(&mut host, NOW, client, "let me in");
    send(&mut host, client, 5);
    let answer = written(&mut host, client);
    assert_eq!(status(&answer).0, "403");
    assert!(answer.ends_with(b"\r\n\r\nnot you"));
    assert!(host.is_write_finished(client) && !host.is_done(client));
    host.read_eof(NOW, client);
    assert!(host.is_done(client));
    host.remove(NOW, client);
    assert_eq!(told(&mut host), ["request 0.0 /path from nowhere"]);
    assert!(host.is_empty());
}

#[test]
fn a_subprotocol_that_was_not_offered() {
    let mut host = host(Config::default(), Budget::default());
    let verdict = Acceptance::default().with_subprotocol("three");
    host.run(NOW, |notes, _| notes.verdict = Some(verdict.into()));
    let client = ask(&mut host, NOW, None);
    let answer = written(&mut host, client);
    assert_eq!(status(&answer).0, "500");
    assert!(answer.ends_with(b"the subprotocol \"three\" was not offered\n"));
    let told = told(&mut host);
    let rejected = "closed 0.0 rejected with 500 Internal Server Error";
    assert_eq!(told, ["request 0.0 /path from nowhere", "opened 0.0", rejected]);
    // One that was.
    let verdict: Verdict = Acceptance::default().with_subprotocol("two").into();
    host.run(NOW, |notes, _| notes.verdict = Some(verdict));
    let client = ask(&mut host, NOW, None);
    let answer = String::from_utf8(written(&mut host, client)).unwrap().to_lowercase();
    assert!(answer.contains("\r\nsec-websocket-protocol: two\r\n"), "{answer}");
}

#[test]
fn stale_ids_reach_nobody() {
    let mut host = host(Config::default(), Budget::default());
    let old = open(&mut host, NOW);
    host.remove(NOW, old);
    let new = open(&mut host, NOW);
    assert_eq!((old.index(), new), (new.index(), PeerId::new(0, 1)));
    told(&mut host);
    host.run(NOW, |_, cx| {
        cx.send(old, Message::text("a"));
        cx.send_droppable(old, Message::text("b"));
        cx.broadcast([old, PeerId::new(7, 0)], Frame::text("c"));
        cx.close(old, CloseCode::Normal, "d");
    });
    say(&mut host, NOW, old, "e");
    host.read_eof(NOW, old);
    host.broken(NOW, old);
    host.remove(NOW, old);
    assert!(host.outgoing(old).is_none() && !host.wants_read(old));
    assert!(host.is_done(old) && host.is_write_finished(old));
    assert_eq!((told(&mut host), frames(&mut host, new)), (vec![], vec![]));
    assert!(host.wants_read(new) && host.len() == 1);
}

#[test]
fn a_service_has_a_time_of_its_own() {
    let mut host = host(Config::default().keep_alive(None), Budget::default());
    host.run(NOW, |notes, _| notes.timeout = Some(at(100)));
    assert_eq!(host.poll_timeout(), Some(at(100)));
    host.handle_timeout(at(99));
    host.handle_timeout(at(100));
    host.handle_timeout(at(101));
    assert_eq!(told(&mut host), ["timeout +100ms"]);
    assert_eq!(host.poll_timeout(), None);
}

#[test]
fn changes_are_named_once() {
    let mut host = host(Config::default(), Budget::default());
    let (first, second) = (open(&mut host, NOW), open(&mut host, NOW));
    while host.next_changed().is_some() {}
    host.run(NOW, |_, cx| {
        for _ in 0..3 {
            cx.broadcast([second, first], Frame::text("a"));
        }
    });
    let mut changed = [host.next_changed().unwrap(), host.next_changed().unwrap()];
    changed.sort();
    assert_eq!((changed, host.next_changed()), ([first, second], None));
    send(&mut host, first, 1);
    send(&mut host, second, 1);
    assert!(host.take_changed(second) && !host.take_changed(second));
    host.remove(NOW, first);
    assert_eq!(host.next_changed(), None);
}

/// What is written at once is what is there, part by part.
#[test]
fn what_waits_in_several_parts() {
    let mut host = host(Config::default(), Budget::default());
    let peer = open(&mut host, NOW);
    for _ in 0..3 {
        send(&mut host, peer, 50_000);
    }
    let mut outgoing = host.outgoing(peer).unwrap();
    let mut slices = [IoSlice::new(&[]); 8];
    let count = outgoing.chunks_vectored(&mut slices);
    let parts: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
    assert!(count > 1, "{count}");
    assert_eq!(outgoing.copy_to_bytes(outgoing.remaining()), parts);
}

/// Peers that come and go leave their times behind; those of the others still come.
#[test]
fn times_of_peers_that_are_gone() {
    let mut host =
        host(Config::default().keep_alive(Some(Duration::from_secs(10))), Budget::default());
    let stays = open(&mut host, NOW);
    for _ in 0..200 {
        let goes = open(&mut host, NOW);
        host.remove(NOW, goes);
    }
    host.handle_timeout(at(9_999));
    assert_eq!(frames(&mut host, stays), []);
    host.handle_timeout(at(10_000));
    assert_eq!(frames(&mut host, stays)[0].opcode, opcode::PING);
}

/// After these a host accepts the next connection at once, after others it waits.
#[test]
fn errors_of_accepting() {
    let of_one = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    assert!(of_one.into_iter().all(is_of_connection));
    let of_all = [ErrorKind::OutOfMemory, ErrorKind::Other, ErrorKind::InvalidInput];
    assert!(!of_all.into_iter().any(is_of_connection));
}
