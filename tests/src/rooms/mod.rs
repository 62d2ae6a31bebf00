//! Rooms without connections: what peers say to the service, and what they hear.
//!
//! A [`Stage`] takes what peers say and keeps what they hear; the [`Model`] says what that has to be.

mod model;
mod naive;
mod step;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use socker_core::rooms::{Limits, RoomEvent, Rooms};
use socker_core::service::{Command, Context, Oversized, PeerId, host::Runner};
use socker_core::{CloseReason, Instant, Message, MessageKind, Seed};

pub use self::{
    model::{Model, WATCHED},
    step::{Claim, Step, run},
};

/// What a peer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// Its connection is closed, with a code and words.
    Close(u16, String),
}

/// Rooms and their peers.
pub struct Stage {
    runner: Runner<Rooms>,
    /// The virtual time.
    pub now: Instant,
    heard: BTreeMap<PeerId, VecDeque<Heard>>,
    events: Arc<Mutex<Vec<RoomEvent>>>,
    /// How many broadcasts there were to members, and to how many together.
    pub broadcasts: Vec<usize>,
}

impl Stage {
    /// No rooms and no peers.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with(Rooms::new(Seed::from([7; 16])).limits(limits))
    }

    /// With rooms that were made ready; their events are kept here.
    #[must_use]
    pub fn with(rooms: Rooms) -> Self {
        let events = Arc::<Mutex<Vec<_>>>::default();
        let told = Arc::clone(&events);
        let rooms = rooms.on_event(move |_, event| told.lock().unwrap().push(event));
        let (runner, now) = (Runner::new(rooms), Instant::START);
        Self { runner, now, heard: BTreeMap::new(), events, broadcasts: Vec::new() }
    }

    /// The service.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        self.runner.service()
    }

    /// Something that the embedding program does.
    pub fn program<R>(&mut self, act: impl FnOnce(&mut Rooms, &mut Context<'_>) -> R) -> R {
        let result = self.runner.run(self.now, act);
        self.carry_out();
        result
    }

    /// A connection is open.
    pub fn open(&mut self, peer: PeerId) {
        self.runner.opened(self.now, peer);
        self.carry_out();
    }

    /// A peer says something.
    pub fn say(&mut self, peer: PeerId, message: Message<'_>) {
        self.runner.message(self.now, peer, message);
        self.carry_out();
    }

    /// A peer says something that is far too long.
    pub fn say_too_much(&mut self, peer: PeerId) {
        self.runner.oversized(self.now, peer, Oversized::new(MessageKind::Text));
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

    /// When the rooms want to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.runner.poll_timeout()
    }

    /// What a peer has heard since the last call.
    pub fn heard(&mut self, peer: PeerId) -> Vec<Heard> {
        self.heard.remove(&peer).unwrap_or_default().into()
    }

    /// The next text that a peer has heard, as JSON.
    pub fn answer(&mut self, peer: PeerId) -> Value {
        match self.heard.get_mut(&peer).and_then(VecDeque::pop_front) {
            Some(Heard::Text(text)) => serde_json::from_str(&text).expect(&text),
            other => panic!("{peer} has no answer but {other:?}"),
        }
    }

    /// The first text that a peer has heard since.
    #[must_use]
    pub fn peek(&self, peer: PeerId) -> Option<&str> {
        match self.heard.get(&peer)?.front()? {
            Heard::Text(text) => Some(text),
            Heard::Close(..) => None,
        }
    }

    /// Whether nobody has heard anything since.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.heard.values().all(VecDeque::is_empty)
    }

    /// What the embedding program was told since the last call.
    pub fn events(&mut self) -> Vec<RoomEvent> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    fn carry_out(&mut self) {
        let Self { runner, heard, broadcasts, .. } = self;
        let mut hear = |peer, what| heard.entry(peer).or_default().push_back(what);
        runner.drain(|command| match command {
            Command::Send { to, message, .. } => {
                hear(to, Heard::Text(message.as_text().expect("it is text").to_owned()));
            }
            Command::Broadcast { to, frame, .. } => {
                let text = String::from_utf8(frame.payload().to_vec()).expect("it is text");
                to.iter().for_each(|peer| hear(*peer, Heard::Text(text.clone())));
                broadcasts.push(to.len());
            }
            Command::Close { peer, code, reason } => {
                hear(peer, Heard::Close(code.into(), reason.into_owned()));
            }
            command => panic!("a new command: {command:?}"),
        });
    }
}

/// A message with all fields, as the original's clients send it.
#[must_use]
pub fn message(status: i64, uuid: &str, key: &str, params: &[&str], state: bool) -> String {
    let fields = json!({
        "uuid": uuid,
        "status": { "value": status, "text": "" },
        "funcKey": key,
        "funcParams": params,
        "stateMessage": state,
    });
    fields.to_string()
}
