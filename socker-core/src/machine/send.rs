use bytes::Buf;

use super::{Machine, Role, outgoing::SHARE_MESSAGE_FROM, phase::Phase};
use crate::{
    error::{Refusal, SendError},
    message::Message,
    wire::{Frame, Header, MAX_HEADER, MAX_SHORT, Opcode},
};

/// What is to be said.
impl Machine {
    /// Queues a message. Small ones are copied; owned ones of 4 KiB or more are kept as they are
    /// by a server.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be written; the message is given back.
    #[inline]
    pub fn send<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        // Most of what a server says is short and finds room; by the general way it took a third
        // longer.
        let payload = message.as_bytes();
        let fits = self.queue.len() + payload.len() + MAX_HEADER <= self.config.outgoing_limit;
        if payload.len() <= MAX_SHORT && fits && self.is_open() && self.role == Role::Server {
            self.queue.push_short(opcode(&message), payload);
            return Ok(());
        }
        self.send_any(message)
    }

    #[inline]
    fn send_any<'m>(&mut self, message: Message<'m>) -> Result<(), SendError<'m>> {
        if let Err(refusal) = self.admit(message.len() + MAX_HEADER) {
            return Err(SendError { refusal, message });
        }
        let opcode = opcode(&message);
        match (self.role, message.len()) {
            (Role::Server, SHARE_MESSAGE_FROM..) => {
                let header = self.header(opcode, message.len());
                self.queue.push_large(header, message);
            }
            (Role::Server, len) if len > MAX_SHORT => {
                self.queue.push_medium(opcode, message.as_bytes());
            }
            _ => self.push_frame(opcode, message.as_bytes()),
        }
        Ok(())
    }

    /// Queues a message that was encoded once for many.
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be written.
    #[inline]
    pub fn send_frame(&mut self, frame: &Frame) -> Result<(), Refusal> {
        self.admit(frame.payload().len() + MAX_HEADER)?;
        match self.role {
            Role::Server => self.queue.push_shared(frame.shared().clone()),
            Role::Client => self.push_frame(frame.opcode(), frame.payload()),
        }
        Ok(())
    }

    /// Queues a message that was encoded once for many, and offers what is to be written first to
    /// `write`, which returns how many bytes it took; more than all counts as all. Returns how many
    /// bytes wait afterwards, as [`Machine::outgoing_len`] does.
    ///
    /// The same as [`Machine::send_frame`] and one write of the first chunk of [`Machine::outgoing`], at
    /// a tenth of what these cost beside the write: a server's frame that finds nothing before it goes
    /// past the queue, and only what was not taken of it is queued. What waits is to be written as always,
    /// once the socket can be written to. Use `send_frame` until then, and where more is to follow: one
    /// write is for all that is queued.
    ///
    /// ```
    /// use socker_core::wire::Frame;
    /// use socker_core::{Config, Instant, Machine, Role, Seed};
    ///
    /// let config = std::sync::Arc::new(Config::default());
    /// let player = || {
    ///     Machine::upgraded(Instant::START, Role::Server, config.clone(), Seed::from([0; 16]))
    /// };
    /// // A socket, and how many bytes it can take.
    /// let mut players = [(player(), Vec::new(), 100), (player(), Vec::new(), 2)];
    ///
    /// let snapshot = Frame::text("tick");
    /// let mut waiting = Vec::new();
    /// for (machine, socket, room) in &mut players {
    ///     waiting.push(machine.write_frame(&snapshot, |bytes| {
    ///         let written = bytes.len().min(*room);
    ///         socket.extend_from_slice(&bytes[..written]);
    ///         written
    ///     })?);
    /// }
    /// assert_eq!(waiting, [0, 4]);
    /// assert_eq!((&players[0].1[..], &players[1].1[..]), (&b"\x81\x04tick"[..], &b"\x81\x04"[..]));
    /// # Ok::<(), socker_core::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// The connection is not open, or too much waits to be written; `write` is not called.
    #[inline]
    pub fn write_frame(
        &mut self,
        frame: &Frame,
        write: impl FnOnce(&[u8]) -> usize,
    ) -> Result<usize, Refusal> {
        if self.role == Role::Server && self.is_open() && self.queue.len() == 0 {
            let written = write(frame.as_bytes());
            return Ok(self.queue.push_rest(frame.shared(), written));
        }
        self.send_frame(frame)?;
        let mut outgoing = self.outgoing();
        let chunk = outgoing.chunk();
        let written = write(chunk).min(chunk.len());
        outgoing.advance(written);
        Ok(outgoing.remaining())
    }

    /// Queues a ping; the answer is an [`Event::Pong`](crate::Event::Pong). The keep-alive needs no
    /// call.
    ///
    /// # Errors
    /// The payload is over 125 bytes, the connection is not open, or too much waits to be written.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        if payload.len() > MAX_SHORT {
            return Err(Refusal::TooLong);
        }
        self.admit(payload.len() + MAX_HEADER)?;
        self.push_frame(Opcode::Ping, payload);
        Ok(())
    }

    /// Answers a ping, unless the peer does not read what it has asked for before: only the newest
    /// of several pings need an answer (RFC 6455, section 5.5.3).
    pub(super) fn pong(&mut self, payload: &[u8]) {
        if self.is_open() && self.queue.len() < self.config.outgoing_limit.max(1) {
            self.push_frame(Opcode::Pong, payload);
        }
    }

    /// Queues a whole frame, copying its payload.
    #[inline]
    pub(super) fn push_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = self.header(opcode, payload.len());
        self.queue.push_frame(header, payload);
    }

    #[inline]
    fn admit(&self, len: usize) -> Result<(), Refusal> {
        if self.is_open() && self.queue.len().saturating_add(len) <= self.config.outgoing_limit {
            return Ok(());
        }
        self.admit_at_limit()
    }

    #[cold]
    fn admit_at_limit(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Open if self.queue.len() > 0 => Err(Refusal::Full),
            Phase::Open => Ok(()),
            Phase::Requesting(_) | Phase::Deciding(_) | Phase::Waiting(_) => Err(Refusal::Opening),
            Phase::Closing { .. } | Phase::Ending { .. } | Phase::Done => Err(Refusal::Closed),
        }
    }

    #[inline]
    fn header(&mut self, opcode: Opcode, len: usize) -> Header {
        let mask = match self.role {
            Role::Client => Some(self.draw.mask()),
            Role::Server => None,
        };
        Header { fin: true, opcode, mask, len: len as u64 }
    }
}

#[inline]
fn opcode(message: &Message<'_>) -> Opcode {
    match message {
        Message::Text(_) => Opcode::Text,
        Message::Binary(_) => Opcode::Binary,
    }
}
