//! What is in the scene.

use std::collections::BTreeMap;

use super::RATE;

/// The scene's size, in units of its own.
pub(crate) const WIDTH: u16 = 1600;
pub(crate) const HEIGHT: u16 = 900;

/// Most players: a snapshot of all of them stays near one kilobyte.
pub(crate) const PLAYERS: usize = 128;

/// A player's marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) id: u16,
    pub(crate) x: u16,
    pub(crate) y: u16,
    /// Degrees on the colour circle.
    pub(crate) hue: u16,
}

/// A piece of the scenery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planet {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) radius: u16,
    pub(super) hue: u16,
}

pub(crate) const PLANETS: [Planet; 5] = [
    Planet { x: 260, y: 640, radius: 150, hue: 265 },
    Planet { x: 1260, y: 250, radius: 110, hue: 28 },
    Planet { x: 830, y: 480, radius: 44, hue: 187 },
    Planet { x: 560, y: 180, radius: 30, hue: 96 },
    Planet { x: 1440, y: 760, radius: 60, hue: 340 },
];

/// All players, and those of them that are seen.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// A player that is not seen yet has no marker.
    players: BTreeMap<u16, Option<Marker>>,
    last_id: u16,
    changed: bool,
    last_news: u32,
}

impl World {
    /// A place for a newcomer, if there is one.
    pub(crate) fn enter(&mut self) -> Option<Marker> {
        if self.players.len() >= PLAYERS {
            return None;
        }
        // There are fewer players than ids.
        while {
            self.last_id = self.last_id.wrapping_add(1);
            self.players.contains_key(&self.last_id)
        } {}
        let id = self.last_id;
        self.players.insert(id, None);
        // Neighbours in time are far apart in colour and place: multiples of the golden angle.
        let hue = u16::try_from(u32::from(id) * 137 % 360).unwrap_or_default();
        let x = 200 + u16::try_from(u32::from(id) * 761 % 1200).unwrap_or_default();
        let y = 150 + u16::try_from(u32::from(id) * 463 % 600).unwrap_or_default();
        Some(Marker { id, x, y, hue })
    }

    pub(crate) fn leave(&mut self, id: u16) {
        self.changed |= self.players.remove(&id).flatten().is_some();
    }

    /// Whether anybody has a place.
    pub(super) fn is_inhabited(&self) -> bool {
        !self.players.is_empty()
    }

    /// Shows a marker where it is now.
    pub(crate) fn show(&mut self, marker: Marker) {
        let before = self.players.insert(marker.id, Some(marker)).flatten();
        self.changed |= before != Some(marker);
    }

    /// Hides a marker, whose place stays taken.
    pub(crate) fn hide(&mut self, id: u16) {
        if let Some(player) = self.players.get_mut(&id) {
            self.changed |= player.take().is_some();
        }
    }

    /// All markers, if one has changed or a second has gone by since they were last asked for.
    pub(crate) fn news(&mut self, tick: u32) -> Option<impl Iterator<Item = &Marker>> {
        if !self.changed && tick.wrapping_sub(self.last_news) < RATE {
            return None;
        }
        self.changed = false;
        self.last_news = tick;
        Some(self.players.values().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_again() {
        let mut world = World::default();
        let markers: Vec<_> = (0..PLAYERS).map(|_| world.enter().unwrap()).collect();
        assert_eq!(world.enter(), None);
        assert!(markers.iter().all(|marker| marker.x <= WIDTH && marker.y <= HEIGHT));
        world.leave(markers[5].id);
        let newcomer = world.enter().unwrap();
        assert!(
            markers.iter().all(|marker| marker.id != newcomer.id),
            "ids are not taken up at once"
        );
    }

    #[test]
    fn ids_in_use_are_passed_over_when_they_begin_again() {
        let mut world = World { last_id: u16::MAX - 1, ..World::default() };
        let ids: Vec<_> = (0..3).map(|_| world.enter().unwrap().id).collect();
        assert_eq!(ids, [u16::MAX, 0, 1]);
        world.last_id = u16::MAX;
        assert_eq!(world.enter().unwrap().id, 2);
    }

    #[test]
    fn news_come_when_something_changes_and_once_a_second() {
        let mut world = World::default();
        let marker = world.enter().unwrap();
        assert!(world.news(1).is_none(), "a player that is not seen yet is no news");
        world.show(marker);
        assert_eq!(world.news(2).unwrap().collect::<Vec<_>>(), [&marker]);
        world.show(marker);
        assert!(world.news(3).is_none() && world.news(1 + RATE).is_none());
        assert!(world.news(2 + RATE).is_some());
        world.leave(marker.id);
        assert_eq!(world.news(3 + RATE).unwrap().count(), 0);
    }
}
