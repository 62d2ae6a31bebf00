//! One connection does not keep the others, or the time, from going on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use common::{Call, PIPE, Probe, REQUEST, connect, next, soon};
use socker_core::{Config, Message};
use socker_tokio::Server;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A peer that always has more to say, and takes all that is said: not a stream of tokio's, which
/// would ask for a pause by itself.
struct Endless {
    request: Option<&'static [u8]>,
    frame: &'static [u8],
}

/// A ping of 125 zeros, with a mask of zeros.
const PING: [u8; 131] = {
    let mut ping = [0; 131];
    ping[0] = 0x89;
    ping[1] = 0xFD;
    ping
};

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(request) = self.request.take() {
            buffer.put_slice(request);
            return Poll::Ready(Ok(()));
        }
        while buffer.remaining() >= self.frame.len() {
            buffer.put_slice(self.frame);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn endless_input_is_read_in_turns() {
    let (mut probe, mut told) = Probe::new();
    probe.on_message = Box::new(|cx, peer, message| cx.send(peer, message.clone()));
    let config = Config::default().close_timeout(Duration::from_millis(50));
    let server = Server::new(probe).config(Arc::new(config)).start();
    // Pings, of which no budget has enough.
    let endless = Endless { request: Some(REQUEST), frame: &PING };
    let flood = tokio::spawn({
        let server = server.clone();
        async move { server.serve_connection(endless, None).await }
    });
    next(&mut told).await;
    let Call::Opened(flooding) = next(&mut told).await else { panic!("it is opened") };

    let mut client = connect(&server, PIPE).await.unwrap();
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::text("hello"));

    // It never answers the Close.
    server.run(move |_, cx| cx.close(flooding, socker_core::CloseCode::Normal, "")).unwrap();
    soon(flood).await.unwrap();
}

#[tokio::test]
async fn too_many_messages_end_in_time() {
    let (probe, mut told) = Probe::new();
    let config = Config::default().close_timeout(Duration::from_millis(50));
    let server = Server::new(probe).config(Arc::new(config)).start();
    let endless = Endless { request: Some(REQUEST), frame: b"\x81\x82\0\0\0\0hi" };
    soon(server.serve_connection(endless, None)).await;
    next(&mut told).await;
    next(&mut told).await;
    let mut messages = 0;
    while let Call::Message(..) = next(&mut told).await {
        messages += 1;
    }
    assert!((2000..=2100).contains(&messages), "{messages}");
    assert_eq!(server.connections(), 0);
}
