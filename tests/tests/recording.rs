//! Recordings of services: replayed, changed, cut short, and with anything in them.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{cell::RefCell, net::IpAddr, path::PathBuf, rc::Rc, time::Duration};

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::handshake::{Acceptance, HandshakeError, Incoming, Rejection, Request};
use socker_core::http::{self, HeaderName, HeaderValue, StatusCode};
use socker_core::service::{
    Commands, Context, Difference, Gap, Host, Oversized, PeerId, Recorder, Recording, Service,
    Verdict,
};
use socker_core::wire::{Frame, Violation};
use socker_core::{CloseCode, CloseReason, Instant, Message, MessageKind};
use socker_tests::cases;
use socker_tests::sim::{Join, Net, Sim, replay, replay_file};

/// Uses all that a service can do.
#[derive(Default)]
struct Talker {
    peers: Vec<PeerId>,
    /// What it changes about one message.
    wrong: Option<u8>,
    tick: Option<Instant>,
}

impl Service for Talker {
    fn request(&mut self, _: &mut Context<'_>, _: PeerId, request: &Request) -> Verdict {
        match request.path() {
            "/no" => Rejection::new(StatusCode::FORBIDDEN).with_text("no\tand\nno").into(),
            _ => Acceptance::default().with_header("x-a", "\"\\").unwrap().into(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.peers.push(peer);
        self.tick = Some(cx.now() + Duration::from_millis(50));
        cx.broadcast(self.peers.iter().copied(), Frame::text("one more\n"));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let mut bytes = message.as_bytes().to_vec();
        if bytes.first() == Some(&7) {
            bytes[0] = self.wrong.unwrap_or(7);
        }
        if bytes.first() == Some(&9) {
            cx.close(peer, CloseCode::Library(4000), "nine\tis\\enough");
        }
        cx.send_droppable(peer, Message::binary(bytes));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.peers.retain(|other| *other != peer);
        cx.broadcast_droppable(self.peers.iter().copied(), Frame::text(&reason.to_string()));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.tick = None;
        cx.broadcast_droppable(self.peers.iter().copied(), Frame::binary(b"\0tick\xFF"));
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.tick
    }
}

/// What a recorder writes, with the ends of lines.
#[derive(Clone, Default)]
struct Text(Rc<RefCell<String>>);

impl Text {
    fn record<S: Service>(&self, service: S) -> Recorder<S, impl FnMut(&str) + use<S>> {
        let text = self.clone();
        Recorder::new(service, move |line: &str| {
            let mut text = text.0.borrow_mut();
            text.push_str(line);
            text.push('\n');
        })
    }

    fn take(&self) -> String {
        self.0.take()
    }
}

/// Three peers that come, talk and go, and one that may not come.
fn recorded() -> String {
    let text = Text::default();
    let mut sim = Sim::new(3, Host::new(text.record(Talker::default())));
    let net = Net { piece: 5, jitter: Duration::from_millis(3), ..Net::default() };
    for path in ["/a", "/b?q=%20", "/c", "/no"] {
        let join = Join { net, address: Some(IpAddr::from([127, 0, 0, 1])), ..Join::to(path) };
        let client = sim.join(&join);
        for first in [1, 7, 0xFF] {
            sim.send(client, Message::binary(vec![first, b'\t', b'\n', b'\\']));
        }
        sim.run_for(Duration::from_millis(60));
    }
    sim.send(1, Message::binary(vec![9]));
    sim.run_for(Duration::from_millis(100));
    sim.close(0, CloseCode::Away, "bye\tbye");
    sim.run_for(Duration::from_secs(1));
    drop(sim);
    text.take()
}

/// Where a service that answers one call otherwise is found out.
fn difference(text: &str, service: &mut Talker) -> Difference {
    let error = replay(text, service).expect_err("it is another service");
    *error.downcast::<Difference>().expect("it is a recording")
}

#[test]
fn a_run_is_replayed() {
    let text = recorded();
    assert!(text.lines().count() > 30, "{text}");
    for part in ["\trequest\t", "\topened\t", "\tmessage\t", "\tclosed\t", "\ttimeout", "> "] {
        assert!(text.contains(part.trim_end()), "{part}");
    }
    replay(&text, &mut Talker::default()).unwrap();
    assert_eq!(text, recorded(), "the run is exact");
    let is_empty = |text: &str| Recording::parse(text).unwrap().is_empty();
    assert!(is_empty("socker-recording\t1\n") && !is_empty(&text));
}

#[test]
fn a_recording_is_read_from_a_file() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recording.txt");
    std::fs::write(&path, recorded()).unwrap();
    replay_file(&path, &mut Talker::default()).unwrap();
    assert!(replay_file(&path.join("nothing"), &mut Talker::default()).is_err());
}

#[test]
fn one_byte_is_found_at_its_line() {
    let text = recorded();
    let found = difference(&text, &mut Talker { wrong: Some(8), ..Talker::default() });
    let call = text.lines().nth(found.line - 1).unwrap();
    assert_eq!(found.call, call);
    assert!(call.ends_with("\tmessage\t0.0\tbinary\t\\x07\\t\\n\\\\"), "{call}");
    let first = text.lines().position(|line| line.ends_with("\\x07\\t\\n\\\\")).unwrap();
    assert_eq!(found.line, first + 1, "the first of them");
    assert_eq!(found.recorded, [">\tsend\t0.0\tdroppable\tbinary\t\\x07\\t\\n\\\\"]);
    assert_eq!(found.replayed, [">\tsend\t0.0\tdroppable\tbinary\t\\x08\\t\\n\\\\"]);
}

/// Each answer, changed in its last byte.
#[test]
fn every_answer_counts() {
    let text = recorded();
    let lines: Vec<_> = text.lines().collect();
    let answers = lines.iter().enumerate().filter(|(_, line)| line.starts_with('>'));
    for (number, answer) in answers {
        let call = (0..number).rfind(|line| !lines[*line].starts_with('>')).unwrap();
        let mut changed = lines.clone();
        let other = format!("{answer}~");
        changed[number] = &other;
        let found = difference(&(changed.join("\n") + "\n"), &mut Talker::default());
        assert_eq!((found.line, &found.call[..]), (call + 1, lines[call]));
    }
}

#[test]
fn cut_at_every_byte() {
    let text = recorded();
    let title = text.find('\n').unwrap();
    for cut in 0..text.len() {
        match Recording::parse(&text[..cut]) {
            Err(error) => assert_eq!((cut <= title, error.line), (true, 1)),
            Ok(recording) => {
                assert!(cut > title);
                let calls = text[..cut].lines().filter(|line| !line.starts_with('>')).count();
                assert!(
                    recording.len() + 2 >= calls,
                    "all but the title, and the line that is cut"
                );
                // Of the last call answers may be missing.
                assert_eq!(recording.replay(&mut Talker::default()), Ok(()), "cut at {cut}");
            }
        }
    }
}

/// A recording is read by programs of other versions: each end of a connection is said in these words.
#[test]
fn ends_as_they_are_written() {
    for (end, words) in [
        (CloseReason::Cancelled, "cancelled"),
        (CloseReason::OpeningTimeout, "opening-timeout"),
        (CloseReason::KeepAliveTimeout, "keep-alive-timeout"),
        (CloseReason::CloseTimeout, "close-timeout"),
        (CloseReason::Eof, "eof"),
        (CloseReason::Handshake(HandshakeError::EarlyData), "early-data"),
        (CloseReason::Rejected(StatusCode::FORBIDDEN), "rejected\t403"),
        (CloseReason::Violation(Violation::ReservedOpcode(3)), "reserved-opcode\t3"),
        (CloseReason::Violation(Violation::InvalidCloseCode(1005)), "invalid-close-code\t1005"),
        (CloseReason::Violation(Violation::InvalidUtf8), "violation\tInvalidUtf8"),
    ] {
        let text = Text::default();
        let mut commands = Commands::default();
        let mut cx = Context::new(Instant::START, &mut commands);
        text.record(Listener::default()).closed(&mut cx, PeerId::new(0, 0), &end);
        assert!(text.take().contains(&format!("\tclosed\t0.0\t{words}\n")), "{end}");
    }
}

#[test]
fn a_difference_is_told() {
    let found = difference(&recorded(), &mut Talker { wrong: Some(8), ..Talker::default() });
    let told = found.to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], format!("line {}: {}", found.line, found.call));
    assert_eq!(lines[1..3], ["recorded:", &format!("  {}", found.recorded[0])]);
    assert_eq!(lines[3..], ["replayed:", &format!("  {}", found.replayed[0])]);
}

#[test]
fn what_is_no_recording() {
    for (text, line) in [
        ("", 1),
        ("something\n", 1),
        ("socker-recording\t2\n", 1),
        ("socker-recording\t1\n> send\n", 2),
        ("socker-recording\t1\n1\topened\t0.0\n\n2\ttimeout\n", 3),
        ("socker-recording\t1\n1\topened\t0\n", 2),
        ("socker-recording\t1\n1\topened\t2000000.0\n", 2),
        ("socker-recording\t1\n-1\topened\t0.0\n", 2),
        ("socker-recording\t1\n1\tsomething\t0.0\n", 2),
        ("socker-recording\t1\n1\tmessage\t0.0\ttext\t\\xFF\n", 2),
        ("socker-recording\t1\n1\tmessage\t0.0\ttext\t\\x0\n", 2),
        ("socker-recording\t1\n1\tmessage\t0.0\ttext\t\\\n", 2),
        ("socker-recording\t1\n1\tmessage\t0.0\tother\ta\n", 2),
        ("socker-recording\t1\n1\toversized\t0.0\tother\n", 2),
        ("socker-recording\t1\n1\tclosed\t0.0\tpeer\t70000\t\n", 2),
        ("socker-recording\t1\n1\tclosed\t0.0\tunknown\n", 2),
        ("socker-recording\t1\n1\trequest\t0.0\t-\t/\tno colon\n", 2),
        ("socker-recording\t1\n1\trequest\t0.0\tnowhere\t/\n", 2),
    ] {
        assert_eq!(Recording::parse(text).unwrap_err().line, line, "{text:?}");
    }
}

/// One call.
#[derive(Clone, Debug)]
enum Call {
    Request(Box<Request>),
    Opened,
    Message(Message<'static>),
    Oversized(MessageKind),
    Gap(u32),
    Closed(CloseReason),
    Timeout,
}

/// Says nothing, and keeps what it is told.
#[derive(Default)]
struct Listener(Vec<String>);

impl Service for Listener {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        let uri = request.uri();
        let (address, headers) = (request.address(), request.headers().collect::<Vec<_>>());
        self.0.push(format!("{:?} {peer} {uri} {address:?} {headers:?}", cx.now()));
        Verdict::accept()
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.0.push(format!("{:?} {peer} opened", cx.now()));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        self.0.push(format!("{:?} {peer} {message:?}", cx.now()));
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        self.0.push(format!("{:?} {peer} {oversized:?}", cx.now()));
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.0.push(format!("{:?} {peer} {gap:?}", cx.now()));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.0.push(format!("{:?} {peer} {reason:?}", cx.now()));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.0.push(format!("{:?}", cx.now()));
    }
}

fn request() -> impl Strategy<Value = Request> {
    let name = "[a-z!#$%&'*+.^_`|~0-9-]{1,12}";
    let value = vec(prop_oneof![Just(b'\t'), 0x20..=0x7E_u8, 0x80..=0xFF_u8], 0..20);
    let headers = vec((name, value), 0..5);
    let target = prop_oneof![Just("/".to_owned()), "/[!$-;=?-Z_a-z~\"\\[\\]{|}^`]{0,20}"];
    (target, headers, any::<Option<IpAddr>>()).prop_filter_map(
        "a URI",
        |(uri, headers, address)| {
            let mut request = http::Request::get(uri)
                .header("host", "a")
                .header("connection", "upgrade")
                .header("upgrade", "websocket")
                .header("sec-websocket-version", "13")
                .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            for (name, value) in headers {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                request = request.header(name, HeaderValue::from_bytes(&value).ok()?);
            }
            let incoming = Incoming::new(request.body(()).ok()?).ok()?;
            let request = incoming.request().clone();
            Some(address.into_iter().fold(request, Request::with_address))
        },
    )
}

fn reason() -> impl Strategy<Value = CloseReason> {
    let code = || any::<u16>().prop_map(CloseCode::from);
    let words = || prop_oneof![any::<String>(), "[\t\r\n\\\\'\">]{0,10}"];
    let plain = vec![
        CloseReason::Cancelled,
        CloseReason::Handshake(HandshakeError::EarlyData),
        CloseReason::OpeningTimeout,
        CloseReason::KeepAliveTimeout,
        CloseReason::CloseTimeout,
        CloseReason::Eof,
        CloseReason::Violation(Violation::ReservedBits),
        CloseReason::Violation(Violation::Unmasked),
        CloseReason::Violation(Violation::Masked),
        CloseReason::Violation(Violation::FragmentedControl),
        CloseReason::Violation(Violation::OversizedControl),
        CloseReason::Violation(Violation::UnexpectedContinuation),
        CloseReason::Violation(Violation::ExpectedContinuation),
        CloseReason::Violation(Violation::NonMinimalLength),
        CloseReason::Violation(Violation::LengthOverflow),
        CloseReason::Violation(Violation::MessageTooLarge),
        CloseReason::Violation(Violation::InvalidUtf8),
        CloseReason::Violation(Violation::TruncatedClose),
    ];
    prop_oneof![
        (code(), words()).prop_map(|(code, reason)| CloseReason::Peer { code, reason }),
        (code(), code(), words()).prop_map(|(code, answer, reason)| CloseReason::Local {
            code,
            answer,
            reason
        }),
        any::<u8>().prop_map(|opcode| CloseReason::Violation(Violation::ReservedOpcode(opcode))),
        any::<u16>().prop_map(|code| CloseReason::Violation(Violation::InvalidCloseCode(code))),
        (100..1000_u16)
            .prop_map(|status| CloseReason::Rejected(StatusCode::from_u16(status).unwrap())),
        proptest::sample::select(plain),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        request().prop_map(|request| Call::Request(Box::new(request))),
        Just(Call::Opened),
        any::<String>().prop_map(|text| Call::Message(Message::text(text))),
        "[\t\r\n\\\\'\">]{0,10}".prop_map(|text| Call::Message(Message::text(text))),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Call::Message(Message::binary(bytes))),
        Just(Call::Oversized(MessageKind::Text)),
        Just(Call::Oversized(MessageKind::Binary)),
        any::<u32>().prop_map(Call::Gap),
        reason().prop_map(Call::Closed),
        Just(Call::Timeout),
    ]
}

/// Makes a gap of so many messages, which only a host does otherwise.
fn gap(messages: u32) -> Gap {
    struct Keep(Option<Gap>);
    impl Service for Keep {
        fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
        fn gap(&mut self, _: &mut Context<'_>, _: PeerId, gap: Gap) {
            self.0 = Some(gap);
        }
    }
    let mut keep = Keep(None);
    replay(&format!("socker-recording\t1\n0\tgap\t0.0\t{messages}\n"), &mut keep).unwrap();
    keep.0.unwrap()
}

fn make(service: &mut impl Service, now: Instant, peer: PeerId, call: &Call) {
    let mut commands = Commands::default();
    let cx = &mut Context::new(now, &mut commands);
    match call {
        Call::Request(request) => drop(service.request(cx, peer, request)),
        Call::Opened => service.opened(cx, peer),
        Call::Message(message) => service.message(cx, peer, message.clone()),
        Call::Oversized(kind) => service.oversized(cx, peer, Oversized::new(*kind)),
        Call::Gap(messages) => service.gap(cx, peer, gap(*messages)),
        Call::Closed(reason) => service.closed(cx, peer, reason),
        Call::Timeout => service.timeout(cx),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(1000)))]

    #[test]
    fn what_is_written_is_read(
        calls in vec((any::<u64>(), 0..1 << 20, any::<u32>(), call()), 0..8)
    ) {
        let (text, mut told) = (Text::default(), Listener::default());
        let mut recorder = text.record(&mut told);
        for (nanos, index, generation, call) in &calls {
            let peer = PeerId::new(u32::try_from(*index).unwrap(), *generation);
            make(&mut recorder, Instant::at(Duration::from_nanos(*nanos)), peer, call);
        }
        drop(recorder);
        let text = text.take();
        let recording = Recording::parse(&text).expect(&text);
        prop_assert_eq!(recording.len(), calls.len());
        let mut again = Listener::default();
        recording.replay(&mut again).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(told.0, again.0);
    }

    #[test]
    fn a_service_is_not_needed_to_read_anything(text in "(socker-recording\t1\n)?[ -~\t\n\\\\]{0,60}") {
        if let Ok(recording) = Recording::parse(&text) {
            let _ = recording.replay(&mut Listener::default());
        }
    }
}
