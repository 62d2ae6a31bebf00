//! A directory without connections: what servers and clients say to the service, and what they hear.
//!
//! A [`Stage`] takes what is said and keeps what is heard; the [`Model`] says what that has to be.

mod model;
mod step;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use socker_core::directory::codec::{Message, Sender};
use socker_core::directory::{Directory, DirectoryEvent, Limits, Role};
use socker_core::handshake::{Incoming, Request};
use socker_core::service::{Command, Context, Oversized, PeerId, Verdict, host::Runner};
use socker_core::{self as core, CloseReason, Instant, MessageKind, Seed, http};

pub use self::{
    model::Model,
    step::{Step, run},
};

/// What a peer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A binary message.
    Bytes(Vec<u8>),
    /// Its connection is closed, with a code and words.
    Close(u16, String),
}

/// A directory and its peers.
pub struct Stage {
    runner: Runner<Directory>,
    /// The virtual time.
    pub now: Instant,
    roles: BTreeMap<PeerId, Role>,
    heard: BTreeMap<PeerId, VecDeque<Heard>>,
    events: Arc<Mutex<Vec<DirectoryEvent>>>,
    /// To how many peers each broadcast went.
    pub broadcasts: Vec<usize>,
}

impl Stage {
    /// Nobody is there.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with(Directory::new(Seed::from([7; 16])).limits(limits))
    }

    /// With a directory that was made ready; its events are kept here.
    #[must_use]
    pub fn with(directory: Directory) -> Self {
        let events = Arc::<Mutex<Vec<_>>>::default();
        let told = Arc::clone(&events);
        let directory = directory.on_event(move |_, event| told.lock().unwrap().push(event));
        Self {
            runner: Runner::new(directory),
            now: Instant::START,
            roles: BTreeMap::new(),
            heard: BTreeMap::new(),
            events,
            broadcasts: Vec::new(),
        }
    }

    /// The service.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.runner.service()
    }

    /// Something that the embedding program does.
    pub fn program<R>(&mut self, act: impl FnOnce(&mut Directory, &mut Context<'_>) -> R) -> R {
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

    /// A connection for a role is open; false if it was refused.
    pub fn open(&mut self, peer: PeerId, role: Role) -> bool {
        let path = match role {
            Role::Server => "/directory/servers",
            Role::Client => "/directory/clients",
        };
        self.roles.insert(peer, role);
        matches!(self.ask(peer, &request(path, &[])), Verdict::Accept(_))
    }

    /// A peer says something.
    pub fn say(&mut self, peer: PeerId, message: &Message<'_>) {
        let bytes = message.encode(self.sender(peer)).expect("it says so");
        self.say_bytes(peer, &bytes);
    }

    /// A peer says something binary, which may be wrong.
    pub fn say_bytes(&mut self, peer: PeerId, bytes: &[u8]) {
        self.runner.message(self.now, peer, core::Message::binary(bytes));
        self.carry_out();
    }

    /// A peer says something else.
    pub fn say_text(&mut self, peer: PeerId, text: &str) {
        self.runner.message(self.now, peer, core::Message::text(text));
        self.carry_out();
    }

    /// A peer says something that is far too long.
    pub fn say_too_much(&mut self, peer: PeerId) {
        self.runner.oversized(self.now, peer, Oversized::new(MessageKind::Binary));
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

    /// When the directory wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.runner.poll_timeout()
    }

    /// What a peer has heard since the last call.
    pub fn heard(&mut self, peer: PeerId) -> Vec<Heard> {
        self.heard.remove(&peer).unwrap_or_default().into()
    }

    /// The messages among them, in debug form.
    pub fn told(&mut self, peer: PeerId) -> Vec<String> {
        let sender = match self.roles[&peer] {
            Role::Server => Sender::DirectoryToServer,
            Role::Client => Sender::DirectoryToClient,
        };
        let told = |heard: &Heard| match heard {
            Heard::Bytes(bytes) => {
                let message = Message::decode(sender, bytes).expect("it is a message");
                assert_eq!(&message.encode(sender).unwrap(), bytes);
                format!("{message:?}")
            }
            Heard::Close(code, words) => format!("close {code} {words}"),
        };
        self.heard(peer).iter().map(told).collect()
    }

    /// Whether nobody has heard anything since.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.heard.values().all(VecDeque::is_empty)
    }

    /// What the embedding program was told since the last call.
    pub fn events(&mut self) -> Vec<DirectoryEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn sender(&self, peer: PeerId) -> Sender {
        match self.roles[&peer] {
            Role::Server => Sender::Server,
            Role::Client => Sender::Client,
        }
    }

    fn carry_out(&mut self) {
        let Self { runner, heard, broadcasts, .. } = self;
        let mut hear = |peer, what| heard.entry(peer).or_default().push_back(what);
        runner.drain(|command| match command {
            Command::Send { to, message, .. } => {
                hear(to, Heard::Bytes(message.as_bytes().to_vec()));
            }
            Command::Broadcast { to, frame, .. } => {
                to.iter().for_each(|peer| hear(*peer, Heard::Bytes(frame.payload().to_vec())));
                broadcasts.push(to.len());
            }
            Command::Close { peer, code, reason } => {
                hear(peer, Heard::Close(code.into(), reason.into_owned()));
            }
            command => panic!("a new command: {command:?}"),
        });
    }
}

/// A request that was read by a server.
#[must_use]
pub fn request(path: &str, headers: &[(&str, &str)]) -> Request {
    let request = http::Request::get(path)
        .header("host", "a")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Incoming::new(request.body(()).unwrap()).unwrap().request().clone()
}
