//! A server on a thread of its own, and clients on blocking sockets.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use socker_mio::{
    EventLoop, Handle,
    core::{
        CloseReason, Config, Event, Instant, Machine, Message, Seed,
        handshake::Request,
        service::{Budget, Context, PeerId, Service},
    },
};

/// Longer than anything takes on one computer, even a busy one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Sends texts back, and nothing else.
pub(crate) struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if message.as_text().is_some() {
            cx.send(peer, message);
        }
    }
}

/// No limits that a test would meet.
pub(crate) fn plenty() -> Budget {
    Budget::default()
        .connections(usize::MAX)
        .per_address(usize::MAX)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX)
}

/// A loop that listens on loopback.
pub(crate) fn listening<S: Service>(service: S, config: Config) -> (EventLoop<S>, SocketAddr) {
    let mut events = EventLoop::with(service, Arc::new(config), plenty()).unwrap();
    let address = events.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    (events, address)
}

/// A loop on a thread of its own.
pub(crate) struct Server<S> {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle<S>,
    thread: JoinHandle<io::Result<()>>,
}

impl<S: Service + Send + 'static> Server<S> {
    pub(crate) fn new(service: S, config: Config) -> Self {
        let (mut events, address) = listening(service, config);
        let handle = events.handle();
        Self { address, handle, thread: thread::spawn(move || events.run()) }
    }

    /// Ends it; all clients have gone or answer.
    pub(crate) fn end(self) {
        self.end_while(|| ());
    }

    /// Ends it while something else goes on.
    pub(crate) fn end_while(self, meanwhile: impl FnOnce()) {
        self.handle.drain(PATIENCE, "the test ends");
        meanwhile();
        self.thread.join().unwrap().unwrap();
    }
}

/// A client's machine and its socket, which `pump` drives.
pub(crate) fn client(address: SocketAddr, config: Config) -> (TcpStream, Machine) {
    let request = Request::get(&format!("ws://{address}/")).unwrap();
    let seed = Seed::from([7; 16]);
    let machine = Machine::client(Instant::START, Arc::new(config), seed, &request);
    (TcpStream::connect(address).unwrap(), machine)
}

/// Sends texts one after another, each when the last has come back, then closes.
pub(crate) fn round_trips(address: SocketAddr, texts: &[String]) -> CloseReason {
    let (socket, machine) = client(address, Config::default().message_limit(64 << 20));
    let mut texts = texts.iter();
    let mut last = "";
    socker_tests::pump::pump(socket, machine, |machine, now, event| {
        if let Event::Message(message) = event {
            assert_eq!(message.as_text().map(str::len), Some(last.len()));
            assert_eq!(message.as_text(), Some(last));
        }
        match texts.next() {
            Some(text) => {
                last = text;
                machine.send(Message::text(text.as_str())).unwrap();
            }
            None => machine.close(now, socker_mio::core::CloseCode::Normal, ""),
        }
    })
}

/// An open connection without a machine, for what a machine would not do.
pub(crate) fn open(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    ask(&mut socket);
    answered(&mut socket).unwrap();
    socket
}

/// Sends the request.
pub(crate) fn ask(socket: &mut TcpStream) {
    socket
        .write_all(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .unwrap();
}

/// Reads the answer's head.
pub(crate) fn answered(socket: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", head.escape_ascii());
    Ok(())
}

/// Echoes "hello" on an open connection.
pub(crate) fn says_hello(socket: &mut TcpStream) {
    socket.write_all(b"\x81\x85\0\0\0\0hello").unwrap();
    let mut echo = [0; 7];
    socket.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"\x81\x05hello");
}
