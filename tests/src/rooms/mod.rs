//! Rooms without connections: what peers say to the service, and what they hear.
//!
//! A [`Stage`] takes what peers say and keeps what they hear; the [`Model`] says what that has to be.

mod answer;
mod model;
mod naive;
mod step;

use serde_json::{Value, json};
use socker_core::rooms::{Limits, RoomEvent, Rooms};
use socker_core::service::PeerId;
use socker_core::{Message, MessageKind, Seed};

pub use self::{
    model::{Model, WATCHED},
    step::{Claim, Step, run},
};
pub use crate::stage::Heard;

/// Rooms and their peers.
pub type Stage = crate::stage::Stage<Rooms, RoomEvent>;

impl Stage {
    /// No rooms and no peers.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with(Rooms::new(Seed::from([7; 16])).limits(limits))
    }

    /// With rooms that were made ready; their events are kept here.
    #[must_use]
    pub fn with(rooms: Rooms) -> Self {
        Self::build(|events| rooms.on_event(move |_, event| events.lock().unwrap().push(event)))
    }

    /// The service.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        self.service()
    }

    /// A peer says something.
    pub fn say(&mut self, peer: PeerId, message: Message<'_>) {
        self.message(peer, message);
    }

    /// A peer says something that is far too long.
    pub fn say_too_much(&mut self, peer: PeerId) {
        self.oversized(peer, MessageKind::Text);
    }

    /// The next text that a peer has heard, as JSON.
    pub fn answer(&mut self, peer: PeerId) -> Value {
        match self.next(peer) {
            Some(Heard::Text(text)) => serde_json::from_str(&text).expect(&text),
            other => panic!("{peer} has no answer but {other:?}"),
        }
    }

    /// The first text that a peer has heard since.
    #[must_use]
    pub fn peek(&self, peer: PeerId) -> Option<&str> {
        match self.first(peer)? {
            Heard::Text(text) => Some(text),
            Heard::Bytes(_) | Heard::Close(..) => None,
        }
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
