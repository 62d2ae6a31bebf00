//! Reads into a buffer of 8 KiB, masks with SIMD, and sends without copying.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ::tokio_websockets::{ClientBuilder, Config, Message, ServerBuilder};
use futures_core::Stream as _;
use futures_sink::Sink as _;

use crate::contender::{Contender, Run};
use crate::exchange::Exchange;
use crate::feed::{Batch, Count, Stream};
use crate::memory::{Sink, Wire, now};

/// More than a batch, so that only the flush at its end writes.
const FLUSH_THRESHOLD: usize = 64 * 1024;

pub struct TokioWebsockets;

impl Contender for TokioWebsockets {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let mut socket = ServerBuilder::new().serve(Wire::receiving(stream));
        Some(Box::new(move |passes| {
            let mut context = Context::from_waker(Waker::noop());
            let mut count = Count::default();
            for _ in 0..stream.count.times(passes).messages {
                let Poll::Ready(Some(message)) = Pin::new(&mut socket).poll_next(&mut context)
                else {
                    panic!("the wire is always ready");
                };
                let message = message.expect("read");
                match message.as_text() {
                    Some(text) => count.received(text.as_bytes()),
                    None => count.received(message.as_payload()),
                }
            }
            count
        }))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let wire = Wire::sending(&sink);
        let config = Config::default().flush_threshold(FLUSH_THRESHOLD);
        let mut socket = if batch.client {
            ClientBuilder::new().config(config).take_over(wire)
        } else {
            ServerBuilder::new().config(config).serve(wire)
        };
        let message = if batch.text {
            Message::text(batch.payload.clone())
        } else {
            Message::binary(batch.payload.clone())
        };
        Some(Box::new(move |passes| {
            let mut context = Context::from_waker(Waker::noop());
            let mut socket = Pin::new(&mut socket);
            for _ in 0..passes {
                for _ in 0..batch.messages {
                    ready(socket.as_mut().poll_ready(&mut context));
                    socket.as_mut().start_send(black_box(&message).clone()).expect("send");
                }
                ready(socket.as_mut().poll_flush(&mut context));
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let config = Config::default().flush_threshold(FLUSH_THRESHOLD);
        let socket = |_| ServerBuilder::new().config(config).serve(Wire::sending(&sink));
        let mut sockets: Vec<_> = (0..batch.messages).map(socket).collect();
        Some(Box::new(move |passes| {
            let context = || Context::from_waker(Waker::noop());
            for _ in 0..passes {
                let message = Message::binary(black_box(&batch.payload).clone());
                batch.send_to(
                    &mut sockets,
                    |socket| {
                        let mut socket = Pin::new(socket);
                        ready(socket.as_mut().poll_ready(&mut context()));
                        socket.start_send(message.clone()).expect("send");
                    },
                    |socket| ready(Pin::new(socket).poll_flush(&mut context())),
                );
            }
            sink.take(passes * batch.messages)
        }))
    }

    fn opener(&self) -> Option<Run<'static>> {
        let exchange = Exchange::default();
        Some(Box::new(move |passes| {
            for _ in 0..passes {
                let accepted = now(ServerBuilder::new().accept(exchange.clone()));
                black_box(accepted.expect("a handshake"));
                exchange.take();
            }
            Count { messages: passes as u64, ..Count::default() }
        }))
    }
}

fn ready<E>(poll: Poll<Result<(), E>>) {
    assert!(matches!(poll, Poll::Ready(Ok(()))), "the wire is always ready");
}
