//! Connecting to servers.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, ToSocketAddrs},
    vec,
};

use mio::net::TcpStream;
use socker_core::{
    Instant,
    handshake::Request,
    service::{PeerId, Service},
};

use crate::{connections::Connections, error::ConnectError, seed::random_seed, socket::Socket};

/// Where a server may be, as far as it has not been tried.
pub(crate) type Addresses = vec::IntoIter<SocketAddr>;

impl<S: Service> Connections<S> {
    /// Begins a connection to a server.
    pub(crate) fn connect(
        &mut self,
        now: Instant,
        request: &Request,
    ) -> Result<PeerId, ConnectError> {
        if request.is_secure() {
            return Err(ConnectError::Tls);
        }
        self.connect_to(now, resolve(request)?, request)
    }

    /// The same, with the addresses of its host.
    pub(crate) fn connect_to(
        &mut self,
        now: Instant,
        mut addresses: Addresses,
        request: &Request,
    ) -> Result<PeerId, ConnectError> {
        let not_found = io::Error::new(ErrorKind::NotFound, "the host has no address");
        let stream = dial(&mut addresses, not_found)?;
        let peer = self.host.connect(now, random_seed()?, request).ok_or(ConnectError::Full)?;
        self.addresses.insert(peer, addresses);
        match Socket::connecting(stream, &self.registry, peer) {
            Ok(socket) => {
                self.sockets.insert(peer, socket);
            }
            Err(error) => self.broken(now, peer, error),
        }
        Ok(peer)
    }

    /// Whether a peer's socket is connected; if that has failed, tries its server's next address.
    pub(crate) fn is_connected(&mut self, peer: PeerId) -> io::Result<bool> {
        let Some(socket) = self.sockets.get_mut(peer) else { return Ok(false) };
        if !socket.connecting {
            return Ok(true);
        }
        if socket.blocked {
            return Ok(false);
        }
        socket.blocked = true;
        let error = match socket.stream.take_error() {
            Ok(None) => match socket.stream.peer_addr() {
                Ok(_) => {
                    socket.blocked = false;
                    socket.connected();
                    self.addresses.remove(&peer);
                    return Ok(true);
                }
                // The event was of something else.
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
                Err(error) => error,
            },
            Ok(Some(error)) | Err(error) => error,
        };
        let Some(addresses) = self.addresses.get_mut(&peer) else { return Err(error) };
        let stream = dial(addresses, error)?;
        self.sockets.insert(peer, Socket::connecting(stream, &self.registry, peer)?);
        Ok(false)
    }
}

/// Begins to connect to the first address for which that is possible; `error` if there is none.
fn dial(addresses: &mut Addresses, mut error: io::Error) -> io::Result<TcpStream> {
    for address in addresses {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

/// The addresses of a request's host. A name is looked up, and awaited.
pub(crate) fn resolve(request: &Request) -> io::Result<Addresses> {
    let (host, port) = (request.uri().host().unwrap_or_default(), request.uri().port_u16());
    // An IPv6 address stands in brackets in a URI, and without them in a socket's address.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (host, port.unwrap_or(80)).to_socket_addrs()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use mio::Poll;
    use socker_core::{
        Message,
        service::{Context, Host},
    };

    use super::*;

    struct Nothing;

    impl Service for Nothing {
        fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
    }

    /// An address at which nobody listens.
    fn closed() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    /// Handles events until a peer is connected or its connection has failed.
    fn settle(poll: &mut Poll, connections: &mut Connections<Nothing>, peer: PeerId) {
        let mut events = mio::Events::with_capacity(8);
        while connections.sockets.get(peer).is_some_and(|socket| socket.connecting) {
            poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(!events.is_empty(), "an attempt has no end");
            for event in &events {
                connections.note(peer, event);
            }
            connections.flush(Instant::START);
        }
    }

    #[test]
    fn addresses_are_tried_in_order_until_one_answers() {
        let mut poll = Poll::new().unwrap();
        let registry = poll.registry().try_clone().unwrap();
        let mut connections = Connections::new(Host::new(Nothing), registry);
        let request = Request::get("ws://localhost/").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();

        let addresses = vec![closed(), closed(), listener.local_addr().unwrap(), closed()];
        let peer = connections.connect_to(Instant::START, addresses.into_iter(), &request).unwrap();
        settle(&mut poll, &mut connections, peer);
        let (_, address) = listener.accept().unwrap();
        let socket = connections.sockets.get(peer).unwrap();
        assert_eq!(socket.stream.local_addr().unwrap(), address);
        assert!(connections.addresses.is_empty() && connections.failures.is_empty());

        let addresses = vec![closed(), closed()];
        let peer = connections.connect_to(Instant::START, addresses.into_iter(), &request).unwrap();
        settle(&mut poll, &mut connections, peer);
        assert!(connections.addresses.is_empty());
        let (failed, error) = connections.failures.pop_front().unwrap();
        assert_eq!(failed, peer);
        let refused = ErrorKind::ConnectionRefused;
        assert!(matches!(error, ConnectError::Io(error) if error.kind() == refused));

        let none = connections.connect_to(Instant::START, vec![].into_iter(), &request);
        assert!(
            matches!(none, Err(ConnectError::Io(error)) if error.kind() == ErrorKind::NotFound)
        );
    }
}
