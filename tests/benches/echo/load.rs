//! The load: one thread, and frames that were encoded before.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::echoes::Messages;
use crate::measure::Case;
use crate::servers::{Contender, Failure, Server, open};

/// More than all answers that a connection waits for, so that a read takes all that has come.
const READ: usize = 4 * 1024;

/// Nothing on loopback takes this long.
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// Those that wait for nothing any more.
    answered: Vec<usize>,
    messages: Messages,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Of the answer.
    received: usize,
}

impl Load {
    /// Opens all connections of a case.
    pub fn open(contender: &Contender, server: &Server, case: Case) -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let mut connections = Vec::new();
        for place in 0..case.connections {
            let stream = open(server.address(), "/", contender.standing)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            connections.push(Connection { stream, received: 0 });
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(case.connections),
            connections,
            answered: Vec::new(),
            messages: Messages::new(case.in_flight, contender.standing),
            buffer: vec![0; READ],
        })
    }

    /// Sends the messages so many times in all, on each connection again once all their echoes have
    /// come back to it. Every byte of them is compared.
    ///
    /// All that has come is read before anything is sent, so that the server always has work and
    /// doesn't go to sleep after each message; and this never sleeps, so that the server doesn't have
    /// to wake it. Both would cost more than the echo, and at random.
    pub fn run(&mut self, times: usize) -> Result<(), Failure> {
        let mut unsent = times;
        let mut unanswered = times;
        let mut deadline = Instant::now() + TIMEOUT;
        self.answered.extend(0..self.connections.len());
        while unanswered > 0 {
            for place in self.answered.drain(..).take(unsent) {
                unsent -= 1;
                self.connections[place].send(&self.messages)?;
            }
            match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if !self.events.is_empty() {
                deadline = Instant::now() + TIMEOUT;
            } else if Instant::now() > deadline {
                return Err("the server does not answer".into());
            }
            for event in &self.events {
                let Token(place) = event.token();
                if self.connections[place].is_answered(&self.messages, &mut self.buffer)? {
                    unanswered -= 1;
                    self.answered.push(place);
                }
            }
        }
        self.answered.clear();
        Ok(())
    }
}

impl Connection {
    fn send(&mut self, messages: &Messages) -> Result<(), Failure> {
        // So little fits the stream's own buffer.
        Ok(self.stream.write_all(&messages.request)?)
    }

    /// Reads what has come. No more can come before the next messages, so one read is enough.
    fn is_answered(&mut self, messages: &Messages, buffer: &mut [u8]) -> Result<bool, Failure> {
        let len = match self.stream.read(buffer) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let end = self.received + len;
        if messages.answer.get(self.received..end) != Some(&buffer[..len]) {
            return Err("not the echo of what was sent".into());
        }
        let is_answered = end == messages.answer.len();
        self.received = if is_answered { 0 } else { end };
        Ok(is_answered)
    }
}
