use std::{borrow::Cow, mem};

use bytes::Bytes;
use smallvec::SmallVec;

use super::assembly::Assembly;
use crate::{
    event::Oversized,
    message::{Message, Payload},
    wire::{
        Close, Expect, Header, MAX_HEADER, MAX_SHORT, Opcode, Violation, apply_mask, rotate_mask,
    },
};

/// A control frame's payload, of which more may come.
type Control = SmallVec<[u8; MAX_SHORT]>;

/// What a receiver makes of its input.
#[derive(Debug)]
pub(super) enum Received<'b> {
    Message(Message<'b>),
    Oversized(Oversized),
    Ping(Payload<'b>),
    Pong(Payload<'b>),
    Close(Payload<'b>),
}

/// Most bytes of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of one that is kept.
    pub(super) message: usize,
    /// Of one that is discarded, if that is more.
    pub(super) discard: usize,
}

/// Bytes to messages and control frames, of one direction.
///
/// ```text
///             header complete                  payload complete
///     Start ----------------> Data, Control ----------------------> Start,
///   or Header                                      in a message: Header
///     |   ^                                                         |
///     |   '----- the header's begin waits in `begun` -----'         |
///     '------- whole frame in the input: nothing is kept -----------'
/// ```
///
/// A message in one whole frame is borrowed from the input. What is not whole gathers in `assembly`
/// (data) or in [`Place::Control`], which own no memory in between.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    place: Place,
    /// The message in progress.
    assembly: Option<Box<Assembly>>,
}

/// Where in a frame the input stands. A mask is rotated to the next byte.
#[derive(Debug, Default)]
enum Place {
    /// Before a message, of which nothing has come.
    #[default]
    Start,
    /// Before a payload. The message or the header has begun.
    Header { begun_len: u8, begun: [u8; MAX_HEADER] },
    /// In the payload of a data frame.
    Data { fin: bool, mask: [u8; 4], missing: u64 },
    /// In the payload of a control frame.
    Control { opcode: Opcode, mask: [u8; 4], missing: u8, gathered: Box<Control> },
    /// After a message that was not UTF-8, which [`Receiver::read`] tells.
    Invalid,
}

impl Receiver {
    /// A message that is all in the input, borrowed. `None` is for all else, a violation included,
    /// and leaves it to [`Receiver::read`].
    #[inline(always)]
    pub(super) fn read_whole<'b>(
        &mut self,
        masked: bool,
        limit: usize,
        input: &mut &'b mut [u8],
    ) -> Option<Message<'b>> {
        if !matches!(self.place, Place::Start) {
            return None;
        }
        let (header, used) = Header::decode_usual(input, masked, false)?;
        if !header.fin || header.len > limit as u64 || header.len > (input.len() - used) as u64 {
            return None;
        }
        // At most what is there.
        #[expect(clippy::cast_possible_truncation)]
        let payload = &mut take(input, used + header.len as usize)[used..];
        if let Some(mask) = header.mask {
            apply_mask(mask, payload);
        }
        if header.opcode == Opcode::Binary {
            return Some(Message::Binary(Payload::Borrowed(payload)));
        }
        let Ok(text) = simdutf8::basic::from_utf8(payload) else {
            self.place = Place::Invalid;
            return None;
        };
        Some(Message::Text(Cow::Borrowed(text)))
    }

    /// Whether [`Receiver::read`] has a violation to tell that needs no more input.
    #[inline]
    pub(super) fn is_invalid(&self) -> bool {
        matches!(self.place, Place::Invalid)
    }

    /// Takes bytes from the front of `input` up to the next thing that they complete.
    pub(super) fn read<'b>(
        &mut self,
        masked: bool,
        limits: Limits,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Received<'b>>, Violation> {
        loop {
            let received = match self.place {
                Place::Start | Place::Header { .. } => {
                    let limit = limits.message.max(limits.discard);
                    let Some(header) = self.read_header(masked, limit, input)? else {
                        return Ok(None);
                    };
                    match self.begin(header, limits.message, input) {
                        // With no byte of its payload a frame may be complete, or prove wrong.
                        None => continue,
                        received => received,
                    }
                }
                Place::Data { .. } => self.read_data(input)?,
                Place::Control { .. } => self.read_control(input)?,
                Place::Invalid => return Err(Violation::InvalidUtf8),
            };
            // After a fragment, the next may be here.
            if received.is_some() || input.is_empty() {
                return Ok(received);
            }
        }
    }

    fn read_header(
        &mut self,
        masked: bool,
        limit: usize,
        input: &mut &mut [u8],
    ) -> Result<Option<Header>, Violation> {
        let assembled = self.assembly.as_ref().map(|assembly| assembly.assembled);
        let in_message = assembled.is_some();
        let expect = Expect { masked, in_message, limit: limit as u64 - assembled.unwrap_or(0) };
        if !matches!(self.place, Place::Header { begun_len: 1.., .. }) {
            if let Some((header, used)) = Header::decode(input, expect)? {
                take(input, used);
                return Ok(Some(header));
            }
            self.place = Place::Header { begun_len: 0, begun: [0; MAX_HEADER] };
        }
        let Place::Header { begun_len, begun } = &mut self.place else { return Ok(None) };
        while !input.is_empty() {
            let at = usize::from(*begun_len);
            begun[at] = take(input, 1)[0];
            *begun_len += 1;
            if let Some((header, _)) = Header::decode(&begun[..=at], expect)? {
                self.end_frame();
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// The next is a header.
    fn end_frame(&mut self) {
        self.place = match self.assembly {
            None => Place::Start,
            Some(_) => Place::Header { begun_len: 0, begun: [0; MAX_HEADER] },
        };
    }

    /// Begins a frame; a control frame that is all in the input is done at once, and a message that
    /// grows over the limit is told.
    fn begin<'b>(
        &mut self,
        header: Header,
        limit: usize,
        input: &mut &'b mut [u8],
    ) -> Option<Received<'b>> {
        let Header { fin, opcode, mask, len } = header;
        let mask = mask.unwrap_or_default();
        if !opcode.is_control() {
            let assembly = self.assembly.get_or_insert_with(|| Box::new(Assembly::new(opcode)));
            assembly.assembled += len;
            self.place = Place::Data { fin, mask, missing: len };
            if assembly.assembled <= limit as u64 {
                return None;
            }
            return Some(Received::Oversized(Oversized { kind: assembly.discard()? }));
        }
        // At most `MAX_SHORT`.
        #[expect(clippy::cast_possible_truncation)]
        let missing = len as u8;
        if usize::from(missing) <= input.len() {
            let payload = take(input, missing.into());
            apply_mask(mask, payload);
            return Some(control(opcode, Payload::Borrowed(payload)));
        }
        self.place = Place::Control { opcode, mask, missing, gathered: Box::default() };
        None
    }

    fn read_data<'b>(&mut self, input: &mut &mut [u8]) -> Result<Option<Received<'b>>, Violation> {
        let (Place::Data { fin, mask, missing }, Some(assembly)) =
            (&mut self.place, &mut self.assembly)
        else {
            return Ok(None);
        };
        let there = usize::try_from(*missing).unwrap_or(usize::MAX).min(input.len());
        *missing -= there as u64;
        // After a fragment comes more than is announced.
        let announced = if *fin { *missing } else { u64::MAX };
        assembly.push(*mask, take(input, there), announced)?;
        *mask = rotate_mask(*mask, there);
        if *missing > 0 {
            return Ok(None);
        }
        let complete = if *fin { self.assembly.take() } else { None };
        self.end_frame();
        Ok(complete.and_then(|assembly| assembly.finish()).map(Received::Message))
    }

    #[cold]
    fn read_control<'b>(
        &mut self,
        input: &mut &mut [u8],
    ) -> Result<Option<Received<'b>>, Violation> {
        let Place::Control { opcode, mask, missing, gathered } = &mut self.place else {
            return Ok(None);
        };
        let opcode = *opcode;
        let there = input.len().min((*missing).into());
        let piece = take(input, there);
        apply_mask(*mask, piece);
        *mask = rotate_mask(*mask, there);
        gathered.extend_from_slice(piece);
        if opcode == Opcode::Close {
            Close::judge(gathered)?;
        }
        // At most what is missing.
        #[expect(clippy::cast_possible_truncation)]
        let there = there as u8;
        *missing -= there;
        if *missing > 0 {
            return Ok(None);
        }
        let payload = Payload::Owned(Bytes::copy_from_slice(gathered));
        self.end_frame();
        Ok(Some(control(opcode, payload)))
    }
}

#[inline(always)]
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
