//! `service::Router`: several services on one listener.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use socker_core::handshake::{Incoming, Rejection, Request};
use socker_core::http::{self, StatusCode};
use socker_core::service::{
    Command, Commands, Context, Delivery, Gap, Host, Oversized, PeerId, Recording, Router, Service,
    Verdict,
};
use socker_core::{CloseCode, CloseReason, Instant, Message, MessageKind};
use socker_tests::sim::Sim;

const PEER: PeerId = PeerId::new(0, 0);

/// Says its name to whatever it is told.
struct Named(&'static str, Option<Instant>);

impl Named {
    fn say(&self, cx: &mut Context<'_>, peer: PeerId, what: &str) {
        cx.send(peer, Message::text(format!("{}: {what}", self.0)));
    }
}

impl Service for Named {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.say(cx, peer, "request");
        match request.query() {
            Some("no") => Rejection::new(StatusCode::FORBIDDEN).into(),
            _ => Verdict::accept(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.say(cx, peer, "opened");
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.say(cx, peer, message.as_text().unwrap_or("bytes"));
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.say(cx, peer, &format!("too long a {}", oversized.kind));
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.say(cx, peer, &gap.messages.to_string());
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.say(cx, peer, &reason.to_string());
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.1 = None;
        self.say(cx, PEER, "timeout");
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.1
    }
}

fn named(name: &'static str) -> Named {
    Named(name, None)
}

/// What a call makes a router say.
fn said(
    router: &mut Router,
    call: impl FnOnce(&mut Router, &mut Context<'_>),
) -> Vec<(PeerId, String)> {
    let mut commands = Commands::default();
    call(router, &mut Context::new(Instant::at(Duration::from_secs(1)), &mut commands));
    let said = commands.drain().map(|command| match command {
        Command::Send { to, message, delivery: Delivery::Reliable } => {
            (to, message.as_text().unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    });
    said.collect()
}

fn request(target: &str) -> Request {
    let request = http::Request::get(target)
        .header("host", "a")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    Incoming::new(request.body(()).unwrap()).unwrap().request().clone()
}

/// The service that a path leads to.
fn place(router: &mut Router, target: &str) -> String {
    let mut status = None;
    let said = said(router, |router, cx| {
        if let Verdict::Reject(rejection) = router.request(cx, PEER, &request(target)) {
            status = Some(rejection.status().as_u16());
        }
    });
    let name = said.first().map(|(_, said)| said.trim_end_matches(": request").to_owned());
    match (name, status) {
        (Some(name), None) => name,
        (Some(name), Some(status)) => format!("{name}, {status}"),
        (None, status) => format!("{}", status.unwrap()),
    }
}

#[test]
fn paths() {
    let mut router = Router::default()
        .mount("/rooms", named("rooms"))
        .mount("/rooms/7/", named("seven"))
        .mount("/old", named("old"))
        .mount("/old", named("new"));
    for (target, expected) in [
        ("/rooms", "rooms"),
        ("/rooms/", "rooms"),
        ("/rooms?q=/rooms/7", "rooms"),
        ("/rooms/6", "rooms"),
        ("/rooms/7", "seven"),
        ("/rooms/7/8", "seven"),
        ("/rooms/77", "rooms"),
        ("/rooms/7?no", "seven, 403"),
        ("/roomsy", "404"),
        ("/roomsé", "404"),
        ("/rooms%2F7", "404"),
        ("/Rooms", "404"),
        ("/room", "404"),
        ("/", "404"),
        ("/old/x", "new"),
    ] {
        assert_eq!(place(&mut router, target), expected, "{target}");
    }
    let mut all = router.mount("/", named("all"));
    for (target, expected) in [("/", "all"), ("/roomsy", "all"), ("/rooms/6", "rooms")] {
        assert_eq!(place(&mut all, target), expected, "{target}");
    }
    assert_eq!(place(&mut Router::default(), "/"), "404");
}

#[test]
fn a_peer_stays_where_it_is() {
    let mut router = Router::default().mount("/a", named("a")).mount("/b", named("b"));
    let (first, second) = (PeerId::new(0, 0), PeerId::new(1, 0));
    for (peer, target) in [(first, "/a"), (second, "/b")] {
        said(&mut router, |router, cx| drop(router.request(cx, peer, &request(target))));
    }
    let said_to = |peer, text: &str| vec![(peer, text.to_owned())];
    let opened = said(&mut router, |router, cx| router.opened(cx, second));
    assert_eq!(opened, said_to(second, "b: opened"));
    let message = said(&mut router, |router, cx| router.message(cx, first, Message::text("hi")));
    assert_eq!(message, said_to(first, "a: hi"));
    let closed = said(&mut router, |router, cx| router.closed(cx, first, &CloseReason::Eof));
    assert_eq!(closed, said_to(first, "a: the connection ended without a close"));
    // It is gone, and one that was never there too.
    for peer in [first, PeerId::new(0, 1), PeerId::new(9, 0)] {
        let nothing = said(&mut router, |router, cx| {
            router.opened(cx, peer);
            router.message(cx, peer, Message::text("hi"));
            router.closed(cx, peer, &CloseReason::Eof);
        });
        assert!(nothing.is_empty());
    }
    // Its number comes again, and somewhere else.
    let again = PeerId::new(0, 1);
    said(&mut router, |router, cx| drop(router.request(cx, again, &request("/b"))));
    let message = said(&mut router, |router, cx| router.message(cx, again, Message::text("hi")));
    assert_eq!(message, said_to(again, "b: hi"));
}

#[test]
fn a_message_that_is_too_long_finds_its_service() {
    let mut router = Router::default().mount("/a", named("a")).mount("/b", named("b"));
    said(&mut router, |router, cx| drop(router.request(cx, PEER, &request("/b"))));
    let oversized = Oversized::new(MessageKind::Binary);
    let answer = said(&mut router, |router, cx| router.oversized(cx, PEER, oversized));
    assert_eq!(answer, [(PEER, "b: too long a binary".to_owned())]);
}

#[test]
fn a_gap_finds_its_service() {
    let mut router = Router::default().mount("/a", named("a")).mount("/b", named("b"));
    said(&mut router, |router, cx| drop(router.request(cx, PEER, &request("/b"))));
    // Only a host makes gaps, and a recording.
    let text = "socker-recording\t1\n1\tgap\t0.0\t3\n>\tsend\t0.0\treliable\ttext\tb: 3\n";
    Recording::parse(text).unwrap().replay(&mut router).unwrap();
}

#[test]
fn times() {
    let at = |secs| Some(Instant::at(Duration::from_secs(secs)));
    let mut router = Router::default()
        .mount("/a", Named("a", at(3)))
        .mount("/b", Named("b", at(1)))
        .mount("/c", named("c"));
    assert_eq!(router.poll_timeout(), at(1));
    // It is one second: the time of one has come.
    let timeouts = said(&mut router, |router, cx| router.timeout(cx));
    assert_eq!(timeouts, [(PEER, "b: timeout".to_owned())]);
    assert_eq!(router.poll_timeout(), at(3));
    assert!(said(&mut router, |router, cx| router.timeout(cx)).is_empty());
    assert_eq!(Router::default().poll_timeout(), None);
}

#[test]
fn routers_in_routers_on_a_host() {
    let inner = Router::default().mount("/rooms/a", named("a")).mount("/rooms/b", named("b"));
    let router = Router::default().mount("/rooms", inner).mount("/c", named("c"));
    let mut sim = Sim::new(1, Host::new(router));
    let clients = ["/rooms/a", "/rooms/b", "/c", "/rooms", "/rooms/b?no"].map(|path| {
        let client = sim.connect(path);
        sim.send(client, Message::text("hello"));
        client
    });
    sim.run_for(Duration::from_secs(1));
    for (client, name) in clients.iter().zip(["a", "b", "c"]) {
        let texts: Vec<_> = sim[*client].texts().collect();
        // What is sent before the acceptance comes after it.
        let expected = ["request", "opened", "hello"].map(|what| format!("{name}: {what}"));
        assert_eq!(texts, expected);
        sim.close(*client, CloseCode::Normal, "");
    }
    let statuses = clients[3..].iter().map(|client| sim[*client].refused().unwrap().status());
    assert_eq!(statuses.collect::<Vec<_>>(), [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
    let response = sim[clients[3]].refused().unwrap();
    assert_eq!(&response.body()[..], b"nothing is served here\n");
    sim.run_for(Duration::from_secs(1));
    assert!(sim.host.is_empty());
}
