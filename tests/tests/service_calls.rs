//! `service::Host` takes calls in any order, with any ids, and keeps the contract of `Service`.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;
use std::time::Duration;

use bytes::Buf;
use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::handshake::{Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::service::{Budget, Context, Host, PeerId, Service, Verdict};
use socker_core::wire;
use socker_core::{CloseCode, Config, Instant, Message, Seed};
use socker_tests::calls::{REQUEST, right_response};
use socker_tests::cases::cases;
use socker_tests::frames::{Frame, opcode};
use socker_tests::sim::Ledger;

/// One call.
#[derive(Clone, Debug)]
enum Call {
    Accept(Option<u8>),
    Connect,
    Read(PeerId, Vec<u8>),
    ReadEof(PeerId),
    Broken(PeerId),
    Remove(PeerId),
    Write(PeerId, usize),
    HandleTimeout(u64),
    NextChanged,
    Run(PeerId, Want),
    Drain(u64),
}

/// What the embedding program makes the service do.
#[derive(Clone, Debug)]
enum Want {
    Send(usize),
    SendDroppable(usize),
    Broadcast(usize),
    Close,
}

/// Does what a message says: to its peer, or to the one that the message names.
struct Obedient;

impl Service for Obedient {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        cx.send(peer, Message::text("request"));
        match request.headers().contains_key("x-no") {
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

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, _: &socker_core::CloseReason) {
        cx.send(peer, Message::text("too late"));
        cx.close(peer, CloseCode::Normal, "too late");
    }
}

fn id() -> impl Strategy<Value = PeerId> {
    prop_oneof![
        20 => (0..4_u32, 0..2_u32).prop_map(|(index, generation)| PeerId::new(index, generation)),
        1 => (any::<u32>(), any::<u32>())
            .prop_map(|(index, generation)| PeerId::new(index, generation)),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let frame = |opcode, payload: &[u8]| Frame::new(opcode, payload).masked([1, 2, 3, 4]).encode();
    let rejected = REQUEST.replace("Host: a\r\n", "Host: a\r\nX-No: 1\r\n").into_bytes();
    let close = frame(opcode::CLOSE, b"\x03\xE8bye");
    prop_oneof![
        4 => Just(REQUEST.as_bytes().to_vec()),
        1 => Just([REQUEST.as_bytes(), &close].concat()),
        1 => Just(rejected),
        1 => Just(REQUEST.as_bytes()[..40].to_vec()),
        2 => Just(right_response()),
        2 => (0..300_usize).prop_map(move |len| frame(opcode::BINARY, &vec![7; len])),
        2 => id().prop_map(move |id| frame(opcode::TEXT, id.to_string().as_bytes())),
        1 => Just(Frame::new(opcode::TEXT, b"from a server").encode()),
        1 => Just(close),
        1 => Just(frame(opcode::PING, b"there?")),
        1 => vec(any::<u8>(), 0..30),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let len = || prop_oneof![0..50_usize, 0..1500_usize];
    let want = prop_oneof![
        len().prop_map(Want::Send),
        len().prop_map(Want::SendDroppable),
        len().prop_map(Want::Broadcast),
        Just(Want::Close),
    ];
    prop_oneof![
        4 => proptest::option::of(0..2_u8).prop_map(Call::Accept),
        1 => Just(Call::Connect),
        12 => (id(), bytes()).prop_map(|(id, bytes)| Call::Read(id, bytes)),
        1 => id().prop_map(Call::ReadEof),
        1 => id().prop_map(Call::Broken),
        1 => id().prop_map(Call::Remove),
        3 => (id(), len()).prop_map(|(id, len)| Call::Write(id, len)),
        2 => (0..100_000_u64).prop_map(Call::HandleTimeout),
        1 => Just(Call::NextChanged),
        5 => (id(), want).prop_map(|(id, want)| Call::Run(id, want)),
        1 => (0..10_000_u64).prop_map(Call::Drain),
    ]
}

fn at(millis: u64) -> Instant {
    Instant::at(Duration::from_millis(millis))
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(3000)))]

    #[test]
    fn any_order_of_calls(calls in vec(call(), 1..60)) {
        let config = Config::default().outgoing_limit(2000).message_limit(1000);
        let budget = Budget::default()
            .connections(3).per_address(2).outgoing(4000).droppable(500).message_burst(5)
            .message_rate(1);
        let host = Host::with(Ledger::new(Obedient), config.into(), budget);
        let mut walk =
            Walk { host, now: Instant::START, present: Vec::new(), draining: false };
        for call in calls {
            walk.call(call);
            walk.check();
        }
        for id in walk.present.clone() {
            walk.call(Call::Remove(id));
            walk.check();
        }
        prop_assert!(walk.host.is_empty());
        prop_assert_eq!(walk.host.outgoing_len(), 0);
    }
}
