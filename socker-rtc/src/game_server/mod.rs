//! A game server in a directory, without IO: players who come by the directory's offers.
//!
//! [`GameServer`] joins an [`Endpoint`] and a [`Registration`]. Its owner has a UDP socket and a
//! connection to the directory, and a clock; `socker-tokio` and `socker-mio` are such owners.
//!
//! ```
//! use socker_rtc::{Config, Instant, game_server::GameServer};
//! use socker_core::directory::Registration;
//!
//! let config = Config::default().candidate("203.0.113.5:9000".parse()?);
//! let registration = Registration::new(r#"{"name":"arena"}"#)?;
//! let mut server = GameServer::new(std::time::Instant::now(), config, registration)?;
//!
//! // The connection is open, and what there is to say goes out over it.
//! server.directory_opened();
//! assert_eq!(server.poll_message(), Some(b"\0{\"name\":\"arena\"}".to_vec()));
//! // The directory lists it, and has an offer of client 7, which makes no sense.
//! server.directory_said(Instant::START, b"\x10\0\0\0\x02");
//! server.directory_said(Instant::START, b"\x04\0\0\0\x07v=0");
//! assert_eq!(server.id(), Some(2));
//! assert_eq!(server.poll_message(), Some(b"\x0b\0\0\0\x07".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The directory's names for its clients hold as long as the connection to it. Players do not need
//! it once they are connected, and stay when it ends.

mod error;
mod family;
mod options;

use std::{collections::BTreeMap, fmt, net::SocketAddr, time};

use socker_core::{
    Instant, Message,
    directory::{MetadataError, Registration, RegistrationEvent},
};

pub use self::{
    error::GameServerError,
    family::{from_socket, to_socket},
    options::Options,
};
use crate::{
    ChannelConfig, ChannelId, Config, ConfigError, Delivery, Endpoint, Event, OfferError,
    OpenError, PeerId, SendError, Sent, Transmit,
};

/// Players and a directory, without any IO.
///
/// As with an [`Endpoint`], any order of calls is right. See the [module](self) for an example.
#[derive(Debug)]
pub struct GameServer {
    endpoint: Endpoint,
    registration: Registration,
    /// The players by the directory's names for them, which hold as long as its connection.
    clients: BTreeMap<u32, PeerId>,
    problem: Option<Problem>,
}

/// What a directory has refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// As in the table of [`socker_core::directory`].
    pub code: u16,
    /// In words.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (problem {})", self.text, self.code)
    }
}

/// Its beginning and end.
impl GameServer {
    /// A server without players; for `base` and `config` see [`Endpoint::new`].
    ///
    /// # Errors
    /// No address is announced, or one at which nobody can be reached.
    pub fn new(
        base: time::Instant,
        config: Config,
        registration: Registration,
    ) -> Result<Self, ConfigError> {
        let endpoint = Endpoint::new(base, config)?;
        Ok(Self { endpoint, registration, clients: BTreeMap::new(), problem: None })
    }

    /// Leaves the directory and says goodbye to all players.
    pub fn close(&mut self, now: Instant) {
        self.registration.deregister();
        self.endpoint.close(now);
    }

    /// Whether it was closed, and nothing of any player waits to be polled.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.endpoint.is_done()
    }

    /// What its players are connected to: how many there are, and what it has counted.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether it holds nothing of any player. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.endpoint.is_bare() && self.clients.is_empty()
    }
}

/// The directory.
impl GameServer {
    /// A connection to the directory is open. It may know its clients by other names than before.
    pub fn directory_opened(&mut self) {
        self.clients.clear();
        self.registration.opened();
    }

    /// The connection to the directory has ended. Players stay.
    pub fn directory_closed(&mut self) {
        self.registration.closed();
    }

    /// The directory has sent a binary message.
    pub fn directory_said(&mut self, now: Instant, message: &[u8]) {
        self.registration.read(message);
        while let Some(event) = self.registration.poll_event() {
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
                RegistrationEvent::Problem { code, text } => {
                    self.problem = Some(Problem { code, text });
                }
                _ => {}
            }
        }
    }

    /// An offer of somebody who is there is about the same connection; if that has ended, it is a new
    /// one.
    fn accept(&mut self, now: Instant, client: u32, sdp: &str) -> Result<String, OfferError> {
        if let Some(player) = self.clients.get(&client) {
            match self.endpoint.accept_again(now, *player, sdp) {
                Ok(answer) => return Ok(answer),
                Err(OfferError::NoPeer) => {}
                // The page has made its connection anew: the old one is dead.
                Err(OfferError::AnotherConnection) => self.endpoint.kick(now, *player),
                Err(error) => return Err(error),
            }
        }
        let (player, answer) = self.endpoint.accept(now, sdp)?;
        self.clients.insert(client, player);
        Ok(answer)
    }

    /// The next binary message for the directory. Poll until there is none, after whatever else was
    /// called; without a connection there is none.
    pub fn poll_message(&mut self) -> Option<Vec<u8>> {
        self.registration.poll_message()
    }

    /// What the directory has refused since this was last asked; the last of it. A server whose
    /// registration is refused is not listed, until its metadata are changed or the connection is
    /// another.
    pub fn take_problem(&mut self) -> Option<Problem> {
        self.problem.take()
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
}

/// Players: the same as the endpoint's calls of these names.
impl GameServer {
    /// Sends a message to a player ([`Endpoint::send`]).
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

    /// Opens a channel to a player ([`Endpoint::open_channel`]).
    ///
    /// # Errors
    /// There is no such player, it has too many channels, or the label is too long.
    pub fn open_channel(
        &mut self,
        now: Instant,
        player: PeerId,
        config: ChannelConfig,
    ) -> Result<ChannelId, OpenError> {
        self.endpoint.open_channel(now, player, config)
    }

    /// Closes a channel ([`Endpoint::close_channel`]).
    pub fn close_channel(&mut self, now: Instant, player: PeerId, channel: ChannelId) {
        self.endpoint.close_channel(now, player, channel);
    }

    /// Ends a player's connection ([`Endpoint::kick`]).
    pub fn kick(&mut self, now: Instant, player: PeerId) {
        self.endpoint.kick(now, player);
    }

    /// Whether [`GameServer::poll_event`] has something, so that its owner should not wait.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.endpoint.has_events()
    }

    /// What has happened to a player next.
    pub fn poll_event(&mut self) -> Option<(PeerId, Event)> {
        let (player, event) = self.endpoint.poll_event()?;
        if let Event::Disconnected { .. } = event {
            self.clients.retain(|_, other| *other != player);
        }
        Some((player, event))
    }
}

/// Datagrams and the time: the same as the endpoint's.
impl GameServer {
    /// A datagram has come ([`Endpoint::receive`]).
    pub fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
    ) {
        self.endpoint.receive(now, source, destination, datagram);
    }

    /// The next datagram to send ([`Endpoint::poll_transmit`]).
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    /// The time is `now` ([`Endpoint::handle_timeout`]). Pass in first what has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
    }

    /// When to call [`GameServer::handle_timeout`]; `None` if there is no such time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout()
    }
}
