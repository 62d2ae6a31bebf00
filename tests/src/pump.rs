//! Drives a machine over a blocking socket, until it is done.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{self, Duration};

use bytes::Buf;
use socker_core::{CloseReason, Event, Instant, Machine};

/// A peer on the same computer that says nothing for so long is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Hands all events but the last to `on`, and returns that one's reason.
pub fn pump(
    mut socket: TcpStream,
    mut machine: Machine,
    mut on: impl FnMut(&mut Machine, Instant, Event<'_>),
) -> CloseReason {
    let begin = time::Instant::now();
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = vec![0; 16 << 10];
    let (mut closed, mut ended) = (None, false);
    loop {
        let mut outgoing = machine.outgoing();
        while outgoing.has_remaining() {
            let Ok(written) = socket.write(outgoing.chunk()) else {
                let lost = outgoing.remaining();
                outgoing.advance(lost);
                break;
            };
            outgoing.advance(written);
        }
        if machine.is_write_finished() && !ended {
            ended = true;
            // The peer may have gone already.
            let _ = socket.shutdown(Shutdown::Write);
        }
        if machine.is_done() {
            return closed.expect("Closed is told");
        }
        let read = socket.read(&mut buffer);
        let now = Instant::at(begin.elapsed());
        machine.handle_timeout(now);
        let mut input = match read {
            Ok(0) | Err(_) => {
                machine.read_eof(now);
                &mut [][..]
            }
            Ok(len) => &mut buffer[..len],
        };
        while let Some(event) = machine.read(now, &mut input) {
            match event {
                Event::Closed(reason) => closed = Some(reason),
                event => on(&mut machine, now, event),
            }
        }
    }
}
