//! Many clients at once on a runtime of four threads: each call of the service is in its place, and
//! each message arrives once and in order.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use common::soon;
use socker_core::{
    CloseCode, CloseReason, Instant, Message,
    handshake::Request,
    service::{Context, PeerId, Peers, Service, Verdict},
    wire::Frame,
};
use socker_tokio::{
    Server,
    service::{Handle, RunError},
};
use tokio::net::TcpListener;

const CLIENTS: u32 = 64;
/// Visits of each client, one after another.
const VISITS: u32 = 3;
/// Messages of a visit.
const MESSAGES: u32 = 20;

/// The first byte of a message; a visit and a number follow.
const SAY: u8 = 0;
const CLOSE_ME: u8 = 1;
const SAID: u8 = 2;

fn encode(kind: u8, visit: u32, number: u32) -> [u8; 9] {
    let mut bytes = [kind; 9];
    bytes[1..5].copy_from_slice(&visit.to_be_bytes());
    bytes[5..].copy_from_slice(&number.to_be_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> (u8, u32, u32) {
    let number = |at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (bytes[0], number(1), number(5))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Accepted,
    Open,
    Closing,
}

#[derive(Default)]
struct Checker {
    peers: Peers<State>,
    /// How many messages have come in each visit.
    received: HashMap<u32, u32>,
    /// The last job of each thread.
    jobs: HashMap<u32, u32>,
    now: Instant,
    opened: u32,
    closed: u32,
    wrong: Arc<Mutex<Vec<String>>>,
}

impl Checker {
    fn check(&mut self, cx: &Context<'_>, right: bool, what: &str, peer: PeerId) {
        if !right || cx.now() < self.now {
            let state = self.peers.get(peer);
            self.wrong.lock().unwrap().push(format!("{what} of {peer}, which was {state:?}"));
        }
        self.now = cx.now();
    }

    fn is(&self, peer: PeerId, state: State) -> bool {
        self.peers.get(peer) == Some(&state)
    }
}

impl Service for Checker {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &Request) -> Verdict {
        // Nobody else has its number.
        let before = self.peers.insert(peer, State::Accepted);
        self.check(cx, before.is_none(), "request", peer);
        Verdict::accept()
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.check(cx, self.is(peer, State::Accepted), "opened", peer);
        self.peers.insert(peer, State::Open);
        self.opened += 1;
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let (kind, visit, number) = decode(message.as_bytes());
        self.check(cx, self.is(peer, State::Open), "message", peer);
        if kind == CLOSE_ME {
            self.peers.insert(peer, State::Closing);
            return cx.close(peer, CloseCode::Normal, "as you like");
        }
        let received = self.received.entry(visit).or_default();
        let in_order = *received == number;
        *received += 1;
        self.check(cx, in_order, "order", peer);
        cx.send(peer, message);
        let others = self.peers.ids().filter(|&other| other != peer);
        cx.broadcast(others, Frame::binary(&encode(SAID, visit, number)));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        let known = self.peers.contains(peer);
        self.check(cx, known, "closed", peer);
        self.peers.remove(peer);
        self.closed += 1;
    }
}

/// One visit; how many messages it must have been heard to say, if that is certain.
async fn visit(address: SocketAddr, visit: u32) -> Option<u32> {
    let mut client = socker_tokio::connect(&format!("ws://{address}/")).await.unwrap();
    for number in 0..MESSAGES {
        client.send(Message::binary(&encode(SAY, visit, number)[..])).await.unwrap();
    }
    match visit % 4 {
        0 => {
            drop(client);
            return None;
        }
        1 => {
            let _ = client.close(CloseCode::Normal, "").await;
            return Some(MESSAGES);
        }
        2 => client.send(Message::binary(&encode(CLOSE_ME, visit, 0)[..])).await.unwrap(),
        _ => {}
    }
    let mut echoes = 0;
    let mut said = HashMap::new();
    while let Some(message) = client.recv().await {
        match decode(message.unwrap().as_bytes()) {
            (SAY, own, number) => {
                assert_eq!((own, number), (visit, echoes));
                echoes += 1;
                if echoes == MESSAGES && visit % 4 == 3 {
                    let reason = client.close(CloseCode::Normal, "").await;
                    assert!(reason.is_clean(), "{reason}");
                    break;
                }
            }
            (_, other, number) => {
                // From the first that it heard on, it hears all.
                let expected = said.insert(other, number).map_or(number, |before| before + 1);
                assert_eq!(number, expected, "of {other}");
            }
        }
    }
    assert_eq!(echoes, MESSAGES);
    Some(MESSAGES)
}

/// Does things with the service from a thread of its own, in order.
fn run_jobs(server: &Handle<Checker>, thread: u32) {
    for number in 0..500 {
        let mut job = Some(move |checker: &mut Checker, cx: &mut Context<'_>| {
            let before = checker.jobs.insert(thread, number);
            let in_order = before.map_or(0, |before| before + 1) == number;
            checker.check(cx, in_order, "job", PeerId::new(thread, 0));
        });
        while let Some(again) = job.take() {
            job = server.run(again).map_err(RunError::into_inner).err();
            if job.is_some() {
                thread::yield_now();
            }
        }
    }
}

async fn stress(server: Handle<Checker>, wrong: Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn({
        let server = server.clone();
        async move { server.serve(listener).await }
    });
    let threads = [0, 1, 2, 3].map(|number| {
        let server = server.clone();
        thread::spawn(move || run_jobs(&server, number))
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            tokio::spawn(async move {
                let mut heard = Vec::new();
                for number in 0..VISITS {
                    // Each client has visits of several kinds.
                    let id = (number * CLIENTS + client) * 4 + (client + number) % 4;
                    heard.push((id, soon(visit(address, id)).await));
                }
                heard
            })
        })
        .collect();
    let mut heard = Vec::new();
    for client in clients {
        heard.extend(soon(client).await.unwrap());
    }
    for thread in threads {
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    }
    server.drain(Duration::from_secs(10), "");
    soon(serving).await.unwrap().unwrap();
    let (told, result) = tokio::sync::oneshot::channel();
    let wrong_at_the_end = Arc::clone(&wrong);
    let count = move |checker: &mut Checker, _: &mut Context<'_>| {
        assert_eq!(checker.opened, CLIENTS * VISITS);
        assert_eq!(checker.closed, CLIENTS * VISITS);
        assert!(checker.peers.is_empty());
        assert_eq!(*wrong_at_the_end.lock().unwrap(), Vec::<String>::new());
        for (visit, expected) in heard {
            let received = checker.received.get(&visit).copied().unwrap_or_default();
            assert!(expected.is_none_or(|expected| expected == received), "{visit}: {received}");
        }
        assert!((0..4).all(|thread| checker.jobs[&thread] == 499));
        told.send(()).unwrap();
    };
    server.run(count).unwrap();
    soon(result).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn called_by_the_connections() {
    let wrong = Arc::default();
    let checker = Checker { wrong: Arc::clone(&wrong), ..Checker::default() };
    stress(Server::new(checker).start(), wrong).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn called_by_a_game() {
    let wrong = Arc::default();
    let checker = Checker { wrong: Arc::clone(&wrong), ..Checker::default() };
    let (server, mut tick) = Server::new(checker).start_ticked();
    let ended = Arc::new(AtomicBool::new(false));
    let game = thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            while !ended.load(Ordering::Relaxed) {
                tick.poll();
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    stress(server, wrong).await;
    ended.store(true, Ordering::Relaxed);
    tokio::task::spawn_blocking(|| game.join().unwrap()).await.unwrap();
}
