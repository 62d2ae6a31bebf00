//! A peer, as whoever has the service sees it.

use std::sync::Arc;

use socker_core::{
    CloseCode, Instant, Machine, Message,
    service::{
        Delivery, Gap,
        host::{Fate, Pace, TOO_SLOW},
    },
    wire::Frame,
};

use super::{
    Limits,
    mailbox::{Mailbox, Order},
};

/// A peer, as whoever has the service sees it.
#[derive(Debug)]
pub(super) struct Member {
    mailbox: Arc<Mailbox>,
    pace: Pace,
    /// The service has closed the connection: it wants nothing more of it.
    closing: bool,
}

/// What is to be sent.
pub(super) enum Content<'c> {
    Message(Message<'c>),
    Frame(&'c Frame),
    /// Nothing comes after it, and there is always room for it.
    Close(CloseCode, &'c str),
}

impl Content<'_> {
    /// Bytes, as a machine counts them: beside a header.
    fn len(&self) -> usize {
        match self {
            Self::Message(message) => message.len(),
            Self::Frame(frame) => frame.as_bytes().len(),
            Self::Close(..) => 0,
        }
    }
}

impl Member {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox, pace: Pace::default(), closing: false }
    }

    /// Sends a message if there is room: to the machine, if this is its own task, or by its mailbox.
    /// False: the peer does not keep up with what it must know, and is closed.
    #[inline]
    pub(super) fn send(
        &mut self,
        limits: &Limits,
        content: Content<'_>,
        delivery: Delivery,
        own: Option<(&mut Machine, Instant)>,
    ) -> bool {
        if self.closing {
            return true;
        }
        if let Content::Close(code, reason) = content {
            self.close(limits, code, reason, own);
            return true;
        }
        let waiting = match &own {
            Some((machine, _)) => machine.outgoing_len(),
            None => self.mailbox.waiting.len(),
        };
        let (limit, message) = (limits.config.outgoing_limit, (content.len(), delivery));
        match self.pace.judge(&limits.budget, limit, limits.pool.len(), waiting, message) {
            Fate::Queue => self.queue(limits, content, own),
            Fate::Drop => self.mailbox.fall_behind(),
            Fate::Close => {
                self.close(limits, CloseCode::Again, TOO_SLOW, own);
                return false;
            }
        }
        true
    }

    /// A machine does not refuse that for which there is room.
    #[inline]
    fn queue(&self, limits: &Limits, content: Content<'_>, own: Option<(&mut Machine, Instant)>) {
        match (own, content) {
            (Some((machine, _)), Content::Message(message)) => drop(machine.send(message)),
            (Some((machine, _)), Content::Frame(frame)) => _ = machine.send_frame(frame),
            (None, Content::Message(message)) => {
                self.order(limits, Order::Send(message.into_owned()));
            }
            (None, Content::Frame(frame)) => self.order(limits, Order::SendFrame(frame.clone())),
            (_, Content::Close(..)) => {}
        }
    }

    fn close(
        &mut self,
        limits: &Limits,
        code: CloseCode,
        reason: &str,
        own: Option<(&mut Machine, Instant)>,
    ) {
        self.closing = true;
        match own {
            Some((machine, now)) => machine.close(now, code, reason),
            None => self.order(limits, Order::Close(code, reason.to_owned())),
        }
    }

    /// What the peer has missed; it keeps up again, unless it was sent too much since.
    pub(super) fn take_gap(&mut self, limits: &Limits) -> Option<Gap> {
        if !self.pace.is_behind() {
            return None;
        }
        if !Pace::has_room(&limits.budget, self.mailbox.waiting.len()) {
            self.mailbox.fall_behind();
            return None;
        }
        Some(self.pace.take_gap())
    }

    fn order(&self, limits: &Limits, order: Order) {
        let len = self.mailbox.push(order);
        limits.pool.change(0, len);
    }
}
