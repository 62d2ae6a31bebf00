//! The tokio adapter on a loopback socket with tokio-websockets, in both roles.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use socker_core::handshake::Request;
use socker_core::{CloseCode, CloseReason, Config, Message};
use tokio::net::TcpListener;
use tokio_websockets as theirs;

/// What goes there and back, on a socket that does not hold all of it.
fn messages() -> Vec<Message<'static>> {
    vec![
        Message::text(""),
        Message::text("déjà vu 👋"),
        Message::binary(vec![]),
        Message::binary(vec![7; 126]),
        Message::binary(vec![7; 65_536]),
        Message::binary(vec![7; 8 << 20]),
    ]
}

fn config() -> Arc<Config> {
    Config::default().message_limit(8 << 20).into()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[tokio::test]
async fn our_server_and_their_client() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let incoming = socker_tokio::incoming(stream, config()).await.unwrap();
        let mut connection = incoming.accept(Default::default()).await.unwrap();
        while let Some(message) = connection.recv().await {
            connection.send(message.unwrap()).await.unwrap();
        }
        connection.close_reason().cloned()
    });
    let uri = format!("ws://{address}/");
    let builder = theirs::ClientBuilder::new().uri(&uri).unwrap();
    let (mut client, _) = builder.connect().await.unwrap();
    for message in messages() {
        let sent = match &message {
            Message::Text(text) => theirs::Message::text(text.clone().into_owned()),
            binary => theirs::Message::binary(binary.as_bytes().to_vec()),
        };
        client.send(sent).await.unwrap();
        let back = client.next().await.unwrap().unwrap();
        assert!(back.as_payload()[..] == *message.as_bytes(), "{} bytes", message.len());
        assert_eq!(back.is_text(), message.as_text().is_some());
    }
    let close = theirs::Message::close(theirs::CloseCode::try_from(4001).ok(), "enough");
    client.send(close).await.unwrap();
    while client.next().await.is_some() {}
    let reason = server.await.unwrap();
    assert!(
        matches!(&reason, Some(CloseReason::Peer { code: CloseCode::Library(4001), reason }) if reason == "enough"),
        "{reason:?}"
    );
}

#[tokio::test]
async fn our_client_and_their_server() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (_, mut server) = theirs::ServerBuilder::new().accept(stream).await.unwrap();
        let mut code = None;
        while let Some(Ok(message)) = server.next().await {
            match message.as_close() {
                Some((close, _)) => code = Some(u16::from(close)),
                None => server.send(message).await.unwrap(),
            }
        }
        code
    });
    let request = Request::get(&format!("ws://{address}/")).unwrap();
    let mut client = socker_tokio::connect_with(&request, config()).await.unwrap();
    for message in messages() {
        // They read while they write only a little, so both ways have to move at once.
        let (mut sink, mut stream) = (&mut client).split();
        let (sent, back) = tokio::join!(sink.send(message.clone()), stream.next());
        sent.unwrap();
        assert!(back.unwrap().unwrap() == message, "{} bytes", message.len());
    }
    let reason = client.close(CloseCode::Library(4002), "").await;
    assert!(reason.is_clean(), "{reason}");
    assert_eq!(server.await.unwrap(), Some(4002));
}
