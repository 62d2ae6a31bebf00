//! What browsers offer.

use socker_core::Instant;
use str0m::{Candidate, net::Protocol};

use super::{Endpoint, peer::Peer};
use crate::{
    error::{CandidateError, OfferError},
    event::PeerId,
    offer::Offer,
};

/// A candidate's line is below 200 bytes.
const CANDIDATE: usize = 512;

/// Offers and candidates.
impl Endpoint {
    /// Answers a browser's offer (RFC 8829): the peer begins, and the answer, which is SDP, goes back
    /// to the browser. It names the announced addresses, so the browser needs no candidates beside it.
    ///
    /// # Errors
    /// The endpoint is closing or full, or something is wrong with the offer. Nothing of it is kept.
    pub fn accept(&mut self, now: Instant, offer: &str) -> Result<(PeerId, String), OfferError> {
        self.advance(now);
        if self.closing {
            return Err(OfferError::Closing);
        }
        if self.peers.len() >= self.shared.config.peers {
            return Err(OfferError::TooManyPeers);
        }
        if self.pending() >= self.shared.config.pending {
            return Err(OfferError::TooManyPending);
        }
        let offer = Offer::parse(offer, &self.shared.config)?;
        let (peer, answer) = Peer::accept(&self.shared, offer)?;
        let id = PeerId(self.next);
        self.next += 1;
        self.shared.counters.accepted += 1;
        self.peers.insert(id, Box::new(peer));
        self.rename(id);
        // A first look at the time starts its timers.
        self.change(id, |peer, shared| peer.handle_timeout(shared));
        Ok((id, answer))
    }

    /// Answers another offer of the same peer: it has changed its network, or has sections to add.
    /// Channels stay open.
    ///
    /// # Errors
    /// There is no such peer, or something is wrong with the offer. The peer goes on as it was, as far
    /// as the offer has not replaced what it came with; the candidates that it named count all the same.
    pub fn accept_again(
        &mut self,
        now: Instant,
        peer: PeerId,
        offer: &str,
    ) -> Result<String, OfferError> {
        self.advance(now);
        if !self.is_present(peer) {
            return Err(OfferError::NoPeer);
        }
        let offer = Offer::parse(offer, &self.shared.config)?;
        let answer = self.change(peer, |peer, shared| peer.accept_again(shared, offer));
        self.rename(peer);
        answer.unwrap_or(Err(OfferError::NoPeer))
    }

    /// A candidate that the peer has found since its offer (RFC 8840): the value of a browser's
    /// `candidate.candidate`, with `a=` before it or not. Empty is the end of them, which needs no
    /// attention. Host names (`.local`) and TCP are ignored: the peer's own checks tell its address.
    ///
    /// # Errors
    /// There is no such peer, it is not a candidate, or the peer has named too many.
    pub fn candidate(
        &mut self,
        now: Instant,
        peer: PeerId,
        candidate: &str,
    ) -> Result<(), CandidateError> {
        self.advance(now);
        if !self.is_present(peer) {
            return Err(CandidateError::NoPeer);
        }
        let line = candidate.trim();
        let line = line.strip_prefix("a=").unwrap_or(line);
        if line.is_empty() {
            return Ok(());
        }
        if line.len() > CANDIDATE || !line.starts_with("candidate:") {
            return Err(CandidateError::Invalid);
        }
        // The fifth field is the address (RFC 8839, section 5.1).
        if line.split_ascii_whitespace().nth(4).is_some_and(|host| host.ends_with(".local")) {
            return Ok(());
        }
        let parsed = Candidate::from_sdp_string(line).map_err(|_| CandidateError::Invalid)?;
        if parsed.proto() != Protocol::Udp {
            return Ok(());
        }
        let added = self.change(peer, |peer, shared| peer.add_candidate(shared, parsed));
        added.unwrap_or(Err(CandidateError::NoPeer))
    }

    fn is_present(&self, peer: PeerId) -> bool {
        self.peers.get(&peer).is_some_and(|peer| peer.is_present())
    }

    /// Notes the name by which the browser's checks call it, which an offer may have changed.
    fn rename(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| !peer.is_left()) else { return };
        if let Some(name) = peer.name_here() {
            self.routes.name(id, &mut peer.known, name);
        }
    }
}
