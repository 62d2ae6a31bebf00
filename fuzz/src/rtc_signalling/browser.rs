use std::{net::SocketAddr, time};

use arbitrary::{Arbitrary, Result, Unstructured};
use socker_rtc::Transmit;
use str0m::{
    Candidate, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId},
    net::{Protocol, Receive},
};

use super::watched;

/// The number of its address among the sources of datagrams.
pub(super) const HOST: u8 = 7;

/// The side that offers, as a browser does it.
pub(super) struct Browser {
    rtc: Rtc,
    now: time::Instant,
    channel: Option<ChannelId>,
    pending: Option<SdpPendingOffer>,
}

impl Browser {
    pub(super) fn new(now: time::Instant) -> Self {
        // With its part of the SCTP handshake in the offer, it reads no clock.
        let mut rtc = Rtc::builder().clear_codecs().set_snap_enabled(true).build(now);
        rtc.add_local_candidate(Candidate::host(address(), Protocol::Udp).unwrap());
        Self { rtc, now, channel: None, pending: None }
    }

    pub(super) fn offer(&mut self) -> Option<String> {
        let mut changes = self.rtc.sdp_api();
        self.channel = Some(changes.add_channel("chat".into()));
        let (offer, pending) = changes.apply()?;
        self.pending = Some(pending);
        Some(offer.to_sdp_string())
    }

    /// With other ICE credentials: it has changed its network.
    pub(super) fn offer_again(&mut self) -> Option<String> {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply()?;
        self.pending = Some(pending);
        Some(offer.to_sdp_string())
    }

    /// The answer may be another peer's.
    pub(super) fn answered(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        if let Some(pending) = self.pending.take() {
            let _ = self.rtc.sdp_api().accept_answer(pending, answer);
        }
    }

    pub(super) fn open(&mut self, label: &str) {
        let config = ChannelConfig { label: label.into(), ..Default::default() };
        self.rtc.direct_api().create_data_channel(config);
    }

    pub(super) fn close_channel(&mut self) {
        if let Some(channel) = self.channel {
            self.rtc.direct_api().close_data_channel(channel);
        }
    }

    pub(super) fn send(&mut self, binary: bool, message: &[u8]) {
        if let Some(mut channel) = self.channel.and_then(|channel| self.rtc.channel(channel)) {
            // A text may be none, and the endpoint has to find that out.
            let _ = channel.write(binary, message);
        }
    }

    pub(super) fn close(&mut self) {
        let _ = self.rtc.close();
    }

    pub(super) fn tick(&mut self, now: time::Instant) {
        self.now = now;
        let _ = self.rtc.handle_input(Input::Timeout(now));
    }

    pub(super) fn receive(&mut self, sent: &Transmit) {
        let received = Receive::new(Protocol::Udp, sent.source, address(), &sent.payload);
        let Ok(received) = received else { return };
        let input = Input::Receive(self.now, received);
        if sent.destination == address() && self.rtc.accepts(&input) {
            let _ = self.rtc.handle_input(input);
        }
    }

    /// All that it sends now.
    pub(super) fn sent(&mut self) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        while self.rtc.is_alive() {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => sent.push(transmit.contents.to_vec()),
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(_)) => break,
                Err(_) => self.rtc.disconnect(),
            }
        }
        sent
    }
}

fn address() -> SocketAddr {
    watched::source(HOST)
}

/// What becomes of a datagram on its way.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Lost,
    Twice,
    Damaged(u16, u8),
    Cut(u16),
}

impl Fate {
    pub(super) fn of(data: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u8::arbitrary(data)? % 8 {
            0 => Self::Lost,
            1 => Self::Twice,
            2 => Self::Cut(u16::arbitrary(data)?),
            _ => Self::Damaged(u16::arbitrary(data)?, u8::arbitrary(data)?),
        })
    }

    pub(super) fn apply(self, mut datagram: Vec<u8>) -> Vec<Vec<u8>> {
        let length = datagram.len().max(1);
        let within = |place: u16| usize::from(place) % length;
        match self {
            Self::Lost => Vec::new(),
            Self::Twice => vec![datagram.clone(), datagram],
            Self::Damaged(place, bits) => {
                datagram.iter_mut().skip(within(place)).take(1).for_each(|byte| *byte ^= bits);
                vec![datagram]
            }
            Self::Cut(place) => {
                datagram.truncate(within(place));
                vec![datagram]
            }
        }
    }
}
