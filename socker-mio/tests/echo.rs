//! A server on loopback, and what its clients get.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

mod support;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use socker_mio::core::{
    CloseCode, CloseReason, Config, Message,
    service::{Context, PeerId, Service},
};
use support::{Echo, PATIENCE, Server, listening, open, round_trips, says_hello};

/// A binary message of 60,000 bytes with a mask of zeros, which is not sent back.
fn ignored() -> Vec<u8> {
    [&b"\x82\xfe\xea\x60\0\0\0\0"[..], &[0; 60_000]].concat()
}

#[test]
fn echoes_and_closes() {
    let server = Server::new(Echo, Config::default());
    let texts = ["".to_owned(), "hello".to_owned(), "ü".repeat(40_000)];
    let reason = round_trips(server.address, &texts);
    assert!(matches!(reason, CloseReason::Local { answer: CloseCode::Normal, .. }), "{reason}");
    server.end();
}

/// Larger than all buffers on the way, so that each side has to wait for the other many times.
#[test]
fn large_messages_go_both_ways() {
    let config = Config::default().message_limit(16 << 20).outgoing_limit(16 << 20);
    let server = Server::new(Echo, config);
    let texts: Vec<_> = (1..=3).map(|size| "0123456789abcdef".repeat(size << 18)).collect();
    assert!(round_trips(server.address, &texts).is_clean());
    server.end();
}

#[test]
fn many_connections_at_once() {
    let server = Server::new(Echo, Config::default());
    let address = server.address;
    let mut sockets: Vec<_> = (0..600).map(|_| open(address)).collect();
    for socket in &mut sockets {
        socket.write_all(b"\x81\x85\0\0\0\0hello").unwrap();
    }
    for socket in sockets.iter_mut().rev() {
        let mut echo = [0; 7];
        socket.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"\x81\x05hello");
    }
    // Their numbers are given again.
    sockets.truncate(300);
    sockets.extend((0..300).map(|_| open(address)));
    sockets.iter_mut().for_each(says_hello);
    drop(sockets);
    server.end();
}

/// A client that takes nothing fills the buffers between it and the server.
#[test]
fn one_that_does_not_read_delays_nobody() {
    let server = Server::new(Echo, Config::default().outgoing_limit(64 << 20));
    let mut stalled = open(server.address);
    // A text of 1,024 bytes with a mask of zeros.
    let frame = [&b"\x81\xfe\x04\x00\0\0\0\0"[..], &[b'a'; 1_024]].concat();
    for _ in 0..16_000 {
        stalled.write_all(&frame).unwrap();
    }
    let texts: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    assert!(round_trips(server.address, &texts).is_clean());

    // Nothing was lost meanwhile.
    let mut echo = vec![0; 1_028];
    for _ in 0..16_000 {
        stalled.read_exact(&mut echo).unwrap();
        assert_eq!(echo[..4], *b"\x81\x7e\x04\x00");
    }
    drop(stalled);
    server.end();
}

/// A client that always has more to say than is read at once.
#[test]
fn one_that_sends_without_end_delays_nobody() {
    let server = Server::new(Echo, Config::default());
    let mut busy = open(server.address);
    let ended = busy.try_clone().unwrap();
    let sender = thread::spawn(move || {
        let frame = ignored();
        while busy.write_all(&frame).is_ok() {}
    });
    let texts: Vec<_> = (0..200).map(|number| number.to_string()).collect();
    assert!(round_trips(server.address, &texts).is_clean());
    ended.shutdown(Shutdown::Both).unwrap();
    sender.join().unwrap();
    server.end();
}

/// Counts what a peer sends until its end.
struct Count {
    messages: usize,
    ended: mpsc::Sender<(usize, String)>,
}

impl Service for Count {
    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {
        self.messages += 1;
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        self.ended.send((self.messages, reason.to_string())).unwrap();
    }
}

/// The end comes in one event with more bytes than are read in a turn.
#[test]
fn the_end_behind_many_bytes_is_seen() {
    let (ended, end) = mpsc::channel();
    let (mut events, address) = listening(Count { messages: 0, ended }, Config::default());
    let handle = events.handle();
    let mut socket = TcpStream::connect(address).unwrap();
    support::ask(&mut socket);
    let writer = thread::spawn(move || {
        for _ in 0..11 {
            socket.write_all(&ignored()).unwrap();
        }
        socket.shutdown(Shutdown::Write).unwrap();
        // The server ends it.
        let mut rest = Vec::new();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.read_to_end(&mut rest).unwrap();
    });
    // Let all that the buffers hold come before the first turn.
    thread::sleep(Duration::from_millis(100));
    let server = thread::spawn(move || events.run());
    let (messages, reason) = end.recv_timeout(PATIENCE).unwrap();
    assert_eq!((messages, reason.as_str()), (11, "the connection ended without a close"));
    writer.join().unwrap();
    handle.drain(PATIENCE, "");
    server.join().unwrap().unwrap();
}

#[test]
fn several_listeners_are_one_service() {
    let (mut events, first) = listening(Echo, Config::default());
    let second = events.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    let handle = events.handle();
    let server = thread::spawn(move || events.run());
    for address in [first, second, first] {
        assert!(round_trips(address, &["hello".to_owned()]).is_clean());
    }
    handle.drain(PATIENCE, "");
    server.join().unwrap().unwrap();
    assert!(TcpStream::connect(second).is_err(), "it does not listen any more");
}

/// A client that ends nothing by itself sees the server's end at once, and not when the time for its
/// own is over.
#[test]
fn the_end_of_writing_is_told() {
    let server = Server::new(Echo, Config::default().close_timeout(2 * PATIENCE));
    let mut socket = TcpStream::connect(server.address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    drop(socket);
    server.end();
}
