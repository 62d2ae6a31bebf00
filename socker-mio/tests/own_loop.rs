//! A loop inside a program's own, and from other threads.

#![expect(clippy::unwrap_used, reason = "a test may end at once")]

mod support;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use socker_mio::{
    EventLoop, RunError,
    core::{
        self, CloseCode, CloseReason, Config, Message,
        service::{Context, PeerId, Service},
    },
};
use support::{Echo, PATIENCE, Server, client, listening, open};

/// A client's, without a payload.
const PONG: &[u8] = b"\x8A\x80\0\0\0\0";

/// Remembers who is there.
#[derive(Default)]
struct Lobby {
    peers: Vec<PeerId>,
    ends: Vec<String>,
    rings: Option<core::Instant>,
    rang: usize,
}

impl Service for Lobby {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.peers.push(peer);
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        self.ends.push(reason.to_string());
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if self.rings.take_if(|at| *at <= cx.now()).is_some() {
            self.rang += 1;
        }
    }

    fn poll_timeout(&self) -> Option<core::Instant> {
        self.rings
    }
}

#[test]
fn zero_does_not_wait() {
    let (mut events, address) = listening(Lobby::default(), Config::default());
    let begin = Instant::now();
    for _ in 0..1_000 {
        events.poll(Some(Duration::ZERO)).unwrap();
    }
    // And with a connection that is idle, which has times of its own.
    let thread = thread::spawn(move || open(address));
    while events.service().peers.is_empty() {
        events.poll(Some(Duration::ZERO)).unwrap();
        thread::yield_now();
    }
    for _ in 0..1_000 {
        events.poll(Some(Duration::ZERO)).unwrap();
    }
    assert!(begin.elapsed() < PATIENCE);
    thread.join().unwrap();
}

#[test]
fn a_wait_ends_at_its_time_or_at_the_services() {
    let (mut events, _) = listening(Lobby::default(), Config::default());
    let begin = Instant::now();
    events.poll(Some(Duration::from_millis(50))).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(50));

    let at = events.now() + Duration::from_millis(50);
    events.with_service(|lobby, _| lobby.rings = Some(at));
    while events.service().rang == 0 {
        events.poll(None).unwrap();
    }
    assert!(events.now() >= at);
}

/// Holds the loop up once, while a peer answers in time.
#[derive(Default)]
struct Busy {
    peers: usize,
    answering: Option<TcpStream>,
    ends: usize,
}

impl Service for Busy {
    fn opened(&mut self, _: &mut Context<'_>, _: PeerId) {
        self.peers += 1;
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {
        if let Some(mut socket) = self.answering.take() {
            socket.write_all(PONG).unwrap();
            thread::sleep(Duration::from_millis(4_100));
        }
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, _: &CloseReason) {
        self.ends += 1;
    }
}

/// With so many peers.
fn busy(peers: usize, config: Config) -> (EventLoop<Busy>, Vec<TcpStream>) {
    let (mut events, address) = listening(Busy::default(), config);
    let thread = thread::spawn(move || (0..peers).map(|_| open(address)).collect());
    while events.service().peers < peers {
        events.poll(None).unwrap();
    }
    (events, thread.join().unwrap())
}

/// Turns until the peer is asked whether it is there.
fn until_pinged(events: &mut EventLoop<Busy>, socket: &mut TcpStream) {
    socket.set_nonblocking(true).unwrap();
    while socket.read(&mut [0; 2]).is_err() {
        events.poll(Some(Duration::from_millis(1))).unwrap();
    }
}

#[test]
fn nobody_is_late_whose_answer_waits_to_be_read() {
    let config = Config::default()
        .keep_alive(Some(Duration::from_millis(50)))
        .keep_alive_timeout(Duration::from_secs(4));
    let (mut events, sockets) = busy(2, config);
    let [mut asking, mut answering] = sockets.try_into().unwrap();
    until_pinged(&mut events, &mut answering);
    events.with_service(|busy, _| busy.answering = Some(answering.try_clone().unwrap()));
    asking.write_all(b"\x81\x80\0\0\0\0").unwrap();
    while events.service().answering.is_some() {
        events.poll(None).unwrap();
    }
    events.poll(Some(Duration::ZERO)).unwrap();
    assert_eq!(events.service().ends, 0);
}

/// More than a turn has events for, after a loop that stood still.
#[test]
fn nobody_of_a_crowd_is_late_whose_answer_waits_to_be_read() {
    let config = Config::default()
        .keep_alive(Some(Duration::from_millis(500)))
        .keep_alive_timeout(Duration::from_secs(8));
    let (mut events, mut sockets) = busy(300, config);
    for socket in &mut sockets {
        until_pinged(&mut events, socket);
    }
    for socket in &mut sockets {
        socket.write_all(PONG).unwrap();
    }
    thread::sleep(Duration::from_millis(8_500));
    for _ in 0..10 {
        events.poll(Some(Duration::ZERO)).unwrap();
    }
    assert_eq!(events.service().ends, 0);
}

#[test]
fn what_a_tick_sends_leaves_at_once() {
    let (mut events, address) = listening(Lobby::default(), Config::default());
    let thread = thread::spawn(move || open(address));
    while events.service().peers.is_empty() {
        events.poll(None).unwrap();
    }
    let mut socket = thread.join().unwrap();
    events.with_service(|lobby, cx| cx.send(lobby.peers[0], Message::text("tick")));
    // Without another poll.
    let mut frame = [0; 6];
    socket.read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x81\x04tick");
    assert_eq!((events.len(), events.is_empty()), (1, false));
}

/// More parts than one vectored write takes.
#[test]
fn many_large_messages_of_a_tick_arrive_in_order() {
    let (mut events, address) = listening(Lobby::default(), Config::default());
    let thread = thread::spawn(move || open(address));
    while events.service().peers.is_empty() {
        events.poll(None).unwrap();
    }
    let mut socket = thread.join().unwrap();
    events.with_service(|lobby, cx| {
        for number in 0..100 {
            cx.send(lobby.peers[0], Message::binary(vec![number; 8_192]));
        }
    });
    let reader = thread::spawn(move || {
        for number in 0..100 {
            let mut frame = [0; 8_196];
            socket.read_exact(&mut frame).unwrap();
            assert_eq!(frame[..4], *b"\x82\x7e\x20\0");
            assert!(frame[4..].iter().all(|byte| *byte == number));
        }
        socket
    });
    while !reader.is_finished() {
        events.poll(Some(Duration::from_millis(10))).unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn a_drained_loop_has_told_its_peers() {
    let server = Server::new(Lobby::default(), Config::default());
    let (socket, machine) = client(server.address, Config::default());
    let (opened, is_open) = mpsc::channel();
    let client = thread::spawn(move || {
        socker_tests::pump::pump(socket, machine, |_, _, _| opened.send(()).unwrap())
    });
    is_open.recv_timeout(PATIENCE).unwrap();
    let handle = server.handle.clone();
    server.end();
    match client.join().unwrap() {
        CloseReason::Peer { code, reason } => {
            assert_eq!((code, reason.as_str()), (CloseCode::Away, "the test ends"));
        }
        reason => panic!("{reason}"),
    }
    assert!(matches!(handle.run(|_, _| ()), Err(RunError::Gone(_))));
}

/// A peer that does not answer the Close is cut, long before the time that a Close has.
#[test]
fn a_drain_ends_at_its_deadline() {
    let config = Config::default().close_timeout(PATIENCE);
    let (mut events, address) = listening(Lobby::default(), config);
    let thread = thread::spawn(move || open(address));
    while events.service().peers.is_empty() {
        events.poll(None).unwrap();
    }
    let mut silent = thread.join().unwrap();
    let begin = Instant::now();
    events.drain(Duration::from_millis(200), "enough");
    assert!(!events.is_drained());
    assert!(events.listen(TcpListener::bind("127.0.0.1:0").unwrap()).is_err());
    events.run().unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert!(begin.elapsed() < PATIENCE);
    assert_eq!(events.service().ends, ["the connection ended without a close"]);
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\x88\x08\x03\xe9enough");
    // Nothing is waited for any more.
    events.poll(None).unwrap();
}

#[test]
fn an_empty_loop_is_drained_at_once() {
    let server = Server::new(Echo, Config::default());
    let address = server.address;
    server.end();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn another_thread_runs_on_the_loop_in_order() {
    let server = Server::new(Lobby::default(), Config::default());
    let (told, tell) = mpsc::channel();
    let mut socket = open(server.address);
    for number in 0..100 {
        let told = told.clone();
        server
            .handle
            .run(move |lobby, cx| {
                cx.send(lobby.peers[0], Message::text("hi"));
                told.send((number, thread::current().id())).unwrap();
            })
            .unwrap();
    }
    for number in 0..100 {
        let (told, thread) = tell.recv_timeout(PATIENCE).unwrap();
        assert_eq!(told, number);
        assert_ne!(thread, thread::current().id());
        let mut frame = [0; 4];
        socket.read_exact(&mut frame).unwrap();
        assert_eq!(&frame, b"\x81\x02hi");
    }
    drop(socket);
    server.end();
}

/// Nobody polls, so what is handed over stays.
#[test]
fn a_stalled_loop_gives_back_what_is_too_much() {
    let (mut events, _) = listening(Lobby::default(), Config::default());
    let handle = events.handle();
    for _ in 0..1_024 {
        handle.run(|lobby, _| lobby.rang += 1).unwrap();
    }
    let refused = handle.run(|lobby: &mut Lobby, _: &mut Context<'_>| lobby.rang += 1_000);
    let refused = match refused {
        Err(RunError::Full(act)) => act,
        other => panic!("{other:?}"),
    };
    // An end is not refused.
    handle.drain(Duration::ZERO, "");
    events.poll(None).unwrap();
    assert_eq!(events.service().rang, 1_024);
    assert!(events.is_drained());
    handle.run(refused).unwrap();
    events.poll(None).unwrap();
    assert_eq!(events.service().rang, 2_024);
    drop(events);
    assert!(matches!(handle.run(|_, _| ()), Err(RunError::Gone(_))));
}
