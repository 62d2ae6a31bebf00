use std::{error, fmt, time::Duration};

use super::{
    END, Recorder, TITLE,
    line::{kind, unescape},
    reason,
};
use crate::{
    event::CloseReason,
    handshake::Request,
    http,
    message::{Message, MessageKind},
    service::{Commands, Context, Gap, Oversized, PeerId, Service},
    time::Instant,
};

/// The largest number of a peer, so that a recording which is damaged can't take much memory.
const INDEX_LIMIT: u32 = 1 << 20;

/// What a [`Recorder`] wrote, to be replayed.
#[derive(Debug)]
pub struct Recording {
    calls: Vec<Call>,
    /// It was not cut short, so the last call has all of its answers.
    whole: bool,
}

/// A call, and the lines that followed it.
#[derive(Debug)]
struct Call {
    number: usize,
    line: String,
    now: Instant,
    input: Input,
    answers: Vec<String>,
}

#[derive(Debug)]
enum Input {
    Request(PeerId, Box<Request>),
    Opened(PeerId),
    Message(PeerId, Message<'static>),
    Oversized(PeerId, Oversized),
    Gap(PeerId, Gap),
    Closed(PeerId, CloseReason),
    Timeout,
}

/// A text that is not a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingError {
    /// The line that is not understood, from 1 on.
    pub line: usize,
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not that of a recording", self.line)
    }
}

impl error::Error for RecordingError {}

/// Where a replay differs from its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The line of the call, from 1 on.
    pub line: usize,
    /// The call.
    pub call: String,
    /// The answers that were recorded, a line each.
    pub recorded: Vec<String>,
    /// The answers of the replay.
    pub replayed: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, call, recorded, replayed } = self;
        write!(f, "line {line}: {call}\nrecorded:\n  ")?;
        f.write_str(&recorded.join("\n  "))?;
        f.write_str("\nreplayed:\n  ")?;
        f.write_str(&replayed.join("\n  "))
    }
}

impl error::Error for Difference {}

impl Recording {
    /// Reads a recording. Of one that was cut short, as by a crash, the last call may lack answers.
    ///
    /// # Errors
    /// A line is not that of a recording.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut calls: Vec<Call> = Vec::new();
        let mut whole = false;
        // What follows the last line's end is a line that was cut.
        let lines = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let mut lines = lines.split('\n').zip(1..);
        if lines.next().is_none_or(|(line, _)| line != TITLE) {
            return Err(RecordingError { line: 1 });
        }
        for (line, number) in lines {
            let error = RecordingError { line: number };
            if whole {
                return Err(error);
            } else if line == END {
                whole = true;
            } else if line.starts_with('>') {
                calls.last_mut().ok_or(error)?.answers.push(line.to_owned());
            } else {
                let fields: Vec<_> = line.split('\t').collect();
                let (now, input) = parse(&fields).ok_or(error)?;
                let line = line.to_owned();
                calls.push(Call { number, line, now, input, answers: Vec::new() });
            }
        }
        Ok(Self { calls, whole })
    }

    /// How many calls it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether it has no calls.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Tells a service all that was recorded, at the recorded times, and compares what it answers.
    /// It has to begin as the recorded one did, with the same seed if it draws.
    ///
    /// # Errors
    /// Where it answers something else.
    pub fn replay(&self, service: &mut impl Service) -> Result<(), Difference> {
        let mut lines = Vec::new();
        for (call, left) in self.calls.iter().zip((0..self.calls.len()).rev()) {
            call.make(service, &mut lines);
            // Without the title, the call and the end.
            lines.pop();
            let replayed = lines.split_off(lines.len().min(2));
            lines.clear();
            let same = match (left, self.whole) {
                (0, false) => replayed.starts_with(&call.answers),
                _ => replayed == call.answers,
            };
            if !same {
                let (line, recorded) = (call.number, call.answers.clone());
                return Err(Difference { line, call: call.line.clone(), recorded, replayed });
            }
        }
        Ok(())
    }
}

impl Call {
    fn make(&self, service: &mut impl Service, lines: &mut Vec<String>) {
        let mut recorder = Recorder::new(service, |line| lines.push(line.to_owned()));
        let mut commands = Commands::default();
        let cx = &mut Context::new(self.now, &mut commands);
        match &self.input {
            Input::Request(peer, request) => drop(recorder.request(cx, *peer, request)),
            Input::Opened(peer) => recorder.opened(cx, *peer),
            Input::Message(peer, message) => recorder.message(cx, *peer, message.clone()),
            Input::Oversized(peer, oversized) => recorder.oversized(cx, *peer, *oversized),
            Input::Gap(peer, gap) => recorder.gap(cx, *peer, *gap),
            Input::Closed(peer, reason) => recorder.closed(cx, *peer, reason),
            Input::Timeout => recorder.timeout(cx),
        }
    }
}

fn parse(fields: &[&str]) -> Option<(Instant, Input)> {
    let (nanos, fields) = fields.split_first()?;
    let now = Instant::at(Duration::from_nanos(nanos.parse().ok()?));
    let peer = |field: &str| field.parse().ok().filter(|peer: &PeerId| peer.index() <= INDEX_LIMIT);
    let input = match *fields {
        ["request", id, address, target, ref headers @ ..] => {
            Input::Request(peer(id)?, Box::new(request(address, target, headers)?))
        }
        ["opened", id] => Input::Opened(peer(id)?),
        ["message", id, kind, payload] => Input::Message(peer(id)?, message(kind, payload)?),
        ["oversized", id, of] => Input::Oversized(peer(id)?, Oversized { kind: kind(of)? }),
        ["gap", id, messages] => Input::Gap(peer(id)?, Gap { messages: messages.parse().ok()? }),
        ["closed", id, ref reason @ ..] => Input::Closed(peer(id)?, reason::decode(reason)?),
        ["timeout"] => Input::Timeout,
        _ => return None,
    };
    Some((now, input))
}

fn request(address: &str, target: &str, headers: &[&str]) -> Option<Request> {
    let mut request = http::Request::builder().uri(unescape(target)?);
    for header in headers {
        let (name, value) = header.split_once(": ")?;
        request = request.header(name, unescape(value)?);
    }
    let request = Request::parsed(request.body(()).ok()?);
    match address {
        "-" => Some(request),
        address => Some(request.with_address(address.parse().ok()?)),
    }
}

fn message(field: &str, payload: &str) -> Option<Message<'static>> {
    let payload = unescape(payload)?;
    Some(match kind(field)? {
        MessageKind::Text => Message::text(String::from_utf8(payload).ok()?),
        MessageKind::Binary => Message::binary(payload),
    })
}
