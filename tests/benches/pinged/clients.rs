//! One connection that is echoed to, and many that answer pings.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::messages::Messages;
use crate::servers::{Failure, Server, Standing, open};

const PING: [u8; 2] = [0x89, 0];

/// Masked with zeros.
const PONG: [u8; 6] = [0x8A, 0x80, 0, 0, 0, 0];

/// How often the clock is looked at while nothing comes.
const TICK: Duration = Duration::from_millis(100);

pub struct Clients {
    one: TcpStream,
    messages: Messages,
    poll: Poll,
    idle: Vec<mio::net::TcpStream>,
    /// Pings.
    pub answered: u64,
}

impl Clients {
    /// The one alone.
    pub fn open(server: &Server) -> Result<Self, Failure> {
        let one = open(server.address(), "/", Standing::Ours)?;
        let messages = Messages::new(1, Standing::Ours);
        Ok(Self { one, messages, poll: Poll::new()?, idle: Vec::new(), answered: 0 })
    }

    /// So many more, which are idle.
    pub fn add(&mut self, server: &Server, count: usize) -> Result<(), Failure> {
        for _ in 0..count {
            let stream = open(server.address(), "/", Standing::Ours)?;
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            let token = Token(self.idle.len());
            self.poll.registry().register(&mut stream, token, Interest::READABLE)?;
            self.idle.push(stream);
        }
        Ok(())
    }

    /// Sends so many messages, each after the echo of the one before.
    pub fn echo(&mut self, times: usize) -> Result<(), Failure> {
        let mut answer = vec![0; self.messages.answer.len()];
        for _ in 0..times {
            self.one.write_all(&self.messages.request)?;
            self.one.read_exact(&mut answer)?;
            if answer != self.messages.answer {
                return Err("not the echo of what was sent".into());
            }
        }
        Ok(())
    }

    pub fn answer_pings(&mut self, until: Instant) -> Result<(), Failure> {
        let mut events = Events::with_capacity(1_024);
        while Instant::now() < until {
            match self.poll.poll(&mut events, Some(TICK)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in &events {
                let Token(place) = event.token();
                self.answered += answer(&mut self.idle[place])?;
            }
        }
        Ok(())
    }
}

/// How many pings have come to a connection, all of which are answered.
fn answer(stream: &mut mio::net::TcpStream) -> Result<u64, Failure> {
    let mut buffer = [0; 64];
    let len = match stream.read(&mut buffer) {
        Ok(0) => return Err("the server has ended an idle connection".into()),
        Ok(len) => len,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let (pings, rest) = buffer[..len].as_chunks();
    if !rest.is_empty() || pings.iter().any(|frame| *frame != PING) {
        return Err("something else than pings has come".into());
    }
    for _ in pings {
        // So little fits the stream's own buffer.
        stream.write_all(&PONG)?;
    }
    Ok(pings.len() as u64)
}
