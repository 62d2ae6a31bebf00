//! A game's loop that stalls: the network goes on without it, within limits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use common::{Call, Client, PIPE, Probe, REQUEST, connect, next, open_ticked, settle, soon};
use socker_core::{
    CloseCode, Config, Message,
    handshake::Request,
    service::{Budget, PeerId},
};
use socker_tokio::{
    Server,
    service::{Handle, Tick},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc::UnboundedReceiver,
    time,
};

type Told = UnboundedReceiver<Call>;

/// A client by hand, which is open.
async fn open_raw(
    server: &Handle<Probe>,
    tick: &mut Tick<Probe>,
    told: &mut Told,
) -> (DuplexStream, PeerId) {
    let (mut near, far) = duplex(PIPE);
    let serve = server.clone();
    tokio::spawn(async move { serve.serve_connection(far, None).await });
    near.write_all(REQUEST).await.unwrap();
    settle().await;
    tick.poll();
    assert!(matches!(next(told).await, Call::Request(_)));
    let Call::Opened(peer) = next(told).await else { panic!("it is opened") };
    let mut response = [0; 129];
    near.read_exact(&mut response).await.unwrap();
    assert!(response.ends_with(b"\r\n\r\n"), "the response is of another length");
    (near, peer)
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_others_are_limited() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().connections(2);
    let config = Config::default().opening_timeout(None);
    let server = Server::new(probe).budget(budget).config(Arc::new(config));
    let (server, mut tick) = server.start_ticked();
    let (mut client, _) = open_raw(&server, &mut tick, &mut told).await;
    let second = tokio::spawn({
        let server = server.clone();
        async move { connect(&server, PIPE).await }
    });
    settle().await;
    assert_eq!(server.connections(), 2);
    assert!(connect(&server, PIPE).await.is_err(), "there are as many as may be");
    client.write_all(b"\x89\x82\0\0\0\0hi").await.unwrap();
    let mut pong = [0; 4];
    soon(client.read_exact(&mut pong)).await.unwrap();
    assert_eq!(&pong, b"\x8A\x02hi");
    assert!(told.try_recv().is_err());
    tick.poll();
    soon(second).await.unwrap().unwrap();
}

/// Sends messages with their number, of a kilobyte, until nobody takes them; how many there were.
async fn flood(client: &mut Client, from: u32) -> u32 {
    let mut number = from;
    loop {
        let message = Message::binary(number.to_be_bytes().repeat(256));
        // The clock moves when all wait.
        if time::timeout(Duration::from_millis(10), client.send(message)).await.is_err() {
            // It stays queued.
            return number + 1 - from;
        }
        number += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_meanwhile_is_limited_and_told_in_order() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().incoming(100_000);
    let (server, mut tick) = Server::new(probe).budget(budget).start_ticked();
    let (mut client, peer) = open_ticked(&server, &mut tick, &mut told).await;
    let sent = flood(&mut client, 0).await;
    // The budget, one read above it, and what the pipe and the client hold.
    assert!((80..150).contains(&sent), "{sent}");
    let mut waiting = 0;
    tick.poll();
    while let Ok(Call::Message(..)) = told.try_recv() {
        waiting += 1024;
    }
    assert!(waiting <= 100_000 + (16 << 10), "{waiting}");
    // It goes on from there, again and again.
    let mut expected: u32 = waiting / 1024;
    let mut sent = sent;
    for _ in 0..5 {
        sent += flood(&mut client, sent).await;
        tick.poll();
        while let Ok(call) = told.try_recv() {
            let message = expected.to_be_bytes().repeat(256);
            assert_eq!(call, Call::Message(peer, message));
            expected += 1;
        }
    }
    client.flush().await.unwrap();
    settle().await;
    tick.poll();
    while let Ok(Call::Message(..)) = told.try_recv() {
        expected += 1;
    }
    assert_eq!(expected, sent);
}

#[tokio::test(start_paused = true)]
async fn all_together_are_limited() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().incoming(100_000).incoming_total(150_000);
    let (server, mut tick) = Server::new(probe).budget(budget).start_ticked();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(open_ticked(&server, &mut tick, &mut told).await.0);
    }
    let mut sent = 0;
    for client in &mut clients {
        sent += flood(client, 0).await;
    }
    tick.poll();
    let mut waiting = 0;
    while let Ok(Call::Message(..)) = told.try_recv() {
        waiting += 1;
    }
    assert!((130..170).contains(&waiting), "{waiting}");
    // All are read from again.
    while waiting < sent {
        let flush = clients.iter_mut().map(|client| Box::pin(client.flush()));
        let _ =
            time::timeout(Duration::from_millis(10), futures_util::future::join_all(flush)).await;
        settle().await;
        tick.poll();
        let before = waiting;
        while let Ok(Call::Message(..)) = told.try_recv() {
            waiting += 1;
        }
        assert!(waiting > before, "{waiting} of {sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_not_read_from_ends_by_a_drain_and_by_the_service() {
    for drain in [true, false] {
        let (probe, mut told) = Probe::new();
        let budget = Budget::default().incoming(1000);
        let (server, mut tick) = Server::new(probe).budget(budget).start_ticked();
        let (mut client, peer) = open_ticked(&server, &mut tick, &mut told).await;
        flood(&mut client, 0).await;
        let begin = time::Instant::now();
        if drain {
            server.drain(Duration::from_secs(60), "restart");
        } else {
            tick.run(|_, cx| cx.close(peer, CloseCode::Normal, ""));
        }
        // It does not answer; nothing of it is needed but that.
        let ended = async {
            while server.connections() > 0 {
                settle().await;
                tick.poll();
            }
        };
        soon(ended).await;
        assert_eq!(begin.elapsed().as_secs(), 5, "the time of a Close");
        drop(client);
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_moved_to_another_task_is_woken_there() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) =
        Server::new(probe).budget(Budget::default().incoming(0)).start_ticked();
    let (near, far) = duplex(64 << 10);
    let mut serving = pin!(server.serve_connection(far, None));
    let mut poll = |waker: &Arc<Woken>| {
        let waker = Waker::from(Arc::clone(waker));
        assert_eq!(serving.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
    };
    let [first, second] = [(); 2].map(|()| Arc::new(Woken(AtomicBool::new(false))));
    let request = Request::get("ws://localhost/").unwrap();
    let connecting =
        tokio::spawn(async move { socker_tokio::client(near, &request, Arc::default()).await });
    settle().await;
    poll(&first);
    tick.poll();
    poll(&first);
    let mut client = soon(connecting).await.unwrap().unwrap();
    client.send(Message::text("one")).await.unwrap();
    poll(&first);
    client.send(Message::text("two")).await.unwrap();
    poll(&first);
    poll(&second);
    second.0.store(false, Ordering::Relaxed);
    tick.poll();
    assert!(second.0.load(Ordering::Relaxed), "there is room again");
    poll(&second);
    tick.poll();
    while next(&mut told).await != Call::Message(PeerId::new(0, 0), b"two".into()) {}
}
