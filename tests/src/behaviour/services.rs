//! The services of the suite.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use socker_core::handshake::{Acceptance, Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::script::{Script, Stage, Step};
use socker_core::service::{Context, Gap, Oversized, PeerId, Peers, Scripted, Service, Verdict};
use socker_core::wire::Frame;
use socker_core::{CloseCode, CloseReason, Instant, Message};

/// What a service notes, for the test to see.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn has(&self, line: &str) -> bool {
        self.0.lock().unwrap().iter().any(|noted| noted == line)
    }

    fn closed(&self, reason: &CloseReason) {
        self.note(format!("closed: {reason}"));
    }
}

/// Sends back.
pub(super) struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }
}

/// Sends back, and says what is too long.
pub(super) struct Patient;

impl Service for Patient {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        cx.send(peer, message);
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        cx.send(peer, Message::text(format!("too long a {}", oversized.kind)));
    }
}

/// Sends back, notes all, and closes when it is asked to.
pub(super) fn echo_again(log: Log) -> impl Service + Send {
    struct EchoAgain(Log);

    impl Service for EchoAgain {
        fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
            let text = message.as_text().unwrap_or_default();
            self.0.note(format!("heard {text}"));
            if text == "close" {
                cx.close(peer, CloseCode::Library(4007), "as asked");
            }
            cx.send(peer, message);
        }

        fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
            self.0.closed(reason);
        }
    }

    EchoAgain(log)
}

/// Closes whoever comes.
pub(super) struct Closer;

impl Service for Closer {
    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        cx.close(peer, CloseCode::Policy, "no");
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}
}

/// Tells all what one says.
#[derive(Default)]
pub(super) struct Crowd(Peers<()>);

impl Service for Crowd {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.0.insert(peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, _: PeerId, message: Message<'_>) {
        cx.broadcast(self.0.ids(), Frame::text(message.as_text().unwrap_or_default()));
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.0.remove(peer);
    }
}

/// Looks at requests.
pub(super) struct Bouncer(pub(super) Log);

impl Service for Bouncer {
    fn request(&mut self, _: &mut Context<'_>, _: PeerId, request: &Request) -> Verdict {
        match request.path() {
            "/no" => {
                let rejection = Rejection::new(StatusCode::UNAUTHORIZED).with_text("log in first");
                return rejection.with_header("WWW-Authenticate", "Cookie").unwrap().into();
            }
            "/unoffered" => return Acceptance::default().with_subprotocol("unoffered").into(),
            _ => {}
        }
        let log = &self.0;
        log.note(format!("path {}", request.path()));
        log.note(format!("query {}", request.query().unwrap_or_default()));
        log.note(format!("cookie {}", request.cookie("name").unwrap_or_default()));
        log.note(format!("header {}", request.header("x-test").unwrap_or_default()));
        let subprotocols: Vec<_> = request.subprotocols().collect();
        log.note(format!("subprotocols {}", subprotocols.join(" ")));
        if let Some(address) = request.address() {
            log.note(format!("address {address}"));
        }
        let acceptance = Acceptance::default().with_header("x-answer", "yes").unwrap();
        acceptance.with_subprotocol("second").into()
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {}

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        self.0.closed(reason);
    }
}

/// Asks for a name, which must come in time, and talks.
pub(super) fn staged(deadline: Duration) -> Scripted<String> {
    let script = Script::new([
        Stage::new("name", |name: &mut String, _, message| {
            name.push_str(message.as_text().unwrap_or_default());
            Step::Next
        })
        .on_enter(|_, cx| {
            let _ = cx.send(Message::text("who are you?"));
            Step::Stay
        })
        .deadline(deadline),
        Stage::new("talk", |name: &mut String, cx, message| match message.as_text() {
            Some("bye") => Step::close(CloseCode::Library(4001), "see you"),
            text => {
                let _ = cx.send(Message::text(format!("{name} said {}", text.unwrap_or("bytes"))));
                Step::Stay
            }
        })
        .on_enter(|name, cx| {
            let _ = cx.send(Message::text(format!("hello {name}")));
            Step::Stay
        }),
    ]);
    Scripted::new(script, |_, _| Ok(String::new()))
}

/// Answers in so many milliseconds.
#[derive(Default)]
pub(super) struct Alarm(Option<(Instant, PeerId, String)>);

impl Service for Alarm {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let text = message.as_text().unwrap_or_default();
        let delay = Duration::from_millis(text.parse().unwrap_or_default());
        self.0 = Some((cx.now() + delay, peer, format!("{text} are over")));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if let Some((_, peer, text)) = self.0.take_if(|(at, ..)| *at <= cx.now()) {
            cx.send(peer, Message::text(text));
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.0.as_ref().map(|(at, ..)| *at)
    }
}

/// Between two messages of [`Snapshots`].
const PERIOD: Duration = Duration::from_millis(10);

/// Sends back what it is told, and each time much to who has asked for a flood.
pub(super) struct Flood {
    log: Log,
    to: Option<PeerId>,
    sent: u8,
}

impl Flood {
    /// More than a stalled connection holds anywhere.
    pub(super) const MESSAGES: u8 = 60;

    pub(super) fn new(log: Log) -> Self {
        Self { log, to: None, sent: 0 }
    }
}

impl Service for Flood {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if message.as_text() == Some("flood") {
            self.to = Some(peer);
            return;
        }
        cx.send(peer, message);
        let Some(to) = self.to else { return };
        cx.send(to, Message::binary(vec![self.sent; 400 << 10]));
        self.sent += 1;
        if self.sent == Self::MESSAGES {
            self.to = None;
            self.log.note("the flood is over");
        }
    }

    fn closed(&mut self, _: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        self.log.closed(reason);
    }
}

/// Sends numbered snapshots to all, once somebody says something.
pub(super) struct Snapshots {
    log: Log,
    here: Peers<()>,
    next: Option<Instant>,
    sent: u32,
}

impl Snapshots {
    /// More than a stalled connection holds anywhere.
    pub(super) const COUNT: u32 = 60;

    pub(super) fn new(log: Log) -> Self {
        Self { log, here: Peers::default(), next: None, sent: 0 }
    }
}

impl Service for Snapshots {
    fn opened(&mut self, _: &mut Context<'_>, peer: PeerId) {
        self.here.insert(peer, ());
    }

    fn message(&mut self, cx: &mut Context<'_>, _: PeerId, _: Message<'_>) {
        self.next = Some(cx.now());
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        cx.send(peer, Message::text(format!("missed {}", gap.messages)));
    }

    fn closed(&mut self, _: &mut Context<'_>, peer: PeerId, _: &CloseReason) {
        self.here.remove(peer);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if self.next.take_if(|next| *next <= cx.now()).is_none() {
            return;
        }
        let mut snapshot = self.sent.to_be_bytes().to_vec();
        snapshot.resize(400 << 10, 0);
        cx.broadcast_droppable(self.here.ids(), Frame::binary(&snapshot));
        self.sent += 1;
        if self.sent < Self::COUNT {
            self.next = Some(cx.now() + PERIOD);
        } else {
            self.log.note("all were sent");
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }
}
