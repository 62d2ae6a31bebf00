//! The one place where the service is called.

use std::sync::Arc;

use socker_core::{
    CloseReason, Instant, Machine, Message, Oversized,
    handshake::Incoming,
    service::{Command, Context, Delivery, PeerId, Peers, Service, Verdict, host::Runner},
};

use super::{
    Limits,
    handle::Job,
    mailbox::{Mailbox, Order},
    member::{Content, Member},
    stay::Stay,
};

/// What is on its way to the service.
pub(super) enum Item<S> {
    Request(PeerId, Incoming, Arc<Mailbox>),
    Message(PeerId, Message<'static>),
    Oversized(PeerId, Oversized),
    CaughtUp(PeerId),
    Closed(PeerId, CloseReason, Stay<S>),
    Run(Job<S>),
}

impl<S> Item<S> {
    /// Whose it is.
    pub(super) fn peer(&self) -> Option<PeerId> {
        match *self {
            Self::Request(peer, ..)
            | Self::Message(peer, _)
            | Self::Oversized(peer, _)
            | Self::CaughtUp(peer)
            | Self::Closed(peer, ..) => Some(peer),
            Self::Run(_) => None,
        }
    }
}

/// The service, and the ways to its peers.
#[derive(Debug)]
pub(super) struct Place<S> {
    pub(super) runner: Runner<S>,
    members: Peers<Member>,
    /// Those that were just closed for not keeping up.
    overrun: Vec<PeerId>,
    /// The latest time that the service was told.
    now: Instant,
    /// All are closed, or about to be: what the service says goes to nobody.
    pub(super) silent: bool,
}

impl<S: Service> Place<S> {
    pub(super) fn new(service: S) -> Self {
        Self {
            runner: Runner::new(service),
            members: Peers::default(),
            overrun: Vec::new(),
            now: Instant::START,
            silent: false,
        }
    }

    /// Each thread looks at the clock before it has the service, so it may be late.
    #[inline]
    fn at(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        self.now
    }

    /// Handles what has waited.
    pub(super) fn handle(&mut self, limits: &Limits, now: Instant, item: Item<S>) {
        let now = self.at(now);
        match item {
            Item::Request(peer, incoming, mailbox) => {
                let verdict = self.runner.request(now, peer, incoming.request());
                if matches!(verdict, Verdict::Accept(_)) {
                    self.members.insert(peer, Member::new(Arc::clone(&mailbox)));
                }
                mailbox.push(Order::Answer(Box::new((incoming, verdict))));
            }
            Item::Message(peer, message) => self.runner.message(now, peer, message),
            Item::Oversized(peer, oversized) => self.runner.oversized(now, peer, oversized),
            Item::CaughtUp(peer) => {
                if let Some(gap) =
                    self.members.get_mut(peer).and_then(|member| member.take_gap(limits))
                {
                    self.runner.gap(now, peer, gap);
                }
            }
            Item::Closed(peer, reason, _stay) => {
                self.members.remove(peer);
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
        let now = self.at(now);
        let result = self.runner.run(now, act);
        self.carry_out(limits, None);
        result
    }

    pub(super) fn handle_timeout(&mut self, limits: &Limits, now: Instant) {
        let now = self.at(now);
        self.runner.handle_timeout(now);
        self.carry_out(limits, None);
    }

    /// A message that need not wait.
    #[inline]
    pub(super) fn message_now(&mut self, limits: &Limits, message: Message<'_>, own: &mut Own<'_>) {
        let now = self.at(own.now);
        self.runner.message(now, own.peer, message);
        self.carry_out(limits, Some(own));
    }

    /// Does what the service wants done; for the peer whose task this is, at once.
    #[inline]
    fn carry_out(&mut self, limits: &Limits, mut own: Option<&mut Own<'_>>) {
        let Self { runner, members, overrun, .. } = self;
        if self.silent {
            return runner.drain(|_| ());
        }
        let mut send =
            |to, content: Content<'_>, delivery, own: Option<(&mut Machine, Instant)>| {
                if let Some(member) = members.get_mut(to)
                    && !member.send(limits, content, delivery, own)
                {
                    overrun.push(to);
                }
            };
        runner.drain(|command| match command {
            Command::Send { to, message, delivery } => {
                send(to, Content::Message(message), delivery, Own::of(&mut own, to));
            }
            Command::Broadcast { to, frame, delivery } => {
                for &to in to {
                    send(to, Content::Frame(&frame), delivery, Own::of(&mut own, to));
                }
            }
            Command::Close { peer, code, reason } => {
                let reason = Content::Close(code, &reason);
                send(peer, reason, Delivery::Reliable, Own::of(&mut own, peer));
            }
            _ => {}
        });
        for peer in overrun.drain(..) {
            runner.shut(peer);
        }
    }
}

/// The connection whose task has the service: what it is sent need not go by its mailbox.
pub(super) struct Own<'t> {
    pub(super) peer: PeerId,
    pub(super) machine: &'t mut Machine,
    pub(super) now: Instant,
}

impl Own<'_> {
    /// The machine and the time, if this is the one.
    #[inline]
    fn of<'o>(own: &'o mut Option<&mut Self>, peer: PeerId) -> Option<(&'o mut Machine, Instant)> {
        let own = own.as_deref_mut().filter(|own| own.peer == peer)?;
        Some((own.machine, own.now))
    }
}
