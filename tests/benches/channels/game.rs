//! The game of both adapters' servers: it hears what players say as it comes, and says one message to
//! each of them in each tick.

use std::collections::BTreeMap;

use socker_rtc::{ChannelId, Event, Message, PeerId};

use crate::message::{SIZE, decode, encode};
use crate::ticks::Ticks;

#[derive(Default)]
pub struct Game {
    players: BTreeMap<PeerId, Player>,
    /// Since the first player has said how many it wants.
    pub ticks: Option<Ticks>,
}

struct Player {
    channel: ChannelId,
    heard: u32,
}

impl Game {
    pub fn happened(&mut self, id: PeerId, event: Event) {
        match event {
            Event::Opened { channel, .. } => {
                self.players.insert(id, Player { channel, heard: 0 });
            }
            Event::Message { message, .. } => {
                let Some(player) = self.players.get_mut(&id) else { return };
                player.heard += 1;
                if self.ticks.is_none() {
                    self.ticks = decode(message.as_bytes()).map(Ticks::begin);
                }
            }
            Event::Disconnected { .. } => {
                self.players.remove(&id);
                if self.players.is_empty() {
                    self.ticks = None;
                }
            }
            _ => {}
        }
    }

    /// What there is to say, if a tick is due.
    pub fn tick(&mut self, mut say: impl FnMut(PeerId, ChannelId, Message<'_>)) {
        if !self.ticks.as_mut().is_some_and(Ticks::take) {
            return;
        }
        for (&id, player) in &self.players {
            let message = encode::<SIZE>(player.heard);
            say(id, player.channel, Message::binary(&message[..]));
        }
    }
}
