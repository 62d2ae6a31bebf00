//! The bodies of the fuzz targets, so that plain tests can run them on kept inputs too.
//!
//! Each takes any bytes, uses the public API alone, and panics at what must not be.

// A finding should stop the run at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod directory;
mod frames;
mod handshake;
mod host;
mod interop;
mod machine;
mod recording;
mod registration;
#[cfg(test)]
mod replay;
mod request;
mod rooms;
#[cfg(feature = "rtc")]
mod rtc_signalling;
mod script;

use arbitrary::{Result, Unstructured};
use socker_tests::{draw::Draw, split};

#[cfg(feature = "rtc")]
pub use self::rtc_signalling::{OFFERS, rtc_signalling};
pub use self::{
    directory::directory, frames::frames, handshake::handshake, host::host, interop::interop,
    machine::machine, recording::recording, registration::registration, request::request,
    rooms::rooms, script::script,
};

/// What the data make, one after another, up to so many. Data that are used up end it.
fn all<'d, T>(
    data: &mut Unstructured<'d>,
    most: usize,
    mut one: impl FnMut(&mut Unstructured<'d>) -> Result<T>,
) -> Vec<T> {
    let mut made = Vec::new();
    while made.len() < most
        && !data.is_empty()
        && let Ok(next) = one(data)
    {
        made.push(next);
    }
    made
}

/// Byte by byte; in two pieces, and in pieces of any length, at places that differ by input.
fn splits(bytes: &[u8]) -> [Vec<&[u8]>; 3] {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    let mut draw = Draw::new(bytes.iter().fold(0xCBF2_9CE4_8422_2325, fnv));
    let (begin, end) = bytes.split_at(draw.below(bytes.len() + 1));
    [bytes.chunks(1).collect(), vec![begin, end], split::random(bytes, &mut draw)]
}
