//! Reads into a buffer that it zeroes up to its whole free capacity before each read.

use std::hint::black_box;

use ::tungstenite::protocol::{Role, WebSocketConfig};
use ::tungstenite::{Message, Utf8Bytes, WebSocket, accept_with_config};

use crate::common::Standing;
use crate::contender::{Contender, Run};
use crate::exchange::Exchange;
use crate::feed::{Batch, Count, READ, Stream};
use crate::memory::{Sink, Wire};

/// A buffer for reads of one small frame.
const SMALL_READ: usize = 1024;

/// With the default buffer of 128 KiB, documented as the one for high read load.
pub struct Tungstenite;

/// With the read buffer that suits the reads: the fastest size, give or take a few percent. For sending
/// there is nothing to tune, as the default write buffer holds a batch, but that it need not wait for a
/// flush.
pub struct Tuned;

impl Contender for Tungstenite {
    fn name(&self) -> &'static str {
        "tungstenite"
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        Some(receiver(stream, WebSocketConfig::default()))
    }

    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let flush = |socket: &mut WebSocket<_>| socket.flush().expect("flush");
        Some(broadcaster(batch, WebSocketConfig::default(), flush))
    }

    fn opener(&self) -> Option<Run<'static>> {
        Some(opener(WebSocketConfig::default()))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let role = if batch.client { Role::Client } else { Role::Server };
        let mut socket = WebSocket::from_raw_socket(Wire::sending(&sink), role, None);
        let message = if batch.text {
            Message::Text(Utf8Bytes::try_from(batch.payload.clone()).expect("valid text"))
        } else {
            Message::Binary(batch.payload.clone())
        };
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                for _ in 0..batch.messages {
                    socket.write(black_box(&message).clone()).expect("write");
                }
                socket.flush().expect("flush");
            }
            sink.take(passes * batch.messages)
        }))
    }
}

impl Contender for Tuned {
    fn name(&self) -> &'static str {
        "tungstenite-tuned"
    }

    fn standing(&self) -> Standing {
        Standing::Tuned
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let size = if stream.frame_per_read.is_some() { SMALL_READ } else { READ };
        Some(receiver(stream, WebSocketConfig::default().read_buffer_size(size)))
    }

    /// Each message is written when it is sent.
    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let config = WebSocketConfig::default().write_buffer_size(0);
        batch.at_once.then(|| broadcaster(batch, config, |_| {}))
    }

    fn opener(&self) -> Option<Run<'static>> {
        Some(opener(WebSocketConfig::default().read_buffer_size(SMALL_READ)))
    }
}

fn broadcaster<'a>(
    batch: &'a Batch,
    config: WebSocketConfig,
    flush: impl Fn(&mut WebSocket<Wire<'static>>) + 'a,
) -> Run<'a> {
    let sink = Sink::of(batch);
    let socket = |_| WebSocket::from_raw_socket(Wire::sending(&sink), Role::Server, Some(config));
    let mut sockets: Vec<_> = (0..batch.messages).map(socket).collect();
    Box::new(move |passes| {
        for _ in 0..passes {
            let message = Message::Binary(black_box(&batch.payload).clone());
            let write = |socket: &mut WebSocket<_>| socket.write(message.clone()).expect("write");
            batch.send_to(&mut sockets, write, &flush);
        }
        sink.take(passes * batch.messages)
    })
}

fn receiver<'a>(stream: &'a Stream, config: WebSocketConfig) -> Run<'a> {
    let wire = Wire::receiving(stream);
    let mut socket = WebSocket::from_raw_socket(wire, Role::Server, Some(config));
    Box::new(move |passes| {
        let mut count = Count::default();
        for _ in 0..stream.count.times(passes).messages {
            match socket.read().expect("read") {
                Message::Binary(payload) => count.received(&payload),
                Message::Text(text) => count.received(text.as_str().as_bytes()),
                other => panic!("unexpected {other}"),
            }
        }
        count
    })
}

fn opener(config: WebSocketConfig) -> Run<'static> {
    let exchange = Exchange::default();
    Box::new(move |passes| {
        for _ in 0..passes {
            let socket = accept_with_config(exchange.clone(), Some(config));
            black_box(socket.expect("a handshake"));
            exchange.take();
        }
        Count { messages: passes as u64, ..Count::default() }
    })
}
