//! The same traffic in memory, without sockets and in virtual time: what str0m costs by itself, and what
//! an endpoint of `socker-rtc` does.

mod bare;
mod endpoint;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use str0m::channel::ChannelId;

pub use bare::Bare;
pub use endpoint::Whole;

use crate::browser::{Browser, unreliable};
use crate::link::Datagram;
use crate::message::{SIZE, encode};
use crate::servers::Failure;

/// The server's side of it. What it has to send stays in it until it is taken.
pub trait Server {
    type Sent;

    fn accept(&mut self, now: Instant, offer: &str) -> Result<String, Failure>;
    /// A datagram of the player who joined at this place.
    fn receive(&mut self, now: Instant, place: usize, datagram: &Datagram);
    fn handle_timeout(&mut self, now: Instant);
    /// Says a message to all whose channel is open.
    fn say(&mut self, message: &[u8]) -> Result<(), Failure>;
    /// Adds what there is to send.
    fn poll(&mut self, out: &mut Vec<Self::Sent>);
    fn datagram(sent: Self::Sent) -> Datagram;
    /// Messages that have come.
    fn heard(&self) -> u64;
}

/// A server with its players, between which nothing takes time.
pub struct World<S: Server> {
    server: S,
    players: Vec<(Browser, ChannelId)>,
    now: Instant,
    tick: Duration,
    /// From players to the server, by place.
    up: Vec<(usize, Datagram)>,
}

impl<S: Server> World<S> {
    pub fn open(server: S, base: Instant, count: usize, rate: u32) -> Result<Self, Failure> {
        let tick = Duration::from_secs(1) / rate;
        let mut world = Self { server, players: Vec::new(), now: base, tick, up: Vec::new() };
        for place in 0..count {
            let mut browser = Browser::new(world.now, player_address(place));
            let (offer, channel) = browser.offer(unreliable("moves"));
            browser.answered(&world.server.accept(world.now, &offer)?);
            world.players.push((browser, channel));
            // Some join in each tick.
            if place % 50 == 49 {
                world.settle()?;
            }
        }
        world.settle()?;
        Ok(world)
    }

    /// Until all channels are open.
    fn settle(&mut self) -> Result<(), Failure> {
        for _ in 0..1_000 {
            if self.players.iter_mut().all(|(browser, channel)| browser.is_open(*channel)) {
                return Ok(());
            }
            self.pass()?;
        }
        Err("channels do not open".into())
    }

    /// Each side says a message to each other, so many times; the server's CPU time, of a thread.
    pub fn run(&mut self, times: u32) -> Result<Duration, Failure> {
        let mut time = Duration::ZERO;
        // What was said while others joined.
        self.players.iter_mut().for_each(|(browser, _)| browser.events.clear());
        let expected = self.server.heard() + self.players.len() as u64 * u64::from(times);
        for _ in 0..times {
            for (browser, channel) in &mut self.players {
                if !browser.send(*channel, true, &encode::<SIZE>(0)) {
                    return Err("a browser is full".into());
                }
            }
            self.drain();
            time += self.pass()?;
        }
        if self.server.heard() != expected {
            return Err("not all was heard".into());
        }
        let said = self.players.len() * times as usize;
        let heard: usize =
            self.players.iter_mut().map(|(browser, id)| browser.take_messages(*id).len()).sum();
        if heard == said { Ok(time) } else { Err(format!("{heard} of {said} were heard").into()) }
    }

    /// A tick: what players have sent comes in the course of it, then the server speaks.
    fn pass(&mut self) -> Result<Duration, Failure> {
        self.drain();
        let up = std::mem::take(&mut self.up);
        let apart = self.tick / (up.len() as u32 + 1);
        let mut out = Vec::with_capacity(2 * up.len());
        let begin = thread_time();
        for (place, datagram) in &up {
            self.now += apart;
            self.server.receive(self.now, *place, datagram);
            self.server.handle_timeout(self.now);
            self.server.poll(&mut out);
        }
        self.server.say(&encode::<SIZE>(0))?;
        self.server.poll(&mut out);
        let time = thread_time() - begin;
        self.now += apart;
        self.deliver(out);
        Ok(time)
    }

    fn deliver(&mut self, out: Vec<S::Sent>) {
        for datagram in out.into_iter().map(S::datagram) {
            let place = place_of(datagram.to);
            if let Some((browser, _)) = self.players.get_mut(place) {
                browser.receive(self.now, &datagram);
                self.up.extend(browser.drain().into_iter().map(|datagram| (place, datagram)));
            }
        }
    }

    fn drain(&mut self) {
        for (place, (browser, _)) in self.players.iter_mut().enumerate() {
            if browser.timeout.is_some_and(|at| at <= self.now) {
                browser.tick(self.now);
            }
            self.up.extend(browser.drain().into_iter().map(|datagram| (place, datagram)));
        }
    }
}

pub fn server_address() -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9_000).into()
}

fn player_address(place: usize) -> SocketAddr {
    let [.., a, b] = place.to_be_bytes();
    (IpAddr::V4(Ipv4Addr::new(198, 51, a, b)), 5_000).into()
}

fn place_of(address: SocketAddr) -> usize {
    match address.ip() {
        IpAddr::V4(ip) => usize::from(u16::from_be_bytes([ip.octets()[2], ip.octets()[3]])),
        IpAddr::V6(_) => usize::MAX,
    }
}

/// The CPU time of this thread, which stands still while others have the CPU.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
