//! A stand-in for a browser: the side that offers.

use std::{net::SocketAddr, time};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    net::{Protocol, Receive},
};

use super::link::Datagram;

pub struct Browser {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub events: Vec<Event>,
    pub timeout: Option<time::Instant>,
    pending: Option<SdpPendingOffer>,
}

impl Browser {
    /// One with its part of the SCTP handshake in its offer: it reads no clock.
    pub fn new(now: time::Instant, address: SocketAddr) -> Self {
        let config = Rtc::builder().clear_codecs().set_snap_enabled(true);
        Self::with(config.set_sctp_max_buffered_amount(1 << 20), now, address)
    }

    pub fn with(config: RtcConfig, now: time::Instant, address: SocketAddr) -> Self {
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        Self { rtc, address, events: Vec::new(), timeout: Some(now), pending: None }
    }

    pub fn offer(&mut self, channel: ChannelConfig) -> (String, ChannelId) {
        let mut changes = self.rtc.sdp_api();
        let id = changes.add_channel_with_config(channel);
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        (offer.to_sdp_string(), id)
    }

    /// Offers the same again, with other ICE credentials: it has changed its network.
    pub fn offer_again(&mut self) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn answered(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    /// The same, if the answer is one to its last offer.
    pub fn try_answered(&mut self, answer: &str) -> bool {
        let (Some(pending), Ok(answer)) = (self.pending.take(), SdpAnswer::from_sdp_string(answer))
        else {
            return false;
        };
        self.rtc.sdp_api().accept_answer(pending, answer).is_ok()
    }

    pub fn open(&mut self, channel: ChannelConfig) -> ChannelId {
        self.rtc.direct_api().create_data_channel(channel)
    }

    pub fn close_channel(&mut self, channel: ChannelId) {
        self.rtc.direct_api().close_data_channel(channel);
    }

    /// Whether it fits what the browser buffers.
    pub fn send(&mut self, channel: ChannelId, binary: bool, payload: &[u8]) -> bool {
        self.rtc.channel(channel).is_some_and(|mut it| it.write(binary, payload).unwrap_or(false))
    }

    pub fn is_open(&mut self, channel: ChannelId) -> bool {
        self.rtc.channel(channel).is_some()
    }

    pub fn tick(&mut self, now: time::Instant) {
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    pub fn receive(&mut self, now: time::Instant, datagram: &Datagram) {
        let Datagram { from, to, payload } = datagram;
        let Ok(received) = Receive::new(Protocol::Udp, *from, *to, payload) else { return };
        let input = Input::Receive(now, received);
        if self.rtc.accepts(&input) {
            let _ = self.rtc.handle_input(input);
        }
    }

    /// All that it has to send now.
    pub fn drain(&mut self) -> Vec<Datagram> {
        let mut out = Vec::new();
        while self.rtc.is_alive() {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(sent)) => out.push(Datagram {
                    from: self.address,
                    to: sent.destination,
                    payload: sent.contents.to_vec(),
                }),
                Ok(Output::Event(event)) => self.events.push(event),
                Ok(Output::Timeout(at)) => {
                    self.timeout = Some(at);
                    return out;
                }
                // What an endpoint that has ended leaves unsaid.
                Err(_) => self.rtc.disconnect(),
            }
        }
        self.timeout = None;
        out
    }

    /// Payloads that have come on a channel, and forgets them.
    pub fn take_messages(&mut self, channel: ChannelId) -> Vec<(bool, Vec<u8>)> {
        let mut taken = Vec::new();
        self.events.retain_mut(|event| match event {
            Event::ChannelData(data) if data.id == channel => {
                taken.push((data.binary, std::mem::take(&mut data.data)));
                false
            }
            _ => true,
        });
        taken
    }
}

pub fn reliable(label: &str) -> ChannelConfig {
    ChannelConfig { label: label.into(), ..Default::default() }
}

/// Neither sent again nor held back.
pub fn unreliable(label: &str) -> ChannelConfig {
    let reliability = Reliability::MaxRetransmits { retransmits: 0 };
    ChannelConfig { label: label.into(), ordered: false, reliability, ..Default::default() }
}
