//! A directory without connections: what servers and clients say to the service, and what they hear.
//!
//! A [`Stage`] takes what is said and keeps what is heard; the [`Model`] says what that has to be.

mod model;
mod registration;
mod step;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use socker_core::directory::codec::{Message, Sender};
use socker_core::directory::{Directory, DirectoryEvent, Limits, Role};
use socker_core::handshake::{Incoming, Request};
use socker_core::service::{PeerId, Verdict};
use socker_core::{self as core, MessageKind, Seed, http};

pub use self::{
    model::Model,
    registration::{ServerStep, run_servers},
    step::{Step, run},
};
pub use crate::stage::Heard;

/// A directory and its peers.
pub struct Stage {
    stage: crate::stage::Stage<Directory, DirectoryEvent>,
    roles: BTreeMap<PeerId, Role>,
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
        let stage = crate::stage::Stage::build(|events| {
            directory.on_event(move |_, event| events.lock().unwrap().push(event))
        });
        Self { stage, roles: BTreeMap::new() }
    }

    /// The service.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        self.service()
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
        self.message(peer, core::Message::binary(bytes));
    }

    /// A peer says something else.
    pub fn say_text(&mut self, peer: PeerId, text: &str) {
        self.message(peer, core::Message::text(text));
    }

    /// A peer says something that is far too long.
    pub fn say_too_much(&mut self, peer: PeerId) {
        self.oversized(peer, MessageKind::Binary);
    }

    /// The messages that a peer has heard since the last call, in debug form.
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
            Heard::Text(text) => panic!("a directory says no text: {text}"),
            Heard::Close(code, words) => format!("close {code} {words}"),
        };
        self.heard(peer).iter().map(told).collect()
    }

    fn sender(&self, peer: PeerId) -> Sender {
        match self.roles[&peer] {
            Role::Server => Sender::Server,
            Role::Client => Sender::Client,
        }
    }
}

impl Deref for Stage {
    type Target = crate::stage::Stage<Directory, DirectoryEvent>;

    fn deref(&self) -> &Self::Target {
        &self.stage
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.stage
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
