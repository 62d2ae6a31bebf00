//! Calls of a [`Host`] in any order, with any ids, and what has to hold after each.

use bytes::Buf;
use socker_core::handshake::{Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::service::{Budget, Context, Host, PeerId, Service, Verdict};
use socker_core::wire;
use socker_core::{CloseCode, CloseReason, Config, Instant, Message, Seed};
use std::net::IpAddr;

use crate::at;
use crate::sim::Ledger;

/// One call of [`Host`].
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Call {
    /// From an address of a few, or from none.
    Accept(Option<u8>),
    Connect,
    Read(PeerId, Vec<u8>),
    ReadEof(PeerId),
    Broken(PeerId),
    Remove(PeerId),
    /// So many bytes of what is outgoing.
    Write(PeerId, usize),
    /// At this millisecond, which may be long ago.
    HandleTimeout(u64),
    NextChanged,
    Run(PeerId, Want),
    /// Until this millisecond.
    Drain(u64),
}

/// What the embedding program makes the service do.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Want {
    Send(usize),
    SendDroppable(usize),
    Broadcast(usize),
    Close,
}

/// Makes these calls of a host with small limits, whose service does what its peers say, and then
/// lets all of its connections go.
///
/// # Panics
/// The host, or what it tells the service, is not as it has to be.
pub fn run(calls: impl IntoIterator<Item = Call>) {
    let config = Config::default().outgoing_limit(2000).message_limit(1000);
    let budget = Budget::default()
        .connections(3)
        .per_address(2)
        .outgoing(4000)
        .droppable(500)
        .message_burst(5)
        .message_rate(1);
    let host = Host::with(Ledger::new(Obedient), config.into(), budget);
    let mut walk = Walk { host, now: Instant::START, present: Vec::new(), draining: false };
    for call in calls {
        walk.call(call);
        walk.check();
    }
    for id in walk.present.clone() {
        walk.call(Call::Remove(id));
        walk.check();
    }
    assert!(walk.host.is_empty());
    assert_eq!(walk.host.outgoing_len(), 0);
}

/// Does what a message says: to its peer, or to the one that the message names.
struct Obedient;

impl Service for Obedient {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        cx.send(peer, Message::text("request"));
        match request.header("x-no").is_some() {
            true => Rejection::new(StatusCode::FORBIDDEN).into(),
            false => Verdict::accept(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        cx.send_droppable(peer, Message::text("opened"));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        match message.as_text().and_then(|text| text.parse().ok()) {
            Some(other) => cx.close(other, CloseCode::Library(4000), ""),
            None => cx.send(peer, message),
        }
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        cx.send(peer, Message::text("too late"));
        cx.close(peer, CloseCode::Normal, "too late");
    }
}

struct Walk {
    host: Host<Ledger>,
    now: Instant,
    /// All ids that the host has given out and was not told to forget.
    present: Vec<PeerId>,
    draining: bool,
}

impl Walk {
    fn call(&mut self, call: Call) {
        let Self { host, now, .. } = self;
        let now = *now;
        match call {
            Call::Accept(address) => {
                let address = address.map(|host| IpAddr::from([10, 0, 0, host]));
                self.present.extend(host.accept(now, address));
            }
            Call::Connect => {
                let request = Request::get("ws://a/").unwrap().with_subprotocol("one").unwrap();
                self.present.extend(host.connect(now, Seed::from([7; 16]), &request));
            }
            Call::Read(id, mut bytes) => host.read(now, id, &mut bytes),
            Call::ReadEof(id) => host.read_eof(now, id),
            Call::Broken(id) => host.broken(now, id),
            Call::Remove(id) => {
                host.remove(now, id);
                self.present.retain(|present| *present != id);
            }
            Call::Write(id, len) => {
                if let Some(mut outgoing) = host.outgoing(id) {
                    outgoing.advance(len.min(outgoing.remaining()));
                }
            }
            Call::HandleTimeout(millis) => {
                self.now = at(millis);
                host.handle_timeout(self.now);
            }
            Call::NextChanged => {
                if let Some(id) = host.next_changed() {
                    assert!(host.outgoing(id).is_some(), "{id} is not there");
                }
            }
            Call::Run(id, want) => host.run(now, |ledger, cx| {
                // Through the service, so that what is closed counts as its own.
                ledger.act(cx, |cx| match want {
                    Want::Send(len) => cx.send(id, Message::binary(vec![0; len])),
                    Want::SendDroppable(len) => {
                        cx.send_droppable(id, Message::binary(vec![0; len]))
                    }
                    Want::Broadcast(len) => {
                        cx.broadcast([id, id], wire::Frame::binary(&vec![0; len]));
                    }
                    Want::Close => cx.close(id, CloseCode::Normal, "wanted"),
                });
            }),
            Call::Drain(millis) => {
                self.draining = true;
                host.drain(now, at(millis), "the end");
            }
        }
    }

    /// What holds after each call; that the service is told right things is the ledger's.
    fn check(&mut self) {
        let host = &mut self.host;
        let mut waiting = 0;
        for id in &self.present {
            waiting += host.outgoing(*id).unwrap().remaining();
        }
        assert_eq!(host.outgoing_len(), waiting);
        assert_eq!(host.is_empty(), self.present.is_empty());
        assert_eq!(host.is_drained(), self.draining && self.present.is_empty());
        assert!(host.len() <= self.present.len());
        if self.draining {
            assert_eq!(host.accept(self.now, None), None);
        }
        for (id, record) in self.host.service().records() {
            let present = self.present.contains(&id);
            assert!(present || record.closed.is_some(), "{id} is gone without an end");
            if record.closed.is_none() {
                assert!(!self.host.is_done(id), "{id} is done without an end");
            }
        }
    }
}
