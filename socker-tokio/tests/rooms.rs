//! Rooms on tokio: what leaves in one write, and what the program does with them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use socker_core::{
    Config, Message,
    handshake::Request,
    rooms::{Action, Limits, RoomEvent, Rooms},
};
use socker_tokio::{Connection, Server, random_seed, service::Handle};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
    sync::mpsc,
    time::timeout,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream that counts its writes.
struct Counting(DuplexStream, Arc<AtomicUsize>);

impl Counting {
    fn write(&self, written: &Poll<io::Result<usize>>) {
        if written.is_ready() {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write(cx, bytes);
        self.write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.0).poll_write_vectored(cx, slices);
        self.write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A client, and how often the server has written to it.
async fn connect(server: &Handle<Rooms>) -> (Connection<DuplexStream>, Arc<AtomicUsize>) {
    let (near, far) = duplex(1 << 20);
    let writes = Arc::<AtomicUsize>::default();
    let far = Counting(far, Arc::clone(&writes));
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(far, None).await });
    let request = Request::get("ws://localhost/").unwrap();
    let client = socker_tokio::client(near, &request, Arc::new(Config::default()));
    (timeout(PATIENCE, client).await.unwrap().unwrap(), writes)
}

fn said(status: u8, room: &str, param: usize) -> Message<'static> {
    Message::text(format!(
        "{{\"uuid\":\"{room}\",\"status\":{{\"value\":{status}}},\"funcKey\":\"draw\",\"funcParams\":[\"{param}\"]}}"
    ))
}

async fn text(client: &mut Connection<DuplexStream>) -> String {
    let message = timeout(PATIENCE, client.recv()).await.unwrap().unwrap().unwrap();
    message.as_text().unwrap().to_owned()
}

fn server(limits: Limits) -> Handle<Rooms> {
    let config = limits.config().into();
    Server::new(Rooms::new(random_seed().unwrap()).limits(limits)).config(config).start()
}

#[tokio::test]
async fn a_burst_leaves_in_one_write() {
    let server = server(Limits::default());
    let (mut owner, _) = connect(&server).await;
    owner.send(said(1, "", 0)).await.unwrap();
    let answer = text(&mut owner).await;
    let room = answer.split('"').nth(3).unwrap();
    let mut members = Vec::new();
    for _ in 0..10 {
        let (mut member, writes) = connect(&server).await;
        member.send(said(2, room, 0)).await.unwrap();
        assert!(text(&mut member).await.contains("connected"));
        members.push((member, writes));
    }
    let before: Vec<_> = members.iter().map(|(_, writes)| writes.load(Ordering::Relaxed)).collect();
    // They all fit one read of the server.
    for param in 0..16 {
        owner.try_send(said(3, room, param)).unwrap();
    }
    owner.flush().await.unwrap();
    for ((member, writes), before) in members.iter_mut().zip(before) {
        for param in 0..16 {
            assert_eq!(Message::text(text(member).await), said(3, room, param));
        }
        assert_eq!(writes.load(Ordering::Relaxed) - before, 1);
    }
}

/// The embedding program has a room of its own, follows all rooms, and closes them.
#[tokio::test]
async fn what_the_program_does() {
    let (events, mut told) = mpsc::unbounded_channel();
    let rooms = Rooms::new(random_seed().unwrap()).on_event(move |_, event| {
        let _ = events.send(event);
    });
    let server = Server::new(rooms).start();
    let (created, room) = tokio::sync::oneshot::channel();
    server.run(|rooms, cx| created.send(rooms.create(cx).unwrap()).unwrap()).unwrap();
    let room = room.await.unwrap();
    assert!(matches!(told.recv().await, Some(RoomEvent::Created { owner: None, .. })));

    let (mut member, _) = connect(&server).await;
    member.send(said(2, &room.to_string(), 0)).await.unwrap();
    assert!(text(&mut member).await.contains("connected"));
    assert!(matches!(told.recv().await, Some(RoomEvent::Joined { members: 1, .. })));
    let action = Action::new("score").param("3:1");
    server.run(move |rooms, cx| _ = rooms.broadcast(cx, room, &action).unwrap()).unwrap();
    assert!(text(&mut member).await.contains("\"funcParams\":[\"3:1\"]"));
    server.run(move |rooms, cx| rooms.close(cx, room).unwrap()).unwrap();
    assert!(text(&mut member).await.contains("the room was closed by the server"));
    assert!(matches!(told.recv().await, Some(RoomEvent::Closed { members: 1, .. })));
    assert!(timeout(PATIENCE, member.recv()).await.unwrap().is_none());
}
