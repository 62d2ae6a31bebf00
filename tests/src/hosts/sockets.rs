use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{self, Duration};

use bytes::Buf;
use socker_core::handshake::Request;
use socker_core::service::{Budget, Service};
use socker_core::{CloseCode, Config, Event, Instant, Machine, Message, Seed};

use super::{Happened, PATIENCE, World};
use crate::sim::SharedLedger;

/// A host that runs a service on a listener, in a thread of its own.
pub trait Runs {
    /// Begins to run. A panic of the service must end it, or close its connections.
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running;
}

/// The thread of a host.
pub struct Running {
    /// It ends when the host has drained.
    pub thread: JoinHandle<io::Result<()>>,
    /// As [`World::drain`].
    pub drain: Box<Drain>,
}

/// In how much time, and with which words.
pub type Drain = dyn FnMut(Duration, &str);

/// Real sockets to a host on this computer.
///
/// All clients are in the test's thread, on sockets that do not block: one that sends much is read
/// from at the same time, and one that stalls holds nobody up.
pub struct Sockets<R> {
    running: Running,
    runs: PhantomData<R>,
    ledger: SharedLedger,
    address: SocketAddr,
    begin: time::Instant,
    clients: Vec<Client>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Client {
    machine: Machine,
    socket: Option<TcpStream>,
    stalled: bool,
    write_ended: bool,
    outbox: VecDeque<Message<'static>>,
    close: Option<(CloseCode, String)>,
    happened: VecDeque<Happened>,
}

impl<R: Runs> Sockets<R> {
    fn now(&self) -> Instant {
        Instant::at(self.begin.elapsed())
    }

    /// Does all that can be done now, and waits a moment if that is nothing.
    fn pump(&mut self) {
        let now = self.now();
        let mut any = false;
        for client in &mut self.clients {
            any |= client.pump(now, &mut self.buffer);
        }
        if !any {
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl<R: Runs> World for Sockets<R> {
    fn start(service: impl Service + Send + 'static, config: Config, budget: Budget) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ledger = SharedLedger::new(service);
        Self {
            running: R::run(listener, ledger.clone(), config.into(), budget),
            runs: PhantomData,
            ledger,
            address,
            begin: time::Instant::now(),
            clients: Vec::new(),
            buffer: vec![0; 256 << 10],
        }
    }

    fn connect(&mut self, request: &Request) -> usize {
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.clients.len().to_le_bytes());
        let machine = Machine::client(self.now(), Arc::default(), Seed::from(seed), request);
        // A host that drains may have closed its listener.
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE).ok();
        if let Some(socket) = &socket {
            socket.set_nonblocking(true).unwrap();
            socket.set_nodelay(true).unwrap();
        }
        self.clients.push(Client {
            machine,
            socket,
            stalled: false,
            write_ended: false,
            outbox: VecDeque::new(),
            close: None,
            happened: VecDeque::new(),
        });
        self.clients.len() - 1
    }

    fn send(&mut self, client: usize, message: Message<'static>) {
        self.clients[client].outbox.push_back(message);
    }

    fn send_bytes(&mut self, client: usize, bytes: &[u8]) {
        let end = time::Instant::now() + PATIENCE;
        while !self.clients[client].has_written() {
            assert!(time::Instant::now() < end, "what was to be sent before does not go out");
            self.pump();
        }
        let socket = self.clients[client].socket.as_mut().unwrap();
        // It is little, and nothing waits.
        socket.write_all(bytes).unwrap();
    }

    fn close(&mut self, client: usize, code: CloseCode, reason: &str) {
        self.clients[client].close = Some((code, reason.to_owned()));
    }

    fn cut(&mut self, client: usize) {
        self.clients[client].socket = None;
    }

    fn stall(&mut self, client: usize) {
        self.clients[client].stalled = true;
    }

    fn resume(&mut self, client: usize) {
        self.clients[client].stalled = false;
    }

    fn next_in(&mut self, client: usize, time: Duration) -> Option<Happened> {
        let end = time::Instant::now() + time;
        loop {
            if let Some(happened) = self.clients[client].happened.pop_front() {
                return Some(happened);
            }
            if time::Instant::now() >= end {
                return None;
            }
            self.pump();
        }
    }

    fn wait_until(&mut self, time: Duration, mut holds: impl FnMut() -> bool) -> bool {
        let end = time::Instant::now() + time;
        while !holds() {
            if time::Instant::now() >= end {
                return false;
            }
            self.pump();
        }
        true
    }

    fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn drain(&mut self, time: Duration, reason: &str) {
        (self.running.drain)(time, reason);
    }

    fn join(mut self) {
        let end = time::Instant::now() + PATIENCE;
        while !self.running.thread.is_finished() {
            assert!(time::Instant::now() < end, "it does not drain");
            self.pump();
        }
        self.running.thread.join().expect("no panic").expect("no error");
        for (peer, record) in self.ledger.lock().records() {
            assert!(record.closed.is_some(), "{peer} has no end");
        }
    }
}

impl Client {
    /// Whether all of its messages are in its socket.
    fn has_written(&self) -> bool {
        self.outbox.is_empty() && self.machine.outgoing_len() == 0
    }

    /// Does all that can be done now; whether that was something.
    fn pump(&mut self, now: Instant, buffer: &mut [u8]) -> bool {
        self.machine.handle_timeout(now);
        let mut any = self.read(now, buffer);
        self.act(now, &mut []);
        any |= self.write(now);
        if self.machine.is_done() {
            self.socket = None;
        }
        any
    }

    fn read(&mut self, now: Instant, buffer: &mut [u8]) -> bool {
        let stalled = self.stalled && self.socket.is_some();
        if stalled || !self.machine.wants_read() {
            return false;
        }
        let read = self.socket.as_mut().map(|socket| socket.read(buffer));
        match read {
            Some(Ok(len)) if len > 0 => self.act(now, &mut buffer[..len]),
            Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => return false,
            _ => {
                self.machine.read_eof(now);
                self.act(now, &mut []);
            }
        }
        true
    }

    /// Bytes from the host, and what they bring about.
    fn act(&mut self, now: Instant, mut input: &mut [u8]) {
        while let Some(event) = self.machine.read(now, &mut input) {
            self.happened.extend(match event {
                Event::Opened(response) => Some(Happened::Opened(response)),
                Event::Message(message) => Some(Happened::Message(message.into_owned())),
                Event::Closed(reason) => Some(Happened::Closed(reason)),
                _ => None,
            });
        }
    }

    fn write(&mut self, now: Instant) -> bool {
        while self.machine.is_open()
            && let Some(message) = self.outbox.pop_front()
        {
            if let Err(refused) = self.machine.send(message) {
                self.outbox.push_front(refused.into_owned().message);
                break;
            }
        }
        if self.outbox.is_empty()
            && self.machine.is_open()
            && let Some((code, reason)) = self.close.take()
        {
            self.machine.close(now, code, &reason);
        }
        let mut outgoing = self.machine.outgoing();
        let before = outgoing.remaining();
        while outgoing.has_remaining() {
            let written = self.socket.as_mut().map(|socket| socket.write(outgoing.chunk()));
            match written {
                Some(Ok(len)) => outgoing.advance(len),
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => break,
                _ => outgoing.advance(outgoing.remaining()),
            }
        }
        let wrote = outgoing.remaining() < before;
        if self.machine.is_write_finished() && !self.write_ended {
            self.write_ended = true;
            if let Some(socket) = &self.socket {
                // The host may have gone already.
                let _ = socket.shutdown(Shutdown::Write);
            }
        }
        wrote
    }
}
