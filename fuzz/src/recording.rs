use socker_core::service::{Context, PeerId, Recorder, Recording, Service, Verdict};
use socker_core::{
    CloseCode, CloseReason, Instant, Message,
    handshake::{Rejection, Request},
    http::StatusCode,
    wire::Frame,
};

/// Any text as a recording. What a service does at its replay is recorded again, and that recording is
/// replayed without a difference.
pub fn recording(data: &[u8]) {
    let Ok(recording) = Recording::parse(&String::from_utf8_lossy(data)) else { return };
    let mut lines = String::new();
    // It need not be of this service.
    let _ = recording.replay(&mut record(&mut lines));
    let again = Recording::parse(&lines).unwrap();
    assert!(again.len() <= recording.len());
    again.replay(&mut Talker::default()).unwrap();
}

/// As a file: all that the service is told and does.
fn record(lines: &mut String) -> Recorder<Talker, impl FnMut(&str)> {
    Recorder::new(Talker::default(), |line: &str| {
        lines.push_str(line);
        lines.push('\n');
    })
}

/// Answers all that it is told with something.
#[derive(Debug, Default)]
struct Talker {
    last: Option<PeerId>,
    due: Option<Instant>,
}

impl Service for Talker {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        cx.send(peer, Message::text(request.path()));
        match request.query() {
            Some(_) => Rejection::new(StatusCode::FORBIDDEN).with_text("no\tand\nno").into(),
            None => Verdict::accept(),
        }
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.last = Some(peer);
        self.due = Some(cx.now() + std::time::Duration::from_millis(50));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        if message.as_bytes().first() == Some(&b'!') {
            cx.close(peer, CloseCode::Library(4000), "as\tyou\nwant\\");
        }
        cx.broadcast(self.last, Frame::binary(message.as_bytes()));
        cx.send_droppable(peer, message);
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: socker_core::service::Gap) {
        cx.send(peer, Message::text(format!("{gap:?}")));
    }

    fn closed(&mut self, cx: &mut Context<'_>, _: PeerId, reason: &CloseReason) {
        cx.broadcast_droppable(self.last, Frame::text(&reason.to_string()));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.due = None;
        cx.broadcast(self.last, Frame::text("late"));
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }
}
