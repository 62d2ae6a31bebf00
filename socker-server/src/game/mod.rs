//! The shared scene: a service with a script for each player, on the thread of a game's loop.

mod scene;
mod script;
pub(crate) mod wire;
pub(crate) mod world;

use std::{
    fs::{self, File},
    io::{self, LineWriter, Write},
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant as Clock},
};

use socker_core::{
    Config,
    service::{Difference, Recorder, Recording, Service},
};
use socker_tokio::{
    Server,
    service::{Handle, Tick},
};
use tracing::warn;

use self::scene::Scene;

/// Ticks a second.
pub(crate) const RATE: u32 = 60;
pub(crate) const TICK: Duration = Duration::from_nanos(1_000_000_000 / RATE as u64);

/// A move is five bytes.
const MESSAGE_LIMIT: usize = 1 << 10;

/// The scene, recorded or not.
pub(crate) type Game = Box<dyn Service + Send>;

/// Starts the game's thread, which ends when the server is drained. What it is told and answers goes
/// to a file if one is given.
pub(crate) fn start(record: Option<File>) -> io::Result<(Handle<Game>, JoinHandle<()>)> {
    let game: Game = match record {
        None => Box::new(Scene::default()),
        Some(file) => Box::new(Recorder::new(Scene::default(), lines(LineWriter::new(file)))),
    };
    let config = Config::default().message_limit(MESSAGE_LIMIT);
    let (handle, tick) = Server::new(game).config(Arc::new(config)).start_ticked();
    let thread = thread::Builder::new().name("game".to_owned()).spawn(move || run(tick))?;
    Ok((handle, thread))
}

/// What came of a replay.
pub(crate) enum Replay {
    /// So many calls were answered the same.
    Same(usize),
    Differs(Difference),
}

/// Tells a new scene what was recorded.
pub(crate) fn replay(path: &Path) -> io::Result<Replay> {
    let recording = Recording::parse(&fs::read_to_string(path)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(match recording.replay(&mut Scene::default()) {
        Ok(()) => Replay::Same(recording.len()),
        Err(difference) => Replay::Differs(difference),
    })
}

/// A game that can't be recorded any more goes on.
fn lines(mut file: impl Write + Send + 'static) -> impl FnMut(&str) + Send {
    let mut failed = false;
    move |line| {
        if !failed && let Err(error) = writeln!(file, "{line}") {
            failed = true;
            warn!(%error, "the recording ends here");
        }
    }
}

/// The loop: what has come is handled, the game steps, and sleeps until the next tick.
fn run(mut tick: Tick<Game>) {
    let mut next = Clock::now();
    while !tick.is_drained() {
        tick.poll();
        // After a stall the game goes on from there, and does not run after what it missed.
        next = Clock::now().max(next + TICK);
        thread::sleep(next.saturating_duration_since(Clock::now()));
    }
    // The last ends.
    tick.poll();
}
