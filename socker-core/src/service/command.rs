use std::{borrow::Cow, iter, mem, ops::Range};

use super::PeerId;
use crate::{
    CloseCode,
    message::{Message, Payload},
    wire::Frame,
};

/// What a service wants done, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'c> {
    /// Send a message to a peer.
    Send {
        /// The peer.
        to: PeerId,
        /// The message.
        message: Message<'c>,
        /// What to do if the peer does not keep up.
        delivery: Delivery,
    },
    /// Send a message, encoded once, to many peers.
    Broadcast {
        /// The peers, in this order.
        to: &'c [PeerId],
        /// The message.
        frame: Frame,
        /// What to do with those that do not keep up.
        delivery: Delivery,
    },
    /// Close a peer's connection, after what was sent to it before.
    Close {
        /// The peer.
        peer: PeerId,
        /// Why.
        code: CloseCode,
        /// Why, in words; 123 bytes are sent at the most.
        reason: Cow<'c, str>,
    },
}

/// What becomes of a message to a peer that does not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// It arrives. A peer for which too much waits is closed with 1013.
    Reliable,
    /// It is dropped while more than [`Budget::droppable`](super::Budget::droppable) bytes wait.
    Droppable,
}

/// From here on a message's payload is kept as it is; below, copying it costs less than an
/// allocation.
const OWN_FROM: usize = 4 << 10;

/// What the buffers keep when they are empty, for the next commands.
const KEEP: usize = 64 << 10;

/// The commands of a service's call, in order.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    items: Vec<Item>,
    /// The payloads of small messages, one after another.
    bytes: Vec<u8>,
    text: String,
    /// The receivers of broadcasts.
    peers: Vec<PeerId>,
}

/// A command whose parts are in [`Commands`].
#[derive(Clone, Debug)]
enum Item {
    Text { to: PeerId, text: Range<usize>, delivery: Delivery },
    Binary { to: PeerId, bytes: Range<usize>, delivery: Delivery },
    Owned { to: PeerId, message: Message<'static>, delivery: Delivery },
    Broadcast { to: Range<usize>, frame: Frame, delivery: Delivery },
    Close { peer: PeerId, code: CloseCode, reason: Box<str> },
}

impl Commands {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The commands from the one at `begin` on, in order.
    pub fn iter_from(&self, begin: usize) -> impl Iterator<Item = Command<'_>> {
        let items = self.items.get(begin..).unwrap_or_default();
        let parts = Parts { bytes: &self.bytes, text: &self.text, peers: &self.peers };
        items.iter().map(move |item| parts.command(item))
    }

    /// Takes all commands, in order: they are gone when what this returns is dropped.
    pub fn drain(&mut self) -> Drain<'_> {
        let parts = Parts { bytes: &self.bytes, text: &self.text, peers: &self.peers };
        Drain { items: &mut self.items, taken: 0, parts }
    }

    pub(super) fn send(&mut self, to: PeerId, message: Message<'_>, delivery: Delivery) {
        self.tidy();
        // An item is made once there is room, where it stays. To push it would be to write its fields
        // and read all of it at once, for which the processor waits until they are stored.
        match message {
            Message::Text(text) if text.len() < OWN_FROM => {
                let begin = self.text.len();
                self.text.push_str(&text);
                let text = begin..self.text.len();
                self.items.extend(iter::once_with(|| Item::Text { to, text, delivery }));
            }
            Message::Binary(payload) if payload.len() < OWN_FROM => {
                let begin = self.bytes.len();
                self.bytes.extend_from_slice(&payload);
                let bytes = begin..self.bytes.len();
                self.items.extend(iter::once_with(|| Item::Binary { to, bytes, delivery }));
            }
            large => self.items.push(Item::Owned { to, message: large.into_owned(), delivery }),
        }
    }

    pub(super) fn broadcast(
        &mut self,
        to: impl IntoIterator<Item = PeerId>,
        frame: Frame,
        delivery: Delivery,
    ) {
        self.tidy();
        let begin = self.peers.len();
        self.peers.extend(to);
        let to = begin..self.peers.len();
        if !to.is_empty() {
            self.items.push(Item::Broadcast { to, frame, delivery });
        }
    }

    pub(super) fn close(&mut self, peer: PeerId, code: CloseCode, reason: &str) {
        self.tidy();
        self.items.push(Item::Close { peer, code, reason: reason.into() });
    }

    /// The parts of commands that were taken are dropped when the next ones come.
    #[inline]
    fn tidy(&mut self) {
        if self.items.is_empty() {
            self.bytes.clear();
            self.text.clear();
            self.peers.clear();
            if self.bytes.capacity() + self.text.capacity() + self.peers.capacity() > KEEP {
                self.shrink();
            }
        }
    }

    #[cold]
    fn shrink(&mut self) {
        self.bytes.shrink_to(KEEP / 4);
        self.text.shrink_to(KEEP / 4);
        self.peers.shrink_to(KEEP / 4);
    }
}

/// Commands that are taken out. Dropped, it drops the rest.
#[derive(Debug)]
pub struct Drain<'c> {
    items: &'c mut Vec<Item>,
    taken: usize,
    parts: Parts<'c>,
}

impl<'c> Iterator for Drain<'c> {
    type Item = Command<'c>;

    #[inline]
    fn next(&mut self) -> Option<Command<'c>> {
        let item = self.items.get_mut(self.taken)?;
        self.taken += 1;
        Some(self.parts.take(item))
    }
}

impl Drop for Drain<'_> {
    #[inline]
    fn drop(&mut self) {
        self.items.clear();
    }
}

/// Where the parts of items are.
#[derive(Clone, Copy, Debug)]
struct Parts<'c> {
    bytes: &'c [u8],
    text: &'c str,
    peers: &'c [PeerId],
}

impl<'c> Parts<'c> {
    /// As [`Parts::command`], without a copy of a message or a reason that the item owns.
    #[inline]
    fn take(&self, item: &mut Item) -> Command<'c> {
        match item {
            Item::Owned { to, message, delivery } => {
                let message = mem::replace(message, Message::binary(&[]));
                Command::Send { to: *to, message, delivery: *delivery }
            }
            Item::Close { peer, code, reason } => {
                let reason = Cow::Owned(mem::take(reason).into());
                Command::Close { peer: *peer, code: *code, reason }
            }
            item => self.command(item),
        }
    }

    /// The ranges were made by the same [`Commands`], so each of them is there.
    #[inline]
    fn command(&self, item: &Item) -> Command<'c> {
        match item {
            Item::Text { to, text, delivery } => {
                let text = self.text.get(text.clone()).unwrap_or_default();
                let message = Message::Text(Cow::Borrowed(text));
                Command::Send { to: *to, message, delivery: *delivery }
            }
            Item::Binary { to, bytes, delivery } => {
                let bytes = self.bytes.get(bytes.clone()).unwrap_or_default();
                let message = Message::Binary(Payload::Borrowed(bytes));
                Command::Send { to: *to, message, delivery: *delivery }
            }
            Item::Owned { to, message, delivery } => {
                Command::Send { to: *to, message: message.clone(), delivery: *delivery }
            }
            Item::Broadcast { to, frame, delivery } => {
                let to = self.peers.get(to.clone()).unwrap_or_default();
                Command::Broadcast { to, frame: frame.clone(), delivery: *delivery }
            }
            Item::Close { peer, code, reason } => {
                Command::Close { peer: *peer, code: *code, reason: Cow::Owned(reason.to_string()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst's memory is given back with the next command.
    #[test]
    fn memory_is_given_back() {
        let mut commands = Commands::default();
        let peer = PeerId::new(0, 0);
        for _ in 0..100 {
            commands.send(peer, Message::text("x".repeat(4_000)), Delivery::Reliable);
            commands.send(peer, Message::binary(vec![7; 4_000]), Delivery::Reliable);
            commands.broadcast([peer; 1_000], Frame::text("x"), Delivery::Reliable);
        }
        let held = |commands: &Commands| {
            commands.bytes.capacity() + commands.text.capacity() + commands.peers.capacity()
        };
        assert!(held(&commands) > 8 * KEEP, "{}", held(&commands));
        commands.drain().for_each(drop);
        commands.close(peer, CloseCode::Normal, "");
        assert!(held(&commands) <= KEEP, "{}", held(&commands));
        assert_eq!(commands.len(), 1);
    }
}
