//! A service that is told of each peer once that it has come, and once that it has gone.

use std::collections::BTreeMap;

use socker_core::handshake::Request;
use socker_core::service::{Context, Gap, Oversized, PeerId, Service, Verdict};
use socker_core::{CloseReason, Instant, Message};

/// A service of which each peer is told to have come once, and to have gone once.
pub(crate) struct Counted<S> {
    pub(crate) service: S,
    /// Who has come, and whether it is still there.
    pub(crate) there: BTreeMap<PeerId, bool>,
}

impl<S> Counted<S> {
    pub(crate) fn new(service: S) -> Self {
        Self { service, there: BTreeMap::new() }
    }
}

impl<S: Service> Service for Counted<S> {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.service.request(cx, peer, request)
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        assert_eq!(self.there.insert(peer, true), None, "{peer} has come before");
        self.service.opened(cx, peer);
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        assert_eq!(self.there.get(&peer), Some(&true), "{peer} is not there");
        self.service.message(cx, peer, message);
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.service.oversized(cx, peer, oversized);
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.service.gap(cx, peer, gap);
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        assert_eq!(self.there.insert(peer, false), Some(true), "{peer} is not there");
        self.service.closed(cx, peer, reason);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.service.timeout(cx);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout()
    }
}
