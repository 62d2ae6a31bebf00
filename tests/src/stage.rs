//! A service without connections: what peers say to it, and what they hear.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socker_core::handshake::Request;
use socker_core::service::host::Runner;
use socker_core::service::{Command, Context, Oversized, PeerId, Service, Verdict};
use socker_core::{CloseReason, Instant, Message, MessageKind};

/// What a peer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A binary message.
    Bytes(Vec<u8>),
    /// Its connection is closed, with a code and words.
    Close(u16, String),
}

/// A service and its peers, and the events that the embedding program is told.
pub struct Stage<S, E> {
    runner: Runner<S>,
    /// The virtual time.
    pub now: Instant,
    heard: BTreeMap<PeerId, VecDeque<Heard>>,
    events: Arc<Mutex<Vec<E>>>,
    /// To how many peers each broadcast went.
    pub broadcasts: Vec<usize>,
}

impl<S: Service, E> Stage<S, E> {
    /// Nobody is there. The service is made with what keeps its events.
    pub fn build(service: impl FnOnce(Arc<Mutex<Vec<E>>>) -> S) -> Self {
        let events = Arc::<Mutex<Vec<E>>>::default();
        let runner = Runner::new(service(Arc::clone(&events)));
        let (now, heard) = (Instant::START, BTreeMap::new());
        Self { runner, now, heard, events, broadcasts: Vec::new() }
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &S {
        self.runner.service()
    }

    /// Something that the embedding program does.
    pub fn program<R>(&mut self, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        let result = self.runner.run(self.now, act);
        self.carry_out();
        result
    }

    /// A connection is asked for, and opened if it may be.
    pub fn ask(&mut self, peer: PeerId, request: &Request) -> Verdict {
        let verdict = self.runner.request(self.now, peer, request);
        self.carry_out();
        verdict
    }

    /// A connection is open.
    pub fn open(&mut self, peer: PeerId) {
        self.runner.opened(self.now, peer);
        self.carry_out();
    }

    /// A peer has sent a message.
    pub fn message(&mut self, peer: PeerId, message: Message<'_>) {
        self.runner.message(self.now, peer, message);
        self.carry_out();
    }

    /// A peer has sent a message that is far too long.
    pub fn oversized(&mut self, peer: PeerId, kind: MessageKind) {
        self.runner.oversized(self.now, peer, Oversized::new(kind));
        self.carry_out();
    }

    /// A connection is gone.
    pub fn gone(&mut self, peer: PeerId) {
        self.runner.closed(self.now, peer, &CloseReason::Eof);
        self.carry_out();
    }

    /// It is so late now.
    pub fn time(&mut self, now: Instant) {
        self.now = now;
        self.runner.handle_timeout(now);
        self.carry_out();
    }

    /// So much time goes by.
    pub fn pass(&mut self, time: Duration) {
        self.time(self.now + time);
    }

    /// When the service wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.runner.poll_timeout()
    }

    /// What a peer has heard since the last call.
    pub fn heard(&mut self, peer: PeerId) -> Vec<Heard> {
        self.heard.remove(&peer).unwrap_or_default().into()
    }

    /// The first of what a peer has heard since, which is taken.
    pub fn next(&mut self, peer: PeerId) -> Option<Heard> {
        self.heard.get_mut(&peer)?.pop_front()
    }

    /// The first of what a peer has heard since, which stays.
    #[must_use]
    pub fn first(&self, peer: PeerId) -> Option<&Heard> {
        self.heard.get(&peer)?.front()
    }

    /// Whether nobody has heard anything since.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.heard.values().all(VecDeque::is_empty)
    }

    /// What the embedding program was told since the last call.
    pub fn events(&mut self) -> Vec<E> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn carry_out(&mut self) {
        let Self { runner, heard, broadcasts, .. } = self;
        let mut hear = |peer, what| heard.entry(peer).or_default().push_back(what);
        runner.drain(|command| match command {
            Command::Send { to, message, .. } => {
                hear(to, Heard::of(message.kind(), message.as_bytes()));
            }
            Command::Broadcast { to, frame, .. } => {
                for peer in to.iter() {
                    hear(*peer, Heard::of(frame.kind(), frame.payload()));
                }
                broadcasts.push(to.len());
            }
            Command::Close { peer, code, reason } => {
                hear(peer, Heard::Close(code.into(), reason.into_owned()));
            }
            command => panic!("a new command: {command:?}"),
        });
    }
}

impl Heard {
    fn of(kind: MessageKind, bytes: &[u8]) -> Self {
        match kind {
            MessageKind::Text => Self::Text(String::from_utf8(bytes.to_vec()).expect("UTF-8")),
            MessageKind::Binary => Self::Bytes(bytes.to_vec()),
        }
    }
}
