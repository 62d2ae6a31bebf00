//! The shared scene as a game server of its own, which browsers reach over data channels.
//!
//! A page opens three of them. `joins` is reliable and says who is there; `positions` is unordered and
//! unreliable and says where; `ping` sends everything back. It plays once the first two are open. Where
//! a marker is, is up to the arena: a page says where it wants its own, which moves there at a limited
//! speed.

mod host;
mod places;
mod player;

use std::{collections::BTreeMap, mem};

use bytes::Bytes;
use socker_tokio::rtc::{ChannelId, Delivery, Event, PeerId};

pub(crate) use self::places::{run_alone, run_inside};
use self::player::{Channel, Player};
use crate::game::{
    wire::{self, Steer},
    world::{Marker, PLANETS, World},
};

/// How often a snapshot is sent again when nothing moves any more: each may be lost.
const REPEATS: u32 = 6;

/// Who plays, and where everybody is. It is told what happens, and says what is to be done.
#[derive(Debug, Default)]
struct Arena {
    world: World,
    players: BTreeMap<PeerId, Player>,
    tick: u32,
    /// The last positions, and how often they are still to be sent.
    snapshot: Bytes,
    repeats: u32,
    commands: Vec<Command>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    Send { to: PeerId, channel: ChannelId, message: Bytes, delivery: Delivery },
    CloseChannel(PeerId, ChannelId),
    Kick(PeerId),
}

impl Arena {
    /// What has happened to a peer.
    fn told(&mut self, peer: PeerId, event: Event) {
        match event {
            Event::Connected => {
                self.players.insert(peer, Player::default());
            }
            Event::Opened { channel, config } => self.opened(peer, channel, &config.label),
            Event::Message { channel, message } => self.message(peer, channel, message.as_bytes()),
            Event::ChannelClosed { channel } => self.channel_closed(peer, channel),
            Event::Disconnected { .. } => self.gone(peer),
            _ => {}
        }
    }

    /// Moves everybody, and tells where all are if anything has changed.
    fn step(&mut self) {
        self.tick = self.tick.wrapping_add(1);
        for (peer, player) in &mut self.players {
            if let Some(marker) = player.step() {
                self.world.show(marker);
            }
            if player.is_idle() {
                self.commands.push(Command::Kick(*peer));
            }
        }
        if let Some(markers) = self.world.news(self.tick) {
            self.snapshot = wire::positions(self.tick, markers).into();
            self.repeats = REPEATS;
        } else if let Some(repeats) = self.repeats.checked_sub(1) {
            self.repeats = repeats;
        } else {
            return;
        }
        for (peer, player) in &self.players {
            if let (Some(_), Some(channel)) = (player.marker, player.channel(Channel::Positions)) {
                let message = self.snapshot.clone();
                let delivery = Delivery::Droppable;
                self.commands.push(Command::Send { to: *peer, channel, message, delivery });
            }
        }
    }

    /// What is to be done, in this order.
    fn commands(&mut self) -> Vec<Command> {
        mem::take(&mut self.commands)
    }

    /// How many play.
    fn players(&self) -> usize {
        self.players.values().filter(|player| player.marker.is_some()).count()
    }
}

impl Arena {
    fn opened(&mut self, peer: PeerId, channel: ChannelId, label: &str) {
        let Some(player) = self.players.get_mut(&peer) else { return };
        if !player.open(channel, label) {
            self.commands.push(Command::CloseChannel(peer, channel));
        } else if player.marker.is_none() && player.is_complete() {
            self.enter(peer);
        }
    }

    /// A newcomer is told of all, and all of the newcomer.
    fn enter(&mut self, peer: PeerId) {
        let Some(marker) = self.world.enter() else {
            return self.refuse(peer, "the arena is full; try again later");
        };
        self.say(peer, wire::scene(&PLANETS));
        self.say(peer, wire::play(marker));
        let others: Vec<Marker> = self.players.values().filter_map(|other| other.marker).collect();
        for other in others {
            self.say(peer, wire::joined(other));
        }
        if let Some(player) = self.players.get_mut(&peer) {
            player.enter(marker);
        }
        self.world.show(marker);
        self.say_all(wire::joined(marker));
    }

    fn message(&mut self, peer: PeerId, channel: ChannelId, bytes: &[u8]) {
        let Some(player) = self.players.get_mut(&peer) else { return };
        match player.role(channel) {
            Some(Channel::Ping) => {
                let (message, delivery) = (Bytes::copy_from_slice(bytes), Delivery::Droppable);
                self.commands.push(Command::Send { to: peer, channel, message, delivery });
            }
            Some(Channel::Positions) => match Steer::decode(bytes) {
                Some(steer) => player.steer(steer),
                None => self.refuse(peer, "not a message of the arena"),
            },
            Some(Channel::Joins) => self.refuse(peer, "nothing is to be said on this channel"),
            // It is being closed.
            None => {}
        }
    }

    /// Who has closed a channel that the game needs does not play any more.
    fn channel_closed(&mut self, peer: PeerId, channel: ChannelId) {
        let Some(player) = self.players.get_mut(&peer) else { return };
        if matches!(player.close(channel), Some(Channel::Joins | Channel::Positions)) {
            self.commands.push(Command::Kick(peer));
        }
    }

    fn gone(&mut self, peer: PeerId) {
        let player = self.players.remove(&peer);
        if let Some(marker) = player.and_then(|player| player.marker) {
            self.world.leave(marker.id);
            self.say_all(wire::left(marker.id));
        }
    }

    fn refuse(&mut self, peer: PeerId, why: &str) {
        self.say(peer, wire::refused(why));
        self.commands.push(Command::Kick(peer));
    }

    fn say(&mut self, to: PeerId, message: impl Into<Bytes>) {
        let player = self.players.get(&to);
        if let Some(channel) = player.and_then(|player| player.channel(Channel::Joins)) {
            let (message, delivery) = (message.into(), Delivery::Reliable);
            self.commands.push(Command::Send { to, channel, message, delivery });
        }
    }

    /// To all who play.
    fn say_all(&mut self, message: Vec<u8>) {
        let message = Bytes::from(message);
        let playing = self.players.iter().filter(|(_, player)| player.marker.is_some());
        let playing: Vec<PeerId> = playing.map(|(peer, _)| *peer).collect();
        for peer in playing {
            self.say(peer, message.clone());
        }
    }
}

#[cfg(test)]
mod tests;
