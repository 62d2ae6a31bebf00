//! Echo servers that ping whoever is silent.

use std::net::SocketAddr;
use std::sync::Arc;

use rustix::net::listen;
use socker_core::service::{Budget, Context, PeerId, Service};
use socker_core::{Config, Message};

use crate::PERIOD;
use crate::servers::Failure;

/// Thousands come at once.
const BACKLOG: i32 = 4_096;

struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

fn config() -> Arc<Config> {
    Arc::new(Config::default().keep_alive(Some(PERIOD)))
}

/// All come from one address, which sends as fast as it can.
fn budget() -> Budget {
    let budget = Budget::default().connections(usize::MAX).per_address(usize::MAX);
    budget.message_rate(u32::MAX).message_burst(u32::MAX)
}

pub fn on_mio(address: SocketAddr) -> Result<(), Failure> {
    let listener = std::net::TcpListener::bind(address)?;
    listen(&listener, BACKLOG)?;
    let mut events = socker_mio::EventLoop::with(Echo, config(), budget())?;
    events.listen(listener)?;
    Ok(events.run()?)
}

pub fn on_tokio(address: SocketAddr) -> Result<(), Failure> {
    // One thread, as the example has it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind(address)?;
        listen(&listener, BACKLOG)?;
        listener.set_nonblocking(true)?;
        let server = socker_tokio::Server::new(Echo).config(config()).budget(budget()).start();
        Ok(server.serve(tokio::net::TcpListener::from_std(listener)?).await?)
    })
}
