//! A directory of game servers.
//!
//! `cargo run --release -p socker-tokio --example directory -- 127.0.0.1:9000`, until Ctrl-C.

use std::{io, time::Duration};

use socker_core::{
    directory::{Directory, Limits},
    service::Budget,
};
use socker_tokio::{Server, random_seed};
use tokio::{net::TcpListener, signal};

// A service is called by one task at a time, so one thread serves it best.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    // Load tests come from one address, in any number and at any rate. A server on the internet
    // leaves these limits as they are.
    let limits = Limits::default().offer_rate(u32::MAX).offer_burst(u32::MAX);
    let budget = Budget::default()
        .connections(usize::MAX)
        .per_address(usize::MAX)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX);
    let config = limits.config();
    let directory = Directory::new(random_seed()?)
        .limits(limits)
        .on_event(|now, event| println!("{now:?} {event:?}"));
    let server = Server::new(directory).config(config.into()).budget(budget).start();

    let ending = server.clone();
    tokio::spawn(async move {
        if signal::ctrl_c().await.is_ok() {
            ending.drain(Duration::from_secs(5), "the server ends");
        }
    });
    server.serve(listener).await
}
