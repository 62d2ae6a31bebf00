use std::{collections::VecDeque, time::Duration};

use bytes::Buf;
use socker_core::Instant;

use crate::draw::Draw;

/// How the network between one client and the host behaves, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// From writing to arriving, at least.
    pub delay: Duration,
    /// More than that, at the most. What is written first arrives first.
    pub jitter: Duration,
    /// The longest piece that arrives at once.
    pub piece: usize,
    /// Bytes that are on their way or wait for their reader, at the most: a reader that stalls makes
    /// the writer wait.
    pub buffer: usize,
}

impl Default for Net {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            piece: usize::MAX,
            buffer: 64 << 10,
        }
    }
}

impl Net {
    /// Any network: near or far, even or not, wide or narrow.
    #[must_use]
    pub fn draw(draw: &mut Draw) -> Self {
        let micros = |draw: &mut Draw, end| Duration::from_micros(draw.below(end) as u64);
        Self {
            delay: micros(draw, 80_000),
            jitter: if draw.below(2) == 0 { Duration::ZERO } else { micros(draw, 30_000) },
            piece: [7, 100, 1500, usize::MAX][draw.below(4)],
            buffer: [1000, 4 << 10, 64 << 10][draw.below(3)],
        }
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Pipe {
    net: Net,
    /// What is on its way; no bytes are the end of them.
    arrivals: VecDeque<(Instant, Vec<u8>)>,
    in_flight: usize,
    /// When the last of them arrives.
    last: Instant,
    ended: bool,
    /// Nothing arrives any more.
    lost: bool,
    /// The reader learns then that the connection broke.
    broken: Option<Instant>,
}

impl Pipe {
    pub(super) fn new(net: Net) -> Self {
        Self {
            net,
            arrivals: VecDeque::new(),
            in_flight: 0,
            last: Instant::START,
            ended: false,
            lost: false,
            broken: None,
        }
    }

    /// Takes as much as there is room for.
    pub(super) fn write(&mut self, now: Instant, draw: &mut Draw, from: &mut impl Buf) {
        while from.has_remaining() && self.in_flight < self.net.buffer {
            let room = self.net.buffer - self.in_flight;
            let longest = from.remaining().min(room).min(self.net.piece);
            let cut = self.net.piece < usize::MAX;
            let len = if cut { 1 + draw.below(longest) } else { longest };
            let bytes = from.copy_to_bytes(len).into();
            self.put(now, draw, bytes);
        }
    }

    /// Bytes that no machine has made; there is always room for them.
    pub(super) fn put(&mut self, now: Instant, draw: &mut Draw, bytes: Vec<u8>) {
        let jitter = usize::try_from(self.net.jitter.as_micros()).unwrap_or_default();
        let late = Duration::from_micros(draw.below(jitter + 1) as u64);
        self.last = self.last.max(now + self.net.delay + late);
        if self.lost {
            self.last = Instant::MAX;
        }
        self.in_flight += bytes.len();
        self.arrivals.push_back((self.last, bytes));
    }

    /// The writer has nothing more to say.
    pub(super) fn end(&mut self, now: Instant, draw: &mut Draw) {
        if !std::mem::replace(&mut self.ended, true) {
            self.put(now, draw, Vec::new());
        }
    }

    /// All that is on its way is lost, and what is written from now on.
    pub(super) fn lose(&mut self) {
        self.lost = true;
        for (at, _) in &mut self.arrivals {
            *at = Instant::MAX;
        }
    }

    /// All that is on its way is lost, and the reader learns that the connection broke.
    pub(super) fn reset(&mut self, now: Instant) {
        self.lose();
        self.broken = Some(now + self.net.delay);
    }

    /// Some of what is on its way is lost, and then comes the end.
    pub(super) fn truncate(&mut self, now: Instant, draw: &mut Draw) {
        self.arrivals.truncate(draw.below(self.arrivals.len() + 1));
        self.in_flight = self.arrivals.iter().map(|(_, bytes)| bytes.len()).sum();
        self.ended = false;
        self.end(now, draw);
    }

    /// What has arrived and is read now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next().filter(|at| *at <= now)?;
        let (_, bytes) = self.arrivals.pop_front()?;
        self.in_flight -= bytes.len();
        Some(bytes)
    }

    /// When something arrives next, or has arrived.
    pub(super) fn next(&self) -> Option<Instant> {
        self.arrivals.front().map(|(at, _)| *at).filter(|at| *at < Instant::MAX)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Whether the reader learns now that the connection broke.
    pub(super) fn take_broken(&mut self, now: Instant) -> bool {
        self.broken.take_if(|at| *at <= now).is_some()
    }

    pub(super) fn next_broken(&self) -> Option<Instant> {
        self.broken
    }
}
