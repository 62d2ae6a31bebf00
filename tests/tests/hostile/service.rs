//! The service under load: an echo that counts, and holds its host to the contract of a service.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use socker_core::{
    CloseCode, CloseReason, Message,
    handshake::{Rejection, Request},
    http::StatusCode,
    service::{Context, PeerId, Peers, Service, Verdict},
};

/// A request for this path is rejected.
pub(crate) const REJECTED: &str = "/rejected";
/// Asks for a message of [`MUCH_LEN`] bytes.
pub(crate) const MUCH: &str = "much";
/// Below the limit of what may wait for a peer, above what sockets hold.
pub(crate) const MUCH_LEN: usize = 900 << 10;
/// Asks to be closed.
pub(crate) const LEAVE: &str = "leave";

/// What the service was told, shared with the process.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Counts>>);

#[derive(Default)]
pub(crate) struct Counts {
    present: Peers<State>,
    pub(crate) accepted: u64,
    pub(crate) messages: u64,
    /// How many connections ended, by reason.
    pub(crate) ends: BTreeMap<&'static str, u64>,
    /// Calls against the contract.
    pub(crate) wrong: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Accepted,
    Open,
    /// The service has closed it.
    Closing,
}

impl Tally {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap()
    }
}

impl Counts {
    pub(crate) fn present(&self) -> usize {
        self.present.len()
    }

    /// A call came for a peer that has to be in one of these states.
    fn expect(&mut self, call: &str, peer: PeerId, states: &[State]) {
        let state = self.present.get(peer);
        if !state.is_some_and(|state| states.contains(state)) {
            eprintln!("{call} of {peer}, which is {state:?}");
            self.wrong += 1;
        }
    }
}

impl Service for Tally {
    fn request(&mut self, _: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        if request.uri().path() == REJECTED {
            return Verdict::Reject(Rejection::new(StatusCode::FORBIDDEN));
        }
        let mut counts = self.lock();
        counts.accepted += 1;
        if counts.present.insert(peer, State::Accepted).is_some() {
            eprintln!("a request of {peer}, which is there");
            counts.wrong += 1;
        }
        Verdict::accept()
    }

    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        let mut counts = self.lock();
        counts.expect("opened", peer, &[State::Accepted]);
        counts.present.insert(peer, State::Open);
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let mut counts = self.lock();
        counts.expect("message", peer, &[State::Open]);
        counts.messages += 1;
        match message.as_text() {
            Some(MUCH) => cx.send(peer, Message::binary(vec![0; MUCH_LEN])),
            Some(LEAVE) => {
                counts.present.insert(peer, State::Closing);
                cx.close(peer, CloseCode::Normal, "as you like");
            }
            _ => cx.send(peer, message),
        }
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        let mut counts = self.lock();
        counts.expect("closed", peer, &[State::Open, State::Closing]);
        counts.present.remove(peer);
        let name = match reason {
            CloseReason::Peer { .. } => "peer",
            CloseReason::Local { .. } => "local",
            CloseReason::Violation(_) => "violation",
            CloseReason::KeepAliveTimeout => "keep-alive",
            CloseReason::CloseTimeout => "close-timeout",
            CloseReason::Eof => "eof",
            _ => "other",
        };
        *counts.ends.entry(name).or_default() += 1;
    }
}
