//! A player's connection: carries messages between the peer and the game, and waits for neither.

use std::sync::{Arc, LazyLock};

use socker_core::{CloseCode, Config};
use socker_tokio::{Connection, Error, axum::Stream};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::game::{Command, Game, Seat};

/// A move is five bytes.
const MESSAGE_LIMIT: usize = 1 << 10;

pub(crate) fn config() -> Arc<Config> {
    static CONFIG: LazyLock<Arc<Config>> =
        LazyLock::new(|| Arc::new(Config::default().message_limit(MESSAGE_LIMIT)));
    Arc::clone(&CONFIG)
}

pub(crate) async fn run(mut connection: Connection<Stream>, game: Game, ending: CancellationToken) {
    let (code, reason) = match game.join() {
        None => (CloseCode::Again, "the scene takes nobody now; try again later".to_owned()),
        Some(seat) => tokio::select! {
            end = carry(&mut connection, seat) => match end {
                Ok(end) => end,
                Err(error) => return debug!(%error, "player's connection ended"),
            },
            () = ending.cancelled() => (CloseCode::Away, "the server is going away".to_owned()),
        },
    };
    let reason = connection.close(code, &reason).await;
    debug!(%reason, "player's connection ended");
}

/// Carries messages until the game or the peer ends it; tells how the connection is to be closed.
async fn carry(
    connection: &mut Connection<Stream>,
    mut seat: Seat,
) -> Result<(CloseCode, String), Error> {
    loop {
        tokio::select! {
            command = seat.outbox.recv() => match command {
                // A Close of the game found no room, or the game is no more.
                None => return Ok((CloseCode::Again, "the scene let the connection go".to_owned())),
                Some(Command::Close(code, reason)) => return Ok((code, reason)),
                Some(Command::Send(message)) => connection.send(message).await?,
                Some(Command::SendFrame(frame)) => connection.send_frame(&frame).await?,
            },
            received = connection.recv() => match received {
                None => return Ok((CloseCode::Normal, String::new())),
                // Waits while the game stalls, so that the peer has to as well. A game that has
                // ended this player says so in the outbox.
                Some(message) => drop(seat.inbox.send(message?).await),
            },
        }
    }
}
