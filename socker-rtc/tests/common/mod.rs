//! An endpoint, browsers and a network in memory, with virtual time.

// Each test uses its part, and what it uses may panic as a test may.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

pub mod browser;
pub mod link;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{self, Duration},
};

use socker_rtc::{ChannelId, Config, Delivery, Endpoint, Event, Instant, Message, PeerId, Reason};

use self::{
    browser::Browser,
    link::{Datagram, Link, Weather},
};

pub struct World {
    pub now: Instant,
    pub base: time::Instant,
    pub endpoint: Endpoint,
    pub browsers: Vec<Browser>,
    pub link: Link,
    /// What the endpoint has told, as long as the test takes it out.
    pub events: Vec<(PeerId, Event)>,
    /// Whether every message is sent back as it came.
    pub echo: bool,
    /// Whether events are polled at all.
    pub polls: bool,
}

pub fn server() -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9_000).into()
}

pub fn host(number: usize) -> SocketAddr {
    let [.., a, b] = (number as u32).to_be_bytes();
    (IpAddr::V4(Ipv4Addr::new(198, 51, a, b)), 5_000).into()
}

pub fn config() -> Config {
    Config::default().candidate(server())
}

impl World {
    pub fn new(config: Config, seed: u64, weather: Weather) -> Self {
        // Any moment would do.
        #[expect(clippy::disallowed_methods)]
        let base = time::Instant::now();
        let endpoint = Endpoint::new(base, config).unwrap();
        let (link, browsers, events) = (Link::new(seed, weather), Vec::new(), Vec::new());
        let now = Instant::START;
        Self { now, base, endpoint, browsers, link, events, echo: false, polls: true }
    }

    pub fn std_now(&self) -> time::Instant {
        self.base + self.now.since(Instant::START)
    }

    /// A browser that has not offered yet; its index.
    pub fn browser(&mut self) -> usize {
        let browser = Browser::new(self.std_now(), host(self.browsers.len() + 1));
        self.browsers.push(browser);
        self.browsers.len() - 1
    }

    /// A browser whose offer has been answered, and the channel of the offer.
    pub fn join(
        &mut self,
        channel: str0m::channel::ChannelConfig,
    ) -> (usize, PeerId, str0m::channel::ChannelId) {
        let index = self.browser();
        let (offer, channel) = self.browsers[index].offer(channel);
        let (peer, answer) = self.endpoint.accept(self.now, &offer).unwrap();
        self.browsers[index].answered(&answer);
        (index, peer, channel)
    }

    /// A browser with an open channel of that label.
    pub fn joined(
        &mut self,
        channel: str0m::channel::ChannelConfig,
    ) -> (usize, PeerId, str0m::channel::ChannelId, ChannelId) {
        let label = channel.label.clone();
        let (browser, peer, channel) = self.join(channel);
        let id = self.opened(peer, &label);
        self.until(|world| world.browsers[browser].is_open(channel));
        (browser, peer, channel, id)
    }

    /// Sends what there is to send, and tells the events.
    pub fn flush(&mut self) {
        for browser in &mut self.browsers {
            for datagram in browser.drain() {
                self.link.send(self.now, datagram);
            }
        }
        while self.polls {
            let Some((peer, event)) = self.endpoint.poll_event() else { break };
            if let (true, Event::Message { channel, message }) = (self.echo, &event) {
                let message = message.clone();
                self.endpoint.send(peer, *channel, message, Delivery::Reliable).unwrap();
            }
            self.events.push((peer, event));
        }
        while let Some(sent) = self.endpoint.poll_transmit() {
            let (from, to) = (sent.source, sent.destination);
            self.link.send(self.now, Datagram { from, to, payload: sent.payload.to_vec() });
        }
    }

    /// Goes to the next moment in which something happens, `end` at the latest.
    pub fn step(&mut self, end: Instant) {
        self.flush();
        let browsers = self.browsers.iter().filter_map(|browser| browser.timeout);
        let browsers = browsers.map(|at| Instant::at(at.saturating_duration_since(self.base)));
        let next = browsers.chain(self.endpoint.poll_timeout()).chain(self.link.next()).min();
        // Even a timer that is always due lets time pass.
        let soon = self.now + Duration::from_micros(100);
        self.now = next.unwrap_or(end).max(soon).min(end);
        let now = self.std_now();
        while let Some(datagram) = self.link.arrived(self.now) {
            if datagram.to == server() {
                self.endpoint.receive(self.now, datagram.from, datagram.to, &datagram.payload);
                continue;
            }
            let mut there = self.browsers.iter_mut().filter(|there| there.address == datagram.to);
            if let Some(browser) = there.next_back() {
                browser.receive(now, &datagram);
            }
        }
        for browser in &mut self.browsers {
            if browser.timeout.is_some_and(|at| at <= now) {
                browser.tick(now);
            }
        }
        self.endpoint.handle_timeout(self.now);
        self.flush();
    }

    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.step(end);
        }
    }

    /// Runs until it is so. Panics if that takes a minute.
    pub fn until(&mut self, is: impl FnMut(&mut Self) -> bool) {
        self.until_within(Duration::from_secs(60), is);
    }

    /// The same, for so long.
    pub fn until_within(&mut self, most: Duration, mut is: impl FnMut(&mut Self) -> bool) {
        let end = self.now + most;
        self.flush();
        while !is(self) {
            assert!(self.now < end, "it never was, after {} events", self.events.len());
            self.step(end);
        }
    }

    /// The first event of a peer's that is such.
    pub fn find<T>(&self, peer: PeerId, such: impl Fn(&Event) -> Option<T>) -> Option<T> {
        self.events.iter().filter(|(who, _)| *who == peer).find_map(|(_, event)| such(event))
    }

    /// Runs until the peer has a channel of that label.
    pub fn opened(&mut self, peer: PeerId, label: &str) -> ChannelId {
        let opened = |world: &Self| {
            world.find(peer, |event| match event {
                Event::Opened { channel, config } if config.label == label => Some(*channel),
                _ => None,
            })
        };
        self.until(|world| opened(world).is_some());
        opened(self).unwrap()
    }

    pub fn reason(&self, peer: PeerId) -> Option<Reason> {
        self.find(peer, |event| match event {
            Event::Disconnected { reason } => Some(*reason),
            _ => None,
        })
    }

    /// Runs until the peer has gone, and says why.
    pub fn gone(&mut self, peer: PeerId) -> Reason {
        self.until(|world| world.reason(peer).is_some());
        self.reason(peer).unwrap()
    }

    pub fn messages(&self, peer: PeerId) -> Vec<&Message<'static>> {
        let of = self.events.iter().filter(|(who, _)| *who == peer);
        of.filter_map(|(_, event)| match event {
            Event::Message { message, .. } => Some(message),
            _ => None,
        })
        .collect()
    }
}
