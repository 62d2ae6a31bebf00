//! The core itself.

use std::hint::black_box;
use std::sync::Arc;

use ::socker_core::handshake::Acceptance;
use ::socker_core::wire::Frame;
use ::socker_core::{Config, Event, Instant, Machine, Message, Role, Seed};
use bytes::{Buf, Bytes};

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::exchange::{REQUEST, check};
use crate::feed::{ALIGNMENT, Batch, Count, Feed, READ, Stream};
use crate::memory::Sink;

/// As its documentation has it: from here on a server's queue shares what it is given.
const SHARE_FROM: usize = 4 << 10;

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
        // A caller's buffer is where the caller wants it, here as the limits' own.
        let mut scratch = vec![0; READ + ALIGNMENT];
        let start = scratch.as_ptr().align_offset(ALIGNMENT);
        Some(Box::new(move |passes| {
            let wanted = stream.count.times(passes).messages;
            let mut count = Count::default();
            while count.messages < wanted {
                // The copy stands for the system call: frames are unmasked where they are.
                let read = feed.read(READ);
                let mut input = &mut scratch[start..][..read.len()];
                input.copy_from_slice(read);
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
        let sink = Sink::of(batch);
        let mut machine = machine(if batch.client { Role::Client } else { Role::Server });
        let text = batch.text.then(|| std::str::from_utf8(&batch.payload).expect("valid text"));
        // Text that is sent many times and is worth sharing is encoded once.
        let frame = text.filter(|text| text.len() >= SHARE_FROM).map(Frame::text);
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                for _ in 0..batch.messages {
                    if let Some(frame) = &frame {
                        machine.send_frame(black_box(frame)).expect("send");
                        continue;
                    }
                    let message = match black_box(text) {
                        Some(text) => Message::text(text),
                        None => binary(black_box(&batch.payload)),
                    };
                    machine.send(message).expect("send");
                }
                flush(&mut machine, &sink);
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let mut machines: Vec<_> = (0..batch.messages).map(|_| machine(Role::Server)).collect();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                let frame = Frame::binary(black_box(&batch.payload));
                if batch.at_once {
                    for machine in &mut machines {
                        let write = |bytes: &_| sink.write(bytes);
                        if machine.write_frame(&frame, write).expect("open") > 0 {
                            flush(machine, &sink);
                        }
                    }
                } else {
                    batch.send_to(
                        &mut machines,
                        |machine| machine.send_frame(&frame).expect("open"),
                        |machine| flush(machine, &sink),
                    );
                }
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn opener(&self) -> Option<Run<'static>> {
        let config = Arc::new(Config::default());
        let mut buffer = REQUEST.to_vec();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                buffer.copy_from_slice(black_box(REQUEST));
                let mut machine = Machine::server(Instant::START, config.clone());
                let event = machine.read(Instant::START, &mut &mut buffer[..]);
                let Some(Event::Incoming(incoming)) = event else { panic!("unexpected {event:?}") };
                let accepted = machine.accept(Instant::START, incoming, Acceptance::default());
                accepted.expect("no subprotocol");
                check(machine.outgoing().chunk());
            }
            Count { messages: passes as u64, ..Count::default() }
        }))
    }
}

fn flush(machine: &mut Machine, sink: &Sink) {
    let mut outgoing = machine.outgoing();
    while outgoing.has_remaining() {
        let written = sink.write(outgoing.chunk());
        outgoing.advance(written);
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
    if payload.len() < SHARE_FROM {
        Message::binary(&payload[..])
    } else {
        Message::binary(payload.clone())
    }
}
