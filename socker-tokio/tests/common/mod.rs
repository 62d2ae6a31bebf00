//! What the tests of services share.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test may end at once")]

use std::{future::Future, sync::Arc, time::Duration};

use socker_core::{
    CloseCode, CloseReason, Instant, Message,
    handshake::Request,
    service::{Context, Gap, PeerId, Service, Verdict},
};
use socker_tokio::{
    Connection, Error,
    service::{Handle, Tick},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};

/// Bytes that a pipe holds.
pub(crate) const PIPE: usize = 4 << 10;

/// A request, for clients by hand.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) type Client = Connection<DuplexStream>;

/// What a service was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Request(PeerId),
    Opened(PeerId),
    Message(PeerId, Vec<u8>),
    Gap(PeerId, u32),
    Closed(PeerId, String),
    Timeout(Instant),
}

type Act<A> = Box<dyn FnMut(&mut Context<'_>, PeerId, A) + Send>;
type Hear = Box<dyn FnMut(&mut Context<'_>, PeerId, &Message<'_>) + Send>;

/// A service that tells all its calls on a channel, and acts as a test wants it to.
pub(crate) struct Probe {
    pub(crate) calls: UnboundedSender<Call>,
    pub(crate) on_request: Box<dyn FnMut(&Request) -> Verdict + Send>,
    pub(crate) on_opened: Act<()>,
    pub(crate) on_message: Hear,
    pub(crate) on_gap: Act<u32>,
    pub(crate) on_closed: Act<()>,
    /// Taken by the time-out.
    pub(crate) next: Option<Instant>,
}

impl Probe {
    pub(crate) fn new() -> (Self, UnboundedReceiver<Call>) {
        let (calls, told) = unbounded_channel();
        let probe = Self {
            calls,
            on_request: Box::new(|_| Verdict::accept()),
            on_opened: Box::new(|_, _, ()| {}),
            on_message: Box::new(|_, _, _| {}),
            on_gap: Box::new(|_, _, _| {}),
            on_closed: Box::new(|_, _, ()| {}),
            next: None,
        };
        (probe, told)
    }

    fn tell(&self, call: Call) {
        let _ = self.calls.send(call);
    }
}

impl Service for Probe {
    fn request(&mut self, _: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.tell(Call::Request(peer));
        (self.on_request)(request)
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.tell(Call::Opened(peer));
        (self.on_opened)(cx, peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.tell(Call::Message(peer, message.as_bytes().to_vec()));
        (self.on_message)(cx, peer, &message);
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.tell(Call::Gap(peer, gap.messages));
        (self.on_gap)(cx, peer, gap.messages);
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.tell(Call::Closed(peer, reason.to_string()));
        (self.on_closed)(cx, peer, ());
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if self.next.is_some_and(|next| next <= cx.now()) {
            self.next = None;
            self.tell(Call::Timeout(cx.now()));
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }
}

/// Opens a connection to a server over a pipe that holds so many bytes.
pub(crate) async fn connect<S>(handle: &Handle<S>, pipe: usize) -> Result<Client, Error>
where
    S: Service + Send + 'static,
{
    let (near, far) = duplex(pipe);
    let handle = handle.clone();
    tokio::spawn(async move { handle.serve_connection(far, None).await });
    let request = Request::get("ws://localhost/")?;
    socker_tokio::client(near, &request, Arc::default()).await
}

/// Opens a connection to a server that is ticked.
pub(crate) async fn open_ticked(
    server: &Handle<Probe>,
    tick: &mut Tick<Probe>,
    told: &mut UnboundedReceiver<Call>,
) -> (Client, PeerId) {
    let connecting = tokio::spawn({
        let server = server.clone();
        async move { connect(&server, PIPE).await }
    });
    settle().await;
    tick.poll();
    assert!(matches!(next(told).await, Call::Request(_)));
    let Call::Opened(peer) = next(told).await else { panic!("it is opened") };
    (soon(connecting).await.expect("it ends").expect("it is open"), peer)
}

/// Opens a connection to a server that calls its service at once.
pub(crate) async fn open(
    server: &Handle<Probe>,
    told: &mut UnboundedReceiver<Call>,
) -> (Client, PeerId) {
    let client = connect(server, PIPE).await.expect("it is open");
    assert!(matches!(next(told).await, Call::Request(_)));
    let Call::Opened(peer) = next(told).await else { panic!("it is opened") };
    (client, peer)
}

/// All that can happen without the clock, which is paused, has happened.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// A future of a test that is to be ready soon: by the real clock, or by one that is paused.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(60), future).await.expect("it is ready in time")
}

/// The next call that a service was told.
pub(crate) async fn next(told: &mut UnboundedReceiver<Call>) -> Call {
    soon(told.recv()).await.expect("the service is there")
}

/// The code and the words of the server's Close.
pub(crate) async fn closed<IO>(client: &mut Connection<IO>) -> (CloseCode, String)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match soon(client.recv()).await {
            Some(Ok(_)) => {}
            Some(Err(Error::Closed(CloseReason::Peer { code, reason }))) => return (code, reason),
            Some(Err(error)) => panic!("{error}"),
            None => match client.close_reason() {
                Some(CloseReason::Peer { code, reason }) => return (*code, reason.clone()),
                other => panic!("{other:?}"),
            },
        }
    }
}
