//! The time of a service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::time::Duration;

use common::{Call, PIPE, Probe, connect, next, soon};
use socker_core::{Instant, Message};
use socker_tokio::{Server, service::Handle};
use tokio::{sync::mpsc::UnboundedReceiver, time};

/// At most this late, which is what tokio's timers are.
const LATE: Duration = Duration::from_millis(2);

fn set(server: &Handle<Probe>, after: Duration) -> Instant {
    let at = server.now() + after;
    server.run(move |probe, _| probe.next = Some(at)).unwrap();
    at
}

async fn rings(told: &mut UnboundedReceiver<Call>, at: Instant) {
    let Call::Timeout(rang) = next(told).await else { panic!("it is the time") };
    assert!(rang >= at && rang.since(at) <= LATE, "{rang:?} for {at:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_told_on_time_whoever_sets_it() {
    let (mut probe, mut told) = Probe::new();
    probe.on_message = Box::new(|cx, peer, _| cx.send(peer, Message::text("set")));
    let server = Server::new(probe).start();
    let mut client = connect(&server, PIPE).await.unwrap();
    next(&mut told).await;
    next(&mut told).await;

    let at = set(&server, Duration::from_millis(1500));
    rings(&mut told, at).await;
    // Nearer in a later call, and later in a later call.
    set(&server, Duration::from_secs(3600));
    time::sleep(Duration::from_secs(1)).await;
    let at = set(&server, Duration::from_millis(20));
    rings(&mut told, at).await;
    set(&server, Duration::from_millis(20));
    let at = set(&server, Duration::from_secs(5));
    rings(&mut told, at).await;
    // Of a moment that is past.
    let at = server.now();
    time::sleep(Duration::from_secs(1)).await;
    server.run(move |probe, _| probe.next = Some(at)).unwrap();
    assert!(matches!(next(&mut told).await, Call::Timeout(_)));
    // Nobody turns meanwhile.
    client.send(Message::text("x")).await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("set"));
}

#[tokio::test(start_paused = true)]
async fn a_tick_tells_it() {
    let (mut probe, mut told) = Probe::new();
    let at = Instant::START + Duration::from_secs(1);
    probe.next = Some(at);
    let (_server, mut tick) = Server::new(probe).start_ticked();
    tick.poll();
    assert!(told.try_recv().is_err());
    time::sleep(Duration::from_millis(1001)).await;
    assert!(tick.poll() >= at);
    assert!(matches!(told.try_recv().unwrap(), Call::Timeout(_)));
}
