//! On a loopback socket with other implementations: our server with their clients, and our client
//! with their servers. Each talk is a few echoes, a ping, and a Close from one side or the other.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use socker_core::handshake::{Acceptance, Request};
use socker_core::{CloseReason, Config, Event, Instant, Machine, Message, Seed};
use socker_tests::pump::pump;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// Asks the other side to close.
const CLOSE_ME: &str = "close me";

/// What goes there and back.
fn messages() -> Vec<Message<'static>> {
    let large = "a loopback socket, é".repeat(50_000).into_bytes();
    vec![
        Message::text("hello"),
        Message::text("déjà vu 👋"),
        Message::text(""),
        Message::binary(vec![0, 255, 128]),
        Message::binary(vec![]),
        Message::binary(vec![7; 126]),
        Message::binary(vec![7; 65_536]),
        Message::binary(vec![7; 1 << 20]),
        Message::text(String::from_utf8(large).unwrap()),
    ]
}

fn config() -> std::sync::Arc<Config> {
    Config::default().message_limit(2 << 20).outgoing_limit(4 << 20).into()
}

/// Our server for one connection; it echoes. Ends by itself.
fn our_server() -> (SocketAddr, thread::JoinHandle<CloseReason>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        pump(socket, Machine::server(Instant::START, config()), |machine, now, event| match event {
            Event::Incoming(incoming) => {
                assert_eq!(incoming.request().path(), "/echo");
                machine.accept(now, incoming, Acceptance::default()).unwrap();
            }
            Event::Message(message) if message.as_text() == Some(CLOSE_ME) => {
                machine.close(now, 4002.into(), "as asked");
            }
            Event::Message(message) => machine.send(message).unwrap(),
            event => panic!("{event:?}"),
        })
    });
    (address, server)
}

/// Our client: sends each message when the last has come back, then a ping, then `last`.
fn our_client(address: SocketAddr, last: impl Fn(&mut Machine, Instant)) -> CloseReason {
    let request = Request::get(&format!("ws://{address}/echo")).unwrap();
    let machine = Machine::client(Instant::START, config(), Seed::from([5; 16]), &request);
    let mut missing = messages().into_iter();
    let mut expected = None;
    let socket = TcpStream::connect(address).unwrap();
    let closed = pump(socket, machine, |machine, now, event| {
        match event {
            Event::Opened(_) => {}
            Event::Message(message) => assert_eq!(Some(message.into_owned()), expected),
            Event::Pong(payload) => {
                assert_eq!(&payload[..], b"there?");
                return last(machine, now);
            }
            event => panic!("{event:?}"),
        }
        expected = missing.next();
        match &expected {
            Some(message) => machine.send(message.clone()).unwrap(),
            None => machine.ping(b"there?").unwrap(),
        }
    });
    assert!(missing.next().is_none(), "{closed}");
    closed
}

fn close(machine: &mut Machine, now: Instant) {
    machine.close(now, 4001.into(), "done");
}

fn ask_to_close(machine: &mut Machine, _: Instant) {
    machine.send(Message::text(CLOSE_ME)).unwrap();
}

fn assert_peer(closed: &CloseReason, expected: (u16, &str)) {
    let CloseReason::Peer { code, reason } = closed else { panic!("{closed:?}") };
    assert_eq!((u16::from(*code), &reason[..]), expected);
}

fn assert_local(closed: &CloseReason, expected: u16) {
    let CloseReason::Local { code, .. } = closed else { panic!("{closed:?}") };
    assert_eq!(u16::from(*code), expected);
}

fn theirs(message: Message<'static>) -> tungstenite::Message {
    match message {
        Message::Text(text) => tungstenite::Message::text(text.into_owned()),
        Message::Binary(payload) => tungstenite::Message::binary(payload.into_bytes()),
    }
}

fn tungstenite_client(address: SocketAddr) -> tungstenite::WebSocket<TcpStream> {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let (mut client, _) = tungstenite::client(format!("ws://{address}/echo"), socket).unwrap();
    for message in messages().into_iter().map(theirs) {
        client.send(message.clone()).unwrap();
        assert_eq!(client.read().unwrap(), message);
    }
    // In fragments that cut a code point, and a ping between them.
    let fragment = |payload: &'static [u8], data, fin| {
        tungstenite::Message::Frame(Frame::message(payload, OpCode::Data(data), fin))
    };
    client.send(fragment(b"caf\xC3", Data::Text, false)).unwrap();
    client.send(tungstenite::Message::Ping("there?".into())).unwrap();
    assert_eq!(client.read().unwrap(), tungstenite::Message::Pong("there?".into()));
    client.send(fragment(b"\xA9", Data::Continue, true)).unwrap();
    assert_eq!(client.read().unwrap(), tungstenite::Message::text("café"));
    client
}

#[test]
fn our_server_and_a_tungstenite_client_that_closes() {
    let (address, server) = our_server();
    let mut client = tungstenite_client(address);
    client.close(Some(CloseFrame { code: 4001.into(), reason: "done".into() })).unwrap();
    while client.read().is_ok() {}
    assert_peer(&server.join().unwrap(), (4001, "done"));
}

#[test]
fn our_server_closes_on_a_tungstenite_client() {
    let (address, server) = our_server();
    let mut client = tungstenite_client(address);
    client.send(tungstenite::Message::text(CLOSE_ME)).unwrap();
    let mut close = None;
    while let Ok(message) = client.read() {
        if let tungstenite::Message::Close(frame) = message {
            close = frame;
        }
    }
    let close = close.unwrap();
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4002, "as asked"));
    assert_local(&server.join().unwrap(), 4002);
}

/// A tungstenite server for one connection, and the code with which it was closed.
fn tungstenite_server() -> (SocketAddr, thread::JoinHandle<Option<u16>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut server = tungstenite::accept(socket).unwrap();
        let mut code = None;
        while let Ok(message) = server.read() {
            match message {
                tungstenite::Message::Close(frame) => code = frame.map(|frame| frame.code.into()),
                message if message.to_text().is_ok_and(|text| text == CLOSE_ME) => {
                    let (code, reason) = (4002.into(), "as asked".into());
                    server.close(Some(CloseFrame { code, reason })).unwrap();
                }
                message if message.is_text() || message.is_binary() => {
                    server.send(message).unwrap();
                }
                _ => {}
            }
        }
        code
    });
    (address, server)
}

#[test]
fn our_client_and_a_tungstenite_server() {
    let (address, server) = tungstenite_server();
    assert_local(&our_client(address, close), 4001);
    assert_eq!(server.join().unwrap(), Some(4001));
    let (address, server) = tungstenite_server();
    assert_peer(&our_client(address, ask_to_close), (4002, "as asked"));
    assert_eq!(server.join().unwrap(), Some(4002));
}

mod with_tokio {
    //! tokio-websockets splits what it sends into frames of a thousand bytes here.

    use super::*;
    use tokio_websockets::{ClientBuilder, CloseCode, Config, ServerBuilder, proto};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bounded = async { tokio::time::timeout(Duration::from_secs(30), future).await };
        runtime.block_on(bounded).unwrap()
    }

    fn fragments() -> Config {
        Config::default().frame_size(1000)
    }

    fn theirs(message: &Message<'_>) -> proto::Message {
        match message {
            Message::Text(text) => proto::Message::text(text.to_string()),
            Message::Binary(payload) => proto::Message::binary(payload.clone().into_bytes()),
        }
    }

    /// Talks to our server, and tells the Close that it got.
    fn client(address: SocketAddr, last: proto::Message) -> (u16, String) {
        block_on(async move {
            let uri = format!("ws://{address}/echo");
            let builder = ClientBuilder::new().config(fragments());
            let (mut client, _) = builder.uri(&uri).unwrap().connect().await.unwrap();
            for message in messages() {
                client.send(theirs(&message)).await.unwrap();
                let echo = client.next().await.unwrap().unwrap();
                assert_eq!(echo.is_text(), message.as_text().is_some());
                assert!(&echo.as_payload()[..] == message.as_bytes());
            }
            client.send(proto::Message::ping("there?")).await.unwrap();
            let pong = client.next().await.unwrap().unwrap();
            assert!(pong.is_pong() && &pong.as_payload()[..] == b"there?");
            client.send(last).await.unwrap();
            let closed = client.next().await.unwrap().unwrap();
            // It answers while it is asked for more.
            while client.next().await.is_some() {}
            let (code, reason) = closed.as_close().unwrap();
            (code.into(), reason.to_owned())
        })
    }

    #[test]
    fn our_server_and_their_client() {
        let (address, server) = our_server();
        let close = proto::Message::close(CloseCode::try_from(4001).ok(), "done");
        assert_eq!(client(address, close).0, 4001);
        assert_peer(&server.join().unwrap(), (4001, "done"));
        let (address, server) = our_server();
        let closed = client(address, proto::Message::text(CLOSE_ME));
        assert_eq!(closed, (4002, "as asked".to_owned()));
        assert_local(&server.join().unwrap(), 4002);
    }

    /// Their server for one connection, and the code with which it was closed.
    fn server() -> (SocketAddr, thread::JoinHandle<Option<u16>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let (socket, _) = listener.accept().await.unwrap();
                let builder = ServerBuilder::new().config(fragments());
                let (_, mut server) = builder.accept(socket).await.unwrap();
                let mut closed = None;
                while let Some(Ok(message)) = server.next().await {
                    if message.as_text() == Some(CLOSE_ME) {
                        let code = CloseCode::try_from(4002).ok();
                        server.send(proto::Message::close(code, "as asked")).await.unwrap();
                    } else if message.is_text() || message.is_binary() {
                        server.send(message).await.unwrap();
                    } else if let Some((code, _)) = message.as_close() {
                        closed = Some(code.into());
                    }
                }
                closed
            })
        });
        (address, server)
    }

    #[test]
    fn our_client_and_their_server() {
        let (address, server) = server();
        assert_local(&our_client(address, close), 4001);
        assert_eq!(server.join().unwrap(), Some(4001));
        let (address, server) = self::server();
        assert_peer(&our_client(address, ask_to_close), (4002, "as asked"));
        assert_eq!(server.join().unwrap(), Some(4002));
    }
}

#[test]
fn our_client_and_our_server() {
    let (address, server) = our_server();
    assert_local(&our_client(address, close), 4001);
    assert_peer(&server.join().unwrap(), (4001, "done"));
    let (address, server) = our_server();
    assert_peer(&our_client(address, ask_to_close), (4002, "as asked"));
    assert_local(&server.join().unwrap(), 4002);
}
