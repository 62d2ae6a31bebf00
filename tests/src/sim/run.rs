//! Time: what happens next, and what comes of it.

use std::time::Duration;

use bytes::Buf;
use socker_core::Instant;
use socker_core::service::Service;

use super::Sim;

/// More steps than this at the same time are an endless loop.
const STEPS_AT_ONCE: usize = 100_000;

/// Time.
impl<S: Service> Sim<S> {
    /// For so long.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Until `end`; nothing that happens later is done.
    pub fn run_until(&mut self, end: Instant) {
        while self.step(end) {}
    }

    /// Until something holds; false if it does not in so much time.
    pub fn run_while(&mut self, time: Duration, mut goes_on: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + time;
        while goes_on(self) {
            if !self.step(end) {
                return !goes_on(self);
            }
        }
        true
    }

    /// The clock jumps: what should have happened meanwhile happens late, and all at once.
    pub fn jump(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// What happens next, if it is not after `end`; otherwise the time is `end` then.
    pub fn step(&mut self, end: Instant) -> bool {
        self.write();
        let Some(next) = self.next().filter(|next| *next <= end) else {
            self.now = self.now.max(end);
            return false;
        };
        self.steps = if next > self.now { 0 } else { self.steps + 1 };
        assert!(self.steps < STEPS_AT_ONCE, "time stands still");
        self.now = self.now.max(next);
        self.act();
        self.write();
        true
    }

    fn next(&self) -> Option<Instant> {
        let of_clients = self.clients.iter().filter_map(|client| {
            if !client.begun {
                return Some(client.begin);
            }
            let takes = client.present.is_none_or(|peer| self.host.wants_read(peer));
            let arrival = client.up.next().filter(|_| takes);
            [arrival, client.up.next_broken(), client.next()].into_iter().flatten().min()
        });
        of_clients.chain(self.host.poll_timeout()).min()
    }

    fn act(&mut self) {
        let now = self.now;
        if self.host.poll_timeout().is_some_and(|timeout| timeout <= now) {
            self.trace.note(now, "host's time", 0, &[]);
            self.host.handle_timeout(now);
        }
        // Once more, or too early: it does nothing.
        self.host.handle_timeout(now);
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            if !client.begun {
                if client.begin <= now {
                    self.begin(number);
                }
                continue;
            }
            self.arrive(number);
            self.clients[number].act(now, &mut self.trace);
        }
    }

    fn begin(&mut self, number: usize) {
        let client = &mut self.clients[number];
        client.begun = true;
        client.present = self.host.accept(self.now, client.address);
        client.peer = client.present;
        match client.present {
            Some(peer) => drop(self.numbers.insert(peer, number)),
            None => client.down.end(self.now, &mut self.draw),
        }
    }

    /// What has arrived at the host from a client.
    fn arrive(&mut self, number: usize) {
        let now = self.now;
        let client = &mut self.clients[number];
        if client.up.take_broken(now)
            && let Some(peer) = client.present
        {
            self.trace.note(now, "is broken", number, &[]);
            self.host.broken(now, peer);
        }
        while client.present.is_none_or(|peer| self.host.wants_read(peer))
            && let Some(mut bytes) = client.up.take(now)
        {
            let Some(peer) = client.present else { continue };
            self.trace.note(now, "arrives", number, &bytes);
            if bytes.is_empty() {
                self.host.read_eof(now, peer);
            } else {
                self.host.read(now, peer, &mut bytes);
            }
        }
    }

    /// All that is to be written goes on its way.
    fn write(&mut self) {
        loop {
            let mut any = false;
            while let Some(peer) = self.host.next_changed() {
                any = true;
                if let Some(number) = self.numbers.get(&peer) {
                    self.clients[*number].changed = true;
                }
            }
            for number in 0..self.clients.len() {
                if self.clients[number].begun {
                    self.clients[number].write(self.now, &mut self.draw);
                }
                if self.clients[number].changed {
                    self.write_down(number);
                }
            }
            if !any {
                return;
            }
        }
    }

    /// What the host has for a client; it is looked at again as long as something is left.
    fn write_down(&mut self, number: usize) {
        let Self { host, clients, draw, now, .. } = self;
        let client = &mut clients[number];
        client.changed = false;
        let Some(peer) = client.present else { return };
        if let Some(mut outgoing) = host.outgoing(peer) {
            client.down.write(*now, draw, &mut outgoing);
            client.changed = outgoing.has_remaining();
        }
        if host.is_write_finished(peer) || host.is_done(peer) {
            client.down.end(*now, draw);
        }
        if host.is_done(peer) {
            host.remove(*now, peer);
            client.present = None;
            self.numbers.remove(&peer);
        }
    }
}
