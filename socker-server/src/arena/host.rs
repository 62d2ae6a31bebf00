//! Runs an arena: its peers, its directory, and 60 ticks a second.

use std::{fmt, future, net::SocketAddr, time::Instant as Clock};

use serde_json::json;
use socker_core::Message;
use socker_tokio::{
    game_server::{self, GameServer, GameServerError, Problem},
    rtc::{self, Event, PeerId, Refusal, SendError},
};
use tokio::{
    task,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Arena, Command};
use crate::game::{TICK, world::PLAYERS};

/// Pages also connect to measure the way, and then play elsewhere.
const PEERS: usize = 2 * PLAYERS;
/// Two for the game, one for the measuring, and one that is being closed.
const CHANNELS: usize = 4;
/// What a page says is nine bytes; a ping may be longer.
const MESSAGE_LIMIT: u32 = 256;
/// The directory is told of players so many ticks after each other at the least.
const NEWS: u32 = 15;

/// Where an arena is.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) directory: String,
    pub(super) name: String,
    pub(super) bind: SocketAddr,
    pub(super) announced: Option<SocketAddr>,
}

/// Why there is no arena.
#[derive(Debug)]
pub(super) enum Failure {
    Begin(GameServerError),
    /// By the directory.
    Refused(Problem),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(error) => error.fmt(f),
            Self::Refused(problem) => write!(f, "the directory refuses it: {problem}"),
        }
    }
}

impl From<GameServerError> for Failure {
    fn from(error: GameServerError) -> Self {
        Self::Begin(error)
    }
}

/// Runs an arena until it is cancelled; then everybody is told goodbye. `listed` is told the address
/// under which players find it, once they do.
///
/// # Errors
/// It can't begin.
pub(super) async fn run(
    options: Options,
    ending: CancellationToken,
    listed: impl FnOnce(SocketAddr),
) -> Result<(), Failure> {
    let Options { directory, name, bind, announced } = options;
    // The first player should not wait for it, and nor should the directory. It has no result that
    // changes anything.
    drop(task::spawn_blocking(|| rtc::warm_up(Clock::now())));
    let config =
        rtc::Config::default().peers(PEERS).channels(CHANNELS).message_limit(MESSAGE_LIMIT);
    let mut options = game_server::Options::default().bind(bind).rtc(config);
    options.announced = announced;
    let metadata = metadata(&name, 0);
    let server = tokio::select! {
        connected = GameServer::connect_with(&directory, &metadata, options) => connected?,
        () = ending.cancelled() => return Ok(()),
    };
    Host { server, arena: Arena::default(), name, told: 0 }.run(ending, listed).await
}

/// What pages see of it in the directory.
fn metadata(name: &str, players: usize) -> String {
    json!({ "name": name, "game": "scene", "players": players, "places": PLAYERS }).to_string()
}

struct Host {
    server: GameServer,
    arena: Arena,
    name: String,
    /// How many players the directory knows of.
    told: usize,
}

impl Host {
    async fn run(
        mut self,
        ending: CancellationToken,
        listed: impl FnOnce(SocketAddr),
    ) -> Result<(), Failure> {
        let mut tick = time::interval(TICK);
        // After a stall the game goes on from there, and does not run after what it missed.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut ending, mut listed) = (Some(ending), Some(listed));
        loop {
            tokio::select! {
                next = self.server.next() => match next {
                    Some((peer, event)) => self.told(peer, event),
                    None => return Ok(()),
                },
                _ = tick.tick() => self.step(),
                () = cancelled(ending.as_ref()) => {
                    ending = None;
                    self.server.close();
                }
            }
            self.carry_out();
            if let Some(problem) = self.server.take_problem() {
                if listed.is_some() {
                    return Err(Failure::Refused(problem));
                }
                warn!(%problem, "the directory refuses something");
            }
            if self.server.id().is_some()
                && let Some(listed) = listed.take()
            {
                listed(self.server.announced());
            }
        }
    }

    fn told(&mut self, peer: PeerId, event: Event) {
        match &event {
            Event::Connected => debug!(%peer, "connected to the arena"),
            Event::Disconnected { reason } => debug!(%peer, %reason, "gone from the arena"),
            _ => {}
        }
        self.arena.told(peer, event);
    }

    fn step(&mut self) {
        self.arena.step();
        let players = self.arena.players();
        if players != self.told && self.arena.tick.is_multiple_of(NEWS) {
            info!(players, "in the arena {}", self.name);
            self.told = players;
            // The directory tells if it does not want it.
            let _ = self.server.update(&metadata(&self.name, players));
        }
    }

    fn carry_out(&mut self) {
        for command in self.arena.commands() {
            match command {
                Command::Send { to, channel, message, delivery } => {
                    let sent = self.server.send(to, channel, Message::binary(message), delivery);
                    if let Err(SendError { refusal: Refusal::Full, .. }) = sent {
                        debug!(%to, "does not keep up");
                        // It would not know who is there.
                        self.server.kick(to);
                    }
                }
                Command::CloseChannel(peer, channel) => self.server.close_channel(peer, channel),
                Command::Kick(peer) => self.server.kick(peer),
            }
        }
    }
}

async fn cancelled(ending: Option<&CancellationToken>) {
    match ending {
        Some(ending) => ending.cancelled().await,
        None => future::pending().await,
    }
}
