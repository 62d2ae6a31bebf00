//! A network between an endpoint and its browsers, with virtual time.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use socker_rtc::Instant;

/// What a link does to datagrams, each way.
#[derive(Clone, Copy)]
pub struct Weather {
    /// Of a thousand, how many are lost.
    pub loss: u64,
    /// Of a thousand, of how many a bit is flipped.
    pub damage: u64,
    pub delay: Duration,
    /// Up to so much more, which reorders.
    pub jitter: Duration,
    /// Bytes a second in each direction of each browser, behind a queue of 64 KiB; zero is any number.
    pub rate: u64,
}

impl Weather {
    pub const CLEAR: Self = Self {
        loss: 0,
        damage: 0,
        delay: Duration::from_millis(10),
        jitter: Duration::ZERO,
        rate: 0,
    };
    pub const STORM: Self = Self {
        loss: 100,
        damage: 0,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(20),
        rate: 0,
    };
}

pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub payload: Vec<u8>,
}

/// Datagrams on their way, in the order in which they arrive.
pub struct Link {
    pub weather: Weather,
    random: Random,
    on_the_way: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
    /// Until when a sender's bytes keep the wire to a receiver busy.
    busy: BTreeMap<(SocketAddr, SocketAddr), Instant>,
    /// Nothing from or to them gets through.
    pub cut: Vec<SocketAddr>,
}

impl Link {
    pub fn new(seed: u64, weather: Weather) -> Self {
        let (random, busy) = (Random(seed | 1), BTreeMap::new());
        Self { weather, random, on_the_way: BTreeMap::new(), sent: 0, busy, cut: Vec::new() }
    }

    pub fn send(&mut self, now: Instant, mut datagram: Datagram) {
        self.sent += 1;
        let cut = self.cut.iter().any(|cut| [datagram.from, datagram.to].contains(cut));
        if cut || self.random.below(1_000) < self.weather.loss {
            return;
        }
        if self.random.below(1_000) < self.weather.damage {
            let bit = self.random.below(datagram.payload.len() as u64 * 8) as usize;
            datagram.payload[bit / 8] ^= 1 << (bit % 8);
        }
        let Some(leaves) = self.wire(now, &datagram) else { return };
        let jitter = self.random.below(self.weather.jitter.as_micros() as u64 + 1);
        let at = leaves + self.weather.delay + Duration::from_micros(jitter);
        self.on_the_way.insert((at, self.sent), datagram);
    }

    /// When its last byte is on the wire; `None` if the queue before it is full.
    fn wire(&mut self, now: Instant, datagram: &Datagram) -> Option<Instant> {
        if self.weather.rate == 0 {
            return Some(now);
        }
        let busy = self.busy.entry((datagram.from, datagram.to)).or_insert(now);
        let starts = (*busy).max(now);
        let waits = starts.since(now).as_micros() as u64 * self.weather.rate / 1_000_000;
        if waits > 64 << 10 {
            return None;
        }
        let micros = datagram.payload.len() as u64 * 1_000_000 / self.weather.rate;
        *busy = starts + Duration::from_micros(micros);
        Some(*busy)
    }

    pub fn next(&self) -> Option<Instant> {
        self.on_the_way.keys().next().map(|key| key.0)
    }

    pub fn arrived(&mut self, now: Instant) -> Option<Datagram> {
        let first = self.on_the_way.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}

/// The same numbers from the same seed (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}
