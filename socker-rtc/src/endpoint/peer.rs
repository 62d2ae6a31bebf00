//! One peer: its connection, its phases, and what waits to be polled for it.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use socker_core::{Instant, Message};
use str0m::{
    Candidate, Input, Output, Rtc,
    change::SdpOffer,
    net::{Protocol, Receive},
};

use super::{Shared, channels::Channels, queue::Queue, routes::Known};
use crate::{
    channel::{ChannelConfig, ChannelId, Delivery, Sent},
    error::{CandidateError, OfferError, OpenError, Refusal},
    event::{Event, Reason, Transmit},
    offer::{Offer, Session},
};

/// How long the next look at a connection is put off that wants to be looked at again at once.
const SOON: Duration = Duration::from_millis(1);

/// The bounds of the time between two consent checks.
const MIN_PACE: Duration = Duration::from_millis(250);
const MAX_PACE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Peer {
    /// Dropped as soon as it is over; what remains of the peer waits to be polled.
    pub(super) rtc: Option<Box<Rtc>>,
    phase: Phase,
    /// When the peer was last heard.
    heard: Instant,
    /// When the connection wants the time.
    wake: Option<Instant>,
    pub(super) channels: Channels,
    pub(super) events: Queue<Event>,
    pub(super) datagrams: Queue<Transmit>,
    pub(super) known: Known,
    /// The peer's name in ICE.
    name: String,
    /// What its offers have in common.
    session: Session,
    /// The addresses that the peer has named since its last ICE restart.
    candidates: BTreeSet<SocketAddr>,
    /// Most bytes of a message that the peer takes.
    max_message: usize,
    /// For when the endpoint is to look at it, as the endpoint has noted.
    pub(super) alarm: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// An offer was answered.
    Opening { deadline: Instant },
    /// ICE and DTLS have connected.
    Connected,
    /// This side has ended it, which was told. What was sent before still goes out.
    Closing { deadline: Instant },
    /// The end was told. Events and datagrams wait to be polled; the latter not for ever.
    Left { deadline: Instant },
}

/// How a peer begins, and what is agreed on later.
impl Peer {
    pub(super) fn accept(shared: &Shared, offer: Offer) -> Result<(Self, String), OfferError> {
        let config = &shared.config;
        let now = shared.clock.to_std(shared.now);
        // A consent check five times in the silence that is taken for the end, and answers to them.
        let pace = (config.silence / 5).clamp(MIN_PACE, MAX_PACE);
        let mut builder = Rtc::builder()
            .clear_codecs()
            .set_ice_lite(config.ice_lite)
            .set_sctp_max_buffered_amount(config.send_limit)
            .set_sctp_max_message_size(config.message_limit.max(1));
        builder.set_max_stun_rto(pace);
        let mut rtc = Box::new(builder.build(now));
        for address in &config.candidates {
            // `Endpoint::new` has tried them all.
            if let Ok(candidate) = Candidate::host(*address, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
            }
        }
        let answer = answer(&mut rtc, offer.sdp)?;
        let peer = Self {
            rtc: Some(rtc),
            phase: Phase::Opening { deadline: shared.now + config.opening_timeout },
            heard: shared.now,
            wake: None,
            channels: Channels::default(),
            events: Queue::default(),
            datagrams: Queue::default(),
            known: Known::default(),
            name: offer.name,
            session: offer.session,
            candidates: offer.candidates,
            max_message: offer.max_message,
            alarm: None,
        };
        Ok((peer, answer))
    }

    /// Another offer of the same peer.
    pub(super) fn accept_again(
        &mut self,
        shared: &mut Shared,
        offer: Offer,
    ) -> Result<String, OfferError> {
        let name_here = self.name_here();
        let Some(rtc) = &mut self.rtc else { return Err(OfferError::NoPeer) };
        // The library would answer, and keep to the old one.
        if offer.session != self.session {
            return Err(OfferError::AnotherConnection);
        }
        // A browser names again what it named before, unless it restarts ICE.
        let mut candidates = offer.candidates;
        let restarts = self.name != offer.name;
        if !restarts {
            candidates.extend(&self.candidates);
        }
        if candidates.len() > shared.config.remote_candidates {
            return Err(OfferError::TooManyCandidates);
        }
        let answer = answer(rtc, offer.sdp);
        // The library looks at ICE first, and keeps that also of an offer that it refuses. A restart
        // shows in the name of this side.
        if self.name_here() != name_here || !restarts {
            self.name = offer.name;
            self.candidates = candidates;
        }
        self.tell_time(shared);
        answer
    }

    pub(super) fn add_candidate(
        &mut self,
        shared: &Shared,
        candidate: Candidate,
    ) -> Result<(), CandidateError> {
        let Some(rtc) = &mut self.rtc else { return Err(CandidateError::NoPeer) };
        let full = self.candidates.len() >= shared.config.remote_candidates;
        if full && !self.candidates.contains(&candidate.addr()) {
            return Err(CandidateError::TooMany);
        }
        if self.candidates.insert(candidate.addr()) {
            rtc.add_remote_candidate(candidate);
            self.tell_time(shared);
        }
        Ok(())
    }

    /// The name by which the browser's checks call this peer.
    pub(super) fn name_here(&mut self) -> Option<String> {
        let rtc = self.rtc.as_mut()?;
        Some(rtc.direct_api().local_ice_credentials().ufrag)
    }
}

/// What comes in.
impl Peer {
    /// Whether a datagram of ICE is meant for this peer.
    pub(super) fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.as_ref().is_some_and(|rtc| rtc.accepts(input))
    }

    /// A datagram, and whether it is a sign of life.
    pub(super) fn receive(&mut self, shared: &mut Shared, received: Receive<'_>, lives: bool) {
        let Some(rtc) = &mut self.rtc else { return };
        if lives {
            self.heard = shared.now;
        }
        let now = shared.clock.to_std(shared.now);
        if rtc.handle_input(Input::Receive(now, received)).is_err() {
            // Anybody can send what looks like a peer's, so it must not end one.
            shared.counters.malformed += 1;
        }
    }

    pub(super) fn handle_timeout(&mut self, shared: &mut Shared) {
        let now = shared.now;
        self.tell_time(shared);
        let silent = self.heard + shared.config.silence <= now;
        match self.phase {
            Phase::Opening { deadline } if deadline <= now => {
                self.end(shared, Reason::OpeningTimeout);
            }
            Phase::Connected if silent => self.end(shared, Reason::Timeout),
            Phase::Closing { deadline } if silent || deadline <= now => {
                self.end(shared, Reason::Local);
            }
            _ => {}
        }
    }

    fn tell_time(&mut self, shared: &Shared) {
        if let Some(rtc) = &mut self.rtc {
            // What it could complain of, it tells again when it is polled.
            let _ = rtc.handle_input(Input::Timeout(shared.clock.to_std(shared.now)));
        }
    }

    /// Ends it from this side: what was sent before still goes out.
    pub(super) fn kick(&mut self, shared: &Shared) {
        match self.phase {
            Phase::Opening { .. } => self.end(shared, Reason::Local),
            Phase::Connected => {
                self.events.push(Event::Disconnected { reason: Reason::Local });
                let deadline = shared.now + shared.config.close_timeout;
                self.phase = Phase::Closing { deadline };
            }
            Phase::Closing { .. } | Phase::Left { .. } => {}
        }
    }

    /// Tells the end, and has the connection tell the other side.
    fn end(&mut self, shared: &Shared, reason: Reason) {
        if self.is_present() {
            self.events.push(Event::Disconnected { reason });
        }
        self.phase = Phase::Left { deadline: shared.now + shared.config.close_timeout };
        self.channels = Channels::default();
        if self.rtc.as_mut().is_some_and(|rtc| rtc.close().is_err()) {
            self.rtc = None;
        }
    }
}

/// Channels and messages.
impl Peer {
    pub(super) fn open(
        &mut self,
        shared: &Shared,
        config: ChannelConfig,
    ) -> Result<ChannelId, OpenError> {
        let Some(rtc) = self.rtc.as_mut().filter(|_| is_present(self.phase)) else {
            return Err(OpenError::NoPeer);
        };
        if config.len() > shared.config.longest_label() {
            return Err(OpenError::TooLong);
        }
        if self.channels.len() >= shared.config.channels {
            return Err(OpenError::TooMany);
        }
        let inner = rtc.direct_api().create_data_channel(config.into_inner());
        let channel = self.channels.begin(inner);
        self.tell_time(shared);
        Ok(channel)
    }

    pub(super) fn close_channel(&mut self, shared: &Shared, channel: ChannelId) {
        if let Some(rtc) = &mut self.rtc {
            self.channels.close(rtc, channel);
            self.tell_time(shared);
        }
    }

    pub(super) fn send(
        &mut self,
        shared: &mut Shared,
        channel: ChannelId,
        message: &Message<'_>,
        delivery: Delivery,
    ) -> Result<Sent, Refusal> {
        let Some(rtc) = self.rtc.as_mut().filter(|_| is_present(self.phase)) else {
            return Err(Refusal::NoPeer);
        };
        let limit = self.max_message.min(shared.config.send_limit);
        let sent = self.channels.send(rtc, &shared.config, limit, channel, message, delivery)?;
        shared.counters.skipped += u64::from(sent == Sent::Skipped);
        Ok(sent)
    }
}

/// What goes out.
impl Peer {
    /// Takes out of the connection all that it has to say. Has to follow every change.
    pub(super) fn settle(&mut self, shared: &mut Shared) {
        self.drain(shared);
        if let (Phase::Closing { .. }, Some(rtc)) = (self.phase, &mut self.rtc)
            && self.channels.buffered(rtc) == 0
        {
            self.end(shared, Reason::Local);
            self.drain(shared);
        }
        if let Some(rtc) = self.rtc.as_mut().filter(|_| self.phase == Phase::Connected) {
            self.channels.tell_room(rtc, &shared.config, &mut self.events);
        }
        if let Phase::Left { deadline } = self.phase
            && deadline <= shared.now
        {
            shared.counters.unsent += self.datagrams.clear() as u64;
        }
    }

    fn drain(&mut self, shared: &mut Shared) {
        while let Some(rtc) = &mut self.rtc {
            match rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    if self.datagrams.cost() >= shared.config.datagram_limit {
                        shared.counters.unsent += 1;
                        continue;
                    }
                    self.datagrams.push(Transmit {
                        source: transmit.source,
                        destination: transmit.destination,
                        payload: Vec::from(transmit.contents).into(),
                    });
                }
                Ok(Output::Event(event)) => self.handle_event(shared, event),
                Ok(Output::Timeout(at)) if rtc.is_alive() && !self.is_left() => {
                    let at = shared.clock.to_core(at);
                    self.wake = at.map(|at| if at > shared.now { at } else { shared.now + SOON });
                    return;
                }
                Ok(Output::Timeout(_)) | Err(_) => {
                    self.rtc = None;
                    if !self.is_left() {
                        self.end(shared, Reason::Failed);
                    }
                }
            }
        }
    }

    fn handle_event(&mut self, shared: &Shared, event: str0m::Event) {
        if matches!(event, str0m::Event::Closed) {
            return self.end(shared, Reason::Peer);
        }
        let Some(rtc) = self.rtc.as_mut().filter(|_| is_present(self.phase)) else { return };
        let told = match event {
            str0m::Event::Connected => {
                self.phase = Phase::Connected;
                self.heard = shared.now;
                self.events.push(Event::Connected);
                Ok(None)
            }
            str0m::Event::ChannelOpen(inner, _) => self.channels.opened(rtc, &shared.config, inner),
            str0m::Event::ChannelClose(inner) => Ok(self.channels.closed(inner)),
            str0m::Event::ChannelData(data) => self.channels.message(data),
            _ => Ok(None),
        };
        match told {
            Ok(event) => event.into_iter().for_each(|event| self.events.push(event)),
            Err(violation) => self.end(shared, Reason::Violation(violation)),
        }
    }

    /// When it has to be looked at again.
    pub(super) fn poll_timeout(&self, shared: &Shared) -> Option<Instant> {
        let silent = self.heard + shared.config.silence;
        let deadline = match self.phase {
            Phase::Opening { deadline } => deadline,
            Phase::Connected => silent,
            Phase::Closing { deadline } => deadline.min(silent),
            Phase::Left { deadline } => return (!self.datagrams.is_empty()).then_some(deadline),
        };
        Some(self.wake.map_or(deadline, |wake| wake.min(deadline)))
    }

    pub(super) fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. })
    }

    /// Its end has not been told.
    pub(super) fn is_present(&self) -> bool {
        is_present(self.phase)
    }

    /// Its connection is over.
    pub(super) fn is_left(&self) -> bool {
        matches!(self.phase, Phase::Left { .. })
    }

    /// Nothing of it waits any more.
    pub(super) fn is_gone(&self) -> bool {
        self.is_left() && self.events.is_empty() && self.datagrams.is_empty()
    }
}

fn is_present(phase: Phase) -> bool {
    matches!(phase, Phase::Opening { .. } | Phase::Connected)
}

fn answer(rtc: &mut Rtc, offer: SdpOffer) -> Result<String, OfferError> {
    let answer = rtc.sdp_api().accept_offer(offer);
    Ok(answer.map_err(|error| OfferError::Refused(error.to_string()))?.to_sdp_string())
}
