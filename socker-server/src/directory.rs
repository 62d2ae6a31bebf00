//! The directory, in which clients find game servers.

use std::io;

use socker_core::directory::{Directory, DirectoryEvent, Limits};
use socker_tokio::{Server, random_seed, service::Handle};
use tracing::{debug, info};

pub(crate) fn start() -> io::Result<Handle<Directory>> {
    let limits = Limits::default();
    let config = limits.config().into();
    let directory = Directory::new(random_seed()?).limits(limits).on_event(|_, event| log(&event));
    Ok(Server::new(directory).config(config).start())
}

fn log(event: &DirectoryEvent) {
    match event {
        DirectoryEvent::ServerAdded { id, servers, .. } => info!(id, servers, "a server is listed"),
        DirectoryEvent::ServerRemoved { id, servers } => info!(id, servers, "a server is gone"),
        event => debug!(?event, "directory"),
    }
}
