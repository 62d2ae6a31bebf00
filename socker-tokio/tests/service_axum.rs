//! A service at a route of an axum server.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, mpsc},
    time::Duration,
};

use axum::{Router, serve::Listener};
use common::{Call, Probe, closed, next, soon};
use socker_core::{
    CloseCode, CloseReason, Config, Message,
    handshake::{Acceptance, Rejection, Request, Response},
    http::StatusCode,
    service::Budget,
};
use socker_tokio::{Connection, Error, Server, axum::mount, service::Handle};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time,
};

type Client = Connection<TcpStream>;

/// An axum server with a service at `/service`.
async fn host(server: &Handle<Probe>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().route("/service", mount(server.clone()));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn open(address: SocketAddr, path: &str) -> Result<Client, Error> {
    let request = Request::get(&format!("ws://{address}{path}")).unwrap();
    soon(socker_tokio::connect_with(&request, Arc::default())).await
}

fn refused(opened: Result<Client, Error>) -> Response {
    match opened {
        Err(Error::Closed(CloseReason::Refused(response))) => response,
        other => panic!("{:?}", other.map(drop)),
    }
}

#[tokio::test]
async fn the_service_decides_and_has_the_connection() {
    let (mut probe, mut told) = Probe::new();
    let (seen, requests) = mpsc::channel();
    probe.on_request = Box::new(move |request| {
        seen.send((request.path().to_owned(), request.address())).unwrap();
        Acceptance::default().with_subprotocol("b").into()
    });
    probe.on_opened = Box::new(|cx, peer, ()| cx.send(peer, Message::text("scene")));
    probe.on_message = Box::new(|cx, peer, message| cx.send(peer, message.clone()));
    let server = Server::new(probe).start();
    let address = host(&server).await;
    let request = Request::get(&format!("ws://{address}/service")).unwrap();
    let request = request.with_subprotocol("a").unwrap().with_subprotocol("b").unwrap();
    let mut client = soon(socker_tokio::connect_with(&request, Arc::default())).await.unwrap();
    assert_eq!(client.response().unwrap().subprotocol(), Some("b"));
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(requests.recv().unwrap(), ("/service".to_owned(), local));
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("scene"));
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("hello"));
    soon(client.close(CloseCode::Normal, "")).await;
    let Call::Request(peer) = next(&mut told).await else { panic!() };
    assert_eq!(next(&mut told).await, Call::Opened(peer));
    assert_eq!(next(&mut told).await, Call::Message(peer, b"hello".into()));
    assert!(matches!(next(&mut told).await, Call::Closed(closed, _) if closed == peer));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn what_is_not_served_has_its_status() {
    let (mut probe, mut told) = Probe::new();
    probe.on_request = Box::new(|request| {
        let rejection = Rejection::new(StatusCode::FORBIDDEN).with_text("not you\n");
        if request.query() == Some("other") {
            Acceptance::default().with_subprotocol("never offered").into()
        } else {
            rejection.with_header("X-Why", "because").unwrap().into()
        }
    });
    let server = Server::new(probe).start();
    let address = host(&server).await;
    assert_eq!(refused(open(address, "/elsewhere").await).status(), 404);
    assert!(told.try_recv().is_err(), "nobody was asked");

    let response = refused(open(address, "/service").await);
    assert_eq!((response.status().as_u16(), &response.body()[..]), (403, &b"not you\n"[..]));
    assert_eq!(response.headers()["x-why"], "because");
    assert!(matches!(next(&mut told).await, Call::Request(_)));

    assert_eq!(refused(open(address, "/service?other").await).status(), 500);
    let Call::Request(peer) = next(&mut told).await else { panic!("the first was told no more") };
    assert_eq!(next(&mut told).await, Call::Opened(peer));
    assert!(matches!(next(&mut told).await, Call::Closed(closed, _) if closed == peer));
    assert!(told.try_recv().is_err());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_limits_count() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().per_address(1).message_burst(2).message_rate(1);
    let config = Arc::new(Config::default().message_limit(100));
    let server = Server::new(probe).budget(budget).config(config).start();
    let address = host(&server).await;
    let mut client = open(address, "/service").await.unwrap();
    let response = refused(open(address, "/service").await);
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "10");
    for _ in 0..9 {
        client.send(Message::text("x")).await.unwrap();
    }
    assert_eq!(closed(&mut client).await.0, CloseCode::Policy);
    drop(client);
    while !matches!(next(&mut told).await, Call::Closed(..)) {}
    while server.connections() > 0 {
        tokio::task::yield_now().await;
    }
    let mut client = open(address, "/service").await.unwrap();
    client.send(Message::binary(vec![0; 101])).await.unwrap();
    assert_eq!(closed(&mut client).await.0, CloseCode::Size);
}

#[tokio::test]
async fn a_client_that_does_not_await_the_verdict_is_told_once() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let address = host(&server).await;
    let waiting = tokio::spawn(open(address, "/service"));
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.is_err());
    let gone = async {
        loop {
            tick.poll();
            match told.try_recv() {
                Ok(call) => break call,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let Call::Request(peer) = soon(gone).await else { panic!("it is the first") };
    assert_eq!(next(&mut told).await, Call::Opened(peer));
    let ended = async {
        while server.connections() > 0 {
            tick.poll();
            tokio::task::yield_now().await;
        }
    };
    soon(ended).await;
    assert!(matches!(told.try_recv(), Ok(Call::Closed(closed, _)) if closed == peer));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_request_that_is_not_decided_when_the_server_drains_is_answered() {
    let (probe, _told) = Probe::new();
    let config = Arc::new(Config::default().opening_timeout(None));
    let (server, mut tick) = Server::new(probe).config(config).start_ticked();
    let address = host(&server).await;
    let waiting = tokio::spawn(open(address, "/service"));
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    server.drain(Duration::from_secs(5), "restart");
    assert_eq!(refused(soon(waiting).await.unwrap()).status(), 503);
    tick.poll();
    soon(server.drained()).await;
}

#[tokio::test]
async fn a_request_over_which_the_service_panics_is_answered() {
    let (mut probe, mut told) = Probe::new();
    probe.on_request = Box::new(|_| panic!("as the test wants it"));
    let server = Server::new(probe).start();
    let address = host(&server).await;
    assert_eq!(refused(open(address, "/service").await).status(), 500);
    assert!(matches!(next(&mut told).await, Call::Request(_)));
    assert!(told.try_recv().is_err());
    assert_eq!(server.connections(), 0);
}

const REQUEST: &[u8] = b"GET /service HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Hands streams to axum as a listener does.
struct Pipes(UnboundedReceiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(pipe) => (pipe, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_response_does_not_stay() {
    for drain in [false, true] {
        let (probe, mut told) = Probe::new();
        let server = Server::new(probe).start();
        let (pipes, listener) = unbounded_channel();
        let app = Router::new().route("/service", mount(server.clone()));
        tokio::spawn(async move { axum::serve(Pipes(listener), app).await });
        // Less than the response.
        let (mut near, far) = duplex(16);
        pipes.send(far).unwrap();
        near.write_all(REQUEST).await.unwrap();
        next(&mut told).await;
        next(&mut told).await;
        let begin = time::Instant::now();
        if drain {
            server.drain(Duration::from_secs(5), "restart");
            soon(server.drained()).await;
        }
        assert!(matches!(next(&mut told).await, Call::Closed(..)));
        assert_eq!(begin.elapsed().as_secs(), if drain { 5 } else { 10 });
        drop(near);
    }
}
