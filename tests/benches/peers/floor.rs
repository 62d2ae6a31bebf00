//! The limits of the machine: what any server does with the bytes, and nothing else.

use std::hint::black_box;

use socker_core::wire::apply_mask;

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::feed::{ALIGNMENT, Batch, Feed, READ, Stream};
use crate::memory::Sink;

/// Copies them once.
pub struct Copy;

/// And masks all, as if they were one payload.
pub struct CopyAndMask;

/// And keeps each message, which no read holds whole, in memory of its own.
pub struct CopyMaskAndKeep;

const MASK: [u8; 4] = [0x5A, 0xC3, 0x96, 0x0F];

impl Contender for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }

    fn standing(&self) -> Standing {
        Standing::Floor
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        Some(receiver(stream, |_| {}))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        Some(sender(batch, |_| {}))
    }

    /// One for each; what is written at once need not be copied.
    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        (!batch.at_once).then(|| sender(batch, |_| {}))
    }
}

impl Contender for CopyAndMask {
    fn name(&self) -> &'static str {
        "copy-and-mask"
    }

    fn standing(&self) -> Standing {
        Standing::Floor
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        Some(receiver(stream, |bytes| apply_mask(MASK, bytes)))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        batch.client.then(|| sender(batch, |bytes| apply_mask(MASK, bytes)))
    }
}

impl Contender for CopyMaskAndKeep {
    fn name(&self) -> &'static str {
        "copy-mask-and-keep"
    }

    fn standing(&self) -> Standing {
        Standing::Floor
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        if stream.frame() < READ {
            return None;
        }
        let mut feed = Feed::new(stream);
        Some(Box::new(move |passes| {
            for _ in 0..passes as u64 * stream.count.messages {
                let mut kept = Vec::with_capacity(stream.frame());
                while kept.len() < stream.frame() {
                    let begin = kept.len();
                    kept.extend_from_slice(feed.read(stream.frame() - begin));
                    apply_mask(MASK, &mut kept[begin..]);
                }
                black_box(&kept);
            }
            stream.count.times(passes)
        }))
    }
}

fn receiver<'a>(stream: &'a Stream, act: impl Fn(&mut [u8]) + 'a) -> Run<'a> {
    let mut feed = Feed::new(stream);
    let mut scratch = vec![0; READ + ALIGNMENT];
    let start = scratch.as_ptr().align_offset(ALIGNMENT);
    Box::new(move |passes| {
        let mut left = passes * stream.bytes().len();
        while left > 0 {
            let read = feed.read(READ);
            let scratch = &mut scratch[start..][..read.len()];
            scratch.copy_from_slice(read);
            act(scratch);
            black_box(scratch);
            left -= read.len();
        }
        stream.count.times(passes)
    })
}

fn sender<'a>(batch: &'a Batch, act: impl Fn(&mut [u8]) + 'a) -> Run<'a> {
    let sink = Sink::of(batch);
    // With room for a header.
    let frame = batch.count.bytes as usize / batch.messages;
    let mut scratch = vec![0; frame];
    Box::new(move |passes| {
        for _ in 0..passes * batch.messages {
            let payload = &mut scratch[frame - batch.payload.len()..];
            payload.copy_from_slice(black_box(&batch.payload));
            act(payload);
            sink.write(&scratch);
        }
        sink.take(passes * batch.messages)
    })
}
