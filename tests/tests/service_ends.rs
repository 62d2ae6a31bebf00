//! `service::Host`: draining, and connections of its own, which may fail.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use socker_core::handshake::Request;
use socker_core::service::host::Runner;
use socker_core::service::{Budget, Host, PeerId};
use socker_core::{CloseCode, CloseReason, Config, Instant, Message, Seed};
use socker_tests::at;
use socker_tests::feed::transcribe;
use socker_tests::frames::{self, opcode};
use socker_tests::notes::{Notes, codes, frames, host, open, say, send, status, told, written};

const NOW: Instant = Instant::START;

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

/// Whoever closes a peer elsewhere than where its bytes are read can still be handed its messages.
#[test]
fn a_peer_that_is_closing_is_not_heard() {
    let mut runner = Runner::new(Notes::default());
    let peer = PeerId::new(0, 0);
    runner.opened(NOW, peer);
    runner.shut(peer);
    runner.message(NOW, peer, Message::text("late"));
    runner.closed(NOW, peer, &CloseReason::Eof);
    let told = runner.run(NOW, |notes, _| notes.take());
    assert_eq!(told, ["opened 0.0", "closed 0.0 the connection ended without a close"]);
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
