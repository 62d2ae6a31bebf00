//! The hosts of services that have real sockets, to be run in a thread.

use std::net::TcpListener;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use socker_core::Config;
use socker_core::service::{Budget, Host, Service};
use socker_tests::hosts::{Running, Runs};
use tokio::runtime::Builder;

// The example, as it is.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../socker-core/examples/game_loop.rs"]
mod example;

/// The loop of the example.
pub(crate) struct GameLoop;

impl Runs for GameLoop {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running {
        let (end, ended) = mpsc::channel();
        let thread = thread::spawn(move || {
            example::run(listener, Host::with(service, config, budget), &ended, |_, _| {})
        });
        let drain = move |time, reason: &str| end.send((time, reason.to_owned())).unwrap();
        Running { thread, drain: Box::new(drain) }
    }
}

pub(crate) struct Mio;

impl Runs for Mio {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running {
        let (give, handle) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut events = socker_mio::EventLoop::with(service, config, budget)?;
            events.listen(listener)?;
            give.send(events.handle()).unwrap();
            events.run()
        });
        let handle = handle.recv().unwrap();
        Running { thread, drain: Box::new(move |time, reason| handle.drain(time, reason)) }
    }
}

/// The connections' tasks call the service.
pub(crate) struct TokioTasks;

impl Runs for TokioTasks {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running {
        let handle = socker_tokio::Server::new(service).config(config).budget(budget).start();
        on_tokio(listener, handle, Builder::new_current_thread())
    }
}

/// The same on two threads, so that tasks meet at the service.
pub(crate) struct TokioThreads;

impl Runs for TokioThreads {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running {
        let handle = socker_tokio::Server::new(service).config(config).budget(budget).start();
        let mut threads = Builder::new_multi_thread();
        threads.worker_threads(2);
        on_tokio(listener, handle, threads)
    }
}

/// A game's loop calls the service.
pub(crate) struct TokioTick;

impl Runs for TokioTick {
    fn run(
        listener: TcpListener,
        service: impl Service + Send + 'static,
        config: Arc<Config>,
        budget: Budget,
    ) -> Running {
        let server = socker_tokio::Server::new(service).config(config).budget(budget);
        let (handle, mut tick) = server.start_ticked();
        let game = thread::spawn(move || {
            while !tick.is_drained() {
                tick.poll();
                thread::sleep(Duration::from_millis(5));
            }
            // What happened last.
            tick.poll();
        });
        let Running { thread: tokio, drain } =
            on_tokio(listener, handle, Builder::new_current_thread());
        let thread = thread::spawn(move || {
            game.join().unwrap();
            tokio.join().unwrap()
        });
        Running { thread, drain }
    }
}

fn on_tokio<S: Service + Send + 'static>(
    listener: TcpListener,
    handle: socker_tokio::service::Handle<S>,
    mut runtime: Builder,
) -> Running {
    let server = handle.clone();
    let thread = thread::spawn(move || {
        let runtime = runtime.enable_all().build()?;
        runtime.block_on(async {
            listener.set_nonblocking(true)?;
            server.serve(tokio::net::TcpListener::from_std(listener)?).await
        })
    });
    Running { thread, drain: Box::new(move |time, reason| handle.drain(time, reason)) }
}
