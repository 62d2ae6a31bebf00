//! The end of a server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{Call, PIPE, Probe, closed, connect, next, soon};
use socker_core::{CloseCode, CloseReason, Config, Message, wire::Frame};
use socker_tokio::{Error, Server};
use tokio::{
    io::{AsyncReadExt, duplex},
    net::{TcpListener, TcpStream},
    time,
};

#[tokio::test(start_paused = true)]
async fn all_are_told_and_nobody_is_taken_any_more() {
    let (probe, mut told) = Probe::new();
    let server = Server::new(probe).start();
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(connect(&server, PIPE).await.unwrap());
        next(&mut told).await;
        next(&mut told).await;
    }
    server.drain(Duration::from_secs(5), "restart");
    server.drain(Duration::ZERO, "the first call counts");
    for client in &mut clients {
        assert_eq!(closed(client).await, (CloseCode::Away, "restart".to_owned()));
    }
    soon(server.drained()).await;
    assert_eq!(server.connections(), 0);
    for _ in 0..3 {
        assert!(matches!(next(&mut told).await, Call::Closed(..)));
    }
    assert!(told.try_recv().is_err(), "each is told once");
    assert!(connect(&server, PIPE).await.is_err());
    assert!(told.try_recv().is_err(), "nobody was asked");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_connections_is_drained_at_once() {
    let (probe, _told) = Probe::new();
    let server = Server::new(probe).start();
    let drained = tokio::spawn({
        let server = server.clone();
        async move { server.drained().await }
    });
    tokio::task::yield_now().await;
    server.drain(Duration::MAX, "");
    soon(drained).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_arrives() {
    let (probe, mut told) = Probe::new();
    let server = Server::new(probe).start();
    let mut client = connect(&server, PIPE).await.unwrap();
    let Call::Request(peer) = next(&mut told).await else { panic!() };
    server.run(move |_, cx| cx.send(peer, Message::text("goodbye"))).unwrap();
    server.run(move |_, cx| cx.broadcast([peer], Frame::text("all"))).unwrap();
    server.drain(Duration::from_secs(5), "restart");
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("goodbye"));
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("all"));
    assert_eq!(closed(&mut client).await.0, CloseCode::Away);
}

/// One whose task is late has been closed with the others all the same.
#[tokio::test(start_paused = true)]
async fn nobody_hears_of_others_who_are_drained() {
    let (mut probe, mut told) = Probe::new();
    let peers = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&peers);
    probe.on_opened = Box::new(move |_, peer, ()| all.lock().unwrap().push(peer));
    probe.on_closed = Box::new(move |cx, _, ()| {
        for &peer in &*peers.lock().unwrap() {
            cx.send(peer, Message::text("one is gone"));
        }
    });
    let server = Server::new(probe).start();
    let mut prompt = connect(&server, PIPE).await.unwrap();
    let (near, far) = duplex(PIPE);
    let request = socker_core::handshake::Request::get("ws://localhost/").unwrap();
    let connecting =
        async move { socker_tokio::client(near, &request, Arc::default()).await.unwrap() };
    let client = tokio::spawn(connecting);
    let mut late = pin!(server.serve_connection(far, None));
    let opened = time::timeout(Duration::from_secs(1), &mut late).await;
    assert!(opened.is_err(), "it goes on");
    let mut client = client.await.unwrap();
    server.drain(Duration::from_secs(5), "restart");
    assert_eq!(closed(&mut prompt).await.0, CloseCode::Away);
    while !matches!(next(&mut told).await, Call::Closed(..)) {}
    let (heard, ()) = tokio::join!(soon(client.recv()), late);
    assert!(heard.is_none(), "{heard:?}");
    assert_eq!(closed(&mut client).await.0, CloseCode::Away);
}

/// Nor while some are not yet closed, which takes a while where there are many: the first have
/// answered by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_are_drained_nobody_hears_of_others() {
    let (mut probe, _told) = Probe::new();
    let peers = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&peers);
    probe.on_opened = Box::new(move |_, peer, ()| all.lock().unwrap().push(peer));
    probe.on_closed = Box::new(move |cx, _, ()| {
        cx.broadcast(peers.lock().unwrap().iter().copied(), Frame::text("one is gone"));
    });
    let server = Server::new(probe).start();
    let mut clients = Vec::new();
    for _ in 0..5_000 {
        let mut client = connect(&server, PIPE).await.unwrap();
        clients.push(tokio::spawn(async move {
            let heard = client.recv().await.transpose();
            let reason = client.close_reason().cloned();
            (heard, reason)
        }));
    }
    server.drain(Duration::from_secs(30), "restart");
    for client in clients {
        let (heard, reason) = soon(client).await.unwrap();
        assert!(matches!(heard, Ok(None)), "{heard:?}");
        assert!(
            matches!(reason, Some(CloseReason::Peer { code: CloseCode::Away, .. })),
            "{reason:?}"
        );
    }
    soon(server.drained()).await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_cuts_a_peer_that_does_not_answer() {
    let (mut probe, mut told) = Probe::new();
    // More than the pipe holds.
    probe.on_opened = Box::new(|cx, peer, ()| cx.send(peer, Message::binary(vec![0; 100_000])));
    // Without the drain it would have a day.
    let config = Config::default().close_timeout(Duration::from_secs(86_400));
    let server = Server::new(probe).config(Arc::new(config)).start();
    let stalled = connect(&server, PIPE).await.unwrap();
    next(&mut told).await;
    next(&mut told).await;
    let begin = time::Instant::now();
    server.drain(Duration::from_secs(7), "restart");
    server.drained().await;
    assert_eq!(begin.elapsed().as_secs(), 7);
    assert!(matches!(next(&mut told).await, Call::Closed(..)));
    drop(stalled);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_decided_is_answered() {
    let (probe, _told) = Probe::new();
    let (server, tick) = Server::new(probe).start_ticked();
    let (near, far) = duplex(PIPE);
    let request = socker_core::handshake::Request::get("ws://localhost/").unwrap();
    let client = tokio::spawn(async move {
        socker_tokio::client(near, &request, Arc::default()).await.map(drop)
    });
    let served = tokio::spawn({
        let server = server.clone();
        async move { server.serve_connection(far, None).await }
    });
    time::sleep(Duration::from_secs(1)).await;
    server.drain(Duration::from_secs(5), "restart");
    let refused = soon(client).await.unwrap();
    let Err(Error::Closed(CloseReason::Refused(response))) = refused else { panic!("{refused:?}") };
    assert_eq!(response.status(), 503);
    soon(served).await.unwrap();
    drop(tick);
}

#[tokio::test]
async fn listeners_are_served_until_all_connections_are_gone() {
    let (probe, _told) = Probe::new();
    let config = Config::default().close_timeout(Duration::from_secs(60));
    let server = Server::new(probe).config(Arc::new(config)).start();
    let (mut serving, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.clone();
        serving.push((address, tokio::spawn(async move { server.serve(listener).await })));
        clients.push(socker_tokio::connect(&format!("ws://{address}/")).await.unwrap());
    }
    server.drain(Duration::from_secs(30), "restart");
    for (address, _) in &serving {
        assert!(refuses(*address).await, "the listener is closed, or nobody is served there");
    }
    assert!(serving.iter().all(|(_, task)| !task.is_finished()), "two are still there");
    for client in &mut clients {
        while soon(client.recv()).await.is_some() {}
    }
    drop(clients);
    for (_, task) in serving {
        soon(task).await.unwrap().unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    soon(server.serve(listener)).await.unwrap();
}

async fn refuses(address: std::net::SocketAddr) -> bool {
    let connected: io::Result<TcpStream> = TcpStream::connect(address).await;
    match connected {
        Err(_) => true,
        Ok(mut stream) => matches!(soon(stream.read(&mut [0; 1])).await, Ok(0) | Err(_)),
    }
}
