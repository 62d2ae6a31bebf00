//! The ways to cut bytes into pieces.

use crate::draw::Draw;

/// Above this, two-way splits are tried near both ends and at some places in between.
const ALL_UP_TO: usize = 400;

/// Whole, byte by byte, at every place, and at random places.
#[must_use]
pub fn every(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut splits = vec![vec![bytes], bytes.chunks(1).collect()];
    let step = if bytes.len() <= ALL_UP_TO { 1 } else { bytes.len() / 40 };
    for at in 0..=bytes.len() {
        let near_an_end = at < 80 || bytes.len() - at < 80;
        if near_an_end || at % step == 0 {
            splits.push(vec![&bytes[..at], &bytes[at..]]);
        }
    }
    splits.extend((0..20).map(|seed| random(bytes, &mut Draw::new(seed))));
    splits
}

/// Pieces of random length; most are small, some are empty.
#[must_use]
pub fn random<'p>(mut bytes: &'p [u8], draw: &mut Draw) -> Vec<&'p [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let longest = [2, 8, 64, bytes.len() + 1][draw.below(4)];
        let (piece, rest) = bytes.split_at(draw.below(longest).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
