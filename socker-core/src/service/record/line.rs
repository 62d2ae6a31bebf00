use std::fmt::{Display, Write};

use crate::{
    handshake::Request,
    http::HeaderMap,
    message::{Message, MessageKind},
    service::{Command, Delivery, PeerId, Verdict},
    time::Instant,
};

/// A line in the making: fields between tabs.
#[derive(Debug)]
pub(super) struct Line(String);

impl Line {
    pub(super) fn call(now: Instant, call: &str) -> Self {
        let nanos = now.since(Instant::START).as_nanos();
        Self(nanos.to_string()).field(call)
    }

    fn answer(what: &str) -> Self {
        Self(">".to_owned()).field(what)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// A field without tabs and line ends.
    pub(super) fn field(mut self, field: impl Display) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.0, "\t{field}");
        self
    }

    /// Any bytes.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        self.field(bytes.escape_ascii())
    }

    pub(super) fn message(self, message: &Message<'_>) -> Self {
        self.field(message.kind()).bytes(message.as_bytes())
    }

    fn delivery(self, delivery: Delivery) -> Self {
        self.field(match delivery {
            Delivery::Reliable => "reliable",
            Delivery::Droppable => "droppable",
        })
    }

    fn headers<'a>(self, headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        headers.fold(self, |line, (name, value)| {
            line.field(format_args!("{name}: {}", value.escape_ascii()))
        })
    }
}

fn lines(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

pub(super) fn request(now: Instant, peer: PeerId, request: &Request) -> Line {
    let line = Line::call(now, "request").field(peer);
    let line = match request.address() {
        Some(address) => line.field(address),
        None => line.field("-"),
    };
    line.bytes(request.uri().to_string().as_bytes()).headers(request.headers())
}

pub(super) fn verdict(verdict: &Verdict) -> Line {
    match verdict {
        Verdict::Accept(acceptance) => {
            let line = Line::answer("accept");
            let line = match acceptance.subprotocol() {
                Some(subprotocol) => line.bytes(subprotocol.as_bytes()),
                None => line.field("-"),
            };
            line.headers(lines(acceptance.headers()))
        }
        Verdict::Reject(rejection) => Line::answer("reject")
            .field(rejection.status().as_u16())
            .bytes(rejection.body())
            .headers(lines(rejection.headers())),
    }
}

pub(super) fn command(command: &Command<'_>) -> Line {
    match command {
        Command::Send { to, message, delivery } => {
            Line::answer("send").field(to).delivery(*delivery).message(message)
        }
        Command::Broadcast { to, frame, delivery } => {
            let line = Line::answer("broadcast").delivery(*delivery).field(frame.kind());
            to.iter().fold(line.bytes(frame.payload()), Line::field)
        }
        Command::Close { peer, code, reason } => {
            let line = Line::answer("close").field(peer).field(u16::from(*code));
            line.bytes(reason.as_bytes())
        }
    }
}

/// The bytes of an escaped field.
pub(super) fn unescape(field: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                quoted @ (b'\\' | b'\'' | b'"') => quoted,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(bytes)
}

pub(super) fn kind(field: &str) -> Option<MessageKind> {
    [MessageKind::Text, MessageKind::Binary].into_iter().find(|kind| kind.to_string() == field)
}
