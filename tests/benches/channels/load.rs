//! All players of a server: one thread.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use socker_core::directory::codec::{Message, Sender};

use crate::peers::Peers;
use crate::player::Player;
use crate::rounds::Entrant;
use crate::servers::{Failure, Standing};

/// More than a datagram has.
const READ: usize = 2_048;

/// Who joins at once: less than a server lets wait.
const JOINING: usize = 50;

/// Nothing on loopback takes this long.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often players are asked whether they want the time.
const LOOK: Duration = Duration::from_millis(1);

/// When players say what they say in each tick.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// One after the other, over all of it, as players do who know nothing of each other.
    Spread,
    /// All at once.
    Together,
}

impl Arrival {
    pub fn name(self) -> &'static str {
        match self {
            Self::Spread => "one after the other",
            Self::Together => "at once",
        }
    }
}

pub struct Load {
    poll: Poll,
    events: Events,
    players: Vec<Player>,
    buffer: Vec<u8>,
    looked: Instant,
}

/// What all players have counted, and how well they kept to their times.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    /// Messages that were to be said.
    pub due: u64,
    pub sent: u64,
    /// By the server, as it said.
    pub heard: u64,
    pub answers: u64,
    /// Said a tick or more after their time.
    pub late: u64,
    /// Runs that did not count, as something has disturbed them.
    pub again: u64,
    /// Of the time, when there was something to do.
    pub busy: Duration,
    pub time: Duration,
    pub datagrams_sent: u64,
    pub datagrams_received: u64,
    pub bytes: u64,
}

impl Load {
    /// Players with open channels.
    pub fn open(entrant: &Entrant, count: usize) -> Result<Self, Failure> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(count));
        let (players, buffer, looked) = (Vec::new(), vec![0; READ], Instant::now());
        let mut load = Self { poll, events, players, buffer, looked };
        if entrant.contender.standing == Standing::Floor {
            for _ in 0..count {
                load.add(Player::socket(entrant.server.address())?)?;
            }
            return Ok(load);
        }
        let mut clients = Peers::open(entrant.server.address(), "/directory/clients", count)?;
        let server = listed(&mut clients)?;
        for first in (0..count).step_by(JOINING) {
            load.join(&mut clients, server, first..(first + JOINING).min(count))?;
        }
        Ok(load)
    }

    fn add(&mut self, mut player: Player) -> Result<(), Failure> {
        let token = Token(self.players.len());
        self.poll.registry().register(&mut player.socket, token, Interest::READABLE)?;
        self.players.push(player);
        Ok(())
    }

    /// These clients of the directory make an offer to the server, each for a player.
    fn join(
        &mut self,
        clients: &mut Peers,
        server: u32,
        places: std::ops::Range<usize>,
    ) -> Result<(), Failure> {
        for place in places.clone() {
            let (player, offer) = Player::browser()?;
            clients.say(place, [Message::Offer { id: server, sdp: offer.into() }])?;
            self.add(player)?;
        }
        let mut missing = places.len();
        clients.take(|place, bytes| {
            match Message::decode(Sender::DirectoryToClient, bytes)? {
                Message::Answer { sdp, .. } => {
                    self.players[place].answered(&sdp)?;
                    missing -= 1;
                }
                Message::Reject { .. } => return Err("the server has refused an offer".into()),
                // The list.
                _ => {}
            }
            Ok(missing == 0)
        })?;
        let deadline = Instant::now() + TIMEOUT;
        while !self.players.iter_mut().all(Player::is_open) {
            if Instant::now() > deadline {
                return Err("channels do not open".into());
            }
            self.turn()?;
        }
        Ok(())
    }

    /// Has each player say a message so many times, at that rate a second. It never sleeps.
    pub fn run(&mut self, rate: u32, times: u32, arrival: Arrival) -> Result<Tally, Failure> {
        let begin = Instant::now();
        let before = self.tally();
        let tick = Duration::from_secs(1) / rate;
        let apart = match arrival {
            Arrival::Spread => tick / self.players.len() as u32,
            Arrival::Together => Duration::ZERO,
        };
        let (mut busy, mut late, mut time, mut place) = (Duration::ZERO, 0, 0, 0);
        while time < times {
            let now = Instant::now();
            let due = begin + tick * time + apart * place as u32;
            let mut worked = self.turn()?;
            if due <= now {
                worked = true;
                late += u64::from(now >= due + tick);
                self.players[place].say(rate)?;
                place = (place + 1) % self.players.len();
                time += u32::from(place == 0);
            }
            if worked {
                busy += now.elapsed();
            }
        }
        let due = self.players.len() as u64 * u64::from(times);
        let time = begin.elapsed();
        Ok(Tally { due, late, busy, time, ..self.tally().since(before) })
    }

    /// Handles what has come, and says whether there was anything.
    fn turn(&mut self) -> Result<bool, Failure> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
            polled => polled?,
        }
        for event in &self.events {
            let Token(place) = event.token();
            self.players[place].read(&mut self.buffer)?;
        }
        let now = Instant::now();
        if now >= self.looked + LOOK {
            self.looked = now;
            self.players.iter_mut().try_for_each(|player| player.tick(now))?;
        }
        Ok(!self.events.is_empty())
    }

    pub fn close(mut self) -> Result<(), Failure> {
        self.players.iter_mut().try_for_each(Player::leave)
    }

    fn tally(&self) -> Tally {
        self.players.iter().fold(Tally::default(), |all, player| {
            let of = player.tally;
            Tally {
                sent: all.sent + u64::from(of.sent),
                heard: all.heard + u64::from(of.heard),
                answers: all.answers + u64::from(of.answers),
                datagrams_sent: all.datagrams_sent + u64::from(of.datagrams.sent),
                datagrams_received: all.datagrams_received + u64::from(of.datagrams.received),
                bytes: all.bytes + of.datagrams.bytes,
                ..all
            }
        })
    }
}

impl Tally {
    /// Whether the load kept up.
    pub fn is_in_time(&self) -> bool {
        self.sent * 100 >= self.due * 99 && self.late * 100 <= self.due
    }

    /// Whether nothing has disturbed it.
    pub fn is_sound(&self) -> bool {
        self.is_in_time() && self.is_heard()
    }

    /// Whether the server kept up. What was said last may be on the way yet.
    pub fn is_heard(&self) -> bool {
        self.heard.min(self.answers) * 100 >= self.due * 98
    }

    /// Another run.
    pub fn add(&mut self, other: Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.heard += other.heard;
        self.answers += other.answers;
        self.late += other.late;
        self.again += other.again;
        self.busy += other.busy;
        self.time += other.time;
        self.datagrams_sent += other.datagrams_sent;
        self.datagrams_received += other.datagrams_received;
        self.bytes += other.bytes;
    }

    fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            heard: self.heard - before.heard,
            answers: self.answers - before.answers,
            datagrams_sent: self.datagrams_sent - before.datagrams_sent,
            datagrams_received: self.datagrams_received - before.datagrams_received,
            bytes: self.bytes - before.bytes,
            ..self
        }
    }
}

/// The id of the server, once it is there.
fn listed(clients: &mut Peers) -> Result<u32, Failure> {
    let mut id = None;
    clients.take(|_, bytes| {
        if let Message::ServersAdded(servers) = Message::decode(Sender::DirectoryToClient, bytes)? {
            id = id.or(servers.first().map(|server| server.id));
        }
        Ok(id.is_some())
    })?;
    id.ok_or_else(|| "no server".into())
}
