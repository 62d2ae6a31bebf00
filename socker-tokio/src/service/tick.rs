use std::{fmt, sync::Arc};

use socker_core::{
    Instant,
    service::{Context, Service},
};

use super::{Handle, hub::Hub, place::Place};

/// A service on the thread of a game's loop. Nothing here blocks.
///
/// Dropped, it takes the service with it: the server drains, as by [`Handle::drain`].
///
/// ```
/// use socker_core::Message;
/// use socker_core::service::{Context, PeerId, Service};
/// use socker_core::wire::Frame;
/// use socker_tokio::Server;
///
/// #[derive(Default)]
/// struct Game {
///     players: Vec<PeerId>,
/// }
///
/// impl Service for Game {
///     fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
///         self.players.push(peer);
///     }
///
///     fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
/// }
///
/// let (handle, mut tick) = Server::new(Game::default()).start_ticked();
/// // On tokio: handle.serve(listener).await
/// let game_loop = std::thread::spawn(move || {
///     for number in 0..3u8 {
///         tick.poll(); // the service's calls happen here
///         tick.run(|game, cx| {
///             let players = game.players.iter().copied();
///             cx.broadcast_droppable(players, Frame::binary(&[number]));
///         });
///         // ... and sleep until the next tick.
///     }
/// });
/// # game_loop.join().unwrap();
/// ```
pub struct Tick<S: Service> {
    hub: Arc<Hub<S>>,
    place: Place<S>,
}

impl<S: Service + Send + 'static> Tick<S> {
    pub(super) fn new(handle: &Handle<S>, place: Place<S>) -> Self {
        Self { hub: Arc::clone(handle.hub()), place }
    }

    /// Tells the service all that has come since the last call, and the time, which is given back.
    pub fn poll(&mut self) -> Instant {
        let now = self.hub.now();
        self.hub.catch_up(&mut self.place, now);
        now
    }

    /// Does something with the service: the game's own step, and what is sent after it.
    pub fn run<R>(&mut self, act: impl FnOnce(&mut S, &mut Context<'_>) -> R) -> R {
        self.place.run(&self.hub.limits, self.hub.now(), act)
    }

    /// The service.
    pub fn service(&self) -> &S {
        self.place.runner.service()
    }

    /// Whether the server has come to its end: it was drained, and all connections are gone.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.hub.is_drained()
    }
}

impl<S: Service> Drop for Tick<S> {
    fn drop(&mut self) {
        self.hub.abandon();
    }
}

impl<S: Service + fmt::Debug> fmt::Debug for Tick<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tick").field("service", self.place.runner.service()).finish_non_exhaustive()
    }
}
