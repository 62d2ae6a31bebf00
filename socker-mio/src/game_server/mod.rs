//! A game server that browsers find in a directory and reach over WebRTC data channels.
//!
//! ```no_run
//! use socker_mio::game_server::GameServer;
//! use socker_mio::rtc::{Delivery, Event};
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let metadata = r#"{"name":"arena"}"#;
//! let mut server = GameServer::connect("ws://localhost:8080", metadata)?;
//! while !server.is_done() {
//!     server.poll(None)?; // or `Some(Duration::ZERO)`, in each tick of a game
//!     while let Some((player, event)) = server.next_event() {
//!         match event {
//!             Event::Opened { config, .. } => println!("{player} has opened {}", config.label),
//!             Event::Message { channel, message } => {
//!                 // A player that does not keep up is not waited for.
//!                 let _ = server.send(player, channel, message, Delivery::Droppable);
//!             }
//!             Event::Disconnected { reason } => println!("{player} is gone: {reason}"),
//!             _ => {}
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A directory may be in the same process, in an [`EventLoop`](crate::EventLoop) on another thread or
//! on the same. [`GameServer::connect`] waits for it, so where one thread polls both, connect on
//! another: a game server may be sent from thread to thread.

mod link;

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use mio::net::UdpSocket;
use socker_core::{
    Message,
    directory::{MetadataError, Registration},
};
pub use socker_rtc::game_server::{Options, Problem};
use socker_rtc::{
    ChannelConfig, ChannelId, Counters, Delivery, Event, OpenError, PeerId, SendError, Sent,
    game_server::{self, from_socket, to_socket},
};

use self::link::{Link, Told};
use crate::error::ConnectError;

/// Most datagrams of a turn: the time, the directory and the game come next.
const DATAGRAMS: usize = 64;

/// More than a datagram has.
const READ: usize = 2_048;

/// Why a game server can't begin.
pub type GameServerError = game_server::GameServerError<ConnectError>;

impl From<ConnectError> for GameServerError {
    fn from(error: ConnectError) -> Self {
        Self::Directory(error)
    }
}

/// A game server in a directory, with all of its players on one UDP port.
///
/// It does something only while it is polled. If the directory is lost, the players stay, and it
/// registers again as soon as that is there. See the [module](self) for a loop.
#[derive(Debug)]
pub struct GameServer {
    machine: game_server::GameServer,
    link: Link,
    socket: UdpSocket,
    /// There may be datagrams. An event says so once only.
    readable: bool,
    /// Where the socket is bound.
    local: SocketAddr,
    announced: SocketAddr,
    buffer: Box<[u8; READ]>,
}

/// Where it begins and ends.
impl GameServer {
    /// Registers at a directory, with metadata that clients see: JSON of any shape. It is reached
    /// under the address with which it reaches the directory, at a port that the system picks.
    ///
    /// `directory` is a `ws://` URI; without a path, `/directory/servers` is meant. This waits until
    /// the directory has answered, for 10 s at the most once its name has been looked up.
    ///
    /// # Errors
    /// The directory can't be reached, or something is wrong with the metadata or the socket.
    pub fn connect(directory: &str, metadata: &str) -> Result<Self, GameServerError> {
        Self::connect_with(directory, metadata, Options::default())
    }

    /// The same, with addresses and limits of your choice.
    ///
    /// # Errors
    /// As [`GameServer::connect`]; or nobody can be reached under the announced address.
    pub fn connect_with(
        directory: &str,
        metadata: &str,
        options: Options,
    ) -> Result<Self, GameServerError> {
        let registration = Registration::new(metadata)?;
        let mut link = Link::open(directory)?;
        let mut socket = UdpSocket::bind(options.bind)?;
        link.hold(&mut socket)?;
        let local = socket.local_addr()?;
        let announced =
            options.announced_at(local.port(), || link.local_ip().map_err(ConnectError::Io))?;
        let config = options.rtc.candidate(announced);
        let mut machine = game_server::GameServer::new(link.start(), config, registration)?;
        machine.directory_opened();
        let buffer = Box::new([0; READ]);
        let mut server = Self { machine, link, socket, local, readable: false, announced, buffer };
        // It may have ended by now.
        server.hear();
        server.flush();
        Ok(server)
    }

    /// The address that players are told.
    #[must_use]
    pub fn announced(&self) -> SocketAddr {
        self.announced
    }

    /// By which clients name this server in the directory, while it is listed.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.machine.id()
    }

    /// What the directory has refused since this was last asked; the last of it. A server whose
    /// registration is refused is not listed: there are too many, or its metadata are too long.
    pub fn take_problem(&mut self) -> Option<Problem> {
        self.machine.take_problem()
    }

    /// Changes the metadata that clients see.
    ///
    /// # Errors
    /// They are not JSON, or too long; they stay as they were.
    pub fn update(&mut self, metadata: &str) -> Result<(), MetadataError> {
        self.machine.update(metadata)
    }

    /// Leaves the directory and says goodbye to all players. Go on to poll until
    /// [`GameServer::is_done`].
    pub fn close(&mut self) {
        self.machine.close(self.link.now());
    }

    /// Whether [`GameServer::close`] has come to its end: the last event of each player has been
    /// taken, and the directory knows.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.machine.is_done() && self.link.is_closed()
    }
}

/// Going on.
impl GameServer {
    /// Sends what waits to be sent, waits until something happens, and handles all that has; of
    /// datagrams up to 64, so that they delay nothing else.
    ///
    /// It waits at the most for `timeout`: not at all if that is zero or an event waits to be taken,
    /// and with `None` for as long as neither a player, nor the directory, nor a time of theirs has
    /// come. It may also return early, and without an event. Once all is done, it does not wait
    /// without a time-out.
    ///
    /// # Errors
    /// The system refuses to tell of events. What is the matter with one player or the directory is
    /// not an error.
    pub fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.flush();
        if self.machine.is_done() {
            self.link.close();
        }
        self.link.poll(self.patience(timeout))?;
        // First what has come, so that nobody is found silent because this was late.
        self.receive();
        self.hear();
        self.machine.handle_timeout(self.link.now());
        self.flush();
        Ok(())
    }

    /// What has happened to a player next. Take all after each [`GameServer::poll`].
    pub fn next_event(&mut self) -> Option<(PeerId, Event)> {
        self.machine.poll_event()
    }

    /// How long to wait.
    fn patience(&self, timeout: Option<Duration>) -> Option<Duration> {
        if self.readable || self.machine.has_events() {
            return Some(Duration::ZERO);
        }
        let Some(time) = self.machine.poll_timeout() else { return timeout };
        let wait = time.since(self.link.now());
        Some(timeout.map_or(wait, |timeout| timeout.min(wait)))
    }

    fn receive(&mut self) {
        self.readable |= self.link.take_held_ready();
        if !self.readable {
            return;
        }
        let now = self.link.now();
        for _ in 0..DATAGRAMS {
            match self.socket.recv_from(&mut self.buffer[..]) {
                Ok((len, source)) => {
                    let source = from_socket(source);
                    self.machine.receive(now, source, self.announced, &self.buffer[..len]);
                }
                // A player whose port is closed is told here by some systems; others may have sent.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // There are no more; any other error must not spin.
                Err(_) => {
                    self.readable = false;
                    return;
                }
            }
        }
    }

    /// What the directory's connection tells.
    fn hear(&mut self) {
        while let Some(told) = self.link.next() {
            match told {
                Told::Opened(_) => self.machine.directory_opened(),
                Told::Closed => self.machine.directory_closed(),
                Told::Message(message) => {
                    self.machine.directory_said(self.link.now(), message.as_bytes());
                }
            }
        }
    }

    /// Sends all that waits to be sent.
    fn flush(&mut self) {
        while let Some(message) = self.machine.poll_message() {
            self.link.send(message);
        }
        while let Some(transmit) = self.machine.poll_transmit() {
            // What the system has no room for is lost, as on the way; what must arrive comes again.
            let destination = to_socket(self.local, transmit.destination);
            let _ = self.socket.send_to(&transmit.payload, destination);
        }
    }
}

/// Players.
impl GameServer {
    /// Sends a message to a player. It leaves with the next [`GameServer::poll`], in packets that the
    /// messages of a tick share.
    ///
    /// # Errors
    /// There is no such player or channel, or no room; the message is given back.
    pub fn send<'m>(
        &mut self,
        player: PeerId,
        channel: ChannelId,
        message: Message<'m>,
        delivery: Delivery,
    ) -> Result<Sent, SendError<'m>> {
        self.machine.send(player, channel, message, delivery)
    }

    /// Opens a channel to a player; [`Event::Opened`] tells when it can be sent on.
    ///
    /// # Errors
    /// There is no such player, it has too many channels, or the label is too long.
    pub fn open_channel(
        &mut self,
        player: PeerId,
        config: ChannelConfig,
    ) -> Result<ChannelId, OpenError> {
        self.machine.open_channel(self.link.now(), player, config)
    }

    /// Closes a channel.
    pub fn close_channel(&mut self, player: PeerId, channel: ChannelId) {
        self.machine.close_channel(self.link.now(), player, channel);
    }

    /// Ends a player's connection, after what was sent to it before.
    pub fn kick(&mut self, player: PeerId) {
        self.machine.kick(self.link.now(), player);
    }

    /// How many players there are.
    #[must_use]
    pub fn players(&self) -> usize {
        self.machine.endpoint().peers()
    }

    /// What the endpoint has counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.machine.endpoint().counters()
    }
}
