//! A server that sends every message back.
//!
//! `cargo run --release -p socker-mio --example echo -- 127.0.0.1:9000`, until Ctrl-C.

use std::{env, io, net::TcpListener, sync::Arc, time::Duration};

use socker_mio::{
    EventLoop,
    core::{
        Config, Message,
        service::{Budget, Context, PeerId, Service},
    },
};

struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address)?;
    // The standard library lets 128 connections wait; here thousands may come at once.
    rustix::net::listen(&listener, 4_096)?;

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

    let mut events = EventLoop::with(Echo, Arc::new(config), budget)?;
    let address = events.listen(listener)?;
    println!("listening on {address}");

    let handle = events.handle();
    ctrlc::set_handler(move || handle.drain(Duration::from_secs(5), "the server ends"))
        .map_err(io::Error::other)?;
    events.run()
}
