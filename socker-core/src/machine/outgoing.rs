use std::{collections::VecDeque, io::IoSlice, mem};

use bytes::{Buf, Bytes};

use crate::wire::{Header, MAX_HEADER, apply_mask};

/// From here on a payload is queued as it is; below, copying it is cheaper than counting its
/// references (measured: about 1 KiB).
const SHARE_FROM: usize = 1024;

/// The first size of the tail: some dozens of small messages.
const FIRST_TAIL: usize = 512;

/// Bytes that wait to be written, in order: the segments, then the tail. Owns no memory when empty.
#[derive(Debug, Default)]
pub(super) struct Queue {
    segments: VecDeque<Bytes>,
    /// Small frames, copied together.
    tail: Vec<u8>,
    /// How much of the tail is written.
    written: usize,
    len: usize,
}

impl Queue {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Appends bytes that are encoded already.
    pub(super) fn push_encoded(&mut self, bytes: Vec<u8>) {
        self.push_shared(bytes.into());
    }

    /// Appends bytes by reference, or by copy where that is cheaper.
    pub(super) fn push_shared(&mut self, bytes: Bytes) {
        if bytes.len() < SHARE_FROM {
            self.reserve(bytes.len());
            self.append(&bytes);
            return;
        }
        if !self.tail.is_empty() {
            let mut tail = Bytes::from(mem::take(&mut self.tail));
            tail.advance(mem::take(&mut self.written));
            self.segments.push_back(tail);
        }
        self.len += bytes.len();
        self.segments.push_back(bytes);
    }

    /// Appends a frame, copying its payload.
    #[inline]
    pub(super) fn push_frame(&mut self, header: Header, payload: &[u8]) {
        let mut bytes = [0; MAX_HEADER];
        let used = header.encode(&mut bytes);
        self.reserve(used + payload.len());
        self.append(&bytes[..used]);
        self.append(payload);
        if let Some(mask) = header.mask {
            let begin = self.tail.len() - payload.len();
            apply_mask(mask, &mut self.tail[begin..]);
        }
    }

    /// Appends a frame without a mask, by reference where that is cheaper.
    #[inline]
    pub(super) fn push_owned_frame(&mut self, header: Header, payload: Bytes) {
        if payload.len() < SHARE_FROM {
            return self.push_frame(header, &payload);
        }
        self.push_frame(header, &[]);
        self.push_shared(payload);
    }

    #[inline]
    fn reserve(&mut self, more: usize) {
        if self.tail.capacity() - self.tail.len() < more {
            self.tail.reserve(more.max(FIRST_TAIL));
        }
    }

    #[inline]
    fn append(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        self.len += bytes.len();
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
        self.0.len
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        match self.0.segments.front() {
            Some(segment) => segment,
            None => &self.0.tail[self.0.written..],
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let tail = &self.0.tail[self.0.written..];
        let chunks = self.0.segments.iter().map(|segment| &segment[..]).chain([tail]);
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
        let mut written = written.min(queue.len);
        queue.len -= written;
        while let Some(segment) = queue.segments.front_mut() {
            if written < segment.len() {
                segment.advance(written);
                return;
            }
            written -= segment.len();
            queue.segments.pop_front();
        }
        queue.written += written;
        if queue.len == 0 {
            queue.clear();
        }
    }
}
