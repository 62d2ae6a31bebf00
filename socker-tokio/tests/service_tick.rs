//! A service on the thread of a game, which may stall.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::{Call, PIPE, Probe, REQUEST, closed, connect, open_ticked, settle, soon};
use socker_core::{CloseCode, CloseReason, Message, service::Budget};
use socker_tokio::{Error, Server, service::RunError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time,
};

#[tokio::test(start_paused = true)]
async fn a_server_is_drained_when_the_service_was_told_of_all() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let (mut client, peer) = open_ticked(&server, &mut tick, &mut told).await;
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
    open_ticked(&server, &mut tick, &mut told).await;
}

#[tokio::test(start_paused = true)]
async fn connections_end_with_its_thread() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let (mut client, _) = open_ticked(&server, &mut tick, &mut told).await;
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

#[tokio::test(start_paused = true)]
async fn jobs_of_other_threads_are_limited_and_given_back() {
    let (probe, _told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let done = Arc::new(AtomicUsize::new(0));
    let mut refused = Vec::new();
    std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| {
            let (server, done) = (server.clone(), Arc::clone(&done));
            scope.spawn(move || {
                let mut refused = Vec::new();
                for _ in 0..300 {
                    let done = Arc::clone(&done);
                    let act = move |_: &mut Probe, _: &mut socker_core::service::Context<'_>| {
                        done.fetch_add(1, Ordering::Relaxed);
                    };
                    match server.run(act) {
                        Ok(()) => {}
                        Err(error @ RunError::Full(_)) => refused.push(error.into_inner()),
                        Err(_) => panic!("there is no other reason"),
                    }
                }
                refused
            })
        });
        refused.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
    });
    assert_eq!(refused.len(), 1200 - 1024);
    tick.poll();
    assert_eq!(done.load(Ordering::Relaxed), 1024);
    for act in refused {
        server.run(act).map_err(|_| "there is room again").unwrap();
    }
    tick.poll();
    assert_eq!(done.load(Ordering::Relaxed), 1200);
}
