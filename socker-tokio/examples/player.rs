//! A player of the demo page's scene, without a browser: the page's side of its stages as a script.
//!
//! Start the program with `cargo run --release`, then
//! `cargo run -p socker-tokio --example player -- ws://127.0.0.1:8080/play`
//!
//! and open the page: another marker walks in a circle. It ends after ten seconds.

use std::{error, f64::consts::TAU, future::Future, time::Duration};

use socker_core::{
    CloseCode, Instant, Message,
    script::{Context, Expects, Progress, Script, Stage, Step},
};
use socker_tokio::Connection;
use tokio::{net::TcpStream, time};

/// First bytes of the scene's messages.
const SCENE: u8 = 1;
const READY: u8 = 2;
const PLAY: u8 = 3;
const SNAPSHOT: u8 = 4;
const MOVE: u8 = 5;

/// What the player knows.
#[derive(Debug, Default)]
pub struct Player {
    /// Of the scene, in its units.
    pub size: (u16, u16),
    /// Its own number.
    pub id: u16,
    /// How many markers the last snapshot had.
    pub markers: u16,
}

/// The page's side: it is sent the scene, says that it is ready, is told who it is, and plays.
pub fn script() -> Script<Player> {
    Script::new([
        Stage::new("scene", |player: &mut Player, cx, message| match *message.as_bytes() {
            [SCENE, w0, w1, h0, h1, ..] => {
                player.size = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
                // Refused only if the connection is over, and then that is told next.
                let _ = cx.send(Message::binary(&[READY]));
                Step::Next
            }
            _ => Step::close(CloseCode::Policy, "the scene was expected"),
        })
        .expects(Expects::Binary)
        .deadline(Duration::from_secs(5)),
        Stage::new("ready", |player: &mut Player, _, message| match *message.as_bytes() {
            [PLAY, i0, i1, ..] => {
                player.id = u16::from_be_bytes([i0, i1]);
                Step::Next
            }
            _ => Step::close(CloseCode::Policy, "a place was expected"),
        })
        .expects(Expects::Binary)
        .deadline(Duration::from_secs(5)),
        Stage::new("play", |player: &mut Player, _, message| match *message.as_bytes() {
            [SNAPSHOT, _, _, _, _, c0, c1, ..] => {
                player.markers = u16::from_be_bytes([c0, c1]);
                Step::Stay
            }
            _ => Step::close(CloseCode::Policy, "a snapshot was expected"),
        })
        .expects(Expects::Binary),
    ])
}

/// Plays until `end` is ready, or the server ends it.
pub async fn play(
    connection: &mut Connection<TcpStream>,
    mut entered: impl FnMut(&'static str, &Player),
    end: impl Future<Output = ()>,
) -> Result<Player, Box<dyn error::Error + Send + Sync>> {
    let (script, mut player, start) = (script(), Player::default(), time::Instant::now());
    let now = || Instant::at(start.elapsed());
    let mut cursor = script.start(&mut player, &mut Context::new(now(), connection))?;
    let mut ticks = time::interval(Duration::from_millis(50));
    tokio::pin!(end);
    loop {
        let progress = tokio::select! {
            () = &mut end => return Ok(player),
            message = connection.recv() => {
                let Some(message) = message.transpose()? else { return Ok(player) };
                script.message(&mut cursor, &mut player, &mut Context::new(now(), connection), message)?
            }
            _ = ticks.tick() => {
                if script.stage(&cursor) == Some("play") {
                    connection.send(walk(&player, start.elapsed())).await?;
                }
                script.handle_timeout(&mut cursor, &mut Context::new(now(), connection))?
            }
        };
        match progress {
            Progress::Stayed => {}
            Progress::Entered(stage) => entered(stage, &player),
            other => return Err(format!("{other:?}").into()),
        }
    }
}

/// A place on a circle.
fn walk(player: &Player, elapsed: Duration) -> Message<'static> {
    let angle = elapsed.as_secs_f64() / 5.0 * TAU;
    #[expect(clippy::cast_possible_truncation, reason = "within the scene, rounded down")]
    let place = |size: u16, direction: f64| (f64::from(size) * (0.5 + 0.3 * direction)) as u16;
    let (x, y) = (place(player.size.0, angle.cos()), place(player.size.1, angle.sin()));
    Message::binary([&[MOVE][..], &x.to_be_bytes(), &y.to_be_bytes()].concat())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn error::Error + Send + Sync>> {
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: player <address of the scene>, such as ws://127.0.0.1:8080/play");
        std::process::exit(2);
    };
    let mut connection = socker_tokio::connect(&address).await?;
    let entered = |stage, player: &Player| println!("{stage}: {player:?}");
    let player = play(&mut connection, entered, time::sleep(Duration::from_secs(10))).await?;
    println!("{player:?}: {}", connection.close(CloseCode::Normal, "done").await);
    Ok(())
}
