//! A server of `socker-tokio` that has no descriptors left, and is to end. It is a test, and a file, of its
//! own: the limit is that of the whole process.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs::File, net::TcpStream, os::fd::AsRawFd, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socker_core::{
    Message,
    service::{Context, PeerId, Service},
};
use socker_tokio::Server;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

struct Nothing;

impl Service for Nothing {
    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
}

/// The clock is paused: it goes straight to what is next, and is exact.
#[tokio::test(start_paused = true)]
async fn it_does_not_wait_for_its_next_attempt_to_accept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    let before = getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(next.try_into().unwrap()), ..before };
    setrlimit(Resource::Nofile, limit).unwrap();

    let server = Server::new(Nothing).start();
    let handle = server.clone();
    let serving = tokio::spawn(async move { server.serve(listener).await });
    // It has tried often, and its pauses are a second by now.
    sleep(Duration::from_millis(10_100)).await;
    assert_eq!(handle.connections(), 0);

    let begin = Instant::now();
    handle.drain(Duration::from_secs(5), "");
    serving.await.unwrap().unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
}
