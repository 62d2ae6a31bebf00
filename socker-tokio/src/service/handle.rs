use std::{error, fmt, net::IpAddr, sync::Arc, time::Duration};

use socker_core::{
    Instant, Machine,
    service::{Context, Service},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{hub::Hub, keeper, seat::Seat, task::Task};

/// A server that was started. Clones are the same one.
pub struct Handle<S: Service> {
    hub: Arc<Hub<S>>,
}

/// Something to be done with a service.
pub(super) type Job<S> = Box<dyn FnOnce(&mut S, &mut Context<'_>) + Send>;

/// Something that was not done.
#[non_exhaustive]
pub enum RunError<F> {
    /// Too much waits for the service already: try again later. The closure is given back.
    Full(F),
}

impl<F> RunError<F> {
    /// The closure.
    pub fn into_inner(self) -> F {
        let Self::Full(act) = self;
        act
    }
}

impl<F> fmt::Debug for RunError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full")
    }
}

impl<F> fmt::Display for RunError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much waits for the service; try again later")
    }
}

impl<F> error::Error for RunError<F> {}

impl<S: Service> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self { hub: Arc::clone(&self.hub) }
    }
}

impl<S: Service> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("connections", &self.hub.len()).finish_non_exhaustive()
    }
}

impl<S: Service + Send + 'static> Handle<S> {
    pub(super) fn new(hub: Hub<S>) -> Self {
        Self { hub: Arc::new(hub) }
    }

    pub(super) fn hub(&self) -> &Arc<Hub<S>> {
        &self.hub
    }

    /// Runs one connection of a client over a stream of the caller, say a TLS stream, until it is
    /// gone. `address` is the client's, for [`Budget::per_address`](super::Budget::per_address).
    pub async fn serve_connection<IO>(&self, io: IO, address: Option<IpAddr>)
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(task) = self.task(io, address) {
            task.await;
        }
    }

    pub(super) fn task<IO>(&self, io: IO, address: Option<IpAddr>) -> Option<Task<IO, S>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        keeper::start(&self.hub);
        let seated = Seat::take(&self.hub, address)?;
        let machine = Machine::server(self.hub.now(), Arc::clone(&self.hub.limits.config));
        Some(Task::new(io, machine, seated))
    }

    /// Does something with the service, from any thread: as soon as nobody else has it, mostly
    /// before this returns; on a server that is ticked, in the next tick. If it panics, that is only
    /// known on a thread that polls a [`Tick`](super::Tick).
    ///
    /// # Errors
    /// 1024 such calls wait already, or the [`Tick`](super::Tick) is gone; it is given back.
    pub fn run<F>(&self, act: F) -> Result<(), RunError<F>>
    where
        F: FnOnce(&mut S, &mut Context<'_>) + Send + 'static,
    {
        self.hub.run(act).map_err(RunError::Full)
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.hub.len()
    }

    /// Takes no more connections, and closes all with 1001 and this reason; what the service sends
    /// after that goes to nobody, also by closures that still wait ([`Handle::run`]). What is left after
    /// `timeout` is cut. The first call counts.
    pub fn drain(&self, timeout: Duration, reason: &str) {
        self.hub.begin_drain(timeout, reason);
    }

    /// Ready when the server was drained, all connections are gone, and the service knows: a
    /// [`Tick`](super::Tick) has to be polled until then.
    pub async fn drained(&self) {
        loop {
            let ending = self.hub.ending.notified();
            let mut ending = std::pin::pin!(ending);
            ending.as_mut().enable();
            if self.hub.is_drained() {
                return;
            }
            ending.await;
        }
    }

    /// The service's [`Instant`] now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.hub.now()
    }
}
