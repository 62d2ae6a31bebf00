//! A game server that browsers find in a directory and reach over WebRTC: it echoes every message on
//! every channel.
//!
//! `cargo run --release -p socker-tokio --features rtc --example game_server -- ws://127.0.0.1:8080 arena`
//!
//! Behind a router, where it is bound and what players are told come after these: `0.0.0.0:9000
//! 203.0.113.5:9000`.

use std::env;

use socker_tokio::{
    game_server::{GameServer, Options},
    rtc::{Delivery, Event},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080".to_owned());
    let name = env::args().nth(2).unwrap_or_else(|| "echo".to_owned());
    let mut options = Options::default();
    if let (Some(bind), Some(announce)) = (env::args().nth(3), env::args().nth(4)) {
        options = options.bind(bind.parse()?).announce(announce.parse()?);
    }
    let metadata = format!("{{\"name\":{name:?}}}");
    let mut server = GameServer::connect_with(&directory, &metadata, options).await?;
    println!("{name} is at {}, and in the directory {directory}", server.announced());
    while let Some((player, event)) = server.next().await {
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
    Ok(())
}
