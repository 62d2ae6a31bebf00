//! A server that sends every message back.
//!
//! `cargo run --release -p socker-tokio --example echo -- 127.0.0.1:9000`, until Ctrl-C.

use std::{io, sync::Arc, time::Duration};

use socker_core::{
    Config, Message,
    service::{Budget, Context, PeerId, Service},
};
use socker_tokio::Server;
use tokio::{net::TcpListener, signal};

/// The whole logic. It has no IO: the same service runs on any host.
struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

// A service is called by one task at a time, so one thread serves an echo best.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    // Load tests come from one address, in any number and at any rate. A server on the internet
    // leaves these limits as they are.
    let budget = Budget::default()
        .connections(usize::MAX)
        .per_address(usize::MAX)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX)
        .outgoing(usize::MAX);
    // Messages of up to 64 MiB; a client may send four of them before it reads the first echo.
    let config = Config::default().message_limit(64 << 20).outgoing_limit(256 << 20);
    let server = Server::new(Echo).config(Arc::new(config)).budget(budget).start();

    let ending = server.clone();
    tokio::spawn(async move {
        if signal::ctrl_c().await.is_ok() {
            ending.drain(Duration::from_secs(5), "the server ends");
        }
    });
    server.serve(listener).await
}
