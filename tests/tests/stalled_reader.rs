//! One sender, a hundred readers and one that never reads: nobody misses anything for it, and no host
//! needs much memory.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "of some other suite")]
mod hosts;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{self, Duration};

use bytes::Buf;
use hosts::{GameLoop, Mio, TokioTasks, TokioTick};
use socker_core::handshake::Request;
use socker_core::service::{Budget, Context, PeerId, Peers, Service};
use socker_core::wire::Frame;
use socker_core::{CloseCode, CloseReason, Config, Event, Instant, Machine, Message, Seed};
use socker_tests::hosts::{PATIENCE, Runs};

const READERS: u8 = 100;
const MESSAGE: usize = 16 << 10;
/// To all of them together.
const OFFERED: usize = 2 << 30;
/// What the sender is ahead of the slowest reader, at the most.
const WINDOW: u32 = 8;
/// Of this whole process, with all clients.
const MOST_MEMORY: usize = 64 << 20;

/// Everybody gets what anybody says.
#[derive(Default)]
struct FanOut {
    here: Peers<()>,
}

impl Service for FanOut {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.here.insert(peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, sender: PeerId, message: Message<'_>) {
        let others = self.here.ids().filter(|peer| *peer != sender);
        cx.broadcast(others, Frame::binary(message.as_bytes()));
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.here.remove(peer);
    }
}

struct Client {
    socket: TcpStream,
    machine: Machine,
    open: bool,
    /// Messages, each of which begins with its number.
    received: u32,
    closed: Option<CloseReason>,
}

impl Client {
    fn connect(address: SocketAddr, number: u8) -> Self {
        let request = Request::get(&format!("ws://{address}/")).unwrap();
        let seed = Seed::from([number; 16]);
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let machine = Machine::client(Instant::START, Arc::default(), seed, &request);
        Self { socket, machine, open: false, received: 0, closed: None }
    }

    fn write(&mut self) {
        let mut outgoing = self.machine.outgoing();
        while outgoing.has_remaining() {
            match self.socket.write(outgoing.chunk()) {
                Ok(written) => outgoing.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Reads once; false if nothing was there.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        let mut input = match self.socket.read(buffer) {
            Ok(len) => &mut buffer[..len],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(error) => panic!("{error}"),
        };
        assert!(!input.is_empty(), "the connection ended");
        while let Some(event) = self.machine.read(Instant::START, &mut input) {
            match event {
                Event::Opened(_) => self.open = true,
                Event::Message(message) => {
                    assert_eq!(message.as_bytes()[..4], self.received.to_be_bytes());
                    assert_eq!(message.len(), MESSAGE);
                    self.received += 1;
                }
                Event::Closed(reason) => self.closed = Some(reason),
                other => panic!("{other:?}"),
            }
        }
        true
    }
}

/// Reads from all until something holds of each.
fn read_until(clients: &mut [Client], holds: impl Fn(&Client) -> bool) {
    let mut buffer = vec![0; 256 << 10];
    let end = time::Instant::now() + PATIENCE;
    while !clients.iter().all(&holds) {
        let mut any = false;
        for client in &mut *clients {
            client.write();
            any |= client.read(&mut buffer);
        }
        let closed = clients.iter().find_map(|client| client.closed.as_ref());
        assert!(closed.is_none_or(|reason| reason.code() == CloseCode::Again), "{closed:?}");
        assert!(time::Instant::now() < end, "somebody waits");
        if !any {
            thread::sleep(Duration::from_micros(100));
        }
    }
}

/// The stalled one gets no more than fits between here and there.
fn offer<R: Runs>(name: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The stalled one is not cut before it reads what was on its way.
    let config = Config::default().close_timeout(4 * PATIENCE);
    let mut running = R::run(listener, FanOut::default(), config.into(), Budget::default());
    // The first one sends, the last one does not read.
    let mut clients: Vec<_> =
        (0..READERS + 2).map(|number| Client::connect(address, number)).collect();
    read_until(&mut clients, |client| client.open);
    let mut stalled = clients.split_off(1 + usize::from(READERS));
    let mut sender = clients.remove(0);

    let mut message = vec![7; MESSAGE];
    let count = u32::try_from(OFFERED / MESSAGE).unwrap() / u32::from(READERS + 1) + 1;
    for number in 0..count {
        message[..4].copy_from_slice(&number.to_be_bytes());
        sender.machine.send(Message::binary(&message)).unwrap();
        let begin = time::Instant::now();
        while sender.machine.outgoing_len() > 0 {
            sender.write();
            assert!(begin.elapsed() < PATIENCE, "the sender waits");
        }
        if number % WINDOW == WINDOW - 1 {
            read_until(&mut clients, |client| client.received > number);
        }
    }
    read_until(&mut clients, |client| client.received == count);

    assert!(clients.iter().all(|client| client.closed.is_none()));

    // What was on its way still arrives, and then the reason.
    read_until(&mut stalled, |client| client.closed.is_some());
    assert!(stalled[0].received < count, "it was never behind");

    drop((stalled, sender, clients));
    (running.drain)(Duration::from_secs(1), "done");
    running.thread.join().unwrap().unwrap();
    let most = most_memory();
    println!("{name}: {count} messages to each, at most {} KiB of memory", most >> 10);
    assert!(most < MOST_MEMORY, "{name}: {most} bytes");
}

/// The most memory that this process has had resident, in bytes.
fn most_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[test]
fn a_reader_that_stalls_costs_the_others_nothing() {
    offer::<Mio>("mio");
    offer::<TokioTasks>("tokio, its tasks");
    offer::<TokioTick>("tokio, a game's loop");
    offer::<GameLoop>("the core alone, in a game's loop");
}
