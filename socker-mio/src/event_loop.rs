use std::{
    fmt,
    io::{self, ErrorKind},
    net::{self, SocketAddr},
    sync::Arc,
    time::{self, Duration},
};

use mio::{Events, Interest, Poll, Waker, net::TcpListener};
use socker_core::{
    Config, Instant,
    handshake::Request,
    service::{Budget, Context, Host, PeerId, Service},
};

#[cfg(feature = "rtc")]
use crate::dial::Addresses;
use crate::{
    alarm::Alarm,
    connections::Connections,
    error::ConnectError,
    handle::{Handle, Mailbox},
    heard::Heard,
    listener::Listener,
    token::Source,
};

/// Events of one turn. What does not fit comes with the next one: the answers of all are kept until
/// they are written together at its end, so with more of them more memory is touched.
const EVENTS: usize = 256;

/// A service and all of its connections, on one thread.
///
/// It does something only while it is called: [`EventLoop::run`] keeps a thread for it, and a program
/// with a loop of its own calls [`EventLoop::poll`] in each of its rounds.
///
/// ```
/// use socker_core::service::{Context, PeerId, Service};
/// use socker_core::{Message, wire::Frame};
/// use socker_mio::EventLoop;
/// use std::{collections::BTreeSet, net::TcpListener, time::Duration};
///
/// #[derive(Default)]
/// struct Game {
///     players: BTreeSet<PeerId>,
/// }
///
/// impl Service for Game {
///     fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
///         self.players.insert(peer);
///     }
///
///     fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let mut events = EventLoop::new(Game::default())?;
/// events.listen(TcpListener::bind("127.0.0.1:0")?)?;
/// for _tick in 0..3 {
///     events.poll(Some(Duration::ZERO))?; // what has come since the last tick
///     events.with_service(|game, cx| {
///         let players = game.players.iter().copied();
///         cx.broadcast_droppable(players, Frame::text("a snapshot"));
///     });
/// }
/// # Ok(())
/// # }
/// ```
pub struct EventLoop<S> {
    poll: Poll,
    events: Events,
    /// The machines' [`Instant::START`].
    start: time::Instant,
    connections: Connections<S>,
    listeners: Vec<Listener>,
    alarm: Alarm,
    heard: Heard,
    mailbox: Arc<Mailbox<S>>,
    /// Something has come to the socket that it holds.
    #[cfg(feature = "rtc")]
    held_ready: bool,
}

/// Where it begins, and what it is made of.
impl<S: Service> EventLoop<S> {
    /// A loop with the default limits.
    ///
    /// # Errors
    /// The system has no descriptors left, or refuses what a loop consists of.
    pub fn new(service: S) -> io::Result<Self> {
        Self::with(service, Arc::default(), Budget::default())
    }

    /// A loop with limits for each connection, and for all of them.
    ///
    /// # Errors
    /// The system has no descriptors left, or refuses what a loop consists of.
    pub fn with(service: S, config: Arc<Config>, budget: Budget) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), Source::Handle.into())?;
        let alarm = Alarm::new(poll.registry())?;
        let host = Host::with(service, config, budget);
        Ok(Self {
            connections: Connections::new(host, poll.registry().try_clone()?),
            poll,
            events: Events::with_capacity(EVENTS),
            start: time::Instant::now(),
            listeners: Vec::new(),
            alarm,
            heard: Heard::default(),
            mailbox: Arc::new(Mailbox::new(waker)),
            #[cfg(feature = "rtc")]
            held_ready: false,
        })
    }

    /// Accepts connections from a listener, beside those of earlier calls; returns its address.
    ///
    /// A listener of the standard library lets 128 connections wait. Where more may come at once,
    /// make it with `socket2`, with a longer backlog.
    ///
    /// When the system refuses to accept, for want of descriptors say, the loop tries again after
    /// 100 ms, then after up to 1 s, while the connections that exist go on.
    ///
    /// # Errors
    /// The loop drains, or the system refuses.
    pub fn listen(&mut self, listener: net::TcpListener) -> io::Result<SocketAddr> {
        if self.connections.host.is_draining() {
            return Err(io::Error::other("the loop takes no more connections"));
        }
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        let token = Source::Listener(self.listeners.len()).into();
        self.poll.registry().register(&mut listener, token, Interest::READABLE)?;
        self.listeners.push(Listener::new(listener));
        Ok(address)
    }

    /// Begins a connection to a `ws://` address over TCP. The service is told when it is open; if it
    /// never is, [`EventLoop::next_failure`] tells.
    ///
    /// The host's name is looked up here, and a slow name server is waited for; an address of
    /// numbers is not looked up. All that follows is done by [`EventLoop::poll`]: the addresses of
    /// the host are tried one after another, in [`Config::opening_timeout`] for all of them.
    ///
    /// # Errors
    /// The address asks for TLS, there is no room, the host is not found, or it is known already
    /// that it can't be reached.
    pub fn connect(&mut self, request: &Request) -> Result<PeerId, ConnectError> {
        self.connections.connect(self.now(), request)
    }

    /// A connection of [`EventLoop::connect`] that has ended before it was open, and why. Each is
    /// told once, after the [`EventLoop::poll`] in which it happened; the last 1,024 are kept.
    pub fn next_failure(&mut self) -> Option<(PeerId, ConnectError)> {
        self.connections.failures.pop_front()
    }

    /// A way to this loop from other threads.
    #[must_use]
    pub fn handle(&self) -> Handle<S> {
        Handle::new(Arc::clone(&self.mailbox))
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &S {
        self.connections.host.service()
    }

    /// Does something with the service, say a game's tick, and writes at once what it sends.
    pub fn with_service<R>(&mut self, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        let now = self.now();
        let result = self.connections.host.run(now, act);
        self.connections.flush(now);
        result
    }

    /// The time, as the service is told it.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::at(self.start.elapsed())
    }

    /// How many connections there are, without those that are turned away.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.host.len()
    }

    /// Whether there are no connections at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.host.is_empty()
    }
}

/// Going on, and coming to an end.
impl<S: Service> EventLoop<S> {
    /// Polls until the loop is drained, which something has to begin: [`EventLoop::drain`] before
    /// this, or [`Handle::drain`] from another thread.
    ///
    /// # Errors
    /// The system refuses to tell of events.
    pub fn run(&mut self) -> io::Result<()> {
        while !self.is_drained() {
            self.poll(None)?;
        }
        Ok(())
    }

    /// Waits until something happens, and handles all that has: once each connection that is ready,
    /// and a bounded part of what a busy one has, so that it delays no other.
    ///
    /// It waits at the most for `timeout`: not at all if that is zero, and with `None` for as long as
    /// neither a peer, nor a [`Handle`], nor a time of the service or of a connection has come. It
    /// may also return early, as it does when a signal comes. Once the loop is drained, it does not
    /// wait without a time-out.
    ///
    /// # Errors
    /// The system refuses to tell of events. What is the matter with one connection or listener is
    /// not an error.
    pub fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = self.patience(timeout)?;
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let begin = self.now();
        let events = self.handle_events(begin);
        let turns = 1 + self.connections.sockets.len() / EVENTS;
        let heard = self.heard.after(begin, events == EVENTS, turns);
        // The service may have taken long.
        let now = self.now();
        self.connections.host.handle_due(heard, now);
        self.connections.flush(now);
        Ok(())
    }

    /// Handles what the system has told; how many events that were.
    fn handle_events(&mut self, now: Instant) -> usize {
        let (mut events, mut called) = (0, false);
        for event in &self.events {
            events += 1;
            match Source::from(event.token()) {
                Source::Peer(peer) => self.connections.note(peer, event),
                Source::Listener(number) => {
                    if let Some(listener) = self.listeners.get_mut(number) {
                        listener.is_ready();
                    }
                }
                Source::Handle => called = true,
                Source::Alarm => self.alarm.rang(),
                #[cfg(feature = "rtc")]
                Source::Held => self.held_ready = true,
            }
        }
        for listener in &mut self.listeners {
            let connections = &mut self.connections;
            listener.accept(now, |stream, address| connections.accept(now, stream, address));
        }
        self.connections.read(now);
        if called {
            self.take_mail(now);
        }
        events
    }

    fn take_mail(&mut self, now: Instant) {
        let mail = self.mailbox.take();
        for act in mail.acts {
            self.connections.host.run(now, act);
        }
        if let Some((timeout, reason)) = mail.drain {
            self.drain(timeout, &reason);
        }
    }

    /// How long to wait for events, unless the alarm rings.
    fn patience(&mut self, timeout: Option<Duration>) -> io::Result<Option<Duration>> {
        let waits = timeout != Some(Duration::ZERO) && !self.connections.is_ready();
        if !waits || (timeout.is_none() && self.is_drained()) {
            return Ok(Some(Duration::ZERO));
        }
        let listeners = self.listeners.iter().map(Listener::poll_timeout);
        let times = listeners.chain([self.connections.host.poll_timeout()]);
        let Some(time) = times.flatten().min() else { return Ok(timeout) };
        let start = self.start;
        let wait = self.alarm.set(time, || Instant::at(start.elapsed()))?;
        Ok(timeout.into_iter().chain(wait).min())
    }

    /// Takes no more connections, and closes all with 1001 and this reason. What is left after
    /// `timeout` is cut. Go on to poll until [`EventLoop::is_drained`].
    pub fn drain(&mut self, timeout: Duration, reason: &str) {
        // Who connects from now on is refused by the system, and may go elsewhere at once.
        self.listeners.clear();
        let now = self.now();
        self.connections.host.drain(now, now + timeout, reason);
        self.connections.flush(now);
    }

    /// Whether [`EventLoop::drain`] has come to its end: all connections are gone.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.connections.host.is_drained()
    }
}

/// What a game server has beside its connection to the directory.
#[cfg(feature = "rtc")]
impl<S: Service> EventLoop<S> {
    /// The machines' [`Instant::START`].
    pub(crate) fn start(&self) -> time::Instant {
        self.start
    }

    /// Watches one more socket, which is the caller's: [`EventLoop::poll`] returns when something has
    /// come to it.
    pub(crate) fn hold(&mut self, socket: &mut impl mio::event::Source) -> io::Result<()> {
        self.poll.registry().register(socket, Source::Held.into(), Interest::READABLE)
    }

    /// Whether something has come to that socket since this was asked. It is told once, so read all.
    pub(crate) fn take_held_ready(&mut self) -> bool {
        std::mem::take(&mut self.held_ready)
    }

    /// As [`EventLoop::connect`], with the host's addresses.
    pub(crate) fn connect_to(
        &mut self,
        addresses: Addresses,
        request: &Request,
    ) -> Result<PeerId, ConnectError> {
        self.connections.connect_to(self.now(), addresses, request)
    }

    /// This side's address of a connection.
    pub(crate) fn local_addr(&self, peer: PeerId) -> io::Result<SocketAddr> {
        let socket = self.connections.sockets.get(peer).ok_or(ErrorKind::NotConnected)?;
        socket.stream.local_addr()
    }
}

/// Handles learn that it is gone.
impl<S> Drop for EventLoop<S> {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

impl<S: fmt::Debug> fmt::Debug for EventLoop<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("connections", &self.connections)
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}
