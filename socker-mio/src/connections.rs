//! The sockets of a host: moves bytes between them and its machines.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, ErrorKind, Read},
    mem,
    net::SocketAddr,
};

use mio::{Registry, event::Event, net::TcpStream};
use socker_core::{
    Instant,
    service::{Host, PeerId, Peers, Service},
};

use crate::{dial::Addresses, error::ConnectError, socket::Socket};

/// Bytes of one read. All connections share the buffer, so it may be large.
const READ: usize = 64 << 10;

/// Reads of one connection in one turn. One that has more waits for the next turn, after all others.
const READS: usize = 4;

/// Connections that were not opened, and that nobody has asked for: the last of them are kept.
const FAILURES: usize = 1_024;

/// A read that does not fill the buffer has emptied the socket. Other systems tell of further bytes
/// only after a read has found none.
const SHORT_READ_IS_ALL: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
));

/// A host and its sockets.
#[derive(Debug)]
pub(crate) struct Connections<S> {
    pub(crate) host: Host<S>,
    pub(crate) registry: Registry,
    pub(crate) sockets: Peers<Socket>,
    /// What is read, by whichever connection.
    buffer: Box<[u8]>,
    /// Those to be read in the next turn.
    readable: Vec<PeerId>,
    /// Those being read in this turn, between turns an empty list whose memory is kept.
    reading: Vec<PeerId>,
    /// Those whose sockets have become writable.
    writable: Vec<PeerId>,
    /// Where else those that are being made may be made.
    pub(crate) addresses: BTreeMap<PeerId, Addresses>,
    pub(crate) failures: VecDeque<(PeerId, ConnectError)>,
}

impl<S: Service> Connections<S> {
    pub(crate) fn new(host: Host<S>, registry: Registry) -> Self {
        Self {
            host,
            registry,
            sockets: Peers::default(),
            buffer: vec![0; READ].into(),
            readable: Vec::new(),
            reading: Vec::new(),
            writable: Vec::new(),
            addresses: BTreeMap::new(),
            failures: VecDeque::new(),
        }
    }

    /// A client has connected.
    pub(crate) fn accept(&mut self, now: Instant, stream: TcpStream, address: SocketAddr) {
        let Some(peer) = self.host.accept(now, Some(address.ip())) else { return };
        match Socket::accepted(stream, &self.registry, peer) {
            Ok(socket) => {
                self.sockets.insert(peer, socket);
            }
            // The system has no room for it.
            Err(_) => self.remove(now, peer),
        }
    }

    /// Something can be done on a peer's socket. What is late for a peer that is gone is nobody's.
    #[inline]
    pub(crate) fn note(&mut self, peer: PeerId, event: &Event) {
        let Some(socket) = self.sockets.get_mut(peer) else { return };
        let (read, write) = socket.note(event);
        if read {
            self.readable.push(peer);
        }
        if write {
            self.writable.push(peer);
        }
    }

    /// Whether there is something to read or to write without a further event.
    pub(crate) fn is_ready(&self) -> bool {
        !self.readable.is_empty() || !self.writable.is_empty()
    }

    /// Reads from all that have something, a bounded part of it.
    pub(crate) fn read(&mut self, now: Instant) {
        let mut reading = mem::take(&mut self.reading);
        mem::swap(&mut reading, &mut self.readable);
        for peer in reading.drain(..) {
            let result = self.read_from(now, peer);
            // Its answers leave while its memory is at hand. What others are sent by several peers
            // leaves together at the end of the turn.
            let written = match result {
                Ok(()) if self.host.take_changed(peer) => self.write_to(now, peer),
                result => result,
            };
            if let Err(error) = written {
                self.broken(now, peer, error);
            }
        }
        self.reading = reading;
    }

    fn read_from(&mut self, now: Instant, peer: PeerId) -> io::Result<()> {
        let Self { host, sockets, buffer, .. } = self;
        let Some(socket) = sockets.get_mut(peer) else { return Ok(()) };
        socket.queued = false;
        // What it has comes with the event of its being connected.
        if socket.connecting {
            return Ok(());
        }
        for _ in 0..READS {
            if !host.wants_read(peer) {
                socket.unread = true;
                return Ok(());
            }
            match socket.stream.read(buffer) {
                Ok(0) => {
                    host.read_eof(now, peer);
                    return Ok(());
                }
                Ok(len) => {
                    host.read(now, peer, &mut buffer[..len]);
                    if len < READ && SHORT_READ_IS_ALL && !socket.ended {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        socket.queued = true;
        self.readable.push(peer);
        Ok(())
    }

    /// Writes to all that have something to be written, and drops those that have ended.
    pub(crate) fn flush(&mut self, now: Instant) {
        while let Some(peer) = self.host.next_changed().or_else(|| self.writable.pop()) {
            if let Err(error) = self.write_to(now, peer) {
                // It has changed by this, and comes again.
                self.broken(now, peer, error);
            }
        }
        self.take_failures(None);
    }

    fn write_to(&mut self, now: Instant, peer: PeerId) -> io::Result<()> {
        if self.host.is_done(peer) {
            self.remove(now, peer);
            return Ok(());
        }
        if !self.is_connected(peer)? {
            return Ok(());
        }
        let Self { host, sockets, registry, .. } = self;
        let Some(socket) = sockets.get_mut(peer) else { return Ok(()) };
        if let Some(mut outgoing) = host.outgoing(peer) {
            socket.write(&mut outgoing)?;
        }
        socket.await_write(registry, peer)?;
        if host.is_done(peer) {
            self.remove(now, peer);
            return Ok(());
        }
        if host.is_write_finished(peer) {
            socket.shut();
        }
        if socket.unread && host.wants_read(peer) {
            socket.unread = false;
            socket.queued = true;
            self.readable.push(peer);
        }
        Ok(())
    }

    /// A peer's socket is of no use any more.
    pub(crate) fn broken(&mut self, now: Instant, peer: PeerId, error: io::Error) {
        self.host.broken(now, peer);
        self.take_failures(Some((peer, error)));
    }

    /// Forgets a connection, and drops its socket.
    pub(crate) fn remove(&mut self, now: Instant, peer: PeerId) {
        self.host.remove(now, peer);
        self.sockets.remove(peer);
        self.addresses.remove(&peer);
    }

    /// Keeps what the service is not told: why connections were not opened. An error of a socket is
    /// nearer to the cause than what the machine made of it.
    fn take_failures(&mut self, mut cause: Option<(PeerId, io::Error)>) {
        while let Some((peer, reason)) = self.host.next_failed() {
            let error = match cause.take_if(|(broken, _)| *broken == peer) {
                Some((_, error)) => ConnectError::Io(error),
                None => ConnectError::Closed(reason),
            };
            if self.failures.len() == FAILURES {
                self.failures.pop_front();
            }
            self.failures.push_back((peer, error));
        }
    }
}
