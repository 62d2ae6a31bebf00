//! The same by an endpoint of `socker-rtc`.

use std::collections::BTreeMap;
use std::time::Instant;

use socker_rtc::{
    ChannelId, Config, Delivery, Endpoint, Event, Instant as Moment, Message, PeerId, Transmit,
};

use super::{Server, server_address};
use crate::link::Datagram;
use crate::servers::Failure;

pub struct Whole {
    endpoint: Endpoint,
    base: Instant,
    channels: BTreeMap<PeerId, ChannelId>,
    heard: u64,
}

impl Whole {
    pub fn new(base: Instant) -> Result<Self, Failure> {
        let endpoint = Endpoint::new(base, Config::default().candidate(server_address()))?;
        Ok(Self { endpoint, base, channels: BTreeMap::new(), heard: 0 })
    }

    fn moment(&self, now: Instant) -> Moment {
        Moment::at(now.saturating_duration_since(self.base))
    }
}

impl Server for Whole {
    type Sent = Transmit;

    fn accept(&mut self, now: Instant, offer: &str) -> Result<String, Failure> {
        Ok(self.endpoint.accept(self.moment(now), offer)?.1)
    }

    fn receive(&mut self, now: Instant, _: usize, datagram: &Datagram) {
        let Datagram { from, to, payload } = datagram;
        self.endpoint.receive(self.moment(now), *from, *to, payload);
        while let Some((peer, event)) = self.endpoint.poll_event() {
            match event {
                Event::Opened { channel, .. } => _ = self.channels.insert(peer, channel),
                Event::Message { .. } => self.heard += 1,
                _ => {}
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(self.moment(now));
    }

    fn say(&mut self, message: &[u8]) -> Result<(), Failure> {
        for (&peer, &channel) in &self.channels {
            let message = Message::binary(message);
            let sent = self.endpoint.send(peer, channel, message, Delivery::Droppable);
            sent.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn poll(&mut self, out: &mut Vec<Transmit>) {
        out.extend(std::iter::from_fn(|| self.endpoint.poll_transmit()));
    }

    fn datagram(sent: Transmit) -> Datagram {
        Datagram { from: sent.source, to: sent.destination, payload: sent.payload.into() }
    }

    fn heard(&self) -> u64 {
        self.heard
    }
}
