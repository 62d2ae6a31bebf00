//! Rooms: one owner drives many members, and the server has a room of its own.
//!
//! `cargo run --release -p socker-tokio --example rooms -- 127.0.0.1:9000`, until Ctrl-C.

use std::{io, time::Duration};

use socker_core::{
    rooms::{Action, Limits, Rooms},
    service::Budget,
};
use socker_tokio::{Server, random_seed, service::Handle};
use tokio::{net::TcpListener, signal, sync::oneshot, time};

// A service is called by one task at a time, so one thread serves it best.
#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    // Load tests come from one address, in any number and at any rate. A server on the internet
    // leaves these limits as they are.
    let limits = Limits::default().members(20_000).message_rate(u32::MAX).message_burst(u32::MAX);
    let budget = Budget::default()
        .connections(usize::MAX)
        .per_address(usize::MAX)
        .message_rate(u32::MAX)
        .message_burst(u32::MAX);
    let config = limits.config();
    let rooms = Rooms::new(random_seed()?)
        .limits(limits)
        .on_event(|now, event| println!("{now:?} {event:?}"));
    let server = Server::new(rooms).config(config.into()).budget(budget).start();

    tokio::spawn(tell_time(server.clone()));

    let ending = server.clone();
    tokio::spawn(async move {
        if signal::ctrl_c().await.is_ok() {
            ending.drain(Duration::from_secs(5), "the server ends");
        }
    });
    server.serve(listener).await
}

/// A room of the server's own, in which it counts the seconds for whoever joins.
async fn tell_time(server: Handle<Rooms>) {
    let (tell, told) = oneshot::channel();
    let created = server.run(|rooms, cx| _ = tell.send(rooms.create(cx)));
    let (Ok(()), Ok(Ok(room))) = (created, told.await) else { return };
    println!("the time is told in {room}");
    let mut seconds = time::interval(Duration::from_secs(1));
    for second in 0_u64.. {
        seconds.tick().await;
        let told = server.run(move |rooms, cx| {
            let action = Action::new("second").param(second.to_string()).state();
            // It fails when the room is closed, and nobody closes it.
            let _ = rooms.broadcast(cx, room, &action);
        });
        if told.is_err() {
            return;
        }
    }
}
