//! `socker-tokio` over streams that wait, write short and fail, at any call and in any way, drawn from
//! a seed. Time is virtual.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connection;
mod faulty;
mod service;

use std::{future::Future, time::Duration};

use socker_tests::{draw::Draw, sim};
use tokio::{runtime::Builder, time::timeout};

/// Of virtual time: longer than every time-out together.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a test for many seeds, each on a runtime of its own whose clock goes straight to what is next.
fn for_seeds<F: Future<Output = ()>>(name: &str, test: impl Fn(Draw) -> F) {
    sim::for_seeds("streams", name, |seed| {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(soon(test(Draw::new(seed))));
    });
}

/// Fails where something never ends.
async fn soon<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future).await.expect("it ends")
}
