//! A service of many connections on tokio.
//!
//! A [`Service`] is the logic of all connections in one place, without IO. Each connection has a
//! task, which parses its frames and writes what is sent to it; the service itself is called by
//! whichever task has something for it, one at a time. The calls of one read are made together, and
//! what they send to the connection leaves in one write. A call that panics ends the connection whose
//! input it handled, without a Close; the others go on with the service as it is then.
//!
//! ```
//! use socker_core::Message;
//! use socker_core::service::{Context, PeerId, Service};
//! use tokio::net::TcpListener;
//!
//! struct Echo;
//!
//! impl Service for Echo {
//!     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
//!         cx.send(peer, message);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! tokio::spawn(socker_tokio::serve(listener, Echo));
//!
//! let mut connection = socker_tokio::connect(&format!("ws://{address}/")).await?;
//! connection.send(Message::text("hello")).await?;
//! assert_eq!(connection.recv().await.transpose()?, Some(Message::text("hello")));
//! # Ok(())
//! # }
//! ```
//!
//! A game whose loop has a thread of its own takes the service with it: [`Server::start_ticked`]
//! gives a [`Tick`] that is polled once a tick.

mod handle;
mod hub;
mod inbox;
mod keeper;
mod listen;
mod mailbox;
mod member;
mod place;
mod pool;
mod seat;
mod stay;
mod task;
mod tick;
#[cfg(feature = "axum")]
mod upgrade;

use std::{io, sync::Arc};

use socker_core::{
    Config,
    service::{Budget, Service},
};
use tokio::net::TcpListener;

pub use self::{
    handle::{Handle, RunError},
    tick::Tick,
};
use self::{hub::Hub, place::Place, pool::Pool};

/// What all connections are held to.
#[derive(Debug)]
struct Limits {
    config: Arc<Config>,
    budget: Budget,
    pool: Pool,
}

/// Serves a service on a listener, with the default limits.
///
/// It has no end of its own; [`Server`] has one, and limits of your choice.
///
/// # Errors
/// See [`Handle::serve`].
pub async fn serve<S>(listener: TcpListener, service: S) -> io::Result<()>
where
    S: Service + Send + 'static,
{
    Server::new(service).start().serve(listener).await
}

/// A service and its limits, to be started.
#[derive(Debug)]
pub struct Server<S> {
    service: S,
    config: Arc<Config>,
    budget: Budget,
}

impl<S: Service + Send + 'static> Server<S> {
    /// With the default limits.
    pub fn new(service: S) -> Self {
        Self { service, config: Arc::default(), budget: Budget::default() }
    }

    /// The limits and times of each connection.
    #[must_use]
    pub fn config(self, config: Arc<Config>) -> Self {
        Self { config, ..self }
    }

    /// The limits of all connections together.
    #[must_use]
    pub fn budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// A server whose service is called by the connections' tasks.
    pub fn start(self) -> Handle<S> {
        let (limits, place) = self.split();
        Handle::new(Hub::new(limits, Some(place)))
    }

    /// A server whose service is called by [`Tick::poll`] alone, on the thread of a game's loop.
    ///
    /// A loop that stalls makes its peers wait: what they send waits up to [`Budget::incoming`], and
    /// then they are not read from.
    pub fn start_ticked(self) -> (Handle<S>, Tick<S>) {
        let (limits, place) = self.split();
        let handle = Handle::new(Hub::new(limits, None));
        let tick = Tick::new(&handle, place);
        (handle, tick)
    }

    fn split(self) -> (Limits, Place<S>) {
        let Self { service, config, budget } = self;
        (Limits { config, budget, pool: Pool::default() }, Place::new(service))
    }
}
