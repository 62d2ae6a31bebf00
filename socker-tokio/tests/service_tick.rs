//! A service on the thread of a game, which may stall.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::time::Duration;

use common::{Call, Client, PIPE, Probe, closed, connect, next, soon};
use socker_core::{
    CloseCode, CloseReason, Message,
    service::{Budget, PeerId},
};
use socker_tokio::{
    Error, Server,
    service::{Handle, Tick},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    sync::mpsc::UnboundedReceiver,
    time,
};

type Told = UnboundedReceiver<Call>;

/// All that can happen without the clock has happened.
async fn settle() {
    time::sleep(Duration::from_millis(1)).await;
}

async fn open(server: &Handle<Probe>, tick: &mut Tick<Probe>, told: &mut Told) -> (Client, PeerId) {
    let connecting = tokio::spawn({
        let server = server.clone();
        async move { connect(&server, PIPE).await }
    });
    settle().await;
    tick.poll();
    assert!(matches!(next(told).await, Call::Request(_)));
    let Call::Opened(peer) = next(told).await else { panic!("it is opened") };
    (soon(connecting).await.unwrap().unwrap(), peer)
}

#[tokio::test(start_paused = true)]
async fn a_server_is_drained_when_the_service_was_told_of_all() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let (mut client, peer) = open(&server, &mut tick, &mut told).await;
    client.send(Message::text("last")).await.unwrap();
    settle().await;
    server.drain(Duration::from_secs(5), "");
    closed(&mut client).await;
    settle().await;
    let mut ticks = 0;
    while !tick.is_drained() {
        tick.poll();
        ticks += 1;
        assert!(ticks < 10);
    }
    soon(server.drained()).await;
    assert_eq!(told.try_recv().unwrap(), Call::Message(peer, b"last".into()));
    assert!(matches!(told.try_recv(), Ok(Call::Closed(..))));
    assert!(told.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn clients_that_come_and_go_while_it_stalls_are_limited() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().connections(10);
    let (server, mut tick) = Server::new(probe).budget(budget).start_ticked();
    let mut refused = 0;
    for _ in 0..200 {
        let (mut near, far) = duplex(PIPE);
        let connection = tokio::spawn({
            let server = server.clone();
            async move { server.serve_connection(far, None).await }
        });
        near.write_all(REQUEST).await.unwrap();
        settle().await;
        if connection.is_finished() {
            continue;
        }
        near.shutdown().await.unwrap();
        let mut answer = String::new();
        // Who is turned away is told so, without the service; who is not is gone.
        if time::timeout(Duration::from_secs(1), near.read_to_string(&mut answer)).await.is_ok() {
            refused += u32::from(answer.starts_with("HTTP/1.1 503 "));
        }
        drop(near);
        connection.abort();
        let _ = connection.await;
    }
    assert_eq!(refused, 190);
    tick.poll();
    let (mut requests, mut closes) = (0, 0);
    while let Ok(call) = told.try_recv() {
        requests += u32::from(matches!(call, Call::Request(_)));
        closes += u32::from(matches!(call, Call::Closed(..)));
    }
    assert_eq!((requests, closes), (10, 10), "what waited was limited");
    assert_eq!(server.connections(), 0);
    open(&server, &mut tick, &mut told).await;
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn connections_end_with_its_thread() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let (mut client, _) = open(&server, &mut tick, &mut told).await;
    let waiting = tokio::spawn({
        let server = server.clone();
        async move { connect(&server, PIPE).await.map(drop) }
    });
    settle().await;
    drop(tick);
    assert_eq!(closed(&mut client).await.0, CloseCode::Away);
    let refused = soon(waiting).await.unwrap();
    let Err(Error::Closed(CloseReason::Refused(response))) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 503);
    drop(client);
    soon(server.drained()).await;
    assert!(connect(&server, PIPE).await.is_err());
    assert_eq!(told.recv().await, None, "nothing holds the service");
}
