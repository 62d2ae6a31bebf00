//! Finds the lines of an HTTP/1.1 head and its end, and judges each byte as it comes (RFC 9112,
//! sections 2 to 5).
//!
//! No byte is looked at more than twice: a peer that sends single bytes costs no more than one that
//! sends all at once, and nothing is left for a parser to find.

use std::ops::Range;

use super::{
    HandshakeError,
    characters::{is_target, is_text, is_token, target_run, text_run, token_run},
    headers::Line,
};

/// Most header lines, whatever [`Config::header_limit`](crate::Config::header_limit) says.
const MAX_LINES: usize = 124;

/// There is room for so many lines from the first one on: to grow step by step to what browsers send
/// took an eighth of an opening.
const USUAL_LINES: usize = 16;

/// Which line begins the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartLine {
    Request,
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the start line, where empty lines are let pass.
    Start,
    Method(usize),
    Target {
        begin: usize,
    },
    /// In `HTTP/1.1` of a request.
    RequestVersion(usize),
    /// In `HTTP/1.1 ` of a response.
    ResponseVersion(usize),
    Status(usize),
    Phrase,
    LineStart,
    Name {
        begin: usize,
    },
    Value {
        begin: usize,
        colon: usize,
    },
    /// After a CR: this place follows the LF.
    Feed(After),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    EmptyLine,
    Line,
    Head,
}

/// The scanner's place in a head, and what it has found before.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
    start: StartLine,
    /// How many bytes came before.
    scanned: usize,
    pub(super) target: Range<usize>,
    pub(super) lines: Vec<Line>,
    line_limit: usize,
}

impl Scanner {
    pub(super) fn new(start: StartLine, line_limit: usize) -> Self {
        Self {
            place: Place::Start,
            start,
            scanned: 0,
            target: 0..0,
            lines: Vec::new(),
            line_limit: line_limit.min(MAX_LINES),
        }
    }

    /// Where in `bytes`, which continue the head, it ends; `None` asks for more.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if (self.place, byte) == (Place::Feed(After::Head), b'\n') {
                return Ok(Some(at + 1));
            }
            // Nearly all of a head is taken in whole lines, and what is cut or wrong byte by byte.
            at += match self.whole_line(&bytes[at..], self.scanned + at) {
                Some(len) => len,
                None => {
                    self.place = self.next(byte, self.scanned + at)?;
                    1
                }
            };
        }
        self.scanned += at;
        Ok(None)
    }

    /// The length of the next line if it is all there, and nothing is wrong with it.
    #[inline(always)]
    fn whole_line(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        match (self.place, self.start) {
            (Place::Start, StartLine::Request) => {
                let target = b"GET ".len();
                let end = target + target_run(bytes.strip_prefix(b"GET ")?);
                bytes[end..].strip_prefix(b" HTTP/1.1\r\n").filter(|_| end > target)?;
                self.target = at + target..at + end;
                self.place = Place::LineStart;
                Some(end + b" HTTP/1.1\r\n".len())
            }
            (Place::LineStart, _) if self.lines.len() < self.line_limit => {
                let colon = token_run(bytes);
                let value = bytes[colon..].strip_prefix(b":")?;
                let end = colon + 1 + text_run(value);
                bytes[end..].strip_prefix(b"\r\n").filter(|_| is_name_len(colon))?;
                self.found(Line { begin: at, colon: at + colon, end: at + end });
                Some(end + b"\r\n".len())
            }
            _ => None,
        }
    }

    /// The place after a byte, the head's `at`th.
    fn next(&mut self, byte: u8, at: usize) -> Result<Place, HandshakeError> {
        match self.place {
            Place::Start if byte == b'\r' => Ok(Place::Feed(After::EmptyLine)),
            Place::Start => match self.start {
                StartLine::Request => method(0, byte, at),
                StartLine::Response => response_version(0, byte),
            },
            Place::Method(matched) => method(matched, byte, at),
            Place::Target { begin } if byte == b' ' && at > begin => {
                self.target = begin..at;
                Ok(Place::RequestVersion(0))
            }
            Place::Target { begin } if is_target(byte) => Ok(Place::Target { begin }),
            Place::Target { .. } => Err(HandshakeError::Malformed("request target")),
            Place::RequestVersion(matched) => request_version(matched, byte),
            Place::ResponseVersion(matched) => response_version(matched, byte),
            Place::Status(digits) => status(digits, byte),
            Place::Phrase if byte == b'\r' => Ok(Place::Feed(After::Line)),
            Place::Phrase if is_text(byte) => Ok(Place::Phrase),
            Place::Phrase => Err(HandshakeError::Malformed("status phrase")),
            Place::LineStart if byte == b'\r' => Ok(Place::Feed(After::Head)),
            Place::LineStart if !is_token(byte) => Err(HandshakeError::Malformed("header name")),
            Place::LineStart if self.lines.len() >= self.line_limit => {
                Err(HandshakeError::TooManyHeaders)
            }
            Place::LineStart => Ok(Place::Name { begin: at }),
            Place::Name { begin } if byte == b':' && is_name_len(at - begin) => {
                Ok(Place::Value { begin, colon: at })
            }
            Place::Name { begin } if is_token(byte) => Ok(Place::Name { begin }),
            Place::Name { .. } => Err(HandshakeError::Malformed("header name")),
            Place::Value { begin, colon } if byte == b'\r' => {
                self.found(Line { begin, colon, end: at });
                Ok(Place::Feed(After::Line))
            }
            Place::Value { .. } if is_text(byte) => Ok(self.place),
            Place::Value { .. } => Err(HandshakeError::Malformed("header value")),
            Place::Feed(after) if byte == b'\n' => Ok(match after {
                After::EmptyLine => Place::Start,
                After::Line | After::Head => Place::LineStart,
            }),
            Place::Feed(_) => Err(HandshakeError::Malformed("CR without LF")),
        }
    }

    fn found(&mut self, line: Line) {
        if self.lines.is_empty() {
            self.lines.reserve(USUAL_LINES);
        }
        self.lines.push(line);
    }
}

fn method(matched: usize, byte: u8, at: usize) -> Result<Place, HandshakeError> {
    match b"GET ".get(matched) {
        Some(b' ') if byte == b' ' => Ok(Place::Target { begin: at + 1 }),
        Some(&expected) if byte == expected => Ok(Place::Method(matched + 1)),
        _ if is_token(byte) || (byte == b' ' && matched > 0) => Err(HandshakeError::Method),
        _ => Err(HandshakeError::Malformed("method")),
    }
}

fn request_version(at: usize, byte: u8) -> Result<Place, HandshakeError> {
    match b"HTTP/1.1\r".get(at) {
        Some(b'\r') if byte == b'\r' => Ok(Place::Feed(After::Line)),
        Some(&expected) if byte == expected => Ok(Place::RequestVersion(at + 1)),
        Some(b'1') if byte.is_ascii_digit() => Err(HandshakeError::HttpVersion),
        _ => Err(HandshakeError::Malformed("HTTP version")),
    }
}

fn response_version(at: usize, byte: u8) -> Result<Place, HandshakeError> {
    match b"HTTP/1.1 ".get(at) {
        Some(b' ') if byte == b' ' => Ok(Place::Status(0)),
        Some(&expected) if byte == expected => Ok(Place::ResponseVersion(at + 1)),
        Some(b'1') if byte.is_ascii_digit() => Err(HandshakeError::HttpVersion),
        _ => Err(HandshakeError::Malformed("HTTP version")),
    }
}

fn status(at: usize, byte: u8) -> Result<Place, HandshakeError> {
    match (at, byte) {
        (0, b'1'..=b'9') | (1 | 2, b'0'..=b'9') => Ok(Place::Status(at + 1)),
        (3, b' ') => Ok(Place::Phrase),
        (3, b'\r') => Ok(Place::Feed(After::Line)),
        _ => Err(HandshakeError::Malformed("status")),
    }
}

/// Whether a header's name is not too long for the `http` crate.
fn is_name_len(len: usize) -> bool {
    (1..=usize::from(u16::MAX)).contains(&len)
}
