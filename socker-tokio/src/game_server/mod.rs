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

mod error;
mod link;
mod options;

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use socker_core::{
    Instant, Message,
    directory::{MetadataError, Registration, RegistrationEvent},
};
use socker_rtc::{
    ChannelConfig, ChannelId, Counters, Delivery, Endpoint, Event, OfferError, OpenError, PeerId,
    SendError, Sent,
};
use tokio::{net::UdpSocket, time};

use self::link::Link;
pub use self::{error::GameServerError, options::Options};

/// Most datagrams that are read before the time and the directory are looked at.
const DATAGRAMS: usize = 64;

/// More than a datagram has.
const READ: usize = 2_048;

/// A game server in a directory, with all of its players on one UDP port.
///
/// It is driven by whoever awaits [`GameServer::next`]; call that all the time. If the directory is
/// lost, the players stay, and it registers again as soon as that is there. See the
/// [module](self) for a loop.
#[derive(Debug)]
pub struct GameServer {
    endpoint: Endpoint,
    socket: UdpSocket,
    announced: SocketAddr,
    /// The endpoint's [`Instant::START`].
    start: time::Instant,
    registration: Registration,
    link: Link,
    /// The players by the directory's names for them, which hold as long as its connection.
    clients: BTreeMap<u32, PeerId>,
    buffer: Box<[u8; READ]>,
    closing: bool,
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
        let mut registration = Registration::new(metadata)?;
        let link = Link::open(directory).await?;
        registration.opened();
        let Options { bind, announced, rtc } = options;
        let socket = UdpSocket::bind(bind).await?;
        let announced = match announced {
            Some(announced) => announced,
            None => SocketAddr::new(link.local_ip()?, socket.local_addr()?.port()),
        };
        let start = time::Instant::now();
        let endpoint = Endpoint::new(start.into_std(), rtc.candidate(announced))?;
        Ok(Self {
            endpoint,
            socket,
            announced,
            start,
            registration,
            link,
            clients: BTreeMap::new(),
            buffer: Box::new([0; READ]),
            closing: false,
        })
    }

    /// The address that players are told.
    #[must_use]
    pub fn announced(&self) -> SocketAddr {
        self.announced
    }

    /// By which clients name this server in the directory, while it is listed.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.registration.id()
    }

    /// Changes the metadata that clients see.
    ///
    /// # Errors
    /// They are not JSON, or too long; they stay as they were.
    pub fn update(&mut self, metadata: &str) -> Result<(), MetadataError> {
        self.registration.update(metadata)
    }

    /// Leaves the directory and says goodbye to all players. [`GameServer::next`] tells of each, and
    /// then `None`.
    pub fn close(&mut self) {
        self.closing = true;
        self.registration.deregister();
        self.endpoint.close(self.now());
    }
}

/// Players.
impl GameServer {
    /// What happens to a player next; `None` after [`GameServer::close`], when all are gone. It can be
    /// dropped before it is ready, and nothing is lost.
    pub async fn next(&mut self) -> Option<(PeerId, Event)> {
        loop {
            self.turn();
            if let Some((peer, event)) = self.endpoint.poll_event() {
                if let Event::Disconnected { .. } = event {
                    self.clients.retain(|_, player| *player != peer);
                }
                return Some((peer, event));
            }
            if self.closing && self.endpoint.is_done() {
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
        self.endpoint.send(player, channel, message, delivery)
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
        self.endpoint.open_channel(self.now(), player, config)
    }

    /// Closes a channel.
    pub fn close_channel(&mut self, player: PeerId, channel: ChannelId) {
        self.endpoint.close_channel(self.now(), player, channel);
    }

    /// Ends a player's connection, after what was sent to it before.
    pub fn kick(&mut self, player: PeerId) {
        self.endpoint.kick(self.now(), player);
    }

    /// How many players there are.
    #[must_use]
    pub fn players(&self) -> usize {
        self.endpoint.peers()
    }

    /// What the endpoint has counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.endpoint.counters()
    }
}

impl GameServer {
    fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }

    /// All that need not wait.
    fn turn(&mut self) {
        let now = self.now();
        self.endpoint.handle_timeout(now);
        while let Some(event) = self.registration.poll_event() {
            self.told(now, event);
        }
        while let Some(message) = self.registration.poll_message() {
            self.link.send(message);
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            // What the system has no room for is lost, as on the way; what must arrive comes again.
            let _ = self.socket.try_send_to(&transmit.payload, transmit.destination);
        }
    }

    /// What the directory says.
    fn told(&mut self, now: Instant, event: RegistrationEvent) {
        match event {
            RegistrationEvent::Offer { client, sdp } => match self.accept(now, client, &sdp) {
                Ok(answer) => self.registration.answer(client, &answer),
                Err(_) => self.registration.reject(client),
            },
            RegistrationEvent::Candidate { client, candidate: Some(candidate) } => {
                if let Some(player) = self.clients.get(&client) {
                    // One that makes no sense is the client's loss.
                    let _ = self.endpoint.candidate(now, *player, &candidate.candidate);
                }
            }
            _ => {}
        }
    }

    /// An offer of somebody who is there is about the same connection; if that has ended, it is a new
    /// one.
    fn accept(&mut self, now: Instant, client: u32, sdp: &str) -> Result<String, OfferError> {
        if let Some(player) = self.clients.get(&client) {
            match self.endpoint.accept_again(now, *player, sdp) {
                Ok(answer) => return Ok(answer),
                Err(OfferError::NoPeer) => {}
                // A page that has made its connection anew: the old one is dead.
                Err(_) => self.endpoint.kick(now, *player),
            }
        }
        let (player, answer) = self.endpoint.accept(now, sdp)?;
        self.clients.insert(client, player);
        Ok(answer)
    }

    /// Until something has come, or the time.
    async fn wait(&mut self) {
        let timeout = self.endpoint.poll_timeout();
        let timeout = timeout.map(|at| self.start + at.since(Instant::START));
        let Self { socket, link, registration, .. } = self;
        tokio::select! {
            ready = socket.readable() => match ready {
                Ok(()) => self.receive(),
                // It does not happen to a socket that is bound, and must not spin.
                Err(_) => time::sleep(Duration::from_millis(100)).await,
            },
            () = until(timeout) => {}
            told = link.next() => match told {
                link::Told::Opened => {
                    self.clients.clear();
                    registration.opened();
                }
                link::Told::Closed => registration.closed(),
                link::Told::Message(message) => registration.read(message.as_bytes()),
            },
        }
    }

    fn receive(&mut self) {
        let now = self.now();
        for _ in 0..DATAGRAMS {
            match self.socket.try_recv_from(&mut self.buffer[..]) {
                Ok((len, source)) => {
                    self.endpoint.receive(now, source, self.announced, &self.buffer[..len]);
                }
                // A player whose port is closed is told here by some systems; others may have sent.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Err(_) => return,
            }
        }
    }
}

async fn until(at: Option<time::Instant>) {
    match at {
        Some(at) => time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
