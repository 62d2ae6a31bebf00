//! The system calls of a room, and nothing else: what the first connection says is written to all
//! others, one write each.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use crate::servers::Failure;

/// More than a burst, so that a read takes all that has come.
const READ: usize = 16 * 1024;

const LISTENER: Token = Token(usize::MAX);
const OWNER: Token = Token(0);

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(address)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut streams = Vec::new();
    let mut buffer = vec![0; READ];
    loop {
        if let Err(error) = poll.poll(&mut events, None)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error.into());
        }
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, &poll, &mut streams)?,
                // All of a run are closed before those of the next are opened.
                OWNER if !spread(&mut streams, &mut buffer)? => streams.clear(),
                // Members say nothing.
                _ => {}
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, streams: &mut Vec<TcpStream>) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let token = Token(streams.len());
        poll.registry().register(&mut stream, token, Interest::READABLE)?;
        streams.push(stream);
    }
}

/// Whether the owner is still there.
fn spread(streams: &mut [TcpStream], buffer: &mut [u8]) -> io::Result<bool> {
    let Some((owner, members)) = streams.split_first_mut() else { return Ok(false) };
    loop {
        match owner.read(buffer) {
            Ok(0) => return Ok(false),
            Ok(len) => {
                for member in &mut *members {
                    // So little fits the stream's own buffer.
                    member.write_all(&buffer[..len])?;
                }
                // The next event tells when there is more.
                if len < buffer.len() {
                    return Ok(true);
                }
            }
            Err(error) => return Ok(error.kind() == ErrorKind::WouldBlock),
        }
    }
}
