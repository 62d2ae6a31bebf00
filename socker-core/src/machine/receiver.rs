use std::{borrow::Cow, mem};

use bytes::Bytes;
use smallvec::SmallVec;

use super::assembly::Assembly;
use crate::{
    message::{Message, Payload},
    wire::{Close, Expect, Header, MAX_HEADER, Opcode, Violation, apply_mask, rotate_mask},
};

/// A control frame's payload, of which more may come.
type Control = SmallVec<[u8; 125]>;

/// What a receiver makes of its input.
#[derive(Debug)]
pub(super) enum Received<'b> {
    Message(Message<'b>),
    Ping(Payload<'b>),
    Pong(Payload<'b>),
    Close(Payload<'b>),
}

/// Bytes to messages and control frames, of one direction.
///
/// ```text
///           header complete                  payload complete
///   Header ----------------> Payload ----------------------------> Header
///     |  ^                                                           |
///     |  '----- the header's begin waits in `begun` -----'           |
///     '------- whole frame in the input: nothing is kept ------------'
/// ```
///
/// A message in one whole frame is borrowed from the input. What is not whole gathers in `assembly`
/// (data) or `control`, which own no memory in between.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    /// The begin of a header.
    begun: [u8; MAX_HEADER],
    begun_len: u8,
    /// The frame whose payload is coming.
    frame: Option<Frame>,
    /// The message in progress.
    assembly: Option<Assembly>,
    /// Its bytes, and those that its current frame has announced.
    assembled: u64,
    control: Option<Box<Control>>,
    /// The last message was not UTF-8, which [`Receiver::read`] tells.
    invalid: bool,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    missing: u64,
    /// Rotated to the next byte.
    mask: [u8; 4],
    opcode: Opcode,
    fin: bool,
}

impl Receiver {
    /// A message that is all in the input, borrowed. `None` is for all else, a violation included,
    /// and leaves it to [`Receiver::read`].
    #[inline]
    pub(super) fn read_whole<'b>(
        &mut self,
        masked: bool,
        limit: usize,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        if self.frame.is_some() || self.assembly.is_some() || self.begun_len > 0 || self.invalid {
            return None;
        }
        let expect = Expect { masked, in_message: false, limit: limit as u64 };
        let (header, used) = Header::decode(input, expect).ok()??;
        let there = (input.len() - used) as u64;
        if header.opcode.is_control() || !header.fin || header.len > there {
            return None;
        }
        // At most what is there.
        #[expect(clippy::cast_possible_truncation)]
        let (front, rest) = mem::take(input).split_at_mut(used + header.len as usize);
        let payload = &mut front[used..];
        if let Some(mask) = header.mask {
            apply_mask(mask, payload);
        }
        *input = rest;
        if header.opcode == Opcode::Binary {
            return Some(Message::Binary(Payload::Borrowed(payload)));
        }
        let text = simdutf8::basic::from_utf8(payload);
        self.invalid = text.is_err();
        Some(Message::Text(Cow::Borrowed(text.ok()?)))
    }

    /// Whether [`Receiver::read`] has a violation to tell that needs no more input.
    #[inline]
    pub(super) fn is_invalid(&self) -> bool {
        self.invalid
    }

    /// Takes bytes from the front of `input` up to the next thing that they complete.
    pub(super) fn read<'b>(
        &mut self,
        masked: bool,
        limit: usize,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Received<'b>>, Violation> {
        if self.invalid {
            return Err(Violation::InvalidUtf8);
        }
        loop {
            if self.frame.is_none() {
                let Some(header) = self.read_header(masked, limit, input)? else { return Ok(None) };
                if let Some(control) = self.begin(header, input) {
                    return Ok(Some(control));
                }
            }
            match self.read_payload(input)? {
                Some(received) => return Ok(Some(received)),
                // The frame is not complete, or it was a fragment and the next may be here.
                None if self.frame.is_some() || input.is_empty() => return Ok(None),
                None => {}
            }
        }
    }

    fn read_header(
        &mut self,
        masked: bool,
        limit: usize,
        input: &mut &mut [u8],
    ) -> Result<Option<Header>, Violation> {
        let in_message = self.assembly.is_some();
        let expect = Expect { masked, in_message, limit: limit as u64 - self.assembled };
        if self.begun_len == 0
            && let Some((header, used)) = Header::decode(input, expect)?
        {
            take(input, used);
            return Ok(Some(header));
        }
        while !input.is_empty() {
            let at = usize::from(self.begun_len);
            self.begun[at] = take(input, 1)[0];
            self.begun_len += 1;
            if let Some((header, _)) = Header::decode(&self.begun[..=at], expect)? {
                self.begun_len = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// Begins a frame; a control frame that is all in the input is done at once.
    fn begin<'b>(&mut self, header: Header, input: &mut &'b mut [u8]) -> Option<Received<'b>> {
        let Header { fin, opcode, mask, len } = header;
        let mask = mask.unwrap_or_default();
        if opcode.is_control() {
            if len <= input.len() as u64 {
                // At most the input's length.
                #[expect(clippy::cast_possible_truncation)]
                let payload = take(input, len as usize);
                apply_mask(mask, payload);
                return Some(control(opcode, Payload::Borrowed(payload)));
            }
        } else {
            self.assembled += len;
            if opcode != Opcode::Continuation {
                self.assembly = Some(Assembly::new(opcode));
            }
        }
        self.frame = Some(Frame { missing: len, mask, opcode, fin });
        None
    }

    fn read_payload<'b>(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Received<'b>>, Violation> {
        let Some(frame) = &mut self.frame else { return Ok(None) };
        let there = usize::try_from(frame.missing).unwrap_or(usize::MAX).min(input.len());
        let piece = take(input, there);
        frame.missing -= there as u64;
        let Frame { missing, mask, opcode, fin } = *frame;
        frame.mask = rotate_mask(mask, there);
        if opcode.is_control() {
            apply_mask(mask, piece);
            return self.read_control(opcode, piece, missing == 0);
        }
        if let Some(assembly) = &mut self.assembly {
            // After a fragment comes more than is announced.
            assembly.push(mask, piece, if fin { missing } else { u64::MAX })?;
        }
        if missing > 0 {
            return Ok(None);
        }
        self.frame = None;
        if !fin {
            return Ok(None);
        }
        self.assembled = 0;
        Ok(self.assembly.take().map(|assembly| Received::Message(assembly.finish())))
    }

    #[cold]
    fn read_control<'b>(
        &mut self,
        opcode: Opcode,
        piece: &[u8],
        complete: bool,
    ) -> Result<Option<Received<'b>>, Violation> {
        let gathered = self.control.get_or_insert_default();
        gathered.extend_from_slice(piece);
        if opcode == Opcode::Close {
            Close::judge(gathered)?;
        }
        if !complete {
            return Ok(None);
        }
        self.frame = None;
        let payload = Payload::Owned(Bytes::copy_from_slice(gathered));
        self.control = None;
        Ok(Some(control(opcode, payload)))
    }
}

fn take<'b>(input: &mut &'b mut [u8], len: usize) -> &'b mut [u8] {
    let (front, rest) = mem::take(input).split_at_mut(len);
    *input = rest;
    front
}

fn control(opcode: Opcode, payload: Payload<'_>) -> Received<'_> {
    match opcode {
        Opcode::Ping => Received::Ping(payload),
        Opcode::Pong => Received::Pong(payload),
        _ => Received::Close(payload),
    }
}
