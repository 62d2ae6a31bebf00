//! Services on a simulated network, in worlds that are drawn from seeds.
//!
//! `SIM_SEEDS=5000 cargo test -p socker-tests --test sim` runs more of them.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod counted;
mod cuts;
mod directory;
mod fault;
mod faults;
mod lines;
mod restarts;
mod rooms;
mod services;
mod world;

use std::collections::BTreeSet;

use socker_core::CloseReason;
use socker_core::http::StatusCode;
use socker_core::wire::Violation;
use socker_tests::sim::{for_few_seeds, for_seeds, replay};

#[test]
fn cut_at_every_byte() {
    cuts::run();
}

#[test]
fn a_violation_before_every_act() {
    cuts::violate();
}

#[test]
fn faults_anywhere_in_rooms() {
    faults::rooms();
}

#[test]
fn faults_anywhere_in_a_directory() {
    faults::directory();
}

#[test]
fn worlds() {
    for_seeds("sim", "worlds", |seed| {
        let outcome = world::run(seed);
        if let Err(error) = replay(&outcome.recording, &mut services::draw(seed)) {
            panic!("the replay differs: {error}");
        }
    });
}

#[test]
fn directory() {
    for_seeds("sim", "directory", directory::run);
}

#[test]
fn restarts() {
    for_few_seeds("sim", "restarts", restarts::run);
}

#[test]
fn rooms() {
    for_seeds("sim", "rooms", rooms::run);
}

/// The worlds are worth something only if they have all of this.
#[test]
fn worlds_are_varied() {
    let seen: BTreeSet<_> = (0..100).flat_map(|seed| world::run(seed).seen).collect();
    for what in ["1001", "1008", "1013", "4000", "4001", "403", "404", "429", "500", "503", "gap"] {
        assert!(seen.contains(what), "no {what} among {seen:#?}");
    }
    for reason in [
        CloseReason::Eof,
        CloseReason::KeepAliveTimeout,
        CloseReason::CloseTimeout,
        CloseReason::Rejected(StatusCode::INTERNAL_SERVER_ERROR),
        CloseReason::Violation(Violation::Unmasked),
    ] {
        let what = format!("service: {reason}");
        assert!(seen.contains(&what), "no {what} among {seen:#?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        assert_eq!(world::run(seed), world::run(seed));
    }
    assert_ne!(world::run(1).digest, world::run(2).digest);
}
