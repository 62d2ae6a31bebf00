//! A service that panics ends the connection whose input it handled, and no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use common::{Call, PIPE, Probe, connect, next, open, soon};
use socker_core::{
    Instant, Message,
    service::{Budget, Context, PeerId, Service},
};
use socker_tokio::Server;
use tokio::{sync::mpsc::UnboundedReceiver, time};

/// Panics at "panic", and sends everything else back.
fn fragile() -> (Probe, UnboundedReceiver<Call>) {
    let (mut probe, told) = Probe::new();
    probe.on_message = Box::new(|cx, peer, message| {
        assert!(message.as_bytes() != b"panic", "as the test wants it");
        cx.send(peer, message.clone());
    });
    (probe, told)
}

#[tokio::test(start_paused = true)]
async fn by_its_own_task() {
    let (probe, mut told) = fragile();
    let server = Server::new(probe).start();
    let (mut broken, peer) = open(&server, &mut told).await;
    let (mut other, _) = open(&server, &mut told).await;
    broken.send(Message::text("panic")).await.unwrap();
    assert!(soon(broken.recv()).await.unwrap().is_err());
    assert_eq!(next(&mut told).await, Call::Message(peer, b"panic".into()));
    assert!(matches!(next(&mut told).await, Call::Closed(closed, _) if closed == peer));
    other.send(Message::text("hello")).await.unwrap();
    assert_eq!(soon(other.recv()).await.unwrap().unwrap(), Message::text("hello"));
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn among_others_that_wait_with_it() {
    let (probe, mut told) = fragile();
    // A peer that says anything waits until it was heard.
    let server = Server::new(probe).budget(Budget::default().incoming(0)).start();
    let (mut clients, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (client, peer) = open(&server, &mut told).await;
        clients.push(client);
        peers.push(peer);
    }

    // Somebody else has the service while all of them say something.
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let other = thread::spawn({
        let server = server.clone();
        move || {
            let hold = move |_: &mut Probe, _: &mut Context<'_>| {
                entered.send(()).unwrap();
                released.recv().unwrap();
            };
            server.run(hold).unwrap();
        }
    });
    inside.recv().unwrap();
    for (client, text) in clients.iter_mut().zip(["first", "panic", "third"]) {
        client.send(Message::text(text)).await.unwrap();
    }
    // The clock moves when all tasks wait: what was sent is in the inbox by then.
    time::sleep(Duration::from_millis(100)).await;
    for client in [0, 2] {
        clients[client].send(Message::text("more")).await.unwrap();
    }
    release.send(()).unwrap();
    other.join().expect("it is not the one who has panicked");

    for (client, text) in [(0, "first"), (2, "third")] {
        for text in [text, "more"] {
            let message = soon(clients[client].recv()).await.unwrap().unwrap();
            assert_eq!(message, Message::text(text));
        }
    }
    assert!(soon(clients[1].recv()).await.unwrap().is_err());
    time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.connections(), 2);
    let mut closed = Vec::new();
    while let Ok(call) = told.try_recv() {
        closed.extend(if let Call::Closed(peer, _) = call { Some(peer) } else { None });
    }
    assert_eq!(closed, [peers[1]]);
}

#[tokio::test(start_paused = true)]
async fn in_what_another_thread_wants_of_it() {
    let (probe, mut told) = fragile();
    let server = Server::new(probe).start();
    let (mut client, _) = open(&server, &mut told).await;
    server.run(|_, _| panic!("as the test wants it")).unwrap();
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test(start_paused = true)]
async fn in_its_time() {
    struct Clock(Probe);

    impl Service for Clock {
        fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
            self.0.message(cx, peer, message);
        }

        fn timeout(&mut self, cx: &mut Context<'_>) {
            let is_first = self.0.next.is_some_and(|next| next.since(Instant::START).as_secs() < 5);
            self.0.timeout(cx);
            assert!(!is_first, "as the test wants it");
        }

        fn poll_timeout(&self) -> Option<Instant> {
            self.0.next
        }
    }

    let (probe, mut told) = fragile();
    let server = Server::new(Clock(probe)).start();
    let client = connect(&server, PIPE).await.unwrap();
    for seconds in [1, 10] {
        let at = server.now() + Duration::from_secs(seconds);
        server.run(move |clock, _| clock.0.next = Some(at)).unwrap();
        assert!(matches!(next(&mut told).await, Call::Timeout(_)), "it is still looked after");
    }
    server.drain(Duration::from_secs(5), "");
    soon(server.drained()).await;
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn on_the_thread_of_a_game_nothing_else_is_lost() {
    let (probe, mut told) = fragile();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let client = tokio::spawn({
            let server = server.clone();
            async move { connect(&server, PIPE).await.unwrap() }
        });
        time::sleep(Duration::from_millis(100)).await;
        tick.poll();
        clients.push(soon(client).await.unwrap());
    }
    for (client, text) in clients.iter_mut().zip(["first", "panic", "third"]) {
        client.send(Message::text(text)).await.unwrap();
        time::sleep(Duration::from_millis(100)).await;
    }
    assert!(catch_unwind(AssertUnwindSafe(|| tick.poll())).is_err(), "it is the game's own");
    tick.poll();
    assert_eq!(soon(clients[2].recv()).await.unwrap().unwrap(), Message::text("third"));
    while let Ok(call) = told.try_recv() {
        assert!(!matches!(call, Call::Closed(..)));
    }
}
