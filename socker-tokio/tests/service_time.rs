//! The time of a service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

use common::{Call, PIPE, Probe, connect, next, soon};
use socker_core::{
    Instant, Message,
    handshake::Request,
    service::{Context, PeerId, Service},
};
use socker_tokio::{Server, service::Handle};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, duplex},
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::mpsc::UnboundedReceiver,
    time,
};

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

/// A service whose time has always come.
struct Restless(u32);

impl Service for Restless {
    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}

    fn timeout(&mut self, _: &mut Context<'_>) {
        self.0 += 1;
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(Instant::START)
    }
}

#[tokio::test(start_paused = true)]
async fn it_does_not_keep_all_others_from_going_on() {
    let server = Server::new(Restless(0)).start();
    let client = soon(connect(&server, PIPE)).await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    let (told, asked) = std::sync::mpsc::channel();
    server.run(move |service, _| told.send(service.0).unwrap()).unwrap();
    assert!((100..2000).contains(&asked.recv().unwrap()), "every millisecond at the most");
    drop(client);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn it_goes_on_when_the_runtime_that_was_first_ends() {
    let (probe, mut told) = Probe::new();
    let server = Server::new(probe).start();
    let (first, second) = (runtime(), runtime());
    let clients =
        [&first, &second].map(|runtime| runtime.block_on(connect(&server, PIPE)).unwrap());
    while told.try_recv().is_ok() {}
    drop(first);
    second.block_on(async {
        assert!(matches!(next(&mut told).await, Call::Closed(..)));
        let after = Duration::from_secs(3);
        set(&server, after);
        assert!(matches!(next(&mut told).await, Call::Timeout(_)));
        server.drain(Duration::from_secs(5), "");
        soon(server.drained()).await;
    });
    drop(clients);
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_is_gone() {
    let (probe, mut told) = Probe::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(probe).start();
    let serving = tokio::spawn(async move { server.serve(listener).await });
    let client = soon(socker_tokio::connect(&format!("ws://{address}/"))).await.unwrap();
    next(&mut told).await;
    next(&mut told).await;
    // The connection is the last to hold the server.
    serving.abort();
    assert!(soon(serving).await.is_err());
    time::sleep(Duration::from_millis(1)).await;
    drop(client);
    assert!(matches!(next(&mut told).await, Call::Closed(..)));
    assert_eq!(soon(told.recv()).await, None, "the service is dropped");
    let metrics = tokio::runtime::Handle::current().metrics();
    let ended = async {
        while metrics.num_alive_tasks() > 0 {
            time::sleep(Duration::from_millis(1)).await;
        }
    };
    time::timeout(Duration::from_secs(5), ended).await.expect("the keeper ends too");
}

/// Before each read somebody else comes to the service.
struct Interrupted<IO>(IO, Handle<Probe>);

impl<IO: AsyncRead + Unpin> AsyncRead for Interrupted<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::thread::sleep(Duration::from_millis(1));
        let seen =
            |probe: &mut Probe, cx: &mut Context<'_>| probe.calls.send(Call::Timeout(cx.now()));
        self.1.run(move |probe, cx| drop(seen(probe, cx))).unwrap();
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Interrupted<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn it_never_goes_back() {
    let (mut probe, mut told) = Probe::new();
    let calls = probe.calls.clone();
    probe.on_message = Box::new(move |cx, peer, message| {
        calls.send(Call::Timeout(cx.now())).unwrap();
        cx.send(peer, message.clone());
    });
    let server = Server::new(probe).start();
    let (near, far) = duplex(PIPE);
    tokio::spawn({
        let server = server.clone();
        async move { server.serve_connection(Interrupted(far, server.clone()), None).await }
    });
    let request = Request::get("ws://localhost/").unwrap();
    let mut client = socker_tokio::client(near, &request, Arc::default()).await.unwrap();
    for _ in 0..3 {
        client.send(Message::text("x")).await.unwrap();
        soon(client.recv()).await.unwrap().unwrap();
    }
    let mut times = Vec::new();
    while let Ok(call) = told.try_recv() {
        times.extend(if let Call::Timeout(now) = call { Some(now) } else { None });
    }
    assert!(times.len() > 6 && times.is_sorted(), "{times:?}");
}
