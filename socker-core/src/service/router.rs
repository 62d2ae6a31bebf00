use std::fmt;

use http::StatusCode;

use super::{Context, Gap, Oversized, PeerId, Peers, Service, Verdict};
use crate::{
    event::CloseReason,
    handshake::{Rejection, Request},
    message::Message,
    time::Instant,
};

/// Several services on one listener, told apart by the path of the request.
///
/// A service at `/rooms` gets `/rooms` and all paths below it, such as `/rooms/7`; of several that
/// match, the longest counts. A request for any other path is answered with 404.
///
/// ```
/// use socker_core::service::{Context, PeerId, Router, Service};
/// use socker_core::Message;
///
/// struct Echo;
///
/// impl Service for Echo {
///     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
///         cx.send(peer, message);
///     }
/// }
///
/// let router = Router::default().mount("/echo", Echo).mount("/play", Echo);
/// ```
#[derive(Default)]
pub struct Router {
    mounts: Vec<Mount>,
    /// Where each peer is.
    peers: Peers<usize>,
}

struct Mount {
    path: String,
    service: Box<dyn Service + Send>,
}

impl Router {
    /// Puts a service at a path. A slash at its end does not count, and `/` takes all paths. One
    /// that was at the same path gets no new peers any more.
    #[must_use]
    pub fn mount(mut self, path: &str, service: impl Service + Send + 'static) -> Self {
        let path = path.trim_end_matches('/').to_owned();
        self.mounts.push(Mount { path, service: Box::new(service) });
        self
    }

    fn find(&self, path: &str) -> Option<usize> {
        let below = |mount: &Mount| {
            path.strip_prefix(&mount.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let matching = self.mounts.iter().enumerate().filter(|(_, mount)| below(mount));
        matching.max_by_key(|(_, mount)| mount.path.len()).map(|(number, _)| number)
    }

    fn of(&mut self, peer: PeerId) -> Option<&mut dyn Service> {
        let mount = self.mounts.get_mut(*self.peers.get(peer)?)?;
        Some(&mut *mount.service)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.mounts.iter().map(|mount| &mount.path)).finish()
    }
}

impl Service for Router {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        let found = self.find(request.path());
        let Some((number, mount)) = found.and_then(|n| Some((n, self.mounts.get_mut(n)?))) else {
            let nothing =
                Rejection::new(StatusCode::NOT_FOUND).with_text("nothing is served here\n");
            return nothing.into();
        };
        let verdict = mount.service.request(cx, peer, request);
        if matches!(verdict, Verdict::Accept(_)) {
            self.peers.insert(peer, number);
        }
        verdict
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        if let Some(service) = self.of(peer) {
            service.opened(cx, peer);
        }
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if let Some(service) = self.of(peer) {
            service.message(cx, peer, message);
        }
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        if let Some(service) = self.of(peer) {
            service.oversized(cx, peer, oversized);
        }
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        if let Some(service) = self.of(peer) {
            service.gap(cx, peer, gap);
        }
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        if let Some(service) = self.of(peer) {
            service.closed(cx, peer, reason);
        }
        self.peers.remove(peer);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        for mount in &mut self.mounts {
            if mount.service.poll_timeout().is_some_and(|timeout| timeout <= cx.now()) {
                mount.service.timeout(cx);
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.mounts.iter().filter_map(|mount| mount.service.poll_timeout()).min()
    }
}
