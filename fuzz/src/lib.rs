//! The bodies of the fuzz targets, so that plain tests can run them on kept inputs too.
//!
//! Each takes any bytes, uses the public API alone, and panics at what must not be.

// A finding should stop the run at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod directory;
mod frames;
mod handshake;
mod machine;
#[cfg(test)]
mod replay;
mod rooms;
mod rtc_signalling;

pub use self::{
    directory::directory,
    frames::frames,
    handshake::handshake,
    machine::machine,
    rooms::rooms,
    rtc_signalling::{OFFERS, rtc_signalling},
};

/// A number that differs by input, so that the pieces do not depend on a part of it.
fn seed(data: &[u8]) -> u64 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    data.iter().fold(0xCBF2_9CE4_8422_2325, fnv)
}
