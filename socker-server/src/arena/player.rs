use socker_tokio::rtc::ChannelId;

use crate::game::{
    RATE,
    wire::Steer,
    world::{HEIGHT, Marker, WIDTH},
};

/// Units of the scene that a marker moves in a second at the most: across it in two thirds of one.
const SPEED: u32 = 2_400;
const STEP: f64 = SPEED as f64 / RATE as f64;

/// Ticks in which a peer has to begin to play. Pages that only measure the way are gone sooner.
const PATIENCE: u32 = 15 * RATE;

/// What a channel is for, by its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Joins,
    Positions,
    Ping,
}

/// A peer, which plays once it has a marker.
#[derive(Debug, Default)]
pub(super) struct Player {
    channels: [Option<ChannelId>; 3],
    pub(super) marker: Option<Marker>,
    x: f64,
    y: f64,
    /// Where the marker is wanted.
    goal: Option<Steer>,
    /// For how many ticks it has been there without a marker.
    idle: u32,
}

impl Player {
    /// Whether this is a channel of the game, and the first of its kind.
    pub(super) fn open(&mut self, channel: ChannelId, label: &str) -> bool {
        let kind = match label {
            "joins" => Channel::Joins,
            "positions" => Channel::Positions,
            "ping" => Channel::Ping,
            _ => return false,
        };
        let place = &mut self.channels[kind as usize];
        let free = place.is_none();
        if free {
            *place = Some(channel);
        }
        free
    }

    /// What a closed channel was for.
    pub(super) fn close(&mut self, channel: ChannelId) -> Option<Channel> {
        let kind = self.role(channel)?;
        self.channels[kind as usize] = None;
        Some(kind)
    }

    pub(super) fn role(&self, channel: ChannelId) -> Option<Channel> {
        let kinds = [Channel::Joins, Channel::Positions, Channel::Ping];
        kinds.into_iter().find(|kind| self.channel(*kind) == Some(channel))
    }

    pub(super) fn channel(&self, kind: Channel) -> Option<ChannelId> {
        self.channels[kind as usize]
    }

    /// Whether it has all channels that the game needs.
    pub(super) fn is_complete(&self) -> bool {
        self.channel(Channel::Joins).is_some() && self.channel(Channel::Positions).is_some()
    }

    pub(super) fn enter(&mut self, marker: Marker) {
        self.marker = Some(marker);
        (self.x, self.y) = (marker.x.into(), marker.y.into());
    }

    /// What comes late counts no more.
    pub(super) fn steer(&mut self, steer: Steer) {
        if self.goal.is_none_or(|goal| steer.number > goal.number) {
            self.goal = Some(Steer { x: steer.x.min(WIDTH), y: steer.y.min(HEIGHT), ..steer });
        }
    }

    /// Whether it has taken a place for too long without playing.
    pub(super) fn is_idle(&self) -> bool {
        self.idle > PATIENCE && self.marker.is_none()
    }

    /// Moves the marker towards its goal, for one tick.
    pub(super) fn step(&mut self) -> Option<Marker> {
        let Some(marker) = &mut self.marker else {
            self.idle += 1;
            return None;
        };
        let goal = self.goal?;
        let (dx, dy) = (f64::from(goal.x) - self.x, f64::from(goal.y) - self.y);
        let share = (STEP / dx.hypot(dy)).min(1.0);
        (self.x, self.y) = (self.x + dx * share, self.y + dy * share);
        (marker.x, marker.y) = (whole(self.x), whole(self.y));
        Some(*marker)
    }
}

/// It is between zero and the scene's size.
#[expect(clippy::cast_possible_truncation)]
fn whole(place: f64) -> u16 {
    place.round() as u16
}
