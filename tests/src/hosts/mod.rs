//! Hosts of services behind one trait, so that one suite runs on each of them.
//!
//! - [`Simulation`] is `service::Host` on the simulated network, with virtual time.
//! - [`Sockets`] has real sockets to whatever [`Runs`] a service on a listener.

mod simulation;
mod sockets;

use std::time::Duration;

use socker_core::handshake::{Request, Response};
use socker_core::service::{Budget, Service};
use socker_core::{CloseCode, CloseReason, Config, Message};

pub use self::{
    simulation::Simulation,
    sockets::{Drain, Running, Runs, Sockets},
};

/// A host that hangs for so long fails the test.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What happened to a client.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The connection is open.
    Opened(Response),
    /// A message has come.
    Message(Message<'static>),
    /// The connection has ended.
    Closed(CloseReason),
}

/// A host with a service, and its clients, which are numbered.
pub trait World: Sized {
    /// Runs a service, which is held to its contract on the way.
    fn start(service: impl Service + Send + 'static, config: Config, budget: Budget) -> Self;

    /// A client connects, and is not waited for. Its address is 127.0.0.1, and its request's host
    /// does not matter.
    fn connect(&mut self, request: &Request) -> usize;

    /// A client sends a message, as soon as it can.
    fn send(&mut self, client: usize, message: Message<'static>);

    /// A client sends bytes that need not be right, after what it has sent so far.
    fn send_bytes(&mut self, client: usize, bytes: &[u8]);

    /// A client closes, after what it was to send.
    fn close(&mut self, client: usize, code: CloseCode, reason: &str);

    /// A client's socket ends, without a Close.
    fn cut(&mut self, client: usize);

    /// A client reads nothing until [`World::resume`].
    fn stall(&mut self, client: usize);

    /// A client reads again.
    fn resume(&mut self, client: usize);

    /// What happens to a client next. `None`: nothing did in so much time.
    fn next_in(&mut self, client: usize, time: Duration) -> Option<Happened>;

    /// Lets time pass until something holds; false if it does not in so much time.
    fn wait_until(&mut self, time: Duration, holds: impl FnMut() -> bool) -> bool;

    /// What the host's clock has seen pass.
    fn elapsed(&self) -> Duration;

    /// Closes all with 1001 and these words; what is left after `time` is cut.
    fn drain(&mut self, time: Duration, reason: &str);

    /// Waits until the host has drained. It fails if that does not happen, or if the service was
    /// told something against its contract.
    fn join(self);
}
