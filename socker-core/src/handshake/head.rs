use std::{mem, ops::Range};

use super::{
    HandshakeError,
    headers::Line,
    scanner::{Scanner, StartLine},
};

/// A head as it gathers: the bytes so far, scanned, and never more than the limit.
#[derive(Debug)]
pub(super) struct Head {
    bytes: Vec<u8>,
    scanner: Scanner,
    limit: usize,
}

/// A head that is complete, and where in its bytes the request's target and the header lines are.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    pub(super) target: Range<usize>,
    pub(super) lines: Vec<Line>,
}

impl Head {
    pub(super) fn new(start: StartLine, limit: usize, line_limit: usize) -> Self {
        Self { bytes: Vec::new(), scanner: Scanner::new(start, line_limit), limit }
    }

    /// Takes the head's bytes from the front of `input`; the whole head once it is complete.
    pub(super) fn read(&mut self, input: &mut &mut [u8]) -> Result<Option<Whole>, HandshakeError> {
        let room = self.limit.saturating_sub(self.bytes.len());
        let within = &input[..input.len().min(room)];
        let end = self.scanner.scan(within)?;
        let taken = end.unwrap_or(within.len());
        // At the limit, only the head's end could have come.
        if end.is_none() && taken == room && !input.is_empty() {
            return Err(HandshakeError::TooLarge);
        }
        self.bytes.extend_from_slice(&input[..taken]);
        *input = &mut mem::take(input)[taken..];
        Ok(end.map(|_| Whole {
            bytes: mem::take(&mut self.bytes),
            target: mem::take(&mut self.scanner.target),
            lines: mem::take(&mut self.scanner.lines),
        }))
    }
}
