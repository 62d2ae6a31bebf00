//! A game server on mio, which waits for its next tick or a datagram.

use std::net::SocketAddr;
use std::time::Instant;

use socker_mio::game_server::GameServer;
use socker_rtc::Delivery;

use crate::directory;
use crate::game::Game;
use crate::servers::Failure;
use crate::ticks::Ticks;

pub fn serve(address: SocketAddr) -> Result<(), Failure> {
    let mut server = GameServer::connect(&directory::begin(address)?, "{}")?;
    let mut game = Game::default();
    loop {
        let wait = |ticks: &Ticks| ticks.next().saturating_duration_since(Instant::now());
        server.poll(game.ticks.as_ref().map(wait))?;
        while let Some((player, event)) = server.next_event() {
            game.happened(player, event);
        }
        game.tick(|player, channel, message| {
            // It has gone, and that is told next.
            let _ = server.send(player, channel, message, Delivery::Droppable);
        });
    }
}
