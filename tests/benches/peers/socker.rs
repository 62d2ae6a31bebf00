//! The core itself.

use std::hint::black_box;
use std::sync::Arc;

use ::socker_core::{Config, Event, Instant, Machine, Message, Role, Seed};
use bytes::{Buf, Bytes};

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::feed::{Batch, Count, Feed, READ, Stream};
use crate::memory::Sink;

pub struct Socker;

impl Contender for Socker {
    fn name(&self) -> &'static str {
        "socker-core"
    }

    fn standing(&self) -> Standing {
        Standing::Ours
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let mut feed = Feed::new(stream);
        let mut machine = machine(Role::Server);
        let mut scratch = vec![0; READ];
        Some(Box::new(move |passes| {
            let wanted = stream.count.times(passes).messages;
            let mut count = Count::default();
            while count.messages < wanted {
                // The copy stands for the system call: frames are unmasked where they are.
                let read = feed.read(READ);
                scratch[..read.len()].copy_from_slice(read);
                let mut input = &mut scratch[..read.len()];
                while let Some(event) = machine.read(Instant::START, &mut input) {
                    match event {
                        Event::Message(Message::Binary(payload)) => count.received(&payload),
                        Event::Message(Message::Text(text)) => count.received(text.as_bytes()),
                        other => panic!("unexpected {other:?}"),
                    }
                }
            }
            count
        }))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::default();
        let mut machine = machine(if batch.client { Role::Client } else { Role::Server });
        let text = batch.text.then(|| std::str::from_utf8(&batch.payload).expect("valid text"));
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                for _ in 0..batch.messages {
                    let message = match black_box(text) {
                        Some(text) => Message::text(text),
                        None => binary(black_box(&batch.payload)),
                    };
                    machine.send(message).expect("send");
                }
                let mut outgoing = machine.outgoing();
                while outgoing.has_remaining() {
                    let written = sink.write(outgoing.chunk());
                    outgoing.advance(written);
                }
            }
            sink.take(passes * batch.messages)
        }))
    }
}

fn machine(role: Role) -> Machine {
    Machine::upgraded(
        Instant::START,
        role,
        Arc::new(Config::default().outgoing_limit(4 << 20)),
        Seed::from([7; 16]),
    )
}

/// Small payloads are borrowed and copied, as a user's would be; large ones are shared.
fn binary(payload: &Bytes) -> Message<'_> {
    if payload.len() < 4 << 10 {
        Message::binary(&payload[..])
    } else {
        Message::binary(payload.clone())
    }
}
