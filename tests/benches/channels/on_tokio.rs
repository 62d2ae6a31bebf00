//! A game server on tokio, which awaits its next tick or what happens to a player.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Instant;

use socker_rtc::Delivery;
use socker_tokio::game_server::GameServer;
use tokio::runtime::Builder;
use tokio::time::sleep_until;

use crate::directory;
use crate::game::Game;
use crate::servers::Failure;
use crate::ticks::Ticks;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    Builder::new_current_thread().enable_all().build()?.block_on(play(address))
}

async fn play(address: SocketAddr) -> Result<(), Failure> {
    let mut server = GameServer::connect(&directory::begin(address)?, "{}").await?;
    let mut game = Game::default();
    loop {
        let next = game.ticks.as_ref().map(Ticks::next);
        tokio::select! {
            happened = server.next() => {
                let (player, event) = happened.ok_or("the server has ended")?;
                game.happened(player, event);
            }
            () = until(next) => {}
        }
        game.tick(|player, channel, message| {
            // It has gone, and that is told next.
            let _ = server.send(player, channel, message, Delivery::Droppable);
        });
    }
}

async fn until(next: Option<Instant>) {
    match next {
        Some(next) => sleep_until(next.into()).await,
        None => pending().await,
    }
}
