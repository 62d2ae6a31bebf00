//! Reads into a fixed buffer of 8 KiB and writes each frame at once. It leaves HTTP to hyper, which needs
//! a runtime, so it opens nothing here.

use std::hint::black_box;

use ::fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

use crate::contender::{Contender, Run};
use crate::feed::{Batch, Count, Stream};
use crate::memory::{Sink, Wire, now};

/// From here on a vectored write is cheaper than copying the payload behind its header.
const WRITEV_THRESHOLD: usize = 256;

pub struct Fastwebsockets;

impl Contender for Fastwebsockets {
    fn name(&self) -> &'static str {
        "fastwebsockets"
    }

    fn receiver<'a>(&self, stream: &'a Stream) -> Option<Run<'a>> {
        let socket = WebSocket::after_handshake(Wire::receiving(stream), Role::Server);
        // As documented for whole messages, which is what all others deliver.
        let mut socket = FragmentCollector::new(socket);
        Some(Box::new(move |passes| {
            let mut count = Count::default();
            now(async {
                for _ in 0..stream.count.times(passes).messages {
                    let frame = socket.read_frame().await.expect("read");
                    assert!(matches!(frame.opcode, OpCode::Binary | OpCode::Text));
                    count.received(&frame.payload);
                }
            });
            count
        }))
    }

    fn sender<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let role = if batch.client { Role::Client } else { Role::Server };
        let mut socket = WebSocket::after_handshake(Wire::sending(&sink), role);
        socket.set_writev_threshold(WRITEV_THRESHOLD);
        let mut scratch = batch.payload.to_vec();
        Some(Box::new(move |passes| {
            now(async {
                for _ in 0..passes {
                    for _ in 0..batch.messages {
                        let payload = payload(black_box(batch), &mut scratch);
                        let frame =
                            if batch.text { Frame::text(payload) } else { Frame::binary(payload) };
                        socket.write_frame(frame).await.expect("write");
                    }
                    socket.flush().await.expect("flush");
                }
            });
            sink.take(passes * batch.messages)
        }))
    }

    /// It has no queue: what is sent is written.
    fn broadcaster<'a>(&self, batch: &'a Batch) -> Option<Run<'a>> {
        let sink = Sink::of(batch);
        let socket = |_| {
            let mut socket = WebSocket::after_handshake(Wire::sending(&sink), Role::Server);
            socket.set_writev_threshold(WRITEV_THRESHOLD);
            socket
        };
        let mut sockets: Vec<_> = (0..batch.messages).map(socket).collect();
        Some(Box::new(move |passes| {
            now(async {
                for _ in 0..passes {
                    for socket in &mut sockets {
                        let payload = Payload::Borrowed(black_box(&batch.payload));
                        socket.write_frame(Frame::binary(payload)).await.expect("write");
                    }
                }
            });
            sink.take(passes * batch.messages)
        }))
    }
}

/// A client masks the payload in place. A copy into a buffer is cheaper for it than a borrowed
/// payload, which it would copy to a new allocation.
fn payload<'a>(batch: &'a Batch, scratch: &'a mut [u8]) -> Payload<'a> {
    if batch.client {
        scratch.copy_from_slice(&batch.payload);
        Payload::BorrowedMut(scratch)
    } else {
        Payload::Borrowed(&batch.payload)
    }
}
