//! The scene's messages: binary, big-endian, the first byte is the type.
//!
//! | type | direction | body |
//! |---|---|---|
//! | 1 scene | to the page | u16 width, u16 height, u8 count, count x (u16 x, u16 y, u16 radius, u16 hue) |
//! | 2 ready | from the page | nothing |
//! | 3 play | to the page | u16 id, u16 hue |
//! | 4 snapshot | to the page | u32 tick, u16 count, count x (u16 id, u16 x, u16 y, u16 hue) |
//! | 5 move | from the page | u16 x, u16 y |
//! | 11 away | from the page | nothing: it plays in an arena, and is not in this scene until it moves |
//!
//! In an arena, the reliable channel `joins` has 1, 3, and who is there; `positions` has the rest. There
//! messages may be lost, come twice, and in any order: those with the greatest number count.
//!
//! | type | direction | body |
//! |---|---|---|
//! | 6 joined | to the page | u16 id, u16 hue |
//! | 7 left | to the page | u16 id |
//! | 8 positions | to the page | u32 tick, u16 count, count x (u16 id, u16 x, u16 y) |
//! | 9 steer | from the page | u32 number, u16 x, u16 y: where the marker is wanted |
//! | 10 refused | to the page | why, in UTF-8; the connection ends |

use super::world::{HEIGHT, Marker, Planet, WIDTH};

const SCENE: u8 = 1;
const READY: u8 = 2;
const PLAY: u8 = 3;
const SNAPSHOT: u8 = 4;
const MOVE: u8 = 5;
const JOINED: u8 = 6;
const LEFT: u8 = 7;
const POSITIONS: u8 = 8;
const STEER: u8 = 9;
const REFUSED: u8 = 10;
const AWAY: u8 = 11;

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FromPage {
    Ready,
    Move { x: u16, y: u16 },
    Away,
}

impl FromPage {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [READY] => Some(Self::Ready),
            [AWAY] => Some(Self::Away),
            [MOVE, x0, x1, y0, y1] => {
                let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
                Some(Self::Move { x, y })
            }
            _ => None,
        }
    }
}

/// Where a page's marker is wanted, as it tells an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steer {
    /// The greatest one counts.
    pub(crate) number: u32,
    pub(crate) x: u16,
    pub(crate) y: u16,
}

impl Steer {
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let &[STEER, n0, n1, n2, n3, x0, x1, y0, y1] = bytes else { return None };
        let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
        Some(Self { number: u32::from_be_bytes([n0, n1, n2, n3]), x, y })
    }
}

pub(crate) fn scene(planets: &[Planet]) -> Vec<u8> {
    let mut bytes = vec![SCENE];
    put(&mut bytes, [WIDTH, HEIGHT]);
    let planets = &planets[..planets.len().min(usize::from(u8::MAX))];
    bytes.extend(u8::try_from(planets.len()));
    for &Planet { x, y, radius, hue } in planets {
        put(&mut bytes, [x, y, radius, hue]);
    }
    bytes
}

pub(crate) fn play(marker: Marker) -> Vec<u8> {
    let mut bytes = vec![PLAY];
    put(&mut bytes, [marker.id, marker.hue]);
    bytes
}

pub(super) fn snapshot<'a>(tick: u32, markers: impl Iterator<Item = &'a Marker>) -> Vec<u8> {
    listed(SNAPSHOT, tick, markers.map(|marker| [marker.id, marker.x, marker.y, marker.hue]))
}

pub(crate) fn joined(marker: Marker) -> Vec<u8> {
    let mut bytes = vec![JOINED];
    put(&mut bytes, [marker.id, marker.hue]);
    bytes
}

pub(crate) fn left(id: u16) -> Vec<u8> {
    let mut bytes = vec![LEFT];
    put(&mut bytes, [id]);
    bytes
}

pub(crate) fn positions<'a>(tick: u32, markers: impl Iterator<Item = &'a Marker>) -> Vec<u8> {
    listed(POSITIONS, tick, markers.map(|marker| [marker.id, marker.x, marker.y]))
}

pub(crate) fn refused(why: &str) -> Vec<u8> {
    [&[REFUSED], why.as_bytes()].concat()
}

fn listed<const N: usize>(kind: u8, tick: u32, rows: impl Iterator<Item = [u16; N]>) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&tick.to_be_bytes());
    bytes.extend_from_slice(&[0; 2]);
    let mut count = 0u16;
    for row in rows {
        put(&mut bytes, row);
        count += 1;
    }
    bytes[5..7].copy_from_slice(&count.to_be_bytes());
    bytes
}

fn put<const N: usize>(bytes: &mut Vec<u8>, fields: [u16; N]) {
    bytes.extend(fields.into_iter().flat_map(u16::to_be_bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_documented_bytes() {
        let marker = Marker { id: 7, x: 0x102, y: 0x304, hue: 300 };
        assert_eq!(play(marker), [3, 0, 7, 1, 44]);
        assert_eq!(snapshot(9, [marker].iter()), [4, 0, 0, 0, 9, 0, 1, 0, 7, 1, 2, 3, 4, 1, 44]);
        assert_eq!(joined(marker), [6, 0, 7, 1, 44]);
        assert_eq!(left(258), [7, 1, 2]);
        assert_eq!(positions(9, [marker].iter()), [8, 0, 0, 0, 9, 0, 1, 0, 7, 1, 2, 3, 4]);
        assert_eq!(refused("full"), *b"\x0afull");
        let planet = Planet { x: 1, y: 2, radius: 3, hue: 4 };
        assert_eq!(scene(&[planet]), [1, 6, 64, 3, 132, 1, 0, 1, 0, 2, 0, 3, 0, 4]);
    }

    #[test]
    fn only_whole_messages_of_a_page_are_understood() {
        assert_eq!(FromPage::decode(&[2]), Some(FromPage::Ready));
        assert_eq!(FromPage::decode(&[5, 1, 2, 3, 4]), Some(FromPage::Move { x: 258, y: 772 }));
        assert_eq!(FromPage::decode(&[11]), Some(FromPage::Away));
        for wrong in [&[][..], &[2, 0], &[11, 0], &[5, 1, 2, 3], &[5, 1, 2, 3, 4, 5], &[1], &[255]]
        {
            assert_eq!(FromPage::decode(wrong), None, "{wrong:?}");
        }
        let steer = Steer { number: 0x0102_0304, x: 258, y: 772 };
        assert_eq!(Steer::decode(&[9, 1, 2, 3, 4, 1, 2, 3, 4]), Some(steer));
        for wrong in [&[][..], &[9, 1, 2, 3, 4, 1, 2, 3], &[5, 1, 2, 3, 4, 1, 2, 3, 4]] {
            assert_eq!(Steer::decode(wrong), None, "{wrong:?}");
        }
    }
}
