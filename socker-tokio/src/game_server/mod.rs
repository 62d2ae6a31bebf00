//! A game server that browsers find in a directory and reach over WebRTC data channels.
//!
//! ```no_run
//! use socker_tokio::game_server::GameServer;
//! use socker_tokio::rtc::{Delivery, Event};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let metadata = r#"{"name":"arena"}"#;
//! let mut server = GameServer::connect("ws://localhost:8080", metadata).await?;
//! while let Some((player, event)) = server.next().await {
//!     match event {
//!         Event::Opened { config, .. } => println!("{player} has opened {}", config.label),
//!         Event::Message { channel, message } => {
//!             // A player that does not keep up is not waited for.
//!             let _ = server.send(player, channel, message, Delivery::Droppable);
//!         }
//!         Event::Disconnected { reason } => println!("{player} is gone: {reason}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod link;

use std::{io, net::SocketAddr, time::Duration};

use socker_core::{
    Instant, Message,
    directory::{MetadataError, Registration},
};
pub use socker_rtc::game_server::{Options, Problem};
use socker_rtc::{
    ChannelConfig, ChannelId, Counters, Delivery, Event, OpenError, PeerId, SendError, Sent,
    game_server::{self, from_socket, to_socket},
};
use tokio::{net::UdpSocket, task, time};

use self::link::Link;
use crate::Error;

/// Most datagrams that are read before the time and the directory are looked at.
const DATAGRAMS: usize = 64;

/// More than a datagram has.
const READ: usize = 2_048;

/// Why a game server can't begin.
pub type GameServerError = game_server::GameServerError<Error>;

impl From<Error> for GameServerError {
    fn from(error: Error) -> Self {
        Self::Directory(error)
    }
}

/// A game server in a directory, with all of its players on one UDP port.
///
/// It is driven by whoever awaits [`GameServer::next`]; call that all the time. If the directory is
/// lost, the players stay, and it registers again as soon as that is there. See the
/// [module](self) for a loop.
#[derive(Debug)]
pub struct GameServer {
    machine: game_server::GameServer,
    link: Link,
    socket: UdpSocket,
    /// Where the socket is bound.
    local: SocketAddr,
    announced: SocketAddr,
    /// The machine's [`Instant::START`].
    start: time::Instant,
    buffer: Box<[u8; READ]>,
}

/// Where it begins and ends.
impl GameServer {
    /// Registers at a directory, with metadata that clients see: JSON of any shape. It is reached
    /// under the address with which it reaches the directory, at a port that the system picks.
    ///
    /// `directory` is a `ws://` URI; without a path, `/directory/servers` is meant.
    ///
    /// # Errors
    /// The directory can't be reached, or something is wrong with the metadata or the socket.
    pub async fn connect(directory: &str, metadata: &str) -> Result<Self, GameServerError> {
        Self::connect_with(directory, metadata, Options::default()).await
    }

    /// The same, with addresses and limits of your choice.
    ///
    /// # Errors
    /// As [`GameServer::connect`]; or nobody can be reached under the announced address.
    pub async fn connect_with(
        directory: &str,
        metadata: &str,
        options: Options,
    ) -> Result<Self, GameServerError> {
        let registration = Registration::new(metadata)?;
        let link = Link::open(directory).await?;
        let socket = UdpSocket::bind(options.bind).await?;
        let local = socket.local_addr()?;
        let announced =
            options.announced_at(local.port(), || link.local_ip().map_err(Error::from))?;
        let start = time::Instant::now();
        let config = options.rtc.candidate(announced);
        let mut machine = game_server::GameServer::new(start.into_std(), config, registration)?;
        machine.directory_opened();
        Ok(Self { machine, link, socket, local, announced, start, buffer: Box::new([0; READ]) })
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

    /// Leaves the directory and says goodbye to all players. [`GameServer::next`] tells of each, and
    /// then `None`.
    pub fn close(&mut self) {
        self.machine.close(self.now());
    }
}

/// Players.
impl GameServer {
    /// What happens to a player next; `None` after [`GameServer::close`], when all are gone. It can be
    /// dropped before it is ready, and nothing is lost.
    pub async fn next(&mut self) -> Option<(PeerId, Event)> {
        loop {
            self.flush();
            if let Some(happened) = self.machine.poll_event() {
                return Some(happened);
            }
            if self.machine.is_done() {
                self.link.close().await;
                return None;
            }
            self.wait().await;
        }
    }

    /// Sends a message to a player. It leaves with the next call of [`GameServer::next`].
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
        self.machine.open_channel(self.now(), player, config)
    }

    /// Closes a channel.
    pub fn close_channel(&mut self, player: PeerId, channel: ChannelId) {
        self.machine.close_channel(self.now(), player, channel);
    }

    /// Ends a player's connection, after what was sent to it before.
    pub fn kick(&mut self, player: PeerId) {
        self.machine.kick(self.now(), player);
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

impl GameServer {
    fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }

    /// Sends all that waits to be sent.
    fn flush(&mut self) {
        while let Some(message) = self.machine.poll_message() {
            self.link.send(message);
        }
        while let Some(transmit) = self.machine.poll_transmit() {
            // What the system has no room for is lost, as on the way; what must arrive comes again.
            let destination = to_socket(self.local, transmit.destination);
            let _ = self.socket.try_send_to(&transmit.payload, destination);
        }
    }

    /// Until something has come, or the time.
    async fn wait(&mut self) {
        let timeout = self.machine.poll_timeout();
        let timeout = timeout.map(|at| self.start + at.since(Instant::START));
        tokio::select! {
            ready = self.socket.readable() => if ready.is_err() {
                // It does not happen to a socket that is bound, and must not spin.
                time::sleep(Duration::from_millis(100)).await;
            },
            () = until(timeout) => {}
            told = self.link.next() => return self.told(&told),
        }
        // First what has come, so that nobody is found silent because this was late.
        let more = self.receive();
        self.machine.handle_timeout(self.now());
        if more {
            // Readiness costs nothing of a task's budget, so a flood would let nobody else run.
            task::yield_now().await;
        }
    }

    /// What the directory's connection tells.
    fn told(&mut self, told: &link::Told) {
        match told {
            link::Told::Opened => self.machine.directory_opened(),
            link::Told::Closed => self.machine.directory_closed(),
            link::Told::Message(message) => {
                self.machine.directory_said(self.now(), message.as_bytes());
            }
        }
    }

    /// Whether there may be more.
    fn receive(&mut self) -> bool {
        let now = self.now();
        for _ in 0..DATAGRAMS {
            match self.socket.try_recv_from(&mut self.buffer[..]) {
                Ok((len, source)) => {
                    let source = from_socket(source);
                    self.machine.receive(now, source, self.announced, &self.buffer[..len]);
                }
                // A player whose port is closed is told here by some systems; others may have sent.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(_) => return false,
            }
        }
        true
    }
}

async fn until(at: Option<time::Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
