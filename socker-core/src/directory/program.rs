//! What the embedding program sees of a directory, and does with it.

use super::{Directory, Member};
use crate::{
    CloseCode,
    service::{Context, PeerId},
};

/// For the embedding program.
impl Directory {
    /// The servers that are listed: their ids, and their metadata as JSON.
    pub fn servers(&self) -> impl Iterator<Item = (u32, &str)> {
        self.list.iter()
    }

    /// The metadata of a server, as JSON.
    #[must_use]
    pub fn metadata(&self, id: u32) -> Option<&str> {
        self.list.get(id)
    }

    /// The connection of a server that is listed.
    #[must_use]
    pub fn server(&self, id: u32) -> Option<PeerId> {
        self.servers.get(&id).copied()
    }

    /// The clients: their ids, and their connections.
    pub fn clients(&self) -> impl Iterator<Item = (u32, PeerId)> {
        self.clients.iter().map(|(id, peer)| (*id, *peer))
    }

    /// How many offers are open.
    #[must_use]
    pub fn open_offers(&self) -> usize {
        self.offers.len()
    }

    /// Takes a server from the list and closes its connection, with 1008 and this reason. False: it
    /// is not listed.
    pub fn remove(&mut self, cx: &mut Context<'_>, id: u32, reason: &str) -> bool {
        let Some(peer) = self.server(id) else { return false };
        self.members.insert(peer, Member::Server(None));
        self.delist(cx, id);
        cx.close(peer, CloseCode::Policy, reason);
        true
    }
}
