//! The scene's messages: binary, big-endian, the first byte is the type.
//!
//! | type | direction | body |
//! |---|---|---|
//! | 1 scene | to the page | u16 width, u16 height, u8 count, count x (u16 x, u16 y, u16 radius, u16 hue) |
//! | 2 ready | from the page | nothing |
//! | 3 play | to the page | u16 id, u16 hue |
//! | 4 snapshot | to the page | u32 tick, u16 count, count x (u16 id, u16 x, u16 y, u16 hue) |
//! | 5 move | from the page | u16 x, u16 y |

use super::world::{HEIGHT, Marker, Planet, WIDTH};

const SCENE: u8 = 1;
const READY: u8 = 2;
const PLAY: u8 = 3;
const SNAPSHOT: u8 = 4;
const MOVE: u8 = 5;

/// What a page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FromPage {
    Ready,
    Move { x: u16, y: u16 },
}

impl FromPage {
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [READY] => Some(Self::Ready),
            [MOVE, x0, x1, y0, y1] => {
                let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
                Some(Self::Move { x, y })
            }
            _ => None,
        }
    }
}

pub(super) fn scene(planets: &[Planet]) -> Vec<u8> {
    let mut bytes = vec![SCENE];
    put(&mut bytes, [WIDTH, HEIGHT]);
    let planets = &planets[..planets.len().min(usize::from(u8::MAX))];
    bytes.extend(u8::try_from(planets.len()));
    for &Planet { x, y, radius, hue } in planets {
        put(&mut bytes, [x, y, radius, hue]);
    }
    bytes
}

pub(super) fn play(marker: Marker) -> Vec<u8> {
    let mut bytes = vec![PLAY];
    put(&mut bytes, [marker.id, marker.hue]);
    bytes
}

pub(super) fn snapshot<'a>(tick: u32, markers: impl Iterator<Item = &'a Marker>) -> Vec<u8> {
    let mut bytes = vec![SNAPSHOT];
    bytes.extend_from_slice(&tick.to_be_bytes());
    bytes.extend_from_slice(&[0; 2]);
    let mut count = 0u16;
    for marker in markers {
        put(&mut bytes, [marker.id, marker.x, marker.y, marker.hue]);
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
        let planet = Planet { x: 1, y: 2, radius: 3, hue: 4 };
        assert_eq!(scene(&[planet]), [1, 6, 64, 3, 132, 1, 0, 1, 0, 2, 0, 3, 0, 4]);
    }

    #[test]
    fn only_whole_messages_of_a_page_are_understood() {
        assert_eq!(FromPage::decode(&[2]), Some(FromPage::Ready));
        assert_eq!(FromPage::decode(&[5, 1, 2, 3, 4]), Some(FromPage::Move { x: 258, y: 772 }));
        for wrong in [&[][..], &[2, 0], &[5, 1, 2, 3], &[5, 1, 2, 3, 4, 5], &[1], &[255]] {
            assert_eq!(FromPage::decode(wrong), None, "{wrong:?}");
        }
    }
}
