use std::sync::{
    Arc, Weak,
    atomic::{AtomicUsize, Ordering},
};

use socker_core::service::PeerId;

use super::{hub::Hub, mailbox::Mailbox};

/// A place among the connections. It is given away again when both the connection is gone and the
/// service has been told: so what waits for a service that stalls is limited as connections are.
#[derive(Debug)]
pub(super) struct Stay<S> {
    hub: Weak<Hub<S>>,
    peer: PeerId,
    mailbox: Arc<Mailbox>,
}

/// How many hold a [`Stay`] of the same connection.
#[derive(Debug, Default)]
pub(super) struct Holders(AtomicUsize);

impl<S> Stay<S> {
    pub(super) fn new(hub: &Arc<Hub<S>>, peer: PeerId, mailbox: &Arc<Mailbox>) -> Self {
        mailbox.holders.0.fetch_add(1, Ordering::Relaxed);
        Self { hub: Arc::downgrade(hub), peer, mailbox: Arc::clone(mailbox) }
    }
}

impl<S> Drop for Stay<S> {
    fn drop(&mut self) {
        if self.mailbox.holders.0.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(hub) = self.hub.upgrade()
        {
            hub.dismiss(self.peer);
        }
    }
}
