//! Rooms: one owner drives many members.

use std::io;

use socker_core::rooms::{Limits, RoomEvent, Rooms};
use socker_tokio::{Server, random_seed, service::Handle};
use tracing::debug;

pub(crate) fn start() -> io::Result<Handle<Rooms>> {
    let limits = Limits::default();
    let config = limits.config().into();
    let rooms = Rooms::new(random_seed()?).limits(limits).on_event(|_, event| log(event));
    Ok(Server::new(rooms).config(config).start())
}

/// Whoever knows a room's id can join it, so ids are in no log that is not asked for.
fn log(event: RoomEvent) {
    match event {
        RoomEvent::Created { room, .. } => debug!(%room, "created"),
        RoomEvent::Joined { room, members, .. } => debug!(%room, members, "joined"),
        RoomEvent::Left { room, members, .. } => debug!(%room, members, "left"),
        RoomEvent::OwnerLeft { room, members } => debug!(%room, members, "the owner is away"),
        RoomEvent::OwnerReturned { room, members, .. } => {
            debug!(%room, members, "the owner is back")
        }
        RoomEvent::Closed { room, members, end } => debug!(%room, members, "{end}"),
        _ => {}
    }
}
