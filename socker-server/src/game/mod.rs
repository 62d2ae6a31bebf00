//! The shared scene: a game of its own thread, whose loop drives every player's script.

mod script;
mod wire;
mod world;

use std::{
    io, thread,
    time::{Duration, Instant as Clock},
};

use socker_core::{
    CloseCode, Instant, Message, Refusal, SendError,
    script::{Context, Cursor, Outbox, Progress, Script},
    wire::Frame,
};
use tokio::sync::mpsc::{self, error::TryRecvError, error::TrySendError};
use tracing::debug;

use self::world::World;

/// Ticks a second.
const RATE: u32 = 60;
const TICK: Duration = Duration::from_nanos(1_000_000_000 / RATE as u64);
/// Newcomers that may wait for a tick.
const NEWCOMERS: usize = 256;
/// Messages that may wait for a tick, per player: four ticks of a page that sends with each frame.
const INBOX: usize = 16;
/// Messages that may wait for a player's connection. A snapshot that finds no room is left out: the
/// next one tells everything again.
const OUTBOX: usize = 16;

/// What a player's connection is to do.
#[derive(Debug)]
pub(crate) enum Command {
    Send(Message<'static>),
    SendFrame(Frame),
    Close(CloseCode, String),
}

/// A player's connection, as the game sees it.
#[derive(Debug)]
struct Newcomer {
    inbox: mpsc::Receiver<Message<'static>>,
    outbox: mpsc::Sender<Command>,
}

/// A player's place in the game, as its connection sees it. Dropped, the player leaves.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) inbox: mpsc::Sender<Message<'static>>,
    pub(crate) outbox: mpsc::Receiver<Command>,
}

/// The game's door.
#[derive(Clone, Debug)]
pub(crate) struct Game {
    newcomers: mpsc::Sender<Newcomer>,
}

impl Game {
    /// Takes part from the next tick on; `None` if too many want to at once, or the game is no more.
    pub(crate) fn join(&self) -> Option<Seat> {
        let (to_game, inbox) = mpsc::channel(INBOX);
        let (outbox, from_game) = mpsc::channel(OUTBOX);
        self.newcomers.try_send(Newcomer { inbox, outbox }).ok()?;
        Some(Seat { inbox: to_game, outbox: from_game })
    }
}

/// Starts the game's thread, which ends with the last [`Game`].
pub(crate) fn start() -> io::Result<Game> {
    let (newcomers, door) = mpsc::channel(NEWCOMERS);
    thread::Builder::new().name("game".to_owned()).spawn(move || run(door))?;
    Ok(Game { newcomers })
}

fn run(mut door: mpsc::Receiver<Newcomer>) {
    let script = script::script();
    let mut world = World::default();
    let mut players = Vec::new();
    let start = Clock::now();
    let mut tick = 0u32;
    let mut next = start;
    loop {
        let now = Instant::at(start.elapsed());
        loop {
            match door.try_recv() {
                Ok(newcomer) => players.extend(Player::enter(newcomer, &script, &mut world, now)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        players.retain_mut(|player| player.tick(&script, &mut world, now));
        if let Some(markers) = world.news(tick) {
            let snapshot = Frame::binary(&wire::snapshot(tick, markers));
            for player in players.iter_mut().filter(|player| player.state.playing) {
                player.show(&snapshot);
            }
        }
        tick = tick.wrapping_add(1);
        // After a stall the game goes on from there, and does not run after what it missed.
        next = Clock::now().max(next + TICK);
        thread::sleep(next.saturating_duration_since(Clock::now()));
    }
}

/// A player: its connection, its place in the script, its marker.
struct Player {
    inbox: mpsc::Receiver<Message<'static>>,
    outbox: Mailbox,
    cursor: Cursor,
    state: script::State,
}

impl Player {
    /// Begins the script. `None` if there is no place, or the connection is gone.
    fn enter(
        Newcomer { inbox, outbox }: Newcomer,
        script: &Script<script::State>,
        world: &mut World,
        now: Instant,
    ) -> Option<Self> {
        let mut outbox = Mailbox(outbox);
        let Some(marker) = world.enter() else {
            outbox.close(now, CloseCode::Again, "the scene is full; try again later");
            return None;
        };
        let mut state = script::State::new(marker);
        match script.start(&mut state, &mut Context::new(now, &mut outbox)) {
            Ok(cursor) => Some(Self { inbox, outbox, cursor, state }),
            Err(error) => {
                debug!(%error, "script");
                world.leave(state.marker.id);
                None
            }
        }
    }

    /// Handles what has come. False: the player has left.
    fn tick(&mut self, script: &Script<script::State>, world: &mut World, now: Instant) -> bool {
        let mut cx = Context::new(now, &mut self.outbox);
        // At most an inbox a tick, so that nobody delays the others.
        for _ in 0..INBOX {
            let progress = match self.inbox.try_recv() {
                Ok(message) => script.message(&mut self.cursor, &mut self.state, &mut cx, message),
                Err(TryRecvError::Empty) => script.handle_timeout(&mut self.cursor, &mut cx),
                Err(TryRecvError::Disconnected) => {
                    world.leave(self.state.marker.id);
                    return false;
                }
            };
            match progress {
                Ok(Progress::Stayed) if self.inbox.is_empty() => break,
                Ok(Progress::Stayed) => {}
                Ok(progress) => debug!(id = self.state.marker.id, ?progress, "stage"),
                // The script has closed the connection, and what still comes is of no use.
                Err(_) => break,
            }
        }
        if self.cursor.is_ended() {
            world.leave(self.state.marker.id);
        } else if self.state.playing {
            world.show(self.state.marker);
        }
        !self.cursor.is_ended()
    }

    fn show(&mut self, snapshot: &Frame) {
        let id = self.state.marker.id;
        if self.outbox.send_frame(snapshot) == Err(Refusal::Full) {
            debug!(id, "a snapshot was left out: the connection is slow");
        }
    }
}

/// The way to a player's connection.
struct Mailbox(mpsc::Sender<Command>);

impl Outbox for Mailbox {
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        match self.0.try_reserve() {
            Ok(place) => {
                place.send(Command::Send(message.into_owned()));
                Ok(())
            }
            Err(TrySendError::Full(())) => Err(SendError { refusal: Refusal::Full, message }),
            Err(TrySendError::Closed(())) => Err(SendError { refusal: Refusal::Closed, message }),
        }
    }

    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.0.try_send(Command::SendFrame(frame.clone())).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Full,
            TrySendError::Closed(_) => Refusal::Closed,
        })
    }

    fn close(&mut self, _: Instant, code: CloseCode, reason: &str) {
        // A connection without room does not read. It closes all the same when its player leaves.
        let _ = self.0.try_send(Command::Close(code, reason.to_owned()));
    }
}
