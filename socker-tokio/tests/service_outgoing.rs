//! What a service sends: in order, whole, and within the limits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod common;

use std::sync::Arc;

use common::{PIPE, Probe, closed, connect, soon};
use socker_core::{CloseCode, Config, Message};
use socker_tokio::Server;

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_beside_the_response_is_not_lost_silently() {
    let (mut probe, _told) = Probe::new();
    probe.on_opened = Box::new(|cx, peer, ()| cx.send(peer, Message::binary(vec![1; 2000])));
    let config = Arc::new(Config::default().outgoing_limit(1000));
    let server = Server::new(probe).config(config).start();
    let mut client = connect(&server, PIPE).await.unwrap();
    assert_eq!(closed(&mut client).await.0, CloseCode::Again);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_at_once_counts_for_what_is_ordered_after_it() {
    let (mut probe, _told) = Probe::new();
    let config = Arc::new(Config::default().outgoing_limit(10_000));
    let (handles, handle) = std::sync::mpsc::channel::<socker_tokio::service::Handle<Probe>>();
    probe.on_message = Box::new(move |cx, peer, _| {
        cx.send(peer, Message::binary(vec![1; 6000]));
        // It is done when this call is over, before the connection has written anything.
        let later = move |_: &mut Probe, cx: &mut socker_core::service::Context<'_>| {
            cx.send(peer, Message::binary(vec![2; 6000]));
        };
        handle.recv().unwrap().run(later).unwrap();
    });
    let server = Server::new(probe).config(config).start();
    handles.send(server.clone()).unwrap();
    let mut client = connect(&server, PIPE).await.unwrap();
    client.send(Message::text("go")).await.unwrap();
    assert_eq!(soon(client.recv()).await.unwrap().unwrap(), Message::binary(vec![1; 6000]));
    assert_eq!(closed(&mut client).await.0, CloseCode::Again);
}
