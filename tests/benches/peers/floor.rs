//! The limit of the machine: only copies the bytes of each read.

use std::hint::black_box;

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::feed::{ALIGNMENT, Batch, Feed, READ, Stream};

pub struct Floor;

impl Contender for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn standing(&self) -> Standing {
        Standing::Floor
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let mut feed = Feed::new(stream);
        let mut scratch = vec![0; READ + ALIGNMENT];
        let start = scratch.as_ptr().align_offset(ALIGNMENT);
        Some(Box::new(move |passes| {
            let mut left = passes * stream.bytes().len();
            while left > 0 {
                let read = feed.read(READ);
                scratch[start..][..read.len()].copy_from_slice(read);
                black_box(&mut scratch);
                left -= read.len();
            }
            stream.count.times(passes)
        }))
    }

    fn sender<'a>(&self, _: &'a Batch) -> Option<Run<'a>> {
        None
    }

    fn broadcaster<'a>(&self, _: &'a Batch) -> Option<Run<'a>> {
        None
    }

    fn opener(&self) -> Option<Run<'static>> {
        None
    }
}
