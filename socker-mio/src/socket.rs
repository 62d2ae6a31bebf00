//! One connection's socket.

use std::{
    io::{self, ErrorKind, IoSlice, Write},
    net::Shutdown,
};

use bytes::Buf;
use mio::{Interest, Registry, event::Event, net::TcpStream};
use socker_core::service::PeerId;

use crate::token::Source;

/// Buffers of one vectored write.
const SLICES: usize = 32;

/// A socket, and what is known of it. There are many of these, so it is small.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    /// It is not connected yet.
    pub(crate) connecting: bool,
    /// It is among those to be read.
    pub(crate) queued: bool,
    /// It was ready when nothing was to be read from it.
    pub(crate) unread: bool,
    /// The peer's side has ended or failed: a short read does not mean that nothing comes after it.
    pub(crate) ended: bool,
    /// The system takes no more bytes, until an event says otherwise.
    pub(crate) blocked: bool,
    /// Events tell when bytes can be written.
    awaits_write: bool,
    /// The writing side has been ended.
    shut: bool,
}

impl Socket {
    /// Registers a connection that was accepted.
    pub(crate) fn accepted(
        stream: TcpStream,
        registry: &Registry,
        peer: PeerId,
    ) -> io::Result<Self> {
        let mut socket = Self::new(stream);
        socket.undelayed();
        registry.register(&mut socket.stream, Source::Peer(peer).into(), Interest::READABLE)?;
        Ok(socket)
    }

    /// Registers a connection that has yet to be made.
    pub(crate) fn connecting(
        stream: TcpStream,
        registry: &Registry,
        peer: PeerId,
    ) -> io::Result<Self> {
        let mut socket =
            Self { connecting: true, blocked: true, awaits_write: true, ..Self::new(stream) };
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut socket.stream, Source::Peer(peer).into(), interest)?;
        Ok(socket)
    }

    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            connecting: false,
            queued: false,
            unread: false,
            ended: false,
            blocked: false,
            awaits_write: false,
            shut: false,
        }
    }

    /// The connection is made.
    pub(crate) fn connected(&mut self) {
        self.connecting = false;
        self.undelayed();
    }

    /// All that is to be said in a turn leaves in one write, so waiting for more would only delay.
    fn undelayed(&self) {
        // Fails if the connection is gone already, which a read will tell.
        let _ = self.stream.set_nodelay(true);
    }

    /// Takes note of an event; whether to queue it for reading, and whether to write.
    pub(crate) fn note(&mut self, event: &Event) -> (bool, bool) {
        let ended = event.is_read_closed() || event.is_error();
        self.ended |= ended;
        let read = event.is_readable() || ended;
        let write = event.is_writable() || event.is_write_closed() || event.is_error();
        self.blocked &= !write;
        let queue = read && !self.queued;
        self.queued |= read;
        (queue, write)
    }

    /// Writes until nothing is left or the system takes no more.
    pub(crate) fn write(&mut self, outgoing: &mut impl Buf) -> io::Result<()> {
        while outgoing.has_remaining() && !self.blocked {
            match self.write_once(outgoing) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => outgoing.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.blocked = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_once(&mut self, outgoing: &impl Buf) -> io::Result<usize> {
        let chunk = outgoing.chunk();
        if chunk.len() == outgoing.remaining() {
            return self.stream.write(chunk);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = outgoing.chunks_vectored(&mut slices);
        self.stream.write_vectored(&slices[..filled])
    }

    /// Asks for events of writing, if they are needed and only then: a socket that can be written is
    /// not worth an event.
    pub(crate) fn await_write(&mut self, registry: &Registry, peer: PeerId) -> io::Result<()> {
        if self.blocked == self.awaits_write {
            return Ok(());
        }
        self.awaits_write = self.blocked;
        let interest =
            if self.blocked { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        // Whatever is ready by now is told again after this, so nothing is missed.
        registry.reregister(&mut self.stream, Source::Peer(peer).into(), interest)
    }

    /// Ends the writing side, once.
    pub(crate) fn shut(&mut self) {
        if !std::mem::replace(&mut self.shut, true) {
            // The peer may have ended the connection meanwhile.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}
