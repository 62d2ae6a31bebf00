//! str0m by itself: as many connections as there are players, each looked at when it has to be.

use std::time::Instant;

use str0m::change::SdpOffer;
use str0m::channel::ChannelId;
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::{Server, server_address};
use crate::link::Datagram;
use crate::servers::Failure;

#[derive(Default)]
pub struct Bare {
    players: Vec<Player>,
    /// When the first of them may have to be looked at.
    next: Option<Instant>,
    out: Vec<Transmit>,
    heard: u64,
}

struct Player {
    rtc: Rtc,
    channel: Option<ChannelId>,
    timeout: Instant,
}

impl Server for Bare {
    type Sent = Transmit;

    fn accept(&mut self, now: Instant, offer: &str) -> Result<String, Failure> {
        let mut rtc = Rtc::builder().clear_codecs().build(now);
        rtc.add_local_candidate(Candidate::host(server_address(), Protocol::Udp)?);
        let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer)?)?;
        self.players.push(Player { rtc, channel: None, timeout: now });
        Ok(answer.to_sdp_string())
    }

    fn receive(&mut self, now: Instant, place: usize, datagram: &Datagram) {
        let Datagram { from, to, payload } = datagram;
        let Ok(received) = Receive::new(Protocol::Udp, *from, *to, payload) else { return };
        // A browser that is wrong shows in what is not heard.
        let _ = self.players[place].rtc.handle_input(Input::Receive(now, received));
        self.drain(place);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_some_and(|next| now < next) {
            return;
        }
        self.next = None;
        for place in 0..self.players.len() {
            if self.players[place].timeout <= now {
                let _ = self.players[place].rtc.handle_input(Input::Timeout(now));
                self.drain(place);
            } else {
                self.notice(self.players[place].timeout);
            }
        }
    }

    fn say(&mut self, message: &[u8]) -> Result<(), Failure> {
        for place in 0..self.players.len() {
            let player = &mut self.players[place];
            if let Some(mut channel) = player.channel.and_then(|id| player.rtc.channel(id)) {
                channel.write(true, message)?;
                self.drain(place);
            }
        }
        Ok(())
    }

    fn poll(&mut self, out: &mut Vec<Transmit>) {
        out.append(&mut self.out);
    }

    fn datagram(sent: Transmit) -> Datagram {
        Datagram { from: sent.source, to: sent.destination, payload: sent.contents.into() }
    }

    fn heard(&self) -> u64 {
        self.heard
    }
}

impl Bare {
    /// Takes out of a connection all that it has to say. Has to follow every change.
    fn drain(&mut self, place: usize) {
        let player = &mut self.players[place];
        loop {
            match player.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => self.out.push(transmit),
                Ok(Output::Event(Event::ChannelOpen(id, _))) => player.channel = Some(id),
                Ok(Output::Event(Event::ChannelData(_))) => self.heard += 1,
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(at)) => {
                    player.timeout = at;
                    return self.notice(at);
                }
                Err(_) => return,
            }
        }
    }

    fn notice(&mut self, timeout: Instant) {
        self.next = Some(self.next.map_or(timeout, |next| next.min(timeout)));
    }
}
