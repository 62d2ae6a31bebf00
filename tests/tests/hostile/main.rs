//! Hostile load on real sockets, against both adapters: a server stays up, serves the others, and
//! comes back to the memory and the descriptors that it had.
//!
//! Each server is a process of its own, this program run once more, with its own limits and
//! allocator. `FLOOD_ROUNDS=100` repeats each load so often (default 3).

#![cfg(target_os = "linux")]
// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod descriptors;
mod faults;
mod flood;
mod honest;
#[allow(dead_code, reason = "of some other suite")]
#[path = "../hosts/mod.rs"]
mod hosts;
mod peer;
mod process;
mod resets;
mod server;
mod service;
mod silent;
mod slow;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use self::{
    descriptors::descriptors,
    faults::{faults, interruptions, unwatched},
    flood::flood,
    resets::resets,
    silent::silent,
    slow::slow,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The loads for one host.
macro_rules! on {
    ($host:ident: $($load:ident),*) => {
        mod $host {
            $(
                #[test]
                fn $load() {
                    super::$load(stringify!($host));
                }
            )*
        }
    };
}

on!(mio: flood, slow, silent, resets, descriptors, faults, interruptions, unwatched);
on!(tokio_threads: flood, slow, silent, resets, descriptors, faults);
on!(tokio_tick: flood, resets);

/// A server's process; see [`process`].
#[test]
#[ignore = "it is run by the other tests, each time in a process of its own"]
fn serves() {
    process::serve();
}
