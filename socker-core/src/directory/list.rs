//! The list of servers, as it is and as clients know it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::codec::{Listing, Message, Sender};
use crate::wire::Frame;

/// Most bytes of listings in one message. A list that is larger comes in several.
const PIECE: usize = 256 << 10;

/// Servers and their metadata.
#[derive(Debug, Default)]
pub(super) struct List {
    servers: BTreeMap<u32, Arc<str>>,
    /// As clients know it.
    published: BTreeMap<u32, Arc<str>>,
    /// What may differ.
    changed: BTreeSet<u32>,
    /// All that is published, encoded for clients that come.
    frames: Option<Vec<Frame>>,
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.servers.len()
    }

    pub(super) fn get(&self, id: u32) -> Option<&str> {
        self.servers.get(&id).map(|metadata| &**metadata)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.servers.iter().map(|(id, metadata)| (*id, &**metadata))
    }

    pub(super) fn set(&mut self, id: u32, metadata: &str) {
        self.servers.insert(id, metadata.into());
        self.changed.insert(id);
    }

    pub(super) fn remove(&mut self, id: u32) {
        if self.servers.remove(&id).is_some() {
            self.changed.insert(id);
        }
    }

    /// What clients have to be told to know all. What came and went meanwhile is nothing.
    pub(super) fn publish(&mut self) -> Vec<Frame> {
        let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for id in std::mem::take(&mut self.changed) {
            match (self.published.get(&id), self.servers.get(&id)) {
                (None, Some(new)) => added.push((id, Arc::clone(new))),
                (Some(_), None) => removed.push(id),
                (Some(old), Some(new)) if old != new => changed.push((id, Arc::clone(new))),
                _ => {}
            }
        }
        for id in &removed {
            self.published.remove(id);
        }
        for (id, metadata) in added.iter().chain(&changed) {
            self.published.insert(*id, Arc::clone(metadata));
        }
        // Who is gone goes first, so that a server that has come back is not there twice.
        let removed = (!removed.is_empty()).then(|| encode(&Message::ServersRemoved(removed)));
        let mut frames = Vec::from_iter(removed);
        frames.extend(pieces(&added).map(|piece| encode(&Message::ServersAdded(piece))));
        frames.extend(pieces(&changed).map(|piece| encode(&Message::ServersChanged(piece))));
        if !frames.is_empty() {
            self.frames = None;
        }
        frames
    }

    /// All that is published. It is encoded once for all clients that come before it changes; without
    /// servers it is one message with none.
    pub(super) fn frames(&mut self) -> &[Frame] {
        self.frames.get_or_insert_with(|| {
            let all: Vec<_> =
                self.published.iter().map(|(id, metadata)| (*id, Arc::clone(metadata))).collect();
            if all.is_empty() {
                return vec![encode(&Message::ServersAdded(Vec::new()))];
            }
            pieces(&all).map(|piece| encode(&Message::ServersAdded(piece))).collect()
        })
    }
}

/// Listings of about as much as goes into one message.
fn pieces(all: &[(u32, Arc<str>)]) -> impl Iterator<Item = Vec<Listing<'_>>> {
    let mut rest = all;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |(_, metadata): &&(u32, Arc<str>)| {
            let is_first = bytes == 0;
            bytes += metadata.len() + 6;
            is_first || bytes <= PIECE
        };
        let count = rest.iter().take_while(fits).count();
        let (piece, after) = rest.split_at(count);
        rest = after;
        (!piece.is_empty()).then(|| {
            piece
                .iter()
                .map(|(id, metadata)| Listing { id: *id, metadata: (&**metadata).into() })
                .collect()
        })
    })
}

/// Metadata is never longer than its place: the directory has refused it before.
fn encode(message: &Message<'_>) -> Frame {
    Frame::binary(&message.encode(Sender::DirectoryToClient).unwrap_or_default())
}
