//! What a service is told and answers, as text, and back.
//!
//! A recording has one line for each call and, after it, one for each thing that the service wanted
//! done. Fields are separated by tabs, bytes are escaped as in Rust's byte strings:
//!
//! ```text
//! socker-recording    1
//! 20000000    request    0.0    127.0.0.1    /play    host: localhost
//! >    accept
//! 20000000    opened    0.0
//! >    send    0.0    reliable    binary    \x01scene
//! end
//! ```
//!
//! The first field of a call is the time in nanoseconds. The last line is missing if the recorder did
//! not come to its end.

mod line;
mod reason;
mod recording;

use std::fmt;

use self::line::{Line, command, verdict};
pub use self::recording::{Difference, Recording, RecordingError};
use super::{Context, Gap, Oversized, PeerId, Service, Verdict};
use crate::{event::CloseReason, handshake::Request, message::Message, time::Instant};

/// The first line of a recording.
const TITLE: &str = "socker-recording\t1";
/// The last line of one that was not cut short.
const END: &str = "end";

/// A service that writes down what it is told and what it answers, on any host.
///
/// The lines, without their ends, go to a closure: to a file, or to the last so many in memory.
/// [`Recording`] replays them. They hold all that the peers have sent, their headers and cookies
/// included.
///
/// ```
/// use socker_core::service::{Context, PeerId, Recorder, Recording, Service};
/// use socker_core::{Instant, Message};
///
/// struct Echo;
///
/// impl Service for Echo {
///     fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
///         cx.send(peer, message);
///     }
/// }
///
/// let mut lines = String::new();
/// let mut recorder = Recorder::new(Echo, |line| {
///     lines.push_str(line);
///     lines.push('\n');
/// });
/// # let mut commands = Default::default();
/// # let mut cx = Context::new(Instant::START, &mut commands);
/// # recorder.message(&mut cx, PeerId::new(0, 0), Message::text("hello"));
/// // ... and when a player reports a bug:
/// # drop(recorder);
/// let recording = Recording::parse(&lines)?;
/// recording.replay(&mut Echo).expect("the same answers");
/// # Ok::<(), socker_core::service::RecordingError>(())
/// ```
pub struct Recorder<S, W: FnMut(&str)> {
    service: S,
    write: W,
}

impl<S, W: FnMut(&str)> Recorder<S, W> {
    /// Records `service` line by line.
    pub fn new(service: S, mut write: W) -> Self {
        write(TITLE);
        Self { service, write }
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// The service. What is done to it here is not recorded, and a replay will differ if it matters.
    pub fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// Calls the service between the line of the call and those of what it wants done.
    fn record<R>(
        &mut self,
        cx: &mut Context<'_>,
        line: Line,
        call: impl FnOnce(&mut S, &mut Context<'_>) -> R,
    ) -> R {
        (self.write)(line.as_str());
        let before = cx.commands().len();
        let result = call(&mut self.service, cx);
        for done in cx.commands().iter_from(before) {
            (self.write)(command(&done).as_str());
        }
        result
    }
}

impl<S, W: FnMut(&str)> Drop for Recorder<S, W> {
    fn drop(&mut self) {
        (self.write)(END);
    }
}

impl<S: fmt::Debug, W: FnMut(&str)> fmt::Debug for Recorder<S, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("service", &self.service).finish_non_exhaustive()
    }
}

impl<S: Service, W: FnMut(&str)> Service for Recorder<S, W> {
    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        let line = line::request(cx.now(), peer, request);
        let answer = self.record(cx, line, |service, cx| service.request(cx, peer, request));
        (self.write)(verdict(&answer).as_str());
        answer
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        let line = Line::call(cx.now(), "opened").field(peer);
        self.record(cx, line, |service, cx| service.opened(cx, peer));
    }

    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let line = Line::call(cx.now(), "message").field(peer).message(&message);
        self.record(cx, line, |service, cx| service.message(cx, peer, message));
    }

    fn oversized(&mut self, cx: &mut Context<'_>, peer: PeerId, oversized: Oversized) {
        let line = Line::call(cx.now(), "oversized").field(peer).field(oversized.kind);
        self.record(cx, line, |service, cx| service.oversized(cx, peer, oversized));
    }

    fn gap(&mut self, cx: &mut Context<'_>, peer: PeerId, gap: Gap) {
        let line = Line::call(cx.now(), "gap").field(peer).field(gap.messages);
        self.record(cx, line, |service, cx| service.gap(cx, peer, gap));
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        let line = reason::encode(Line::call(cx.now(), "closed").field(peer), reason);
        self.record(cx, line, |service, cx| service.closed(cx, peer, reason));
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        let line = Line::call(cx.now(), "timeout");
        self.record(cx, line, S::timeout);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout()
    }
}
