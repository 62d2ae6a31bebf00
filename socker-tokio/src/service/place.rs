//! The one place where the service is called.

use std::sync::Arc;

use socker_core::{
    CloseCode, CloseReason, Instant, Message,
    handshake::Incoming,
    service::{Command, Context, Delivery, Gap, PeerId, Peers, Service, Verdict, host::Runner},
};

use super::{
    Limits,
    handle::Job,
    mailbox::{Content, Mailbox, Own},
};

/// What is on its way to the service.
pub(super) enum Item<S> {
    Request(PeerId, Incoming, Arc<Mailbox>),
    Message(PeerId, Message<'static>),
    Gap(PeerId, Gap),
    Closed(PeerId, CloseReason),
    Run(Job<S>),
}

/// The service, and the ways to its peers.
#[derive(Debug)]
pub(super) struct Place<S> {
    pub(super) runner: Runner<S>,
    mailboxes: Peers<Arc<Mailbox>>,
    /// Those that were just closed for not keeping up.
    overrun: Vec<PeerId>,
}

impl<S: Service> Place<S> {
    pub(super) fn new(service: S) -> Self {
        Self { runner: Runner::new(service), mailboxes: Peers::default(), overrun: Vec::new() }
    }

    /// Handles what has waited.
    pub(super) fn handle(&mut self, limits: &Limits, now: Instant, item: Item<S>) {
        match item {
            Item::Request(peer, incoming, mailbox) => {
                let verdict = self.runner.request(now, peer, incoming.request());
                if matches!(verdict, Verdict::Accept(_)) {
                    self.mailboxes.insert(peer, Arc::clone(&mailbox));
                }
                mailbox.answer(incoming, verdict);
            }
            Item::Message(peer, message) => self.runner.message(now, peer, message),
            Item::Gap(peer, gap) => self.runner.gap(now, peer, gap),
            Item::Closed(peer, reason) => {
                self.mailboxes.remove(peer);
                self.runner.closed(now, peer, &reason);
            }
            Item::Run(job) => self.runner.run(now, job),
        }
        self.carry_out(limits, None);
    }

    pub(super) fn run<R>(
        &mut self,
        limits: &Limits,
        now: Instant,
        act: impl FnOnce(&mut S, &mut Context<'_>) -> R,
    ) -> R {
        let result = self.runner.run(now, act);
        self.carry_out(limits, None);
        result
    }

    pub(super) fn handle_timeout(&mut self, limits: &Limits, now: Instant) {
        self.runner.handle_timeout(now);
        self.carry_out(limits, None);
    }

    /// A message that need not wait.
    #[inline]
    pub(super) fn message_now(
        &mut self,
        limits: &Limits,
        now: Instant,
        message: Message<'_>,
        own: (PeerId, &mut Own<'_>),
    ) {
        self.runner.message(now, own.0, message);
        self.carry_out(limits, Some(own));
    }

    /// Does what the service wants done; for the peer whose task this is, at once.
    #[inline]
    fn carry_out(&mut self, limits: &Limits, own: Option<(PeerId, &mut Own<'_>)>) {
        let Self { runner, mailboxes, overrun } = self;
        let mut post = Post { limits, mailboxes, own };
        runner.drain(|command| match command {
            Command::Send { to, message, delivery } => {
                let kept_up = post.send(to, Content::Message(message), delivery);
                overrun.extend((!kept_up).then_some(to));
            }
            Command::Broadcast { to, frame, delivery } => {
                for &to in to {
                    let kept_up = post.send(to, Content::Frame(&frame), delivery);
                    overrun.extend((!kept_up).then_some(to));
                }
            }
            Command::Close { peer, code, reason } => post.close(peer, code, &reason),
            _ => {}
        });
        for peer in overrun.drain(..) {
            runner.shut(peer);
        }
    }
}

/// The ways to the peers.
struct Post<'p, 't> {
    limits: &'p Limits,
    mailboxes: &'p Peers<Arc<Mailbox>>,
    /// The peer whose task this is.
    own: Option<(PeerId, &'p mut Own<'t>)>,
}

impl Post<'_, '_> {
    /// False: the peer does not keep up with what it must know, and is closed.
    #[inline]
    fn send(&mut self, to: PeerId, content: Content<'_>, delivery: Delivery) -> bool {
        match &mut self.own {
            Some((peer, own)) if *peer == to => own.send(self.limits, content, delivery),
            _ => match self.mailboxes.get(to) {
                Some(mailbox) => mailbox.send(self.limits, content, delivery),
                // Gone already.
                None => true,
            },
        }
    }

    fn close(&mut self, peer: PeerId, code: CloseCode, reason: &str) {
        match &mut self.own {
            Some((own_peer, own)) if *own_peer == peer => own.close(code, reason),
            _ => {
                if let Some(mailbox) = self.mailboxes.get(peer) {
                    mailbox.close(code, reason);
                }
            }
        }
    }
}
