//! The connection to the directory, which is opened again whenever it ends.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::Arc,
    thread,
    time::{self, Duration},
};

use mio::event::Source;
use socker_core::{
    CloseReason, Instant, Message,
    directory::{Backoff, servers_url},
    handshake::Request,
    service::{Budget, Context, PeerId, Service},
};

use crate::{
    dial::{Addresses, resolve},
    error::ConnectError,
    event_loop::EventLoop,
    seed::random_seed,
};

/// How long it may take to end.
const GOODBYE: Duration = Duration::from_secs(1);

/// ```text
///   Open --its end--> Closed --the wait is over--> Opening --it is open--> Open
///                       ^                             |
///                       '--------- it failed ---------'
/// ```
#[derive(Debug)]
enum State {
    Open(PeerId),
    /// The host is looked up, or connected to.
    Opening,
    Closed {
        until: Instant,
    },
}

/// The connection, and the loop of the game server.
#[derive(Debug)]
pub(super) struct Link {
    events: EventLoop<Inbox>,
    request: Request,
    state: State,
    backoff: Backoff,
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Told {
    Opened(PeerId),
    Closed,
    Message(Message<'static>),
}

/// What waits for the link, as the loop's service.
#[derive(Debug, Default)]
struct Inbox {
    told: VecDeque<Told>,
    /// Where the directory is.
    found: Option<io::Result<Addresses>>,
}

impl Service for Inbox {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.told.push_back(Told::Opened(peer));
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, message: Message<'_>) {
        self.told.push_back(Told::Message(message.into_owned()));
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, _: &CloseReason) {
        self.told.push_back(Told::Closed);
    }
}

impl Link {
    /// Connects, and waits until the connection is open.
    pub(super) fn open(directory: &str) -> Result<Self, ConnectError> {
        let request = Request::get(&servers_url(directory))?;
        if request.is_secure() {
            return Err(ConnectError::Tls);
        }
        // A directory has all clients' offers to tell, at whatever rate they come.
        let budget = Budget::default().message_rate(u32::MAX).message_burst(u32::MAX);
        let mut link = Self {
            events: EventLoop::with(Inbox::default(), Arc::default(), budget)?,
            request,
            state: State::Closed { until: Instant::START },
            backoff: Backoff::new(random_seed()?),
        };
        link.attempt()?;
        while !matches!(link.next(), Some(Told::Opened(_))) {
            link.events.poll(None)?;
            link.attempt()?;
        }
        Ok(link)
    }

    /// With which address the directory is reached.
    pub(super) fn local_ip(&self) -> io::Result<IpAddr> {
        match self.state {
            State::Open(peer) => Ok(self.events.local_addr(peer)?.ip()),
            State::Opening | State::Closed { .. } => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Waits for `timeout` at the most until something has happened to the connection, or has come to
    /// the socket that is held.
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = match self.state {
            State::Closed { until } if !self.is_closed() => {
                let wait = until.since(self.now());
                Some(timeout.map_or(wait, |timeout| timeout.min(wait)))
            }
            _ => timeout,
        };
        self.events.poll(timeout)?;
        if self.attempt().is_err() {
            self.back_off();
        }
        Ok(())
    }

    /// What has happened next.
    pub(super) fn next(&mut self) -> Option<Told> {
        let told = self.events.with_service(|inbox, _| inbox.told.pop_front())?;
        match told {
            Told::Opened(peer) => self.state = State::Open(peer),
            Told::Closed => self.back_off(),
            Told::Message(_) => self.backoff.succeeded(),
        }
        Some(told)
    }

    /// Drops the message if there is no connection; ends one that does not keep up.
    pub(super) fn send(&mut self, message: Vec<u8>) {
        if let State::Open(peer) = self.state {
            self.events.with_service(|_, cx| cx.send(peer, Message::binary(message)));
        }
    }

    /// Writes what waits, and closes for good. Who is gone does not matter any more.
    pub(super) fn close(&mut self) {
        self.events.drain(GOODBYE, "the server ends");
    }

    /// Whether that has come to its end.
    pub(super) fn is_closed(&self) -> bool {
        self.events.is_drained()
    }

    /// Goes on with what is to be done for a connection; an error is why an attempt has failed.
    fn attempt(&mut self) -> Result<(), ConnectError> {
        if self.is_closed() {
            return Ok(());
        }
        if matches!(self.state, State::Closed { until } if until <= self.now()) {
            self.state = State::Opening;
            self.look_up()?;
        }
        if let Some(found) = self.events.with_service(|inbox, _| inbox.found.take()) {
            self.events.connect_to(found?, &self.request)?;
        }
        self.events.next_failure().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Looks the directory's host up on a thread of its own: players do not wait for a name server.
    fn look_up(&self) -> io::Result<()> {
        let (request, handle) = (self.request.clone(), self.events.handle());
        thread::Builder::new().spawn(move || {
            let found = resolve(&request);
            // Refused if the game server is gone.
            let _ = handle.run(move |inbox, _| inbox.found = Some(found));
        })?;
        Ok(())
    }

    fn back_off(&mut self) {
        self.state = State::Closed { until: self.now() + self.backoff.failed() };
    }
}

/// Of its loop.
impl Link {
    pub(super) fn now(&self) -> Instant {
        self.events.now()
    }

    /// What [`Instant::START`] stands for.
    pub(super) fn start(&self) -> time::Instant {
        self.events.start()
    }

    pub(super) fn hold(&mut self, socket: &mut impl Source) -> io::Result<()> {
        self.events.hold(socket)
    }

    pub(super) fn take_held_ready(&mut self) -> bool {
        self.events.take_held_ready()
    }
}
