//! Peers that do not keep up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use common::{Call, Client, Probe, closed, next, open, settle, soon};
use socker_core::{CloseCode, Config, Message, service::Budget, wire::Frame};
use socker_tokio::Server;

async fn receive(client: &mut Client) -> Vec<u8> {
    soon(client.recv()).await.unwrap().unwrap().into_bytes().to_vec()
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_is_told_once_and_exactly() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().droppable(10_000);
    let server = Server::new(probe).budget(budget).start();
    let (mut client, peer) = open(&server, &mut told).await;
    let position = |number: u8| {
        let message = Message::binary(vec![number; 1000]);
        server.run(move |_, cx| cx.send_droppable(peer, message)).unwrap();
    };
    (0..100).for_each(position);
    // What must arrive does, with the gap still open.
    server.run(move |_, cx| cx.send(peer, Message::text("must"))).unwrap();
    settle().await;
    assert!(told.try_recv().is_err(), "it does not keep up yet");

    let mut received = 0;
    loop {
        match receive(&mut client).await {
            message if message == b"must" => break,
            message => assert_eq!(message, [received; 1000]),
        }
        received += 1;
    }
    assert!((10..20).contains(&received), "{received}");
    assert_eq!(next(&mut told).await, Call::Gap(peer, 100 - u32::from(received)));
    position(200);
    assert_eq!(receive(&mut client).await[0], 200);
    settle().await;
    assert!(told.try_recv().is_err(), "it is told once");
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_is_late_for_nobody_but_the_one_who_does_not_read() {
    let (probe, mut told) = Probe::new();
    let config = Arc::new(Config::default().outgoing_limit(50_000));
    let server = Server::new(probe).config(config).start();
    let (mut stalled, first) = open(&server, &mut told).await;
    let (mut reader, second) = open(&server, &mut told).await;
    for number in 0..100u8 {
        let frame = Frame::binary(&[number; 1000]);
        server.run(move |_, cx| cx.broadcast([first, second], frame)).unwrap();
        assert_eq!(receive(&mut reader).await, [number; 1000]);
    }
    // It reads all that there was room for, and why it gets no more.
    let mut received = 0;
    while let Some(Ok(message)) = soon(stalled.recv()).await {
        assert_eq!(message.as_bytes(), [received; 1000]);
        received += 1;
    }
    assert!((40..60).contains(&received), "{received}");
    assert!(matches!(closed_by(&stalled), Some(CloseCode::Again)), "{:?}", stalled.close_reason());
    assert!(matches!(next(&mut told).await, Call::Closed(peer, _) if peer == first));
    assert_eq!(server.connections(), 1);
}

fn closed_by(client: &Client) -> Option<CloseCode> {
    match client.close_reason()? {
        socker_core::CloseReason::Peer { code, .. } => Some(*code),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn all_peers_together_are_limited() {
    let (probe, mut told) = Probe::new();
    let server = Server::new(probe).budget(Budget::default().outgoing(100_000)).start();
    let (_stalled, first) = open(&server, &mut told).await;
    let (mut second, peer) = open(&server, &mut told).await;
    server.run(move |_, cx| cx.send(first, Message::binary(vec![0; 100_000]))).unwrap();
    settle().await;
    // For whom nothing waits there is always room.
    for _ in 0..3 {
        server.run(move |_, cx| cx.send(peer, Message::binary(vec![1; 2000]))).unwrap();
        assert_eq!(receive(&mut second).await, [1; 2000]);
    }
    for _ in 0..3 {
        server.run(move |_, cx| cx.send(peer, Message::binary(vec![2; 3000]))).unwrap();
    }
    assert_eq!(closed(&mut second).await.0, CloseCode::Again);
    assert!(matches!(next(&mut told).await, Call::Closed(closed, _) if closed == peer));
    // What is gone counts no more.
    drop(_stalled);
    assert!(matches!(next(&mut told).await, Call::Closed(closed, _) if closed == first));
    let (mut third, peer) = open(&server, &mut told).await;
    for _ in 0..30 {
        server.run(move |_, cx| cx.send(peer, Message::binary(vec![3; 3000]))).unwrap();
    }
    for _ in 0..30 {
        assert_eq!(receive(&mut third).await, [3; 3000]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_behind_for_want_of_room_for_all_waits_until_something_moves() {
    let (mut probe, mut told) = Probe::new();
    let gaps = Arc::new(AtomicUsize::new(0));
    probe.on_gap = Box::new({
        let gaps = Arc::clone(&gaps);
        move |cx, peer, _| {
            // It must end somewhere.
            if gaps.fetch_add(1, Ordering::Relaxed) < 1000 {
                cx.send_droppable(peer, Message::binary(vec![3; 3000]));
            }
        }
    });
    let server = Server::new(probe).budget(Budget::default().outgoing(100_000)).start();
    let (_stalled, first) = open(&server, &mut told).await;
    let (mut second, peer) = open(&server, &mut told).await;
    server.run(move |_, cx| cx.send(peer, Message::binary(vec![1; 8000]))).unwrap();
    server.run(move |_, cx| cx.send(first, Message::binary(vec![0; 100_000]))).unwrap();
    settle().await;
    server.run(move |_, cx| cx.send_droppable(peer, Message::binary(vec![2; 3000]))).unwrap();
    settle().await;
    assert_eq!(gaps.load(Ordering::Relaxed), 0);
    assert_eq!(receive(&mut second).await, [1; 8000]);
    assert_eq!(receive(&mut second).await, [3; 3000]);
    settle().await;
    let gaps = gaps.load(Ordering::Relaxed);
    assert!((1..4).contains(&gaps), "{gaps}");
}
