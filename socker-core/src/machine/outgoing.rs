use std::{borrow::Cow, collections::VecDeque, io::IoSlice, mem, ops::RangeInclusive};

use bytes::{Buf, Bytes};

use crate::{
    message::{Message, Payload},
    wire::{Header, MAX_HEADER, Opcode, apply_mask},
};

/// From here on a message's payload is queued as it is; below, copying it costs less than ending the
/// tail before it.
pub(super) const SHARE_MESSAGE_FROM: usize = 4 << 10;

/// The same for a frame that many connections share: there is no header to be put before it.
const SHARE_FRAME_FROM: usize = 1 << 10;

/// The first size of the tail is what it held last time, within these: growing by doubling would
/// cost as much as the messages.
const FIRST_TAIL: RangeInclusive<u32> = 512..=16 << 10;

/// Bytes that wait to be written, in order: the segments, then the tail. Owns no memory when empty.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// `None` when there are none, as in most queues at most times.
    segments: Option<Box<Segments>>,
    /// Small frames, copied together.
    tail: Vec<u8>,
    /// How much of the tail is written.
    written: usize,
    /// What the tail held when it was last given back.
    last_tail: u32,
    /// Something was written since this was last taken.
    progressed: bool,
}

/// Bytes that are queued by reference, before the tail.
#[derive(Debug, Default)]
struct Segments {
    list: VecDeque<Bytes>,
    /// Bytes of all.
    len: usize,
}

impl Queue {
    #[inline]
    pub(super) fn len(&self) -> usize {
        let shared = self.segments.as_ref().map_or(0, |segments| segments.len);
        shared + self.tail.len() - self.written
    }

    pub(super) fn clear(&mut self) {
        let last_tail = u32::try_from(self.tail.len()).unwrap_or(u32::MAX);
        *self = Self { last_tail, progressed: self.progressed, ..Self::default() };
    }

    /// Whether something was written since the last call.
    pub(super) fn take_progress(&mut self) -> bool {
        mem::take(&mut self.progressed)
    }

    /// Appends bytes that are encoded already.
    pub(super) fn push_encoded(&mut self, bytes: Vec<u8>) {
        self.push_shared(bytes.into());
    }

    /// Appends bytes by reference, or by copy where that is cheaper.
    pub(super) fn push_shared(&mut self, bytes: Bytes) {
        if bytes.len() < SHARE_FRAME_FROM {
            self.reserve(bytes.len());
            self.tail.extend_from_slice(&bytes);
            return;
        }
        self.end_tail();
        self.push_segment(bytes);
    }

    /// The tail becomes a segment.
    fn end_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        // A segment holds what it counts: a tail with much slack is copied, and kept for more.
        let written = mem::take(&mut self.written);
        let rest = &self.tail[written..];
        let segment = if rest.len() < self.tail.capacity() / 2 {
            let copy = Bytes::copy_from_slice(rest);
            self.tail.clear();
            copy
        } else {
            Bytes::from(mem::take(&mut self.tail)).slice(written..)
        };
        self.push_segment(segment);
    }

    fn push_segment(&mut self, segment: Bytes) {
        let segments = self.segments.get_or_insert_default();
        segments.len += segment.len();
        segments.list.push_back(segment);
    }

    /// Appends a whole message without a mask, of [`MAX_SHORT`](crate::wire::MAX_SHORT) bytes at the
    /// most.
    #[inline]
    pub(super) fn push_short(&mut self, opcode: Opcode, payload: &[u8]) {
        self.reserve(2 + payload.len());
        // At most `MAX_SHORT`.
        #[expect(clippy::cast_possible_truncation)]
        self.tail.extend_from_slice(&[0x80 | opcode as u8, payload.len() as u8]);
        self.tail.extend_from_slice(payload);
    }

    /// Appends a frame, copying its payload.
    #[inline]
    pub(super) fn push_frame(&mut self, header: Header, payload: &[u8]) {
        let mut bytes = [0; MAX_HEADER];
        let used = header.encode(&mut bytes);
        self.reserve(used + payload.len());
        self.tail.extend_from_slice(&bytes[..used]);
        self.tail.extend_from_slice(payload);
        if let Some(mask) = header.mask {
            let begin = self.tail.len() - payload.len();
            apply_mask(mask, &mut self.tail[begin..]);
        }
    }

    /// Appends a frame without a mask, by reference if its payload is owned.
    pub(super) fn push_large(&mut self, header: Header, message: Message<'_>) {
        match message {
            Message::Text(Cow::Owned(text)) => self.push_behind(header, text.into()),
            Message::Binary(Payload::Owned(bytes)) => self.push_behind(header, bytes),
            borrowed => self.push_frame(header, borrowed.as_bytes()),
        }
    }

    fn push_behind(&mut self, header: Header, payload: Bytes) {
        if self.tail.is_empty() {
            // No tail is begun for a header that would end it.
            let mut bytes = [0; MAX_HEADER];
            let used = header.encode(&mut bytes);
            self.push_segment(Bytes::copy_from_slice(&bytes[..used]));
        } else {
            self.push_frame(header, &[]);
        }
        self.push_shared(payload);
    }

    /// Makes room. What is written goes first, so that a queue which never runs empty stays small;
    /// no more bytes are moved than were written.
    #[cold]
    fn grow(&mut self, more: usize) {
        if self.written >= self.tail.len() / 2 {
            self.tail.drain(..mem::take(&mut self.written));
        }
        if self.tail.capacity() - self.tail.len() < more {
            let first = self.last_tail.clamp(*FIRST_TAIL.start(), *FIRST_TAIL.end()) as usize;
            self.tail.reserve(more.max(first - self.tail.len().min(first)));
        }
    }

    #[inline]
    fn reserve(&mut self, more: usize) {
        if self.tail.capacity() - self.tail.len() < more {
            self.grow(more);
        }
    }
}

/// The bytes to write next, as a [`Buf`]: write any part of them, vectored if you can, and
/// [`advance`](Buf::advance) by what was written.
///
/// ```
/// use bytes::Buf;
/// use socker_core::{Config, Instant, Machine, Message, Role, Seed};
/// use std::io::Write;
///
/// let config = Config::default().into();
/// let mut machine = Machine::upgraded(Instant::START, Role::Server, config, Seed::from([0; 16]));
/// machine.send(Message::text("scene"))?;
///
/// let mut socket = Vec::new();
/// let mut outgoing = machine.outgoing();
/// while outgoing.has_remaining() {
///     let written = socket.write(outgoing.chunk())?;
///     outgoing.advance(written);
/// }
/// assert_eq!(socket, b"\x81\x05scene");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Outgoing<'m>(pub(super) &'m mut Queue);

impl Buf for Outgoing<'_> {
    #[inline]
    fn remaining(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.0.segments.as_ref().and_then(|segments| segments.list.front()) {
            Some(segment) => segment,
            None => &self.0.tail[self.0.written..],
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = &self.0.tail[self.0.written..];
        let segments = self.0.segments.iter().flat_map(|segments| &segments.list);
        let chunks = segments.map(|segment| &segment[..]).chain([tail]);
        let mut filled = 0;
        for (slice, chunk) in slices.iter_mut().zip(chunks.filter(|chunk| !chunk.is_empty())) {
            *slice = IoSlice::new(chunk);
            filled += 1;
        }
        filled
    }

    /// More than what remains counts as all of it.
    fn advance(&mut self, written: usize) {
        let queue = &mut *self.0;
        let mut written = written.min(queue.len());
        queue.progressed |= written > 0;
        if let Some(segments) = &mut queue.segments {
            while let Some(segment) = segments.list.front_mut() {
                let done = written.min(segment.len());
                segment.advance(done);
                segments.len -= done;
                written -= done;
                if !segment.is_empty() {
                    return;
                }
                segments.list.pop_front();
            }
            queue.segments = None;
        }
        queue.written += written;
        if queue.written == queue.tail.len() {
            queue.clear();
        }
    }
}
