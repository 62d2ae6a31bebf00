//! A game server that browsers find in a directory and reach over WebRTC: it echoes every message on
//! every channel.
//!
//! `cargo run --release -p socker-mio --features rtc --example mio_game_server -- ws://127.0.0.1:8080 arena`

use std::env;

use socker_mio::{
    game_server::GameServer,
    rtc::{Delivery, Event},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080".to_owned());
    let name = env::args().nth(2).unwrap_or_else(|| "echo".to_owned());
    let mut server = GameServer::connect(&directory, &format!("{{\"name\":{name:?}}}"))?;
    println!("{name} is at {}, and in the directory {directory}", server.announced());
    while !server.is_done() {
        server.poll(None)?;
        while let Some((player, event)) = server.next_event() {
            match event {
                Event::Opened { config, .. } => println!("{player} has opened {:?}", config.label),
                Event::Message { channel, message } => {
                    if let Err(error) = server.send(player, channel, message, Delivery::Reliable) {
                        println!("{player} does not keep up: {error}");
                    }
                }
                Event::Disconnected { reason } => println!("{player} is gone: {reason}"),
                _ => {}
            }
        }
    }
    Ok(())
}
