//! One suite of how services behave, on each host.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

mod hosts;

use hosts::{GameLoop, Mio, TokioTasks, TokioThreads, TokioTick};
use socker_tests::hosts::{Simulation, Sockets};

/// The suite for one host.
macro_rules! on {
    ($host:ident, $world:ty) => {
        mod $host {
            #[allow(unused_imports)]
            use super::*;

            on!(@tests $world:
                echo, broadcast, rejection, what_is_requested, script, router, timeouts,
                the_service_closes, the_peer_closes, violations, a_slow_reader, droppable, too_many,
                message_rate, oversized, rooms, directory, draining, recording);
        }
    };
    (@tests $world:ty: $($test:ident),*) => {
        $(
            #[test]
            fn $test() {
                socker_tests::behaviour::$test::<$world>();
            }
        )*
    };
}

on!(simulation, Simulation);
on!(game_loop, Sockets<GameLoop>);
on!(mio, Sockets<Mio>);
on!(tokio_tasks, Sockets<TokioTasks>);
on!(tokio_threads, Sockets<TokioThreads>);
on!(tokio_tick, Sockets<TokioTick>);
