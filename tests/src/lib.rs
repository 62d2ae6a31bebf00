//! What the suites in `tests/` share, and the fuzz targets with them.
//!
//! - [`notation`] and [`vectors`] read `vectors/*.txt`; [`frames`] writes and reads frames plainly.
//! - [`feed`] hands bytes to a machine in any pieces and keeps what it told and wrote.
//! - [`calls`] makes calls in any order, of one machine or of two that are joined, and has their model;
//!   [`host_calls`] makes those of a host.
//! - [`notes`] is a service that notes what it is told, and a host of it fed by hand.
//! - [`behaviour`] is how services behave, and [`hosts`] are those on which they do.
//! - [`oracle`] is a second receiver, written for clarity.
//! - [`pair`] is a client and a server on a simulated network with a virtual clock.
//! - [`sim`] hosts any service, with clients on a simulated network.
//! - [`stage`] is a service without connections; [`rooms`] and [`directory`] are these two, and a model
//!   of each.
//! - [`script`] is a script of any stages on one connection, and a model of it.
//! - [`pump`] drives a machine over a blocking socket.

// A test that can't go on should stop at once, here as in a `#[test]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use socker_core::Instant;

pub mod behaviour;
pub mod calls;
pub mod directory;
pub mod draw;
pub mod feed;
pub mod frames;
pub mod host_calls;
pub mod hosts;
pub mod notation;
pub mod notes;
pub mod oracle;
pub mod pair;
pub mod pump;
pub mod rooms;
pub mod script;
pub mod sim;
pub mod split;
pub mod stage;
pub mod vectors;

/// How many cases of a property are run: `PROPTEST_CASES`, or else so many.
#[must_use]
pub fn cases(unless_told: u32) -> u32 {
    let told = std::env::var("PROPTEST_CASES").ok();
    told.map_or(unless_told, |told| told.parse().expect("PROPTEST_CASES is a number"))
}

/// The moment so many milliseconds after the start.
#[must_use]
pub fn at(millis: u64) -> Instant {
    Instant::at(Duration::from_millis(millis))
}
