//! The services of the random worlds.

use std::time::Duration;

use socker_core::handshake::{Acceptance, Rejection, Request};
use socker_core::http::StatusCode;
use socker_core::script::{Expects, Script, Stage, Step};
use socker_core::service::{Context, Gap, PeerId, Peers, Router, Scripted, Service, Verdict};
use socker_core::wire::Frame;
use socker_core::{CloseCode, CloseReason, Instant, Message};
use socker_tests::draw::Draw;
use socker_tests::sim::Ledger;

/// The paths for which clients ask: one may be refused, or have no service.
pub(crate) const PATHS: [&str; 6] = ["/echo", "/crowd", "/crowd/7", "/script", "/no", "/unoffered"];

/// After this nobody speaks without being asked.
pub(crate) const QUIET_FROM: Instant = Instant::at(Duration::from_secs(3));

/// A service for a world; the same for the same seed.
pub(crate) fn draw(seed: u64) -> Ledger {
    let mut draw = Draw::new(seed);
    match draw.below(4) {
        0 => Ledger::new(Echo),
        1 => Ledger::new(Crowd::new(draw)),
        2 => Ledger::new(scripted()),
        _ => {
            let router = Router::default().mount("/echo", Echo).mount("/script", scripted());
            Ledger::new(router.mount("/crowd", Crowd::new(draw)).mount("/no", Nobody))
        }
    }
}

/// Sends back, and closes when it is asked to.
pub(crate) struct Echo;

impl Service for Echo {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if message.as_bytes() == b"close" {
            cx.close(peer, CloseCode::Library(4000), "as asked");
        }
        cx.send(peer, message);
    }
}

/// Wants nobody.
struct Nobody;

impl Service for Nobody {
    fn request(&mut self, _: &mut Context<'_>, _: PeerId, _: &Request) -> Verdict {
        Rejection::new(StatusCode::FORBIDDEN).with_text("nobody").into()
    }

    fn message(&mut self, _: &mut Context<'_>, _: PeerId, _: Message<'_>) {
        unreachable!("nobody is here");
    }
}

/// Tells everybody what each of them says, and sends snapshots of which the slow miss some. It also
/// speaks to those that are gone, whom it must not reach.
struct Crowd {
    draw: Draw,
    here: Peers<()>,
    gone: Vec<PeerId>,
    every: Duration,
    next: Option<Instant>,
    count: u64,
    /// Bytes of a snapshot, at the most.
    size: usize,
}

impl Crowd {
    fn new(mut draw: Draw) -> Self {
        let every = Duration::from_millis(5 + draw.below(60) as u64);
        let size = [20, 500, 3000][draw.below(3)];
        let (here, gone) = (Peers::default(), Vec::new());
        Self { draw, here, gone, every, next: None, count: 0, size }
    }

    fn tell(&mut self, cx: &mut Context<'_>, text: &str) {
        self.count += 1;
        let frame = Frame::text(&format!("{} {text}", self.count));
        cx.broadcast(self.here.ids(), frame);
    }

    fn anybody(&mut self) -> Option<PeerId> {
        let number = self.draw.below(self.here.len());
        self.here.ids().nth(number)
    }
}

impl Service for Crowd {
    fn request(&mut self, _: &mut Context<'_>, _: PeerId, request: &Request) -> Verdict {
        match request.path() {
            "/no" => Rejection::new(StatusCode::FORBIDDEN).with_text("no").into(),
            "/unoffered" => Acceptance::default().with_subprotocol("unoffered").into(),
            _ => Verdict::accept(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.here.insert(peer, ());
        self.tell(cx, &format!("{peer} has come"));
        self.next.get_or_insert(cx.now() + self.every);
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        match message.as_text() {
            Some("close") => {
                cx.send(peer, Message::text("goodbye"));
                cx.close(peer, CloseCode::Library(4000), "as asked");
                cx.send(peer, Message::text("too late"));
            }
            Some("kick") => {
                if let Some(peer) = self.anybody() {
                    cx.close(peer, CloseCode::Library(4001), "kicked");
                }
            }
            Some(text) => self.tell(cx, &format!("{peer} says {text}")),
            None => cx.send(peer, message),
        }
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        self.count += 1;
        cx.send(peer, Message::text(format!("{} missed {}", self.count, gap.messages)));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.here.remove(peer);
        self.gone.push(peer);
        self.tell(cx, &format!("{peer} is gone: {reason}"));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        if self.next.is_none_or(|next| next > cx.now()) {
            return;
        }
        self.next = Some(cx.now() + self.every).filter(|next| *next < QUIET_FROM);
        self.count += 1;
        let mut snapshot = self.count.to_be_bytes().to_vec();
        snapshot.resize(8 + self.draw.below(self.size), b'.');
        cx.broadcast_droppable(self.here.ids(), Frame::binary(&snapshot));
        if !self.gone.is_empty() {
            let stale = self.gone[self.draw.below(self.gone.len())];
            cx.send(stale, Message::text("stale"));
            cx.send_droppable(stale, Message::text("stale"));
            cx.broadcast([stale], Frame::text("stale"));
            cx.close(stale, CloseCode::Error, "stale");
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.next
    }
}

/// The server speaks first, and its client must answer in time.
// A rejection is large, and is made once for a connection.
#[allow(clippy::result_large_err)]
fn scripted() -> Scripted<u32> {
    let script = Script::new([
        Stage::new("hello", |_: &mut u32, _, _| Step::Next)
            .on_enter(|_, cx| {
                let _ = cx.send(Message::text("who is there?"));
                Step::Stay
            })
            .deadline(Duration::from_millis(700))
            .expects(Expects::Text),
        Stage::new("talk", |said: &mut u32, cx, message| {
            *said += 1;
            if message.as_bytes() == b"close" {
                return Step::close(CloseCode::Library(4000), "as asked");
            }
            let _ = cx.send(Message::text(format!("{said}")));
            let _ = cx.send(message);
            Step::Stay
        }),
    ]);
    Scripted::new(script, |_, request| match request.map(Request::path) {
        Some("/no") => Err(Rejection::new(StatusCode::FORBIDDEN)),
        _ => Ok(0),
    })
}
