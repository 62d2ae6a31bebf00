//! A connection by itself, on either side.

use socker_core::{CloseCode, Config, Message, handshake::Request};
use socker_tests::draw::Draw;
use socker_tokio::Connection;
use tokio::io::{AsyncRead, AsyncWrite, duplex};

use crate::{
    faulty::{Faults, Faulty},
    for_seeds, soon,
};

const MESSAGES: usize = 12;

#[test]
fn nothing_is_lost_while_nothing_fails() {
    for_seeds("connection::nothing", async |draw| {
        assert_eq!(run(draw, 0).await, Some(MESSAGES));
    });
}

#[test]
fn each_side_ends_whatever_fails() {
    for failures in [2, 30, 300] {
        for_seeds("connection::each", async |draw| _ = run(draw, failures).await);
    }
}

/// A client and an echo, both over faulty streams. How many echoes came, if both have closed.
async fn run(mut draw: Draw, failures: usize) -> Option<usize> {
    let (near, far) = duplex(64 + draw.below(5000));
    let mut faulty = |io| {
        let faults = Faults::draw(&mut draw, failures);
        Faulty::new(io, faults, Draw::new(draw.number()))
    };
    let (near, far) = (faulty(near), faulty(far));
    let server = tokio::spawn(async {
        if let Ok(connection) = socker_tokio::accept(far).await {
            echo(connection).await;
        }
    });
    let request = Request::get("ws://localhost/").unwrap();
    let mut echoes = None;
    if let Ok(connection) = socker_tokio::client(near, &request, Config::default().into()).await {
        echoes = ask(connection, draw).await;
    }
    soon(server).await.unwrap();
    echoes
}

async fn echo<IO: AsyncRead + AsyncWrite + Unpin>(mut connection: Connection<IO>) {
    while let Some(Ok(message)) = connection.recv().await {
        if connection.send(message).await.is_err() {
            break;
        }
    }
    over(&mut connection).await;
}

async fn ask<IO: AsyncRead + AsyncWrite + Unpin>(
    mut connection: Connection<IO>,
    mut draw: Draw,
) -> Option<usize> {
    for number in 0..MESSAGES {
        let len = if draw.below(8) == 0 { draw.below(8_000) } else { draw.below(300) };
        let text = format!("{number} {}", "x".repeat(len));
        let sent = connection.send(Message::text(text.as_str())).await;
        let echo = match sent {
            Ok(()) => connection.recv().await,
            Err(_) => None,
        };
        let Some(Ok(echo)) = echo else {
            over(&mut connection).await;
            return None;
        };
        assert_eq!(echo, Message::text(text));
    }
    let clean = connection.close(CloseCode::Normal, "").await.is_clean();
    over(&mut connection).await;
    clean.then_some(MESSAGES)
}

/// The connection has an end, told once.
async fn over<IO: AsyncRead + AsyncWrite + Unpin>(connection: &mut Connection<IO>) {
    let mut errors = 0;
    while let Some(received) = connection.recv().await {
        errors += u32::from(received.is_err());
    }
    assert!(errors <= 1, "{errors}");
    assert!(connection.recv().await.is_none());
    assert!(connection.send(Message::text("too late")).await.is_err());
    assert!(connection.close_reason().is_some());
}
