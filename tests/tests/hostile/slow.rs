//! Requests that come a byte at a time, or not at all.

use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    thread,
    time::Duration,
};

use crate::{
    honest::Honest,
    peer::{Peer, request, status},
    server::{Setup, until},
};

/// Together they are as many as one address may have.
const PEERS: usize = 200;
const OPENING: Duration = Duration::from_millis(700);
const PAUSE: Duration = Duration::from_millis(50);

/// One whose request is late.
struct Late {
    peer: Peer,
    /// What it sends, a byte at a time.
    request: Vec<u8>,
    answer: Vec<u8>,
    ended: bool,
}

pub(crate) fn slow(host: &'static str) {
    let opening = u64::try_from(OPENING.as_millis()).unwrap();
    let mut server = Setup { opening, ..Setup::new(host) }.start();
    let honest = Honest::start(server.address);
    server.rounds(1, |server| {
        dawdle(server.address);
        // The service has not heard of them.
        assert_eq!(server.report().get("accepted"), 1);
    });
    honest.end();
    server.end();
}

fn dawdle(server: SocketAddr) {
    let mut all: Vec<_> = (0..PEERS).map(|number| Late::new(server, number % 2 == 0)).collect();
    until(|| {
        all.iter_mut().filter(|late| !late.ended).for_each(Late::go_on);
        thread::sleep(PAUSE);
        let kept = all.iter().filter(|late| !late.ended).count();
        if kept == 0 { Ok(()) } else { Err(format!("{kept} are kept")) }
    });
    for late in all {
        assert_eq!(status(&late.answer), Some(408), "{}", late.answer.escape_ascii());
    }
}

impl Late {
    fn new(server: SocketAddr, sends: bool) -> Self {
        let peer = Peer::connect(server, 2).unwrap();
        peer.0.set_nonblocking(true).unwrap();
        let request =
            if sends { request(&format!("/{}", "a".repeat(10_000))) } else { String::new() };
        // From its end.
        let request = request.into_bytes().into_iter().rev().collect();
        Self { peer, request, answer: Vec::new(), ended: false }
    }

    fn go_on(&mut self) {
        let mut buffer = [0; 1024];
        match self.peer.0.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(len) => self.answer.extend(&buffer[..len]),
            Err(error) => self.ended = error.kind() != ErrorKind::WouldBlock,
        }
        if let Some(byte) = self.request.pop()
            && self.peer.0.write_all(&[byte]).is_err()
        {
            // What the server has said before is still to be read.
            self.request.clear();
        }
    }
}
