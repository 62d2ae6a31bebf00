//! Finds the end of an HTTP/1.1 head and judges each byte as it comes (RFC 9112, sections 2 to 5).
//!
//! The parser proper runs once, on the complete head: a peer that sends single bytes costs no more
//! than one that sends all at once.

use super::HandshakeError;

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
    Target(usize),
    /// In `HTTP/1.1` of a request.
    RequestVersion(usize),
    /// In `HTTP/1.1 ` of a response.
    ResponseVersion(usize),
    Status(usize),
    Phrase,
    LineStart,
    Name,
    Value,
    /// After a CR: this place follows the LF.
    Feed(After),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    EmptyLine,
    Line,
    Head,
}

/// The scanner's place in a head.
#[derive(Debug)]
pub(super) struct Scanner {
    place: Place,
    start: StartLine,
    lines: usize,
    line_limit: usize,
}

impl Scanner {
    pub(super) fn new(start: StartLine, line_limit: usize) -> Self {
        Self { place: Place::Start, start, lines: 0, line_limit }
    }

    /// Where in `bytes`, which continue the head, it ends; `None` asks for more.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at += 1;
            if (self.place, byte) == (Place::Feed(After::Head), b'\n') {
                return Ok(Some(at));
            }
            self.place = self.next(byte)?;
            at += self.stay(&bytes[at..]);
        }
        Ok(None)
    }

    /// How many of the next bytes leave the place as it is: most of a head, in long runs.
    fn stay(&self, bytes: &[u8]) -> usize {
        match self.place {
            Place::Name => bytes.iter().take_while(|&&byte| is_token(byte)).count(),
            Place::Value => {
                let all = |chunk: &&[u8; 16]| chunk.iter().fold(true, |all, &b| all & is_text(b));
                let whole = 16 * bytes.as_chunks().0.iter().take_while(all).count();
                whole + bytes[whole..].iter().take_while(|&&byte| is_text(byte)).count()
            }
            _ => 0,
        }
    }

    fn next(&mut self, byte: u8) -> Result<Place, HandshakeError> {
        match self.place {
            Place::Start if byte == b'\r' => Ok(Place::Feed(After::EmptyLine)),
            Place::Start => match self.start {
                StartLine::Request => method(0, byte),
                StartLine::Response => response_version(0, byte),
            },
            Place::Method(at) => method(at, byte),
            Place::Target(len) => target(len, byte),
            Place::RequestVersion(at) => request_version(at, byte),
            Place::ResponseVersion(at) => response_version(at, byte),
            Place::Status(at) => status(at, byte),
            Place::Phrase => text(byte, Place::Phrase, "status phrase"),
            Place::LineStart if byte == b'\r' => Ok(Place::Feed(After::Head)),
            Place::LineStart => self.line(byte),
            Place::Name if byte == b':' => Ok(Place::Value),
            Place::Name if is_token(byte) => Ok(Place::Name),
            Place::Name => Err(HandshakeError::Malformed("header name")),
            Place::Value => text(byte, Place::Value, "header value"),
            Place::Feed(after) if byte == b'\n' => Ok(match after {
                After::EmptyLine => Place::Start,
                After::Line | After::Head => Place::LineStart,
            }),
            Place::Feed(_) => Err(HandshakeError::Malformed("CR without LF")),
        }
    }

    fn line(&mut self, first: u8) -> Result<Place, HandshakeError> {
        if !is_token(first) {
            return Err(HandshakeError::Malformed("header name"));
        }
        self.lines += 1;
        if self.lines > self.line_limit {
            return Err(HandshakeError::TooManyHeaders);
        }
        Ok(Place::Name)
    }
}

fn method(at: usize, byte: u8) -> Result<Place, HandshakeError> {
    match b"GET ".get(at) {
        Some(b' ') if byte == b' ' => Ok(Place::Target(0)),
        Some(&expected) if byte == expected => Ok(Place::Method(at + 1)),
        _ if is_token(byte) || (byte == b' ' && at > 0) => Err(HandshakeError::Method),
        _ => Err(HandshakeError::Malformed("method")),
    }
}

fn target(len: usize, byte: u8) -> Result<Place, HandshakeError> {
    match byte {
        b' ' if len > 0 => Ok(Place::RequestVersion(0)),
        // A fragment is not sent (RFC 9112, section 3.2).
        b'#' => Err(HandshakeError::Malformed("request target")),
        0x21..=0x7E => Ok(Place::Target(len + 1)),
        _ => Err(HandshakeError::Malformed("request target")),
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

fn text(byte: u8, place: Place, what: &'static str) -> Result<Place, HandshakeError> {
    match byte {
        b'\r' => Ok(Place::Feed(After::Line)),
        byte if is_text(byte) => Ok(place),
        _ => Err(HandshakeError::Malformed(what)),
    }
}

fn is_text(byte: u8) -> bool {
    (byte == b'\t') | (byte >= 0x20) & (byte != 0x7F)
}

/// A `tchar` (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    TOKENS[usize::from(byte)]
}

const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        tokens[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        tokens[others[at] as usize] = true;
        at += 1;
    }
    tokens
};

/// A head as it gathers: the bytes so far, scanned, and never more than the limit.
#[derive(Debug)]
pub(super) struct Head {
    bytes: Vec<u8>,
    scanner: Scanner,
    limit: usize,
}

impl Head {
    pub(super) fn new(start: StartLine, limit: usize, line_limit: usize) -> Self {
        Self { bytes: Vec::new(), scanner: Scanner::new(start, line_limit), limit }
    }

    /// Takes the head's bytes from the front of `input`; the whole head once it is complete.
    pub(super) fn read(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Vec<u8>>, HandshakeError> {
        let room = self.limit.saturating_sub(self.bytes.len());
        let within = &input[..input.len().min(room)];
        let end = self.scanner.scan(within)?;
        let taken = end.unwrap_or(within.len());
        // At the limit, only the head's end could have come.
        if end.is_none() && taken == room && !input.is_empty() {
            return Err(HandshakeError::TooLarge);
        }
        self.bytes.extend_from_slice(&input[..taken]);
        *input = &mut std::mem::take(input)[taken..];
        Ok(end.map(|_| std::mem::take(&mut self.bytes)))
    }
}
