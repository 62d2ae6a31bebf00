//! An echo for many connections: a service, served on tokio.
//!
//! `cargo run --release -p socker-tokio --example echo -- 127.0.0.1:9001`
//!
//! Ctrl-C closes all connections and ends it.

use std::{io, time::Duration};

use socker_core::{
    Message,
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
    let Some(address) = std::env::args().nth(1) else {
        eprintln!("usage: echo <address to listen on>, such as 127.0.0.1:9001");
        std::process::exit(2);
    };
    let listener = TcpListener::bind(address).await?;
    println!("echoing at ws://{}/", listener.local_addr()?);

    // The defaults hold back a peer that asks for much; this one is there to be measured.
    let budget = Budget::default()
        .connections(100_000)
        .per_address(100_000)
        .message_rate(100_000_000)
        .message_burst(100_000_000);
    let server = Server::new(Echo).budget(budget).start();

    let ending = server.clone();
    tokio::spawn(async move {
        if signal::ctrl_c().await.is_ok() {
            ending.drain(Duration::from_secs(5), "the echo ends");
        }
    });
    server.serve(listener).await
}
