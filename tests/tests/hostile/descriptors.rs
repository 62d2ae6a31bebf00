//! A server that has no descriptors left.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    peer::Peer,
    server::{PATIENCE, Setup},
};

/// Descriptors that are left for connections.
const LEFT: usize = 4;

/// Ms of the processor's time in a second that only a loop that never waits takes, also where many others
/// want the processor too.
const SPINS: i64 = 100;

pub(crate) fn descriptors(host: &'static str) {
    let mut server = Setup::new(host).start();
    // What it needs for its first connection, it has.
    Peer::open(server.address, 1).close().unwrap();
    server.wait_present(0);
    server.come_to_rest();
    server.leave(LEFT);
    // The system takes them before the server does.
    let peers: Vec<Peer> = (0..2 * LEFT)
        .map(|_| {
            let mut peer = Peer::connect(server.address, 1).unwrap();
            peer.ask("/").unwrap();
            peer
        })
        .collect();
    let (mut open, mut waiting) = (Vec::new(), Vec::new());
    for (number, mut peer) in peers.into_iter().enumerate() {
        // Who comes first is accepted first.
        let patience = if number < LEFT { PATIENCE } else { Duration::from_millis(500) };
        peer.0.set_read_timeout(Some(patience)).unwrap();
        match peer.answered() {
            Ok(_) => open.push(peer),
            Err(_) => waiting.push(peer),
        }
    }
    assert_eq!((open.len(), waiting.len()), (LEFT, LEFT));

    // Those that are there go on, and nothing spins while the others wait.
    let (begin, before) = (Instant::now(), server.report().get("cpu"));
    while begin.elapsed() < Duration::from_secs(1) {
        open.iter_mut().for_each(|peer| peer.echo("hello").unwrap());
        thread::sleep(Duration::from_millis(50));
    }
    let used = server.report().get("cpu") - before;
    eprintln!("{used} ms of {:?}", begin.elapsed());
    assert!(used < SPINS, "{used} ms of {:?}", begin.elapsed());

    // When descriptors come back, it goes on by itself.
    drop(open);
    for mut peer in waiting {
        peer.0.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(peer.answered().unwrap(), 101);
        peer.echo("hello").unwrap();
        peer.close().unwrap();
    }
    server.wait_present(0);
    server.end();
}
