//! Connections to a directory, and what comes over them.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use socker_core::directory::codec::{Message, Sender};
use socker_tests::frames::{Frame, decode_all, opcode};

use crate::servers::{Failure, Standing, open};

/// More than comes at once.
const READ: usize = 256 * 1024;

/// Nothing on loopback takes this long, not even the ticks of a list.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One side's connections.
pub struct Peers {
    poll: Poll,
    events: Events,
    streams: Vec<mio::net::TcpStream>,
    /// What has come and is no whole frame yet.
    begun: Vec<Vec<u8>>,
    buffer: Vec<u8>,
    sender: Sender,
}

impl Peers {
    pub fn open(address: SocketAddr, path: &str, count: usize) -> Result<Self, Failure> {
        let poll = Poll::new()?;
        let mut streams = Vec::with_capacity(count);
        for place in 0..count {
            let stream = open(address, path, Standing::Ours)?;
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            streams.push(stream);
        }
        let sender = if path.ends_with("servers") { Sender::Server } else { Sender::Client };
        let events = Events::with_capacity(count);
        let (begun, buffer) = (vec![Vec::new(); count], vec![0; READ]);
        Ok(Self { poll, events, streams, begun, buffer, sender })
    }

    pub fn len(&self) -> usize {
        self.streams.len()
    }

    /// All in one write.
    pub fn say<'m>(
        &mut self,
        place: usize,
        messages: impl IntoIterator<Item = Message<'m>>,
    ) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for message in messages {
            let frame = Frame::new(opcode::BINARY, &message.encode(self.sender)?);
            bytes.extend(frame.masked([1, 2, 3, 4]).encode());
        }
        // So little fits the stream's own buffer.
        Ok(self.streams[place].write_all(&bytes)?)
    }

    /// Hands what comes to `take`, until it says that it has all. It never sleeps, so that the
    /// directory does not have to wake it.
    pub fn take(
        &mut self,
        mut take: impl FnMut(usize, &[u8]) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let Self { poll, events, streams, begun, buffer, .. } = self;
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match poll.poll(events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if Instant::now() > deadline {
                return Err("what is expected does not come".into());
            }
            let mut done = false;
            for event in &*events {
                let Token(place) = event.token();
                match streams[place].read(buffer) {
                    Ok(0) => return Err("the directory has ended a connection".into()),
                    Ok(len) => begun[place].extend_from_slice(&buffer[..len]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(error) => return Err(error.into()),
                }
                let (frames, used) = decode_all(&begun[place]);
                begun[place].drain(..used);
                for frame in frames.iter().filter(|frame| frame.opcode == opcode::BINARY) {
                    done |= take(place, &frame.payload)?;
                }
            }
            if done {
                return Ok(());
            }
        }
    }
}
