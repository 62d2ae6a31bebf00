use super::Machine;
use crate::{
    CloseCode,
    error::{Refusal, SendError},
    message::Message,
    time::Instant,
    wire::Frame,
};

/// Where a script's messages go: a [`Machine`], or a queue to the thread that has it.
pub trait Outbox {
    /// Queues a message.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be sent; the message is given back.
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>>;

    /// Queues a message that was encoded once for many.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be sent.
    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal>;

    /// Closes the connection after what is queued. The first call counts.
    fn close(&mut self, now: Instant, code: CloseCode, reason: &str);
}

impl Outbox for Machine {
    fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        Self::send(self, message)
    }

    fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        Self::send_frame(self, frame)
    }

    fn close(&mut self, now: Instant, code: CloseCode, reason: &str) {
        Self::close(self, now, code, reason);
    }
}

/// What a handler has beside its state: the time, and a way to answer.
pub struct Context<'a> {
    now: Instant,
    outbox: &'a mut dyn Outbox,
}

impl<'a> Context<'a> {
    /// A context for one call.
    pub fn new(now: Instant, outbox: &'a mut dyn Outbox) -> Self {
        Self { now, outbox }
    }

    /// The time of this call.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Queues a message to this connection's peer.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be sent; the message is given back.
    pub fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        self.outbox.send(message)
    }

    /// Queues a message that was encoded once for many.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be sent.
    pub fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.outbox.send_frame(frame)
    }

    pub(super) fn close(&mut self, code: CloseCode, reason: &str) {
        self.outbox.close(self.now, code, reason);
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("now", &self.now).finish_non_exhaustive()
    }
}
