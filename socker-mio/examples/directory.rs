//! A directory of game servers, on one thread.
//!
//! `cargo run --release -p socker-mio --example directory -- 127.0.0.1:9000`, until Ctrl-C.

use std::{env, io, net::TcpListener, time::Duration};

use socker_mio::{
    EventLoop,
    core::{
        directory::{Directory, Limits},
        service::Budget,
    },
    random_seed,
};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address)?;
    // The standard library lets 128 connections wait; here thousands may come at once.
    rustix::net::listen(&listener, 4_096)?;

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

    let mut events = EventLoop::with(directory, config.into(), budget)?;
    let address = events.listen(listener)?;
    println!("listening on {address}");

    let handle = events.handle();
    ctrlc::set_handler(move || handle.drain(Duration::from_secs(5), "the server ends"))
        .map_err(io::Error::other)?;
    events.run()
}
