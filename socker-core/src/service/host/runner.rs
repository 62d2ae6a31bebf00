use crate::{
    event::CloseReason,
    handshake::Request,
    message::Message,
    service::{Command, Commands, Context, Gap, Oversized, PeerId, Peers, Service, Verdict},
    time::Instant,
};

/// A service, called as its contract says: see [`Service`].
#[derive(Debug)]
pub struct Runner<S> {
    service: S,
    commands: Commands,
    /// Those that were opened and of whose end the service was not told.
    opened: Peers<Told>,
}

/// What a service is still told of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    All,
    /// It is closing.
    End,
}

impl<S: Service> Runner<S> {
    /// Nobody is there yet.
    pub fn new(service: S) -> Self {
        Self { service, commands: Commands::default(), opened: Peers::default() }
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Something that the embedding program does with the service.
    pub fn run<R>(&mut self, now: Instant, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        act(&mut self.service, &mut Context::new(now, &mut self.commands))
    }

    /// A client asks to open a connection. If the service accepts, it takes the peer for opened from
    /// now on.
    pub fn request(&mut self, now: Instant, peer: PeerId, request: &Request) -> Verdict {
        let verdict = self.run(now, |service, cx| service.request(cx, peer, request));
        if matches!(verdict, Verdict::Accept(_)) {
            self.opened(now, peer);
        }
        verdict
    }

    /// A connection of the host's own is open.
    pub fn opened(&mut self, now: Instant, peer: PeerId) {
        self.opened.insert(peer, Told::All);
        self.run(now, |service, cx| service.opened(cx, peer));
    }

    /// Whether the service takes a peer for opened, and is told of its end.
    pub fn is_opened(&self, peer: PeerId) -> bool {
        self.opened.contains(peer)
    }

    /// A message has come.
    #[inline]
    pub fn message(&mut self, now: Instant, peer: PeerId, message: Message<'_>) {
        if self.opened.get(peer) == Some(&Told::All) {
            let mut cx = Context::new(now, &mut self.commands);
            self.service.message(&mut cx, peer, message);
        }
    }

    /// A message that is too long has begun.
    pub fn oversized(&mut self, now: Instant, peer: PeerId, oversized: Oversized) {
        if self.opened.get(peer) == Some(&Told::All) {
            self.run(now, |service, cx| service.oversized(cx, peer, oversized));
        }
    }

    /// A peer keeps up again.
    pub fn gap(&mut self, now: Instant, peer: PeerId, gap: Gap) {
        if self.opened.get(peer) == Some(&Told::All) {
            self.run(now, |service, cx| service.gap(cx, peer, gap));
        }
    }

    /// A connection has ended.
    pub fn closed(&mut self, now: Instant, peer: PeerId, reason: &CloseReason) {
        if self.opened.remove(peer).is_some() {
            self.run(now, |service, cx| service.closed(cx, peer, reason));
        }
    }

    /// The time is `now`. A call before [`Runner::poll_timeout`] does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|timeout| timeout <= now) {
            self.run(now, Service::timeout);
        }
    }

    /// When to call [`Runner::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout()
    }

    /// A peer is closing: the service is told no more than the end of it.
    pub fn shut(&mut self, peer: PeerId) {
        if let Some(told) = self.opened.get_mut(peer) {
            *told = Told::End;
        }
    }

    /// Hands what the service wants done to `carry_out`, in order.
    #[inline]
    pub fn drain(&mut self, mut carry_out: impl FnMut(Command<'_>)) {
        for command in self.commands.drain() {
            if let Command::Close { peer, .. } = &command
                && let Some(told) = self.opened.get_mut(*peer)
            {
                *told = Told::End;
            }
            carry_out(command);
        }
    }
}
