use std::{fmt, str};

use http::{HeaderMap, HeaderName, HeaderValue};

/// Where a header line stands: its name, up to the colon, and its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) begin: usize,
    pub(super) colon: usize,
    pub(super) end: usize,
}

/// Header lines in order. They stay in the bytes that they came in, as most are never looked at.
#[derive(Clone, Default)]
pub(super) struct Headers {
    bytes: Vec<u8>,
    lines: Vec<Line>,
}

impl Headers {
    /// Lines of a head, each with a valid name and value.
    pub(super) fn new(bytes: Vec<u8>, lines: Vec<Line>) -> Self {
        Self { bytes, lines }
    }

    pub(super) fn push(&mut self, name: &HeaderName, value: &HeaderValue) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(name.as_str().as_bytes());
        let colon = self.bytes.len();
        self.bytes.push(b':');
        self.bytes.extend_from_slice(value.as_bytes());
        self.lines.push(Line { begin, colon, end: self.bytes.len() });
    }

    pub(super) fn remove(&mut self, name: &HeaderName) {
        let Self { bytes, lines } = self;
        lines.retain(|line| !is(name.as_str(), &bytes[line.begin..line.colon]));
    }

    /// Names as they were sent, and values without the spaces around them (RFC 9110, section 5.5).
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.lines.iter().map(|&Line { begin, colon, end }| {
            (&self.bytes[begin..colon], self.bytes[colon + 1..end].trim_ascii())
        })
    }

    /// The values of all lines of this name, whose case does not matter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(other, _)| is(name, other)).map(|(_, value)| value)
    }

    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.lines.len());
        for (name, value) in self.iter() {
            // Both were judged before.
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                map.append(name, value);
            }
        }
        map
    }
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        let mut headers = Self::default();
        for (name, value) in map {
            headers.push(name, value);
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(name, value): (&[u8], &[u8])| {
            format!("{}: {}", name.escape_ascii(), value.escape_ascii())
        };
        f.debug_list().entries(self.iter().map(line)).finish()
    }
}

/// Whether a header has this name.
pub(super) fn is(name: &str, other: &[u8]) -> bool {
    name.as_bytes().eq_ignore_ascii_case(other)
}

/// A value, if it is ASCII.
pub(super) fn ascii(value: &[u8]) -> Option<&str> {
    str::from_utf8(value).ok().filter(|value| value.is_ascii())
}

/// The elements of a value that is a comma-separated list.
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &str> {
    let elements = ascii(value).unwrap_or_default().split(',');
    elements.map(str::trim_ascii).filter(|element| !element.is_empty())
}

/// Whether such a list has this element.
pub(super) fn lists(value: &[u8], token: &str) -> bool {
    elements(value).any(|element| element.eq_ignore_ascii_case(token))
}
