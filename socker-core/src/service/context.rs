use std::fmt;

use super::{Commands, Delivery, PeerId};
use crate::{
    CloseCode,
    error::{Refusal, SendError},
    message::Message,
    script::Outbox,
    time::Instant,
    wire::Frame,
};

/// What a service has beside its state: the time, and a way to act. What it does is carried out
/// after the call.
pub struct Context<'a> {
    now: Instant,
    commands: &'a mut Commands,
}

impl<'a> Context<'a> {
    /// A context for one call.
    pub fn new(now: Instant, commands: &'a mut Commands) -> Self {
        Self { now, commands }
    }

    /// The time of this call.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Sends a message to a peer. If too much waits for it, the peer is closed with 1013.
    #[inline]
    pub fn send(&mut self, to: PeerId, message: Message<'_>) {
        self.commands.send(to, message, Delivery::Reliable);
    }

    /// Sends a message that is dropped if the peer does not keep up: a position that is old soon,
    /// say. [`Service::gap`](super::Service::gap) tells that it happened.
    pub fn send_droppable(&mut self, to: PeerId, message: Message<'_>) {
        self.commands.send(to, message, Delivery::Droppable);
    }

    /// Sends a message that is encoded once to many peers; as [`Context::send`].
    pub fn broadcast(&mut self, to: impl IntoIterator<Item = PeerId>, frame: Frame) {
        self.commands.broadcast(to, frame, Delivery::Reliable);
    }

    /// Sends a message that is encoded once to many peers; as [`Context::send_droppable`].
    pub fn broadcast_droppable(&mut self, to: impl IntoIterator<Item = PeerId>, frame: Frame) {
        self.commands.broadcast(to, frame, Delivery::Droppable);
    }

    /// Closes a peer's connection, after what was sent to it before.
    pub fn close(&mut self, peer: PeerId, code: CloseCode, reason: &str) {
        self.commands.close(peer, code, reason);
    }

    /// The way to one peer, for a [`Script`](crate::script::Script).
    pub fn outbox(&mut self, peer: PeerId) -> PeerOutbox<'_> {
        PeerOutbox { commands: self.commands, peer }
    }

    pub(super) fn commands(&self) -> &Commands {
        self.commands
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("now", &self.now).finish_non_exhaustive()
    }
}

/// The way to one peer. Nothing is refused here: a peer that does not keep up is closed later.
#[derive(Debug)]
pub struct PeerOutbox<'a> {
    commands: &'a mut Commands,
    peer: PeerId,
}

impl Outbox for PeerOutbox<'_> {
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        self.commands.send(self.peer, message, Delivery::Reliable);
        Ok(())
    }

    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.commands.broadcast([self.peer], frame.clone(), Delivery::Reliable);
        Ok(())
    }

    fn close(&mut self, _: Instant, code: CloseCode, reason: &str) {
        self.commands.close(self.peer, code, reason);
    }
}
