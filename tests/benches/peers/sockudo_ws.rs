//! Its sans-IO `Protocol`, driven as its own `WebSocketStream` does.

use std::hint::black_box;
use std::io::IoSlice;

use ::sockudo_ws::OpCode;
use ::sockudo_ws::cork::{CorkBuffer, ZERO_COPY_MIN};
use ::sockudo_ws::frame::{encode_frame, encode_frame_header};
use ::sockudo_ws::handshake::server_handshake;
use ::sockudo_ws::protocol::{Message, Protocol, Role};
use bytes::{Buf, BytesMut};

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::exchange::Exchange;
use crate::feed::{Batch, Count, Feed, READ, Stream};
use crate::memory::{Sink, now};

const LIMIT: usize = 64 << 20;

/// The most slices that its stream passes to one vectored write.
const SLICES: usize = 16;

pub struct SockudoWs;

/// With a frame for many that is encoded once.
pub struct Tuned;

impl Contender for SockudoWs {
    fn name(&self) -> &'static str {
        "sockudo-ws"
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let mut feed = Feed::new(stream);
        let mut protocol = Protocol::new(Role::Server, LIMIT, LIMIT);
        // Its stream has 64 KiB, but this is faster: it needn't grow for long messages, and stays
        // in the cache for short ones.
        let mut buffer = BytesMut::with_capacity(stream.frame() + READ);
        let mut messages = Vec::new();
        Some(Box::new(move |passes| {
            let wanted = stream.count.times(passes).messages;
            let mut count = Count::default();
            while count.messages < wanted {
                buffer.reserve(READ);
                buffer.extend_from_slice(feed.read(READ));
                protocol.process_into(&mut buffer, &mut messages).expect("process");
                for message in messages.drain(..) {
                    // Not `as_text`, which would validate a second time.
                    assert!(message.is_binary() || message.is_text());
                    count.received(message.as_bytes());
                }
            }
            count
        }))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let role = if batch.client { Role::Client } else { Role::Server };
        let mut protocol = Protocol::new(role, LIMIT, LIMIT);
        let mut cork = CorkBuffer::new();
        let message = if batch.text {
            Message::Text(batch.payload.clone())
        } else {
            Message::Binary(batch.payload.clone())
        };
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                for _ in 0..batch.messages {
                    send(&mut protocol, &mut cork, black_box(&message), batch.client);
                }
                flush(&mut cork, &sink);
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let connection = |_| (Protocol::new(Role::Server, LIMIT, LIMIT), CorkBuffer::new());
        let mut connections: Vec<_> = (0..batch.messages).map(connection).collect();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                let message = Message::Binary(black_box(&batch.payload).clone());
                batch.send_to(
                    &mut connections,
                    |(protocol, cork)| send(protocol, cork, &message, false),
                    |(_, cork)| flush(cork, &sink),
                );
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn opener(&self) -> Option<Run<'static>> {
        let mut exchange = Exchange::default();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                black_box(now(server_handshake(&mut exchange)).expect("a handshake"));
                black_box(Protocol::new(Role::Server, LIMIT, LIMIT));
                exchange.take();
            }
            Count { messages: passes as u64, ..Count::default() }
        }))
    }
}

impl Contender for Tuned {
    fn name(&self) -> &'static str {
        "sockudo-ws-tuned"
    }

    fn standing(&self) -> Standing {
        Standing::Tuned
    }

    fn receiver<'a>(&self, _: &'a Stream) -> Option<Run<'a>> {
        None
    }

    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let mut corks: Vec<_> = (0..batch.messages).map(|_| CorkBuffer::new()).collect();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                let mut frame = BytesMut::new();
                encode_frame(&mut frame, OpCode::Binary, black_box(&batch.payload), true, None);
                let frame = frame.freeze();
                batch.send_to(
                    &mut corks,
                    |cork| cork.push_segment(frame.clone()),
                    |cork| flush(cork, &sink),
                );
            }
            sink.take(passes * batch.messages)
        }))
    }
}

/// Its stream refers to large payloads that need no mask instead of copying them.
fn send(protocol: &mut Protocol, cork: &mut CorkBuffer, message: &Message, client: bool) {
    let (opcode, payload) = match message {
        Message::Text(payload) => (OpCode::Text, payload),
        Message::Binary(payload) => (OpCode::Binary, payload),
        other => panic!("unexpected {other:?}"),
    };
    if client || payload.len() < ZERO_COPY_MIN {
        protocol.encode_message(message, cork.buffer_mut()).expect("encode");
    } else {
        encode_frame_header(cork.buffer_mut(), opcode, payload.len(), true, None);
        cork.push_segment(payload.clone());
    }
}

fn flush(cork: &mut CorkBuffer, sink: &Sink) {
    while cork.has_data() {
        let written = if cork.chunk().len() < cork.remaining() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = cork.fill_write_slices(&mut slices);
            sink.write_vectored(&slices[..count])
        } else {
            sink.write(cork.chunk())
        };
        cork.consume(written);
    }
}
