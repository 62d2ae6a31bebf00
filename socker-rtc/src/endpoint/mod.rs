//! Many peers on one port.

mod channels;
mod join;
mod peer;
mod queue;
mod receive;
mod routes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use socker_core::{Instant, Message};
use str0m::{Candidate, net::Protocol};

use self::{peer::Peer, routes::Routes};
use crate::{
    channel::{ChannelConfig, ChannelId, Delivery, Sent},
    clock::Clock,
    config::Config,
    error::{ConfigError, OpenError, Refusal, SendError},
    event::{Counters, Event, PeerId, Transmit},
};

/// Many browsers on one UDP port, without any IO.
///
/// Its owner passes in offers, candidates, datagrams and the time; it takes out answers, events,
/// datagrams to send and the time at which to call next. Any order of calls is right, with any ids: a
/// call that has nothing to do does nothing. A time that is earlier than one that was passed before
/// counts as that one.
///
/// The [crate's documentation](crate) has a whole session.
#[derive(Debug)]
pub struct Endpoint {
    shared: Shared,
    peers: BTreeMap<PeerId, Box<Peer>>,
    routes: Routes,
    next: u64,
    closing: bool,
    /// Whose turn it is: one entry for each event and each datagram that waits.
    events: VecDeque<PeerId>,
    datagrams: VecDeque<PeerId>,
    /// Who was sent to since it was settled. What is sent in a row leaves in common packets.
    unsettled: BTreeSet<PeerId>,
    alarms: BTreeSet<(Instant, PeerId)>,
}

/// What all peers have in common.
#[derive(Debug)]
struct Shared {
    config: Config,
    clock: Clock,
    now: Instant,
    counters: Counters,
}

/// Its beginning and end.
impl Endpoint {
    /// An endpoint without peers. `base` is the moment that stands for [`Instant::START`]: the
    /// operating system's now, if the host's `Instant`s count from now on.
    ///
    /// ```
    /// use socker_rtc::{Config, ConfigError, Endpoint};
    ///
    /// let base = std::time::Instant::now();
    /// let config = Config::default().candidate("203.0.113.5:9000".parse()?);
    /// assert!(Endpoint::new(base, config).is_ok());
    ///
    /// // Where a socket is bound may be no address at which a browser reaches it.
    /// let bound = "0.0.0.0:9000".parse()?;
    /// let error = Endpoint::new(base, Config::default().candidate(bound)).unwrap_err();
    /// assert_eq!(error, ConfigError::Candidate(bound));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// No address is announced, or one at which nobody can be reached.
    pub fn new(base: std::time::Instant, config: Config) -> Result<Self, ConfigError> {
        if config.candidates.is_empty() {
            return Err(ConfigError::NoCandidate);
        }
        for address in &config.candidates {
            let candidate = Candidate::host(*address, Protocol::Udp);
            if candidate.is_err() || address.port() == 0 || address.ip().is_multicast() {
                return Err(ConfigError::Candidate(*address));
            }
        }
        let (clock, now, counters) = (Clock(base), Instant::START, Counters::default());
        Ok(Self {
            shared: Shared { config, clock, now, counters },
            peers: BTreeMap::new(),
            routes: Routes::default(),
            next: 0,
            closing: false,
            events: VecDeque::new(),
            datagrams: VecDeque::new(),
            unsettled: BTreeSet::new(),
            alarms: BTreeSet::new(),
        })
    }

    /// Ends all peers, as [`Endpoint::kick`] does, and answers no offer from now on.
    pub fn close(&mut self, now: Instant) {
        self.closing = true;
        let peers: Vec<_> = self.peers.keys().copied().collect();
        for peer in peers {
            self.kick(now, peer);
        }
    }

    /// Whether it was closed and nothing of any peer waits to be polled.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.closing && self.peers.is_empty()
    }
}

/// Peers. Offers and candidates are in `join.rs`, datagrams in `receive.rs`.
impl Endpoint {
    /// Ends a peer. What was sent to it before still goes out, for
    /// [`Config::close_timeout`](crate::Config::close_timeout) at the most, then the browser is told.
    /// WebRTC has no words for why: say it in a message first. `Disconnected` is the next of its events,
    /// and the last.
    pub fn kick(&mut self, now: Instant, peer: PeerId) {
        self.advance(now);
        self.change(peer, |peer, shared| peer.kick(shared));
    }

    /// How many peers there are. One that has ended counts until its last event has been polled, and its
    /// last datagram; the latter for [`Config::close_timeout`](crate::Config::close_timeout) at the most.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// How many peers are not connected yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.peers.values().filter(|peer| peer.is_opening()).count()
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counters
    }

    /// The addresses, limits and times.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }
}

/// Channels and messages.
impl Endpoint {
    /// Opens a channel from this side (RFC 8832), also before the peer is connected. `Opened` tells when
    /// it can be sent on.
    ///
    /// # Errors
    /// There is no such peer, it has too many channels, or the label is too long.
    pub fn open_channel(
        &mut self,
        now: Instant,
        peer: PeerId,
        config: ChannelConfig,
    ) -> Result<ChannelId, OpenError> {
        self.advance(now);
        let opened = self.change(peer, |peer, shared| peer.open(shared, config));
        opened.unwrap_or(Err(OpenError::NoPeer))
    }

    /// Closes a channel, whichever side opened it. `ChannelClosed` tells when it is.
    pub fn close_channel(&mut self, now: Instant, peer: PeerId, channel: ChannelId) {
        self.advance(now);
        self.change(peer, |peer, shared| peer.close_channel(shared, channel));
    }

    /// Sends a message. What is sent in a row, before the next [`Endpoint::poll_transmit`], shares
    /// packets.
    ///
    /// # Errors
    /// The message is given back, with the reason.
    pub fn send<'m>(
        &mut self,
        peer: PeerId,
        channel: ChannelId,
        message: Message<'m>,
        delivery: Delivery,
    ) -> Result<Sent, SendError<'m>> {
        let Some(entry) = self.peers.get_mut(&peer) else {
            return Err(SendError { refusal: Refusal::NoPeer, message });
        };
        match entry.send(&mut self.shared, channel, &message, delivery) {
            Ok(sent) => {
                self.unsettled.insert(peer);
                Ok(sent)
            }
            Err(refusal) => Err(SendError { refusal, message }),
        }
    }
}

/// The time, and what comes out.
impl Endpoint {
    /// The time is `now`. A call before [`Endpoint::poll_timeout`] does nothing.
    ///
    /// Pass in first what has come, so that a host that is late finds nobody silent.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        let now = self.shared.now;
        // One look at each, however often it wants the time.
        let due: Vec<_> = self.alarms.range(..=(now, PeerId(u64::MAX))).map(|at| at.1).collect();
        for peer in due {
            self.change(peer, |peer, shared| peer.handle_timeout(shared));
        }
    }

    /// When to call [`Endpoint::handle_timeout`]; `None` if there is no such time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.alarms.first().map(|alarm| alarm.0)
    }

    /// The next datagram to send. Poll until there is none, after whatever else was called.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        while let Some(peer) = self.unsettled.pop_first() {
            self.settle(peer);
        }
        while let Some(id) = self.datagrams.pop_front() {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            let transmit = peer.datagrams.pop();
            if peer.is_gone() {
                self.retire(id);
            }
            if transmit.is_some() {
                return transmit;
            }
        }
        None
    }

    /// Whether [`Endpoint::poll_event`] has something, so that a host should not wait.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event, in the order in which they happened.
    pub fn poll_event(&mut self) -> Option<(PeerId, Event)> {
        while let Some(id) = self.events.pop_front() {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            let event = peer.events.pop();
            if peer.is_gone() {
                self.retire(id);
            }
            if let Some(event) = event {
                return Some((id, event));
            }
        }
        None
    }
}

/// What follows every change.
impl Endpoint {
    fn advance(&mut self, now: Instant) {
        self.shared.now = self.shared.now.max(now);
    }

    /// Changes a peer, and takes out of it what that has brought about.
    fn change<T>(
        &mut self,
        id: PeerId,
        change: impl FnOnce(&mut Peer, &mut Shared) -> T,
    ) -> Option<T> {
        let peer = self.peers.get_mut(&id)?;
        if self.unsettled.remove(&id) {
            peer.settle(&mut self.shared);
        }
        let result = change(peer, &mut self.shared);
        self.settle(id);
        Some(result)
    }

    fn settle(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.settle(&mut self.shared);
        self.events.extend(std::iter::repeat_n(id, peer.events.take_fresh()));
        self.datagrams.extend(std::iter::repeat_n(id, peer.datagrams.take_fresh()));
        if peer.is_left() {
            self.routes.forget(id, &mut peer.known);
            if peer.datagrams.is_empty() {
                self.datagrams.retain(|ticket| *ticket != id);
            }
        }
        let alarm = peer.poll_timeout(&self.shared);
        if peer.alarm != alarm {
            if let Some(at) = std::mem::replace(&mut peer.alarm, alarm) {
                self.alarms.remove(&(at, id));
            }
            self.alarms.extend(alarm.map(|at| (at, id)));
        }
        if peer.is_gone() {
            self.retire(id);
        }
    }

    /// Forgets a peer of which nothing waits any more.
    fn retire(&mut self, id: PeerId) {
        let Some(peer) = self.peers.remove(&id) else { return };
        if let Some(at) = peer.alarm {
            self.alarms.remove(&(at, id));
        }
        self.unsettled.remove(&id);
    }

    /// Whether it holds nothing of any peer. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let waiting = self.events.len() + self.datagrams.len() + self.unsettled.len();
        self.peers.is_empty() && self.routes.is_empty() && self.alarms.is_empty() && waiting == 0
    }
}
