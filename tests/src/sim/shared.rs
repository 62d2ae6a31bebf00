use std::sync::{Arc, Mutex, MutexGuard};

use socker_core::handshake::Request;
use socker_core::service::{Context, Gap, Oversized, PeerId, Service, Verdict};
use socker_core::{CloseReason, Instant, Message};

use super::Ledger;

/// A ledger that a test looks at while a host has it too.
#[derive(Clone, Debug)]
pub struct SharedLedger(Arc<Mutex<Ledger>>);

impl SharedLedger {
    /// Keeps what this service does.
    pub fn new(service: impl Service + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Ledger::new(service))))
    }

    /// The ledger. It fails if the service was told something against its contract: a host may have
    /// caught that.
    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().expect("the contract was kept")
    }
}

/// All calls go to the ledger.
impl Service for SharedLedger {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.lock().request(cx, peer, request)
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.lock().opened(cx, peer);
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.lock().message(cx, peer, message);
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.lock().oversized(cx, peer, oversized);
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.lock().gap(cx, peer, gap);
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.lock().closed(cx, peer, reason);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.lock().timeout(cx);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.lock().poll_timeout()
    }
}
