use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{self, Duration},
};

use socker_rtc::{
    CandidateError, ChannelConfig, ChannelId, Config, Delivery, Endpoint, Event, Instant, Message,
    OfferError, OpenError, PeerId, Refusal, Transmit,
};
use str0m::change::SdpAnswer;

use super::datagram::Credentials;

/// Small, so that all limits are reached.
const REMOTE_CANDIDATES: usize = 4;
const DATAGRAMS: usize = 24;

/// What passes until the next call, if nothing else is said.
const CALL: Duration = Duration::from_millis(1);

/// No further than this at once: time has an end, after which nothing can follow.
const FAR: u64 = 150 * 365 * 24 * 60 * 60 * 1_000;

/// An endpoint of which every call and all that comes out is looked at.
pub(super) struct Watched {
    endpoint: Endpoint,
    base: time::Instant,
    now: Instant,
    peers: Vec<Peer>,
    channels: Vec<ChannelId>,
    closed: bool,
    /// Most addresses to which anything may be sent: those that were named, and where somebody is.
    addressees: usize,
    sources: BTreeSet<SocketAddr>,
    destinations: BTreeSet<SocketAddr>,
}

struct Peer {
    id: PeerId,
    ended: bool,
    offer: String,
    answer: String,
}

/// All that a refused offer must leave as it was.
#[derive(Debug, PartialEq)]
struct Standing {
    peers: usize,
    pending: usize,
    counters: socker_rtc::Counters,
    timeout: Option<Instant>,
    bare: bool,
}

/// The address from which datagrams with this number come.
pub(super) fn source(number: u8) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::new(203, 0, 113, number % 8)), 5_000).into()
}

fn announced() -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9_000).into()
}

impl Watched {
    /// The second bit of `first` makes it ICE-lite.
    pub(super) fn new(first: u8) -> Self {
        let config = Config::default()
            .candidate(announced())
            .ice_lite(first & 2 != 0)
            .peers(3)
            .pending(2)
            .channels(3)
            .event_limit(4 << 10)
            .datagram_limit(DATAGRAMS)
            .message_limit(8 << 10)
            .offer_limit(4 << 10)
            .remote_candidates(REMOTE_CANDIDATES);
        let base = time::Instant::now();
        Self {
            endpoint: Endpoint::new(base, config).unwrap(),
            base,
            now: Instant::START,
            peers: Vec::new(),
            channels: Vec::new(),
            closed: false,
            addressees: 0,
            sources: BTreeSet::new(),
            destinations: BTreeSet::new(),
        }
    }

    pub(super) fn std_now(&self) -> time::Instant {
        self.base + self.now.since(Instant::START).min(Duration::from_millis(FAR / 2))
    }

    pub(super) fn accepted(&self) -> u64 {
        self.endpoint.counters().accepted
    }

    /// How many are known, whichever peer has them.
    #[cfg(test)]
    pub(super) fn channels(&self) -> usize {
        self.channels.len()
    }

    fn standing(&self) -> Standing {
        Standing {
            peers: self.endpoint.peers(),
            pending: self.endpoint.pending(),
            counters: self.endpoint.counters(),
            timeout: self.endpoint.poll_timeout(),
            bare: self.endpoint.is_bare(),
        }
    }

    fn index(&self, number: u8) -> Option<usize> {
        usize::from(number).checked_rem(self.peers.len())
    }

    /// The peer with this number, and whether it has ended, as far as events have told.
    fn peer(&self, number: u8) -> Option<(PeerId, bool)> {
        let peer = &self.peers[self.index(number)?];
        Some((peer.id, peer.ended))
    }
}

/// What browsers say.
impl Watched {
    pub(super) fn accept(&mut self, offer: &str) -> Option<String> {
        let before = self.standing();
        match self.endpoint.accept(self.now, offer) {
            Ok((id, answer)) => {
                assert!(!self.closed && offer.len() <= self.endpoint.config().offer_limit);
                assert_eq!(self.accepted(), before.counters.accepted + 1);
                assert_eq!(self.endpoint.peers(), before.peers + 1);
                assert!(before.peers < 3 && before.pending < 2);
                assert!(self.peers.iter().all(|peer| peer.id < id), "an id that was there");
                require_answer(&answer);
                self.addressees += REMOTE_CANDIDATES;
                let offer = offer.to_owned();
                self.peers.push(Peer { id, ended: false, offer, answer: answer.clone() });
                Some(answer)
            }
            Err(error) => {
                assert_eq!(self.standing(), before, "a refused offer has cost something: {error}");
                assert_eq!(self.closed, error == OfferError::Closing);
                None
            }
        }
    }

    pub(super) fn accept_again(&mut self, number: u8, offer: &str) -> Option<String> {
        let index = self.index(number)?;
        let peer = &self.peers[index];
        let before = self.standing();
        let result = self.endpoint.accept_again(self.now, peer.id, offer);
        assert_eq!(self.endpoint.peers(), before.peers);
        assert_eq!(self.accepted(), before.counters.accepted);
        match result {
            Ok(answer) => {
                assert!(!peer.ended);
                require_answer(&answer);
                // An ICE restart begins anew, and other addresses may be named.
                self.addressees += REMOTE_CANDIDATES;
                let peer = &mut self.peers[index];
                (peer.offer, peer.answer) = (offer.to_owned(), answer.clone());
                Some(answer)
            }
            Err(error) => {
                assert!(!peer.ended || error == OfferError::NoPeer);
                None
            }
        }
    }

    pub(super) fn candidate(&mut self, number: u8, line: &str) {
        let Some((peer, ended)) = self.peer(number) else { return };
        let result = self.endpoint.candidate(self.now, peer, line);
        assert!(!ended || result == Err(CandidateError::NoPeer));
    }

    /// Both sides' names and the password, of what was agreed on last.
    pub(super) fn credentials(&self, number: u8) -> Option<Credentials> {
        let Peer { offer, answer, .. } = &self.peers[self.index(number)?];
        let find = |text: &str, name: &str| -> Option<String> {
            text.lines().find_map(|line| line.strip_prefix(name)).map(Into::into)
        };
        let (here, there) = (find(answer, "a=ice-ufrag:")?, find(offer, "a=ice-ufrag:")?);
        let password = find(answer, "a=ice-pwd:")?;
        Some(Credentials { names: format!("{here}:{there}"), password })
    }
}

fn require_answer(answer: &str) {
    assert!(answer.contains(" 192.0.2.1 9000 typ host"), "{answer}");
    SdpAnswer::from_sdp_string(answer).unwrap();
}

/// What comes from the network, from the clock, and from the owner.
impl Watched {
    pub(super) fn receive(&mut self, number: u8, datagram: &[u8]) {
        let source = source(number);
        self.sources.insert(source);
        self.endpoint.receive(self.now, source, announced(), datagram);
        self.now = self.now + CALL;
    }

    pub(super) fn handle_timeout(&mut self) {
        self.endpoint.handle_timeout(self.now);
        let next = self.endpoint.poll_timeout();
        assert!(next.is_none_or(|next| next > self.now), "{next:?} is not after {:?}", self.now);
    }

    /// Time goes on, and the endpoint is told whenever it wants to be, for a while.
    pub(super) fn wait(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        for _ in 0..20 {
            let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= end) else {
                break;
            };
            self.now = next.max(self.now);
            self.handle_timeout();
        }
        self.now = self.now.max(end);
    }

    /// To any time, also to one that was before.
    pub(super) fn jump(&mut self, millis: u64) {
        let to = Instant::START + Duration::from_millis(millis % FAR);
        self.endpoint.handle_timeout(to);
        self.now = self.now.max(to);
        self.handle_timeout();
    }

    pub(super) fn kick(&mut self, number: u8) {
        if let Some((peer, _)) = self.peer(number) {
            self.endpoint.kick(self.now, peer);
            let after = self.endpoint.candidate(self.now, peer, "");
            assert_eq!(after, Err(CandidateError::NoPeer));
        }
    }

    pub(super) fn close(&mut self) {
        self.endpoint.close(self.now);
        self.closed = true;
    }

    pub(super) fn open(&mut self, number: u8, config: ChannelConfig) {
        let Some((peer, ended)) = self.peer(number) else { return };
        let long = config.label.len() > self.endpoint.config().label_limit;
        match self.endpoint.open_channel(self.now, peer, config) {
            Ok(channel) => {
                assert!(!ended && !long);
                self.channels.push(channel);
            }
            Err(error) => assert!(!ended || error == OpenError::NoPeer),
        }
    }

    fn channel(&self, number: u8) -> Option<ChannelId> {
        self.channels.get(usize::from(number).checked_rem(self.channels.len())?).copied()
    }

    pub(super) fn close_channel(&mut self, number: u8, channel: u8) {
        if let (Some((peer, _)), Some(channel)) = (self.peer(number), self.channel(channel)) {
            self.endpoint.close_channel(self.now, peer, channel);
        }
    }

    pub(super) fn send(
        &mut self,
        number: u8,
        channel: u8,
        message: Message<'_>,
        delivery: Delivery,
    ) {
        let Some(((peer, ended), channel)) = self.peer(number).zip(self.channel(channel)) else {
            return;
        };
        match self.endpoint.send(peer, channel, message.clone(), delivery) {
            Ok(_) => assert!(!ended && !message.is_empty()),
            Err(error) => {
                assert_eq!(error.message, message);
                assert!(!ended || error.refusal == Refusal::NoPeer);
            }
        }
    }
}

/// What comes out.
impl Watched {
    pub(super) fn events(&mut self) {
        while let Some((id, event)) = self.endpoint.poll_event() {
            let peer = self.peers.iter_mut().find(|peer| peer.id == id).unwrap();
            assert!(!peer.ended, "{event:?} after the end");
            match event {
                Event::Disconnected { .. } => peer.ended = true,
                Event::Opened { channel, .. } => self.channels.push(channel),
                _ => {}
            }
        }
    }

    pub(super) fn transmits(&mut self) -> Vec<Transmit> {
        let most = self.endpoint.peers() * DATAGRAMS;
        let sent: Vec<_> = std::iter::from_fn(|| self.endpoint.poll_transmit()).collect();
        assert!(sent.len() <= most, "{} datagrams at once", sent.len());
        for transmit in &sent {
            assert_eq!(transmit.source, announced());
            assert!((1..=1_500).contains(&transmit.payload.len()));
            self.destinations.insert(transmit.destination);
        }
        let named = self.destinations.difference(&self.sources).count();
        assert!(named <= self.addressees, "{:?} were not named", self.destinations);
        sent
    }

    /// Whatever was before, all is over soon after it was closed, whether it is polled or not.
    pub(super) fn end(mut self) {
        self.close();
        for _ in 0..3 {
            self.wait(1_000);
            self.now = self.now + CALL;
            self.handle_timeout();
        }
        self.events();
        assert!(self.endpoint.is_done() && self.endpoint.is_bare());
        assert!(self.peers.iter().all(|peer| peer.ended), "a peer without an end");
        assert!(self.transmits().is_empty() && self.endpoint.poll_timeout().is_none());
    }
}
