//! What all connections together may use, and what the service decides.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{net::IpAddr, sync::Arc, time::Duration};

use common::{Call, Client, PIPE, Probe, REQUEST, closed, connect, next, open, settle, soon};
use socker_core::{
    CloseCode, CloseReason, Message,
    handshake::{Acceptance, Rejection, Request, Response},
    http::StatusCode,
    service::{Budget, Context, PeerId, Router, Service},
};
use socker_tokio::{Error, Server, service::Handle};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time,
};

async fn connect_to<S>(
    server: &Handle<S>,
    uri: &str,
    address: Option<IpAddr>,
) -> Result<Client, Response>
where
    S: Service + Send + 'static,
{
    let (near, far) = duplex(PIPE);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(far, address).await });
    match soon(socker_tokio::client(near, &Request::get(uri).unwrap(), Arc::default())).await {
        Err(Error::Closed(CloseReason::Refused(response))) => Err(response),
        opened => Ok(opened.unwrap()),
    }
}

async fn from(server: &Handle<Probe>, address: &str) -> Result<Client, Response> {
    connect_to(server, "ws://localhost/", Some(address.parse().unwrap())).await
}

#[tokio::test(start_paused = true)]
async fn connections_are_limited_by_number_and_by_address() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().connections(4).per_address(2);
    let server = Server::new(probe).budget(budget).start();
    let first = from(&server, "10.0.0.1").await.unwrap();
    let _second = from(&server, "10.0.0.1").await.unwrap();
    let response = from(&server, "::ffff:10.0.0.1").await.unwrap_err();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "10");
    let text = "too many connections from your address; try again later\n";
    assert_eq!(response.body(), text.as_bytes());

    let _third = from(&server, "2001:db8::1").await.unwrap();
    let _fourth = from(&server, "2001:db8::2").await.unwrap();
    assert_eq!(server.connections(), 4);
    let response = from(&server, "10.0.0.9").await.unwrap_err();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "10");
    assert_eq!(response.body(), "too many connections; try again later\n".as_bytes());

    // Only those who were served are known to the service, and they make room.
    drop(first);
    let calls = async {
        let mut requests = 0;
        loop {
            match next(&mut told).await {
                Call::Request(_) => requests += 1,
                Call::Closed(..) => break requests,
                _ => {}
            }
        }
    };
    assert_eq!(calls.await, 4);
    from(&server, "10.0.0.1").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn those_who_are_turned_away_are_limited_too() {
    let (probe, _told) = Probe::new();
    let server = Server::new(probe).budget(Budget::default().connections(0)).start();
    let silent: Vec<_> = (0..64)
        .map(|_| {
            let (near, far) = duplex(PIPE);
            let server = server.clone();
            tokio::spawn(async move { server.serve_connection(far, None).await });
            near
        })
        .collect();
    settle().await;
    let (mut near, far) = duplex(PIPE);
    soon(server.serve_connection(far, None)).await;
    assert_eq!(near.read(&mut [0; 1]).await.unwrap(), 0, "it is not even told");
    // They have the time of an opening and of its end.
    time::sleep(Duration::from_secs(16)).await;
    assert_eq!(connect_to(&server, "ws://localhost/", None).await.unwrap_err().status(), 503);
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn too_many_messages_a_second_end_a_connection() {
    let (probe, mut told) = Probe::new();
    let budget = Budget::default().message_rate(10).message_burst(20);
    let server = Server::new(probe).budget(budget).start();
    let (mut steady, peer) = open(&server, &mut told).await;
    for _ in 0..100 {
        steady.send(Message::text("tick")).await.unwrap();
        assert!(matches!(next(&mut told).await, Call::Message(from, _) if from == peer));
        time::sleep(Duration::from_millis(100)).await;
    }
    let (mut eager, peer) = open(&server, &mut told).await;
    for _ in 0..100 {
        if eager.send(Message::text("tick")).await.is_err() {
            break;
        }
    }
    let (code, words) = closed(&mut eager).await;
    assert_eq!((code, &*words), (CloseCode::Policy, "too many messages a second"));
    let mut messages = 0;
    while next(&mut told).await == Call::Message(peer, b"tick".into()) {
        messages += 1;
    }
    assert_eq!(messages, 20);
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_rejects_with_what_it_likes() {
    let (mut probe, mut told) = Probe::new();
    probe.on_request = Box::new(|request| match request.path() {
        "/odd" => Acceptance::default().with_subprotocol("never offered").into(),
        _ => Rejection::new(StatusCode::FORBIDDEN).with_text("not you\n").into(),
    });
    let server = Server::new(probe).start();
    let response = connect_to(&server, "ws://localhost/", None).await.unwrap_err();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (403, &b"not you\n"[..]));
    assert_eq!(connect_to(&server, "ws://localhost/odd", None).await.unwrap_err().status(), 500);
    settle().await;
    // Who was not opened is not closed.
    assert!(matches!(told.try_recv(), Ok(Call::Request(_))));
    let Ok(Call::Request(peer)) = told.try_recv() else { panic!("the second asks") };
    assert_eq!(told.try_recv(), Ok(Call::Opened(peer)));
    assert!(matches!(told.try_recv(), Ok(Call::Closed(closed, _)) if closed == peer));
    assert!(told.try_recv().is_err());
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_with_the_request_is_not_lost() {
    let (probe, mut told) = Probe::new();
    let (server, mut tick) = Server::new(probe).start_ticked();
    let (mut near, far) = duplex(PIPE);
    tokio::spawn(async move { server.serve_connection(far, None).await });
    near.write_all(&[REQUEST, b"\x81\x82\0\0\0\0hi"].concat()).await.unwrap();
    near.shutdown().await.unwrap();
    for _ in 0..3 {
        settle().await;
        tick.poll();
    }
    assert!(matches!(told.try_recv(), Ok(Call::Request(_))));
    let Ok(Call::Opened(peer)) = told.try_recv() else { panic!("it is opened") };
    assert_eq!(told.try_recv(), Ok(Call::Message(peer, b"hi".into())));
    assert!(matches!(told.try_recv(), Ok(Call::Closed(closed, _)) if closed == peer));
}

struct Say(&'static str);

impl Service for Say {
    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        cx.send(peer, Message::text(self.0));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

#[tokio::test(start_paused = true)]
async fn several_services_are_served_by_path() {
    let router = Router::default().mount("/rooms", Say("rooms")).mount("/echo", Say("echo"));
    let server = Server::new(router).start();
    for (path, name) in [("rooms/7", "rooms"), ("echo", "echo")] {
        let uri = format!("ws://localhost/{path}");
        let mut client = connect_to(&server, &uri, None).await.unwrap();
        assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text(name));
        client.send(Message::text("hello")).await.unwrap();
        assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("hello"));
        client.close(CloseCode::Normal, "").await;
    }
    assert_eq!(connect_to(&server, "ws://localhost/x", None).await.unwrap_err().status(), 404);
    assert!(connect(&server, PIPE).await.is_err());
    settle().await;
    assert_eq!(server.connections(), 0);
}
