//! The system calls of an echo server, and nothing else: whatever comes is written back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::servers::Failure;

/// More than a connection has in flight, so that a read takes all that has come.
const READ: usize = 16 * 1024;

const LISTENER: Token = Token(usize::MAX);

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(address)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut streams = Streams::default();
    let mut buffer = vec![0; READ];
    loop {
        if let Err(error) = poll.poll(&mut events, None)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in &events {
            match event.token() {
                LISTENER => streams.accept(&listener, &poll)?,
                Token(place) => {
                    if !streams.is_open_after_echo(place, &mut buffer) {
                        streams.close(place);
                    }
                }
            }
        }
    }
}

#[derive(Default)]
struct Streams {
    /// By token.
    places: Vec<Option<TcpStream>>,
    free: Vec<usize>,
}

impl Streams {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let place = self.free.pop().unwrap_or_else(|| {
                self.places.push(None);
                self.places.len() - 1
            });
            poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            self.places[place] = Some(stream);
        }
    }

    fn is_open_after_echo(&mut self, place: usize, buffer: &mut [u8]) -> bool {
        let Some(stream) = &mut self.places[place] else { return true };
        loop {
            match stream.read(buffer) {
                Ok(0) => return false,
                // So little fits the stream's own buffer.
                Ok(len) if stream.write_all(&buffer[..len]).is_err() => return false,
                // The next event tells when there is more.
                Ok(len) if len < buffer.len() => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    fn close(&mut self, place: usize) {
        self.places[place] = None;
        self.free.push(place);
    }
}
