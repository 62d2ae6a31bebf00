//! Which offers are open, and what may be said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Limits;
use crate::time::Instant;

/// An offer, by its client and its server.
pub(super) type Pair = (u32, u32);

/// Offers that are open.
///
/// ```text
///              answer                  the time is over
///   Offered -----------> Answered ----------------------> gone
///      |                    |
///      '--- reject, or the time is over, or an end is gone ---> gone, and rejected
/// ```
///
/// Candidates of the server wait for its answer, since the original's clients can't take them before.
#[derive(Debug, Default)]
pub(super) struct Offers {
    open: BTreeMap<Pair, Offer>,
    /// The same, by server.
    by_server: BTreeSet<(u32, u32)>,
    /// When each is over.
    ends: BTreeSet<(Instant, Pair)>,
}

#[derive(Debug)]
struct Offer {
    ends: Instant,
    answered: bool,
    /// How many candidates the client and the server may still name.
    client_left: u16,
    server_left: u16,
    /// The server's candidates that came before its answer.
    held: Vec<Vec<u8>>,
}

/// What becomes of a candidate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is relayed now.
    Relay,
    /// It is relayed after the answer.
    Held,
    /// There is no such offer.
    NoOffer,
    /// There were too many.
    TooMany,
}

impl Offers {
    /// A client makes an offer; one that it had made to this server before is forgotten. False: it
    /// has too many that are not answered.
    pub(super) fn open(&mut self, now: Instant, limits: &Limits, pair: Pair) -> bool {
        self.close(pair);
        let of_client = self.open.range((pair.0, 0)..=(pair.0, u32::MAX));
        let answered = of_client.clone().filter(|(_, offer)| offer.answered);
        let oldest = answered.min_by_key(|(_, offer)| offer.ends).map(|(pair, _)| *pair);
        if of_client.count() >= limits.offers {
            match oldest {
                Some(oldest) => self.close(oldest),
                None => return false,
            };
        }
        let ends = now + limits.offer_timeout;
        let (client_left, server_left) = (limits.candidates, limits.candidates);
        let offer = Offer { ends, answered: false, client_left, server_left, held: Vec::new() };
        self.open.insert(pair, offer);
        self.by_server.insert((pair.1, pair.0));
        self.ends.insert((ends, pair));
        true
    }

    /// The server answers: the candidates that waited for it. `None`: there is no such offer, or it
    /// was answered before.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        limits: &Limits,
        pair: Pair,
    ) -> Option<Vec<Vec<u8>>> {
        let offer = self.open.get_mut(&pair).filter(|offer| !offer.answered)?;
        offer.answered = true;
        self.ends.remove(&(offer.ends, pair));
        offer.ends = now + limits.offer_timeout;
        self.ends.insert((offer.ends, pair));
        Some(std::mem::take(&mut offer.held))
    }

    /// A candidate of the client.
    pub(super) fn client_candidate(&mut self, pair: Pair) -> Fate {
        let Some(offer) = self.open.get_mut(&pair) else { return Fate::NoOffer };
        match offer.client_left.checked_sub(1) {
            None => Fate::TooMany,
            Some(left) => {
                offer.client_left = left;
                Fate::Relay
            }
        }
    }

    /// A candidate of the server; `relayed` is what the client would get.
    pub(super) fn server_candidate(&mut self, pair: Pair, relayed: &[u8]) -> Fate {
        let Some(offer) = self.open.get_mut(&pair) else { return Fate::NoOffer };
        let Some(left) = offer.server_left.checked_sub(1) else { return Fate::TooMany };
        offer.server_left = left;
        if offer.answered {
            return Fate::Relay;
        }
        offer.held.push(relayed.to_vec());
        Fate::Held
    }

    /// An offer is no more; whether it was open.
    pub(super) fn close(&mut self, pair: Pair) -> bool {
        let Some(offer) = self.open.remove(&pair) else { return false };
        self.by_server.remove(&(pair.1, pair.0));
        self.ends.remove(&(offer.ends, pair));
        true
    }

    /// A client is gone.
    pub(super) fn close_client(&mut self, client: u32) {
        let of_client = self.open.range((client, 0)..=(client, u32::MAX));
        for pair in of_client.map(|(pair, _)| *pair).collect::<Vec<_>>() {
            self.close(pair);
        }
    }

    /// A server is gone: the clients that still wait for its answer.
    pub(super) fn close_server(&mut self, server: u32) -> Vec<u32> {
        let of_server = self.by_server.range((server, 0)..=(server, u32::MAX));
        let clients: Vec<_> = of_server.map(|(_, client)| *client).collect();
        let waits = |client: &u32| self.open.get(&(*client, server)).is_some_and(|o| !o.answered);
        let waiting = clients.iter().copied().filter(waits).collect();
        for client in clients {
            self.close((client, server));
        }
        waiting
    }

    /// An offer whose time is over, and whether it was answered.
    pub(super) fn take_over(&mut self, now: Instant) -> Option<(Pair, bool)> {
        let (_, pair) = self.ends.first().copied().filter(|(ends, _)| *ends <= now)?;
        let answered = self.open.get(&pair).is_some_and(|offer| offer.answered);
        self.close(pair);
        Some((pair, answered))
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.ends.first().map(|(ends, _)| *ends)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Whichever way offers end, nothing of them is left.
    #[test]
    fn nothing_is_left() {
        let limits = Limits::default().offers(3);
        let mut offers = Offers::default();
        let now = Instant::START;
        let late = now + Duration::from_secs(100);
        let ways: [fn(&mut Offers, Instant); 4] = [
            |offers, _| (0..5).for_each(|client| offers.close_client(client)),
            |offers, _| (0..5).for_each(|server| drop(offers.close_server(server))),
            |offers, late| while offers.take_over(late).is_some() {},
            |offers, _| {
                for pair in (0..25).map(|at| (at / 5, at % 5)) {
                    offers.close(pair);
                }
            },
        ];
        for end in ways {
            for pair in (0..25).map(|at| (at / 5, at % 5)) {
                offers.open(now, &limits, pair);
                offers.open(now, &limits, pair);
                offers.answer(now + Duration::from_secs(1), &limits, pair);
            }
            assert_eq!(offers.len(), 15);
            end(&mut offers, late);
            assert!(
                offers.open.is_empty() && offers.by_server.is_empty() && offers.ends.is_empty()
            );
        }
    }
}
