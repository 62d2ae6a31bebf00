use std::{io::IoSlice, mem};

use bytes::Buf;

use super::{Fate, Intake, Pace, TOO_SLOW, timers::Timers};
use crate::{
    CloseCode,
    event::Event,
    machine::{self, Machine},
    message::Message,
    service::{Budget, Command, Delivery, Gap, PeerId, Peers},
    time::Instant,
};

/// The connections of a [`Host`](super::Host), and what is to be done with them.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) budget: Budget,
    /// Bytes that wait to be sent to all peers together.
    pooled: usize,
    peers: Peers<Connection>,
    timers: Timers,
    /// Those which the adapter has to look at.
    changed: Vec<PeerId>,
    /// Those that were behind and keep up again.
    caught_up: Vec<PeerId>,
    /// Those that were closed for not keeping up.
    pub(super) overrun: Vec<PeerId>,
    /// Those that were closed and had nothing to say, so that their end is there to be read.
    pub(super) ended: Vec<PeerId>,
}

#[derive(Debug)]
struct Connection {
    machine: Machine,
    intake: Intake,
    pace: Pace,
    /// What is counted of its outgoing bytes.
    counted: usize,
    /// When the timers have it; [`Instant::MAX`] is never.
    armed: Instant,
    /// It is among those that have changed.
    changed: bool,
}

impl Connection {
    /// Brings what is counted, and the list of changed connections, up to date. After a message that
    /// was sent, this is all.
    #[inline]
    fn note(&mut self, peer: PeerId, pooled: &mut usize, changed: &mut Vec<PeerId>) {
        let outgoing = self.machine.outgoing_len();
        *pooled = *pooled - self.counted + outgoing;
        self.counted = outgoing;
        if !self.changed {
            self.changed = true;
            changed.push(peer);
        }
    }
}

impl Connections {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            budget,
            pooled: 0,
            peers: Peers::default(),
            timers: Timers::default(),
            changed: Vec::new(),
            caught_up: Vec::new(),
            overrun: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, peer: PeerId, machine: Machine, intake: Intake) {
        let connection = Connection {
            machine,
            intake,
            pace: Pace::default(),
            counted: 0,
            armed: Instant::MAX,
            changed: false,
        };
        self.peers.insert(peer, connection);
        self.touched(peer);
    }

    pub(super) fn remove(&mut self, peer: PeerId) {
        if let Some(connection) = self.peers.remove(peer) {
            self.pooled -= connection.counted;
        }
    }

    pub(super) fn outgoing_len(&self) -> usize {
        self.pooled
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub(super) fn ids(&self) -> Vec<PeerId> {
        self.peers.ids().collect()
    }

    pub(super) fn machine(&self, peer: PeerId) -> Option<&Machine> {
        Some(&self.peers.get(peer)?.machine)
    }

    pub(super) fn machine_mut(&mut self, peer: PeerId) -> Option<&mut Machine> {
        Some(&mut self.peers.get_mut(peer)?.machine)
    }

    #[inline]
    pub(super) fn read_message<'b>(
        &mut self,
        now: Instant,
        peer: PeerId,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        let Connection { machine, intake, .. } = self.peers.get_mut(peer)?;
        intake.read_message(machine, now, &self.budget, input)
    }

    pub(super) fn read<'b>(
        &mut self,
        now: Instant,
        peer: PeerId,
        input: &mut &'b mut [u8],
    ) -> Option<Event<'b>> {
        let Connection { machine, intake, .. } = self.peers.get_mut(peer)?;
        intake.read(machine, now, &self.budget, input)
    }

    /// Does what a service wants done. A machine does not refuse that for which there is room.
    #[inline]
    pub(super) fn carry_out(&mut self, now: Instant, command: Command<'_>) {
        match command {
            Command::Send { to, message, delivery } => {
                self.send(now, to, message.len(), delivery, |machine| {
                    let _ = machine.send(message);
                });
            }
            Command::Broadcast { to, frame, delivery } => {
                for to in to {
                    self.send(now, *to, frame.payload().len(), delivery, |machine| {
                        let _ = machine.send_frame(&frame);
                    });
                }
            }
            Command::Close { peer, code, reason } => self.close(now, peer, code, &reason),
        }
    }

    /// Queues a message of this length for a peer, if that is to get it.
    #[inline]
    fn send(
        &mut self,
        now: Instant,
        to: PeerId,
        len: usize,
        delivery: Delivery,
        queue: impl FnOnce(&mut Machine),
    ) {
        let Some(connection) = self.peers.get_mut(to) else { return };
        let Connection { machine, pace, .. } = connection;
        if !machine.is_open() {
            return;
        }
        let (waiting, limit) = (machine.outgoing_len(), machine.config().outgoing_limit);
        match pace.judge(&self.budget, limit, self.pooled, waiting, (len, delivery)) {
            Fate::Queue => {
                queue(machine);
                connection.note(to, &mut self.pooled, &mut self.changed);
            }
            Fate::Drop => {}
            Fate::Close => {
                self.close(now, to, CloseCode::Again, TOO_SLOW);
                self.overrun.push(to);
            }
        }
    }

    pub(super) fn close(&mut self, now: Instant, peer: PeerId, code: CloseCode, reason: &str) {
        if let Some(machine) = self.machine_mut(peer) {
            machine.close(now, code, reason);
            if machine.is_write_finished() {
                self.ended.push(peer);
            }
            self.touched(peer);
        }
    }

    /// Something has happened to a peer's machine.
    #[inline]
    pub(super) fn touched(&mut self, peer: PeerId) {
        let Some(connection) = self.peers.get_mut(peer) else { return };
        connection.note(peer, &mut self.pooled, &mut self.changed);
        if let Some(timeout) = connection.machine.poll_timeout()
            && timeout < connection.armed
        {
            connection.armed = timeout;
            self.timers.insert(timeout, peer);
        }
    }

    pub(super) fn next_changed(&mut self) -> Option<PeerId> {
        loop {
            let peer = self.changed.pop()?;
            if self.take_changed(peer) {
                return Some(peer);
            }
        }
    }

    #[inline]
    pub(super) fn take_changed(&mut self, peer: PeerId) -> bool {
        self.peers.get_mut(peer).is_some_and(|connection| mem::take(&mut connection.changed))
    }

    pub(super) fn outgoing(&mut self, peer: PeerId) -> Option<Outgoing<'_>> {
        let Connection { machine, pace, counted, .. } = self.peers.get_mut(peer)?;
        Some(Outgoing {
            outgoing: machine.outgoing(),
            counted,
            pace,
            peer,
            pooled: &mut self.pooled,
            budget: &self.budget,
            caught_up: &mut self.caught_up,
        })
    }

    pub(super) fn next_gap(&mut self) -> Option<(PeerId, Gap)> {
        loop {
            let peer = self.caught_up.pop()?;
            if let Some(connection) = self.peers.get_mut(peer)
                && connection.pace.is_behind()
                && connection.machine.is_open()
            {
                return Some((peer, connection.pace.take_gap()));
            }
        }
    }

    /// Tells the time to a machine whose own had come by `due`, and which that is.
    pub(super) fn next_timed_out(&mut self, due: Instant, now: Instant) -> Option<PeerId> {
        let Self { timers, peers, .. } = self;
        timers.tidy(peers.len(), |at, peer| {
            peers.get(peer).is_some_and(|connection| connection.armed == at)
        });
        loop {
            let (at, peer) = timers.take_due(due)?;
            if let Some(connection) = peers.get_mut(peer)
                && connection.armed == at
            {
                connection.armed = Instant::MAX;
                // Its time may have moved on since, beyond `due`.
                if connection.machine.poll_timeout().is_some_and(|timeout| timeout <= due) {
                    connection.machine.handle_timeout(now);
                }
                return Some(peer);
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        if self.caught_up.is_empty() { self.timers.next() } else { Some(Instant::START) }
    }
}

/// The bytes to write to a peer next: as [`machine::Outgoing`].
#[derive(Debug)]
pub struct Outgoing<'h> {
    outgoing: machine::Outgoing<'h>,
    counted: &'h mut usize,
    pace: &'h mut Pace,
    peer: PeerId,
    pooled: &'h mut usize,
    budget: &'h Budget,
    caught_up: &'h mut Vec<PeerId>,
}

impl Buf for Outgoing<'_> {
    #[inline]
    fn remaining(&self) -> usize {
        self.outgoing.remaining()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        self.outgoing.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.outgoing.chunks_vectored(slices)
    }

    fn advance(&mut self, written: usize) {
        self.outgoing.advance(written);
        let remaining = self.outgoing.remaining();
        *self.pooled = *self.pooled - *self.counted + remaining;
        *self.counted = remaining;
        if self.pace.is_behind() && Pace::has_room(self.budget, remaining) {
            self.caught_up.push(self.peer);
        }
    }
}
