use std::{net::IpAddr, sync::Arc, time::Duration};

use socker_core::handshake::Request;
use socker_core::service::{Budget, Host, Service};
use socker_core::{CloseCode, Config, Message};

use super::{Happened, PATIENCE, World};
use crate::sim::{Client, Cut, Join, Ledger, Net, Sim};

/// A host on the simulated network.
#[derive(Debug)]
pub struct Simulation {
    sim: Sim<Ledger>,
    /// What of each client was looked at: its opening, its messages and its end.
    seen: Vec<(bool, usize, bool)>,
}

impl World for Simulation {
    fn start(service: impl Service + Send + 'static, config: Config, budget: Budget) -> Self {
        let host = Host::with(Ledger::new(service), config.into(), budget);
        Self { sim: Sim::new(7, host), seen: Vec::new() }
    }

    fn connect(&mut self, request: &Request) -> usize {
        self.seen.push((false, 0, false));
        self.sim.join(&Join {
            request: request.clone(),
            config: Arc::default(),
            net: Net {
                delay: Duration::from_millis(1),
                jitter: Duration::from_micros(100),
                piece: 64 << 10,
                buffer: 1 << 20,
            },
            address: Some(IpAddr::from([127, 0, 0, 1])),
            at: None,
        })
    }

    fn send(&mut self, client: usize, message: Message<'static>) {
        self.sim.send(client, message);
    }

    fn send_bytes(&mut self, client: usize, bytes: &[u8]) {
        // What was to be sent goes first.
        self.sim.run_until(self.sim.now());
        self.sim.send_bytes(client, bytes);
    }

    fn close(&mut self, client: usize, code: CloseCode, reason: &str) {
        self.sim.close(client, code, reason);
    }

    fn cut(&mut self, client: usize) {
        self.sim.cut(client, Cut::Eof);
    }

    fn stall(&mut self, client: usize) {
        self.sim.stall(client);
    }

    fn resume(&mut self, client: usize) {
        self.sim.resume(client);
    }

    fn next_in(&mut self, client: usize, time: Duration) -> Option<Happened> {
        let (opened, messages, closed) = self.seen[client];
        let next = |client: &Client| {
            if let Some((_, response)) = client.opened().filter(|_| !opened) {
                return Some(Happened::Opened(response.clone()));
            }
            if let Some((_, message)) = client.received().get(messages) {
                return Some(Happened::Message(message.clone()));
            }
            let (_, reason) = client.closed().filter(|_| !closed)?;
            Some(Happened::Closed(reason.clone()))
        };
        self.sim.run_while(time, |sim| next(&sim[client]).is_none());
        let happened = next(&self.sim[client])?;
        let (opened, messages, closed) = &mut self.seen[client];
        match happened {
            Happened::Opened(_) => *opened = true,
            Happened::Message(_) => *messages += 1,
            Happened::Closed(_) => *closed = true,
        }
        Some(happened)
    }

    fn wait_until(&mut self, time: Duration, mut holds: impl FnMut() -> bool) -> bool {
        self.sim.run_while(time, |_| !holds())
    }

    fn elapsed(&self) -> Duration {
        self.sim.now().since(socker_core::Instant::START)
    }

    fn drain(&mut self, time: Duration, reason: &str) {
        let now = self.sim.now();
        self.sim.host.drain(now, now + time, reason);
    }

    fn join(mut self) {
        assert!(self.sim.run_while(PATIENCE, |sim| !sim.host.is_drained()), "it does not drain");
        assert_eq!(self.sim.host.outgoing_len(), 0);
        for (peer, record) in self.sim.host.service().records() {
            assert!(record.closed.is_some(), "{peer} has no end");
        }
    }
}
