//! Accepting connections.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use mio::net::{TcpListener, TcpStream};
use socker_core::{Instant, service::host::is_of_connection};

/// Connections of one turn: those that are there already go on meanwhile.
const BATCH: usize = 128;

/// How long to wait when the system refuses to accept, at first and at the most: it mostly lacks
/// descriptors or memory, and gets them back when connections end.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    /// More may wait to be accepted. An event says so once only.
    ready: bool,
    /// Not before this time, though.
    paused: Option<Instant>,
    /// How long it pauses next.
    pause: Duration,
}

impl Listener {
    /// A listener that is registered.
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self { listener, ready: false, paused: None, pause: PAUSE }
    }

    /// An event has said that connections wait.
    pub(crate) fn is_ready(&mut self) {
        self.ready = true;
    }

    /// When to call [`Listener::accept`] without a further event.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.ready.then(|| self.paused.unwrap_or(Instant::START))
    }

    /// Hands the connections that wait to `take`.
    pub(crate) fn accept(&mut self, now: Instant, mut take: impl FnMut(TcpStream, SocketAddr)) {
        if !self.ready || self.paused.is_some_and(|until| now < until) {
            return;
        }
        self.paused = None;
        for _ in 0..BATCH {
            match self.listener.accept() {
                Ok((stream, address)) => {
                    self.pause = PAUSE;
                    take(stream, address);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready = false;
                    return;
                }
                Err(error) if is_of_connection(error.kind()) => {}
                Err(_) => {
                    self.paused = Some(now + self.pause);
                    self.pause = (2 * self.pause).min(LONGEST_PAUSE);
                    return;
                }
            }
        }
    }
}
