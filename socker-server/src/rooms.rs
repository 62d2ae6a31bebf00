//! Rooms: one owner drives many members.

use std::io;

use socker_core::{
    Seed,
    rooms::{Limits, RoomEvent, Rooms},
};
use socker_tokio::{Server, service::Handle};
use tracing::{debug, info};

pub(crate) fn start() -> io::Result<Handle<Rooms>> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed)?;
    let limits = Limits::default();
    let config = limits.config().into();
    let rooms = Rooms::new(Seed::from(seed)).limits(limits).on_event(|_, event| log(event));
    Ok(Server::new(rooms).config(config).start())
}

fn log(event: RoomEvent) {
    match event {
        RoomEvent::Created { room, .. } => info!(%room, "created"),
        RoomEvent::Joined { room, members, .. } => debug!(%room, members, "joined"),
        RoomEvent::Left { room, members, .. } => debug!(%room, members, "left"),
        RoomEvent::OwnerLeft { room, members } => info!(%room, members, "the owner is away"),
        RoomEvent::OwnerReturned { room, members, .. } => {
            info!(%room, members, "the owner is back")
        }
        RoomEvent::Closed { room, members, end } => info!(%room, members, "{end}"),
        _ => {}
    }
}
