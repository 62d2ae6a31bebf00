//! `service::Host`: limits, pace, ids, draining, and what a service is told.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::io::{ErrorKind, IoSlice};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Buf;
use socker_core::handshake::{Acceptance, Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::service::host::{Entry, Excess, Roster, Runner, is_of_connection};
use socker_core::service::{Budget, Host, PeerId, Verdict};
use socker_core::wire::{Frame, MAX_HEADER};
use socker_core::{CloseCode, CloseReason, Config, Instant, Message, Seed};
use socker_tests::feed::transcribe;
use socker_tests::frames::{self, opcode};
use socker_tests::notes::{Notes, ask, frames, open, say, told, written};

const NOW: Instant = Instant::START;

fn at(millis: u64) -> Instant {
    Instant::at(Duration::from_millis(millis))
}

fn host(config: Config, budget: Budget) -> Host<Notes> {
    Host::with(Notes::default(), config.into(), budget)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn peer(index: u32, generation: u32) -> PeerId {
    PeerId::new(index, generation)
}

/// The status line and the `Retry-After` header of an HTTP answer.
fn status(answer: &[u8]) -> (String, Option<String>) {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let status = text.split(' ').nth(1).unwrap().to_owned();
    let mut lines = text.lines().map(str::to_lowercase);
    (status, lines.find_map(|line| Some(line.strip_prefix("retry-after: ")?.to_owned())))
}

fn send(host: &mut Host<Notes>, to: PeerId, len: usize) {
    host.run(NOW, |_, cx| cx.send(to, Message::binary(vec![7; len])));
}

fn send_droppable(host: &mut Host<Notes>, to: PeerId, len: usize) {
    host.run(NOW, |_, cx| cx.send_droppable(to, Message::binary(vec![7; len])));
}

/// Writes so many bytes to a peer.
fn write(host: &mut Host<Notes>, peer: PeerId, len: usize) {
    host.outgoing(peer).unwrap().advance(len);
}

fn codes(frames: &[frames::Frame]) -> Vec<u16> {
    frames.iter().filter_map(frames::Frame::close_code).collect()
}

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
fn too_many_connections() {
    let mut host = host(Config::default(), Budget::default().connections(2));
    open(&mut host, NOW);
    let second = open(&mut host, NOW);
    told(&mut host);
    let third = ask(&mut host, NOW, Some(address("10.0.0.1")));
    assert_eq!(host.len(), 2);
    let answer = written(&mut host, third);
    assert_eq!(status(&answer), ("503".to_owned(), Some("10".to_owned())));
    assert!(answer.ends_with(b"too many connections; try again later\n"));
    assert_eq!(told(&mut host), [] as [&str; 0], "the service does not know it");
    host.read_eof(NOW, third);
    host.remove(NOW, third);
    // There is room again.
    host.remove(NOW, second);
    let next = open(&mut host, NOW);
    assert_eq!(next, peer(1, 1));
}

#[test]
fn too_many_connections_from_one_address() {
    let budget = Budget::default().per_address(2);
    for (same, other) in [
        (["10.0.0.1", "10.0.0.1", "10.0.0.1"], "10.0.0.2"),
        (["10.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1"], "::ffff:10.0.0.2"),
        (["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::"], "2001:db8:1:3::1"),
        (["::ffff:0:10.0.0.1", "::ffff:0:10.0.0.2", "::1"], "0:0:0:1::1"),
    ] {
        let mut host = host(Config::default(), budget.clone());
        let welcome = same[..2].iter().map(|from| ask(&mut host, NOW, Some(address(from))));
        let welcome: Vec<_> = welcome.collect();
        for peer in &welcome {
            assert_eq!(status(&written(&mut host, *peer)).0, "101", "{same:?}");
        }
        let third = ask(&mut host, NOW, Some(address(same[2])));
        let answer = written(&mut host, third);
        assert_eq!(status(&answer), ("429".to_owned(), Some("10".to_owned())), "{same:?}");
        for from in [Some(address(other)), None, None, None] {
            let peer = ask(&mut host, NOW, from);
            assert_eq!(status(&written(&mut host, peer)).0, "101", "{other}");
        }
        // Who is turned away is not counted, and who leaves makes room.
        host.remove(NOW, third);
        let fourth = ask(&mut host, NOW, Some(address(same[2])));
        assert_eq!(status(&written(&mut host, fourth)).0, "429");
        host.remove(NOW, welcome[0]);
        let fifth = ask(&mut host, NOW, Some(address(same[2])));
        assert_eq!(status(&written(&mut host, fifth)).0, "101");
    }
}

#[test]
fn only_so_many_are_told_that_they_are_too_many() {
    let mut host = host(Config::default(), Budget::default().connections(1));
    open(&mut host, NOW);
    let turned_away: Vec<_> = (0..64).map(|_| host.accept(NOW, None).unwrap()).collect();
    assert_eq!(host.accept(NOW, None), None);
    assert_eq!(host.len(), 1);
    host.remove(NOW, turned_away[3]);
    assert_eq!(host.accept(NOW, None), Some(peer(4, 1)));
    assert_eq!(host.accept(NOW, None), None);
}

#[test]
fn a_roster_gives_numbers_again() {
    let (mut roster, budget) = (Roster::default(), Budget::default().connections(2).per_address(1));
    let home = Some(address("10.0.0.1"));
    assert_eq!(roster.enter(&budget, home), Entry::Welcome(peer(0, 0)));
    assert_eq!(roster.enter(&budget, home), Entry::TurnedAway(peer(1, 0), Excess::PerAddress));
    assert_eq!(roster.enter(&budget, None), Entry::Welcome(peer(2, 0)));
    assert_eq!(roster.enter(&budget, home), Entry::TurnedAway(peer(3, 0), Excess::Connections));
    for stale in [peer(0, 1), peer(4, 0), peer(u32::MAX, 0)] {
        roster.leave(stale);
        assert_eq!(roster.len(), 2);
    }
    roster.leave(peer(0, 0));
    roster.leave(peer(0, 0));
    assert_eq!(roster.len(), 1);
    assert_eq!(roster.enter(&budget, home), Entry::Welcome(peer(0, 1)));
    for peer in [peer(0, 1), peer(1, 0), peer(2, 0)] {
        roster.leave(peer);
    }
    assert_eq!((roster.is_empty(), roster.len()), (false, 0));
    roster.leave(peer(3, 0));
    assert!(roster.is_empty());
}

#[test]
fn stale_ids_reach_nobody() {
    let mut host = host(Config::default(), Budget::default());
    let old = open(&mut host, NOW);
    host.remove(NOW, old);
    let new = open(&mut host, NOW);
    assert_eq!((old.index(), new), (new.index(), peer(0, 1)));
    told(&mut host);
    host.run(NOW, |_, cx| {
        cx.send(old, Message::text("a"));
        cx.send_droppable(old, Message::text("b"));
        cx.broadcast([old, peer(7, 0)], Frame::text("c"));
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
fn too_many_messages_a_second() {
    let budget = Budget::default().message_rate(10).message_burst(3);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    // Three at once, and one for which the rate has time.
    for message in ["1", "2", "3"] {
        say(&mut host, NOW, client, message);
    }
    say(&mut host, at(100), client, "4");
    told(&mut host);
    assert!(frames(&mut host, client).is_empty());
    say(&mut host, at(199), client, "5");
    say(&mut host, at(1000), client, "6");
    assert_eq!(told(&mut host), [] as [&str; 0]);
    let sent = frames(&mut host, client);
    assert_eq!(codes(&sent), [1008]);
    assert_eq!(&sent[0].payload[2..], b"too many messages a second");
    send(&mut host, client, 5);
    assert!(frames(&mut host, client).is_empty());
    let close = frames::Frame::new(opcode::CLOSE, &1008_u16.to_be_bytes()).masked([0; 4]);
    host.read(at(1000), client, &mut close.encode());
    assert_eq!(told(&mut host), ["closed 0.0 closed by this side with code 1008"]);
}

#[test]
fn a_message_rate_that_is_kept() {
    let budget = Budget::default().message_rate(10).message_burst(1);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    for tenth in 0..100 {
        say(&mut host, at(tenth * 100), client, "tick");
    }
    assert_eq!(told(&mut host).len(), 102);
    assert!(frames(&mut host, client).is_empty());
}

#[test]
fn a_slow_peer_is_closed() {
    let mut host = host(Config::default().outgoing_limit(1000), Budget::default());
    let (slow, other) = (open(&mut host, NOW), open(&mut host, NOW));
    told(&mut host);
    send(&mut host, slow, 400);
    send(&mut host, slow, 400);
    send(&mut host, slow, 400);
    host.run(NOW, |_, cx| cx.broadcast([slow, other], Frame::text("all")));
    say(&mut host, NOW, slow, "wait");
    let sent = frames(&mut host, slow);
    assert_eq!(sent.iter().map(|frame| frame.payload.len()).collect::<Vec<_>>()[..2], [400, 400]);
    assert_eq!((sent.len(), codes(&sent)), (3, vec![1013]));
    assert_eq!(frames(&mut host, other).len(), 1);
    assert_eq!(told(&mut host), [] as [&str; 0], "it is told no more than the end");
    host.handle_timeout(at(5_000));
    // It took something since.
    host.handle_timeout(at(10_000));
    assert_eq!(told(&mut host), ["closed 0.0 the peer did not answer a close"]);
    assert!(host.is_done(slow));
}

#[test]
fn one_message_may_be_larger_than_the_limits() {
    let budget = Budget::default().outgoing(1000).droppable(0);
    let mut host = host(Config::default().outgoing_limit(1000), budget);
    let client = open(&mut host, NOW);
    send(&mut host, client, 5000);
    assert_eq!(frames(&mut host, client)[0].payload.len(), 5000);
    send_droppable(&mut host, client, 5000);
    assert_eq!(frames(&mut host, client)[0].payload.len(), 5000);
}

/// Up to the last byte, a message for which there is room is not lost, however it is sent.
#[test]
fn at_the_limit() {
    for len in [1, 125, 126, 4000, 65_536] {
        for spare in 0..20 {
            let limit = 100 + len + spare;
            let mut host = host(Config::default().outgoing_limit(limit), Budget::default());
            let all: Vec<_> = (0..3).map(|_| open(&mut host, NOW)).collect();
            for client in &all {
                send(&mut host, *client, 98);
            }
            host.run(NOW, |_, cx| {
                let bytes = vec![8; len];
                cx.broadcast([all[0]], Frame::binary(&bytes));
                cx.broadcast_droppable([all[1]], Frame::binary(&bytes));
                cx.send(all[2], Message::binary(bytes));
            });
            let fits = spare >= MAX_HEADER;
            let sent: Vec<_> = all.iter().map(|client| frames(&mut host, *client)).collect();
            assert_eq!(sent[1].len(), if fits { 2 } else { 1 }, "{len} and {spare}");
            for reliable in [&sent[0], &sent[2]] {
                assert_eq!(codes(reliable).is_empty(), fits, "{len} and {spare}");
                assert_eq!(reliable.len(), 2, "{len} and {spare}");
            }
        }
    }
}

#[test]
fn a_gap_is_told() {
    let mut host = host(Config::default(), Budget::default().droppable(1000));
    let client = open(&mut host, NOW);
    told(&mut host);
    for _ in 0..5 {
        // 404 with its header: the third finds 808 waiting, and the fourth too much.
        send_droppable(&mut host, client, 400);
    }
    assert_eq!(host.outgoing_len(), 3 * 404);
    // What must arrive does.
    send(&mut host, client, 10);
    write(&mut host, client, 404);
    host.handle_timeout(NOW);
    send_droppable(&mut host, client, 1);
    assert_eq!(told(&mut host), [] as [&str; 0], "more than half of the room is taken");
    write(&mut host, client, 404);
    assert!(host.poll_timeout().is_some_and(|timeout| timeout <= NOW));
    // Until the service knows, nothing comes after the gap.
    send_droppable(&mut host, client, 1);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), ["gap 0.0 4"]);
    send_droppable(&mut host, client, 2);
    let lens: Vec<_> = frames(&mut host, client).iter().map(|frame| frame.payload.len()).collect();
    assert_eq!(lens, [400, 10, 2]);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), [] as [&str; 0], "a gap is told once");
}

/// It would be told that what it sends now comes after the gap, and nothing comes any more.
#[test]
fn a_gap_before_the_end_is_not_told() {
    let budget = Budget::default().droppable(100).message_rate(1).message_burst(0);
    let mut host = host(Config::default(), budget);
    let client = open(&mut host, NOW);
    send(&mut host, client, 200);
    send_droppable(&mut host, client, 1);
    say(&mut host, NOW, client, "one");
    say(&mut host, NOW, client, "too many");
    told(&mut host);
    assert_eq!(codes(&frames(&mut host, client)), [1008]);
    host.handle_timeout(NOW);
    assert_eq!(told(&mut host), [] as [&str; 0]);
}

#[test]
fn all_peers_together_have_a_limit() {
    let budget = Budget::default().outgoing(2000);
    let mut host = host(Config::default(), budget);
    let (first, second, third) = (open(&mut host, NOW), open(&mut host, NOW), open(&mut host, NOW));
    told(&mut host);
    send(&mut host, first, 900);
    send(&mut host, second, 900);
    assert_eq!(host.outgoing_len(), 2 * 904);
    // Nothing waits for the third, so it gets one message.
    send(&mut host, third, 900);
    assert_eq!(host.outgoing_len(), 3 * 904);
    send_droppable(&mut host, second, 10);
    send(&mut host, first, 10);
    assert_eq!(codes(&frames(&mut host, first)), [1013]);
    // What is gone makes room: here by breaking, there by being written.
    host.broken(NOW, third);
    assert_eq!(host.outgoing_len(), 904);
    host.remove(NOW, third);
    send(&mut host, second, 900);
    assert_eq!(frames(&mut host, second).len(), 2);
    host.remove(NOW, second);
    assert_eq!(host.outgoing_len(), 0);
}

/// At the limit of all together, to the byte.
#[test]
fn all_peers_together_at_the_limit() {
    for (len, fits) in [(100, true), (101, false)] {
        let budget = Budget::default().outgoing(204 + 100 + MAX_HEADER);
        let mut host = host(Config::default(), budget);
        let peer = open(&mut host, NOW);
        send(&mut host, peer, 200);
        assert_eq!(host.outgoing_len(), 204);
        send(&mut host, peer, len);
        assert_eq!(codes(&frames(&mut host, peer)).is_empty(), fits, "{len}");
    }
}

#[test]
fn draining() {
    let mut host = host(Config::default(), Budget::default());
    let waiting = host.accept(NOW, None).unwrap();
    let client = open(&mut host, NOW);
    let silent = open(&mut host, NOW);
    send(&mut host, client, 3);
    told(&mut host);
    assert!(!host.is_draining());
    host.drain(NOW, at(3000), "new version");
    assert_eq!(host.accept(NOW, None), None);
    let request = Request::get("ws://a/").unwrap();
    assert_eq!(host.connect(NOW, Seed::from([1; 16]), &request), None);
    assert_eq!(status(&written(&mut host, waiting)).0, "503");
    for peer in [client, silent] {
        let sent = frames(&mut host, peer);
        assert_eq!(codes(&sent), [1001]);
        assert_eq!(&sent.last().unwrap().payload[2..], b"new version");
    }
    assert!(host.is_draining());
    say(&mut host, NOW, client, "not heard any more");
    let close = frames::Frame::new(opcode::CLOSE, &1001_u16.to_be_bytes()).masked([0; 4]);
    host.read(NOW, client, &mut close.encode());
    assert!(host.is_done(client));
    host.remove(NOW, client);
    assert_eq!(
        told(&mut host),
        ["closed 0.0 closed by this side with code 1001"]
            .map(|line| line.replace("0.0", &client.to_string()))
    );
    assert_eq!(host.poll_timeout(), Some(at(3000)));
    host.handle_timeout(at(2999));
    assert!(!host.is_drained());
    host.handle_timeout(at(3000));
    while let Some(peer) = host.next_changed() {
        assert!(host.is_done(peer));
        host.remove(at(3000), peer);
    }
    assert!(host.is_drained() && host.is_empty());
    let cut = format!("closed {silent} the connection ended without a close");
    assert_eq!(told(&mut host), [cut]);
}

/// The other end of a connection of the host's own.
fn answer(host: &mut Host<Notes>, peer: PeerId) -> Vec<u8> {
    let asked = written(host, peer);
    let server = socker_tests::calls::begin(socker_tests::calls::Start::Server);
    transcribe(server, [&asked[..]], false).written
}

#[test]
fn a_connection_of_the_hosts_own() {
    let mut host = host(Config::default(), Budget::default());
    let request = Request::get("ws://a/").unwrap();
    let server = host.connect(NOW, Seed::from([1; 16]), &request).unwrap();
    assert_eq!(host.len(), 1);
    send(&mut host, server, 5);
    let mut answer = answer(&mut host, server);
    assert_eq!(told(&mut host), [] as [&str; 0], "not before it is open");
    host.read(NOW, server, &mut answer);
    host.read(NOW, server, &mut b"\x81\x05hello".to_vec());
    assert_eq!(told(&mut host), ["opened 0.0", "message 0.0 hello"]);
    send(&mut host, server, 5);
    assert!(frames(&mut host, server)[0].key.is_some(), "a client masks");
    host.read_eof(NOW, server);
    assert_eq!(told(&mut host), ["closed 0.0 the connection ended without a close"]);
}

#[test]
fn a_connection_of_the_hosts_own_that_fails() {
    let request = Request::get("ws://a/").unwrap();
    let mut host = host(Config::default(), Budget::default().connections(1));
    let server = host.connect(NOW, Seed::from([1; 16]), &request).unwrap();
    assert_eq!(host.connect(NOW, Seed::from([2; 16]), &request), None);
    assert_eq!(host.len(), 1);
    host.read(NOW, server, &mut b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec());
    assert!(host.is_done(server));
    host.remove(NOW, server);
    assert!(host.is_empty() && told(&mut host).is_empty());
    let (failed, reason) = host.next_failed().unwrap();
    assert!(matches!(reason, CloseReason::Refused(_)), "{reason}");
    assert_eq!(failed, server);
    assert!(host.next_failed().is_none());
}

/// Only a connection that the program has begun is told as failed.
#[test]
fn a_client_that_fails_is_no_failure_of_the_hosts() {
    let mut host = host(Config::default(), Budget::default());
    let client = host.accept(NOW, None).unwrap();
    host.read(NOW, client, &mut b"nothing\r\n\r\n".to_vec());
    assert_eq!(status(&written(&mut host, client)).0, "405");
    host.remove(NOW, client);
    assert!(host.next_failed().is_none());
}

/// Nobody has to write or read for it to end: there is nothing to be said yet.
#[test]
fn a_connection_that_is_closed_before_it_is_open() {
    let request = Request::get("ws://a/").unwrap();
    let mut host = host(Config::default(), Budget::default());
    let server = host.connect(NOW, Seed::from([1; 16]), &request).unwrap();
    host.run(NOW, |_, cx| cx.close(server, CloseCode::Normal, "no longer needed"));
    assert_eq!(host.next_changed(), Some(server));
    assert!(host.is_done(server), "it can be dropped");
    assert!(told(&mut host).is_empty());
    // A client that has not asked yet is answered.
    let client = host.accept(NOW, None).unwrap();
    host.run(NOW, |_, cx| cx.close(client, CloseCode::Normal, "not now"));
    assert_eq!(status(&written(&mut host, client)).0, "503");
    host.read_eof(NOW, client);
    assert!(host.is_done(client) && told(&mut host).is_empty());
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

/// A peer that is closed for being too slow is not heard any more.
#[test]
fn what_a_peer_that_was_too_slow_says() {
    let mut host = host(Config::default().outgoing_limit(1000), Budget::default());
    let peer = open(&mut host, NOW);
    send(&mut host, peer, 900);
    send(&mut host, peer, 900);
    told(&mut host);
    say(&mut host, NOW, peer, "not heard any more");
    assert_eq!(told(&mut host), [] as [&str; 0]);
}

/// As many failures as are kept, the last ones.
#[test]
fn failures_that_nobody_asks_for() {
    let request = Request::get("ws://a/").unwrap();
    let mut host = host(Config::default(), Budget::default());
    let mut failed = Vec::new();
    for number in 0..1_100_u32 {
        let seed = Seed::from(u128::from(number).to_le_bytes());
        let server = host.connect(NOW, seed, &request).unwrap();
        host.remove(NOW, server);
        failed.push(server);
    }
    let told: Vec<_> = std::iter::from_fn(|| host.next_failed()).map(|(peer, _)| peer).collect();
    assert_eq!(told, failed[1_100 - 1_024..]);
}

/// Whoever closes a peer elsewhere than where its bytes are read can still be handed its messages.
#[test]
fn a_peer_that_is_closing_is_not_heard() {
    let mut runner = Runner::new(Notes::default());
    let peer = peer(0, 0);
    runner.opened(NOW, peer);
    runner.shut(peer);
    runner.message(NOW, peer, Message::text("late"));
    runner.closed(NOW, peer, &CloseReason::Eof);
    let told = runner.run(NOW, |notes, _| notes.take());
    assert_eq!(told, ["opened 0.0", "closed 0.0 the connection ended without a close"]);
}

/// After these a host accepts the next connection at once, after others it waits.
#[test]
fn errors_of_accepting() {
    let of_one = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    assert!(of_one.into_iter().all(is_of_connection));
    let of_all = [ErrorKind::OutOfMemory, ErrorKind::Other, ErrorKind::InvalidInput];
    assert!(!of_all.into_iter().any(is_of_connection));
}
