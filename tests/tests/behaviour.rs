//! One suite of how services behave, on each host.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socker_core::Config;
use socker_core::service::{Budget, Host, Service};
use socker_tests::hosts::{Runs, Simulation, Sockets};

// The example, as it is.
#[allow(dead_code, unreachable_pub)]
#[path = "../../socker-core/examples/game_loop.rs"]
mod example;

/// The suite for one host.
macro_rules! on {
    ($host:ident, $world:ty) => {
        mod $host {
            #[allow(unused_imports)]
            use super::*;

            on!(@tests $world:
                echo, broadcast, rejection, what_is_requested, script, router, timeouts,
                the_service_closes, the_peer_closes, violations, a_slow_reader, droppable, too_many,
                message_rate, draining, recording);
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
// Here come on!(mio, Sockets<Mio>) and on!(tokio, Sockets<Tokio>), with their `impl Runs` below.

/// The loop of the example, in a thread.
struct GameLoop {
    thread: JoinHandle<io::Result<()>>,
    end: Sender<(Duration, String)>,
}

impl Runs for GameLoop {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Self {
        let (end, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            example::run(listener, Host::with(service, config, budget), &ended, |_, _| {})
        });
        Self { thread, end }
    }

    fn drain(&mut self, time: Duration, reason: &str) {
        self.end.send((time, reason.to_owned())).unwrap();
    }

    fn is_ended(&self) -> bool {
        self.thread.is_finished()
    }

    fn join(self) {
        self.thread.join().unwrap().unwrap();
    }
}

// Mio: `socker_mio::EventLoop::with(service, config, budget)`, `.listen(listener)` and `.run()` in a
// thread; `.handle().drain(time, reason)` ends it.

// Tokio: the same on a runtime of one thread.
