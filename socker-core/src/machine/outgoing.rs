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
const FIRST_TAIL: RangeInclusive<u32> = 512..=32 << 10;

/// Bytes that wait to be written, in order: the segments, then the tail. Owns no memory when empty.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// `None` when there are none, as in most queues at most times.
    segments: Option<Box<Segments>>,
    tail: Tail,
    /// What the tail held when it was last given back.
    last_tail: u32,
    /// Something was written since this was last taken.
    progressed: bool,
}

#[derive(Debug)]
enum Tail {
    /// Small frames, copied together, and how much of them is written.
    Copied { bytes: Vec<u8>, written: usize },
    /// One frame that others share, as long as nothing follows it: most that many are sent find their
    /// queue empty, and memory for a copy costs more than the copy.
    Shared(Bytes),
}

impl Default for Tail {
    fn default() -> Self {
        Self::Copied { bytes: Vec::new(), written: 0 }
    }
}

impl Tail {
    /// What is to be written.
    #[inline]
    fn rest(&self) -> &[u8] {
        match self {
            Self::Copied { bytes, written } => &bytes[*written..],
            Self::Shared(bytes) => bytes,
        }
    }
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
        shared + self.tail.rest().len()
    }

    pub(super) fn clear(&mut self) {
        self.segments = None;
        if let Tail::Copied { bytes, .. } = mem::take(&mut self.tail) {
            self.last_tail = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        }
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
        if bytes.len() >= SHARE_FRAME_FROM {
            self.end_tail();
            self.push_segment(bytes);
        } else if self.tail.rest().is_empty() && !bytes.is_empty() {
            self.tail = Tail::Shared(bytes);
        } else {
            self.append(bytes.len(), |tail| tail.extend_from_slice(&bytes));
        }
    }

    /// Appends to an empty queue what was not written of bytes, and gives its length.
    #[inline]
    pub(super) fn push_rest(&mut self, bytes: &Bytes, written: usize) -> usize {
        if written >= bytes.len() {
            self.progressed |= written > 0;
            return 0;
        }
        // All of it decides how it is queued: however little is left, a tail would keep the memory of a
        // large one.
        self.push_shared(bytes.clone());
        Outgoing(self).advance(written);
        self.len()
    }

    /// The tail becomes a segment.
    fn end_tail(&mut self) {
        let segment = match &mut self.tail {
            Tail::Copied { bytes, .. } if bytes.is_empty() => return,
            // A segment holds what it counts: a tail with much slack is copied, and kept for more.
            Tail::Copied { bytes, written } if bytes.len() - *written < bytes.capacity() / 2 => {
                let copy = Bytes::copy_from_slice(&bytes[mem::take(written)..]);
                bytes.clear();
                copy
            }
            tail => match mem::take(tail) {
                Tail::Copied { bytes, written } => Bytes::from(bytes).slice(written..),
                Tail::Shared(bytes) => bytes,
            },
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
        // As one word: bytes that are put together in memory would have to be waited for. The length is
        // at most `MAX_SHORT`.
        #[expect(clippy::cast_possible_truncation)]
        let header = 0x80 | opcode as u16 | (payload.len() as u16) << 8;
        self.push_behind(header.to_le_bytes(), payload);
    }

    /// The same of more, and of less than [`SHARE_MESSAGE_FROM`]: a header whose size is known costs a
    /// quarter less of a message of 1 KiB.
    #[inline]
    pub(super) fn push_medium(&mut self, opcode: Opcode, payload: &[u8]) {
        #[expect(clippy::cast_possible_truncation)]
        let len = (payload.len() as u16).swap_bytes();
        let header = 0x80 | opcode as u32 | 126 << 8 | u32::from(len) << 16;
        self.push_behind(header.to_le_bytes(), payload);
    }

    #[inline]
    fn push_behind<const N: usize>(&mut self, header: [u8; N], payload: &[u8]) {
        self.append(N + payload.len(), |tail| {
            tail.extend_from_slice(&header);
            tail.extend_from_slice(payload);
        });
    }

    /// Appends a frame, copying its payload.
    #[inline]
    pub(super) fn push_frame(&mut self, header: Header, payload: &[u8]) {
        let mut bytes = [0; MAX_HEADER];
        let used = header.encode(&mut bytes);
        self.append(used + payload.len(), |tail| {
            tail.extend_from_slice(&bytes[..used]);
            let begin = tail.len();
            tail.extend_from_slice(payload);
            if let Some(mask) = header.mask {
                apply_mask(mask, &mut tail[begin..]);
            }
        });
    }

    /// Appends a frame without a mask, by reference if its payload is owned.
    pub(super) fn push_large(&mut self, header: Header, message: Message<'_>) {
        match message {
            Message::Text(Cow::Owned(text)) => self.push_owned(header, text.into()),
            Message::Binary(Payload::Owned(bytes)) => self.push_owned(header, bytes),
            borrowed => self.push_frame(header, borrowed.as_bytes()),
        }
    }

    fn push_owned(&mut self, header: Header, payload: Bytes) {
        if self.tail.rest().is_empty() {
            // No tail is begun for a header that would end it.
            let mut bytes = [0; MAX_HEADER];
            let used = header.encode(&mut bytes);
            self.push_segment(Bytes::copy_from_slice(&bytes[..used]));
        } else {
            self.push_frame(header, &[]);
        }
        self.push_shared(payload);
    }

    /// Appends so many bytes to the tail.
    #[inline]
    fn append(&mut self, more: usize, write: impl FnOnce(&mut Vec<u8>)) {
        match &mut self.tail {
            Tail::Copied { bytes, .. } if bytes.capacity() - bytes.len() >= more => write(bytes),
            _ => {
                let (mut bytes, written) = self.grow(more);
                write(&mut bytes);
                self.tail = Tail::Copied { bytes, written };
            }
        }
    }

    /// Takes the tail out, with room for more. What is written goes first, so that a queue which never
    /// runs empty stays small; no more bytes are moved than were written.
    #[cold]
    fn grow(&mut self, more: usize) -> (Vec<u8>, usize) {
        let first = self.last_tail.clamp(*FIRST_TAIL.start(), *FIRST_TAIL.end()) as usize;
        let (mut bytes, mut written) = match mem::take(&mut self.tail) {
            Tail::Copied { bytes, written } => (bytes, written),
            Tail::Shared(bytes) => (Vec::from(bytes), 0),
        };
        if written >= bytes.len() / 2 {
            bytes.drain(..mem::take(&mut written));
        }
        if bytes.capacity() - bytes.len() < more {
            bytes.reserve(more.max(first - bytes.len().min(first)));
        }
        (bytes, written)
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
            None => self.0.tail.rest(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = self.0.tail.rest();
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
        if written == queue.tail.rest().len() {
            queue.clear();
            return;
        }
        match &mut queue.tail {
            Tail::Copied { written: before, .. } => *before += written,
            Tail::Shared(bytes) => bytes.advance(written),
        }
    }
}
