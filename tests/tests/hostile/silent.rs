//! Peers that vanish without an end: they neither read nor answer, and their sockets stay.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use socker_tests::frames::{Frame, opcode};

use crate::{
    honest::Honest,
    peer::Peer,
    process::CLOSE_TIMEOUT,
    server::{Report, Server, Setup},
    service::{LEAVE, MUCH, REJECTED},
};

/// Peers of each kind.
const PEERS: usize = 20;
/// In ms, twice: until the ping, and for its answer.
const KEEP_ALIVE: u64 = 1_500;

pub(crate) fn silent(host: &'static str) {
    assert!(CLOSE_TIMEOUT.as_millis() <= u128::from(KEEP_ALIVE));
    let mut server = Setup { keep_alive: KEEP_ALIVE, ..Setup::new(host) }.start();
    let honest = Honest::start(server.address);
    // One that says nothing, and answers pings.
    let mut quiet = Peer::open(server.address, 1);
    let ended = Arc::new(AtomicBool::new(false));
    let quiet = thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            let close = quiet.receive().unwrap();
            assert!(ended.load(Ordering::Relaxed), "it was there all the time: {close:?}");
        }
    });
    let mut peers = Vec::new();
    server.rounds(2, |server| {
        // Those of the last round: the server has forgotten them, and they had not ended before.
        peers.clear();
        peers = vanish(server);
    });
    drop(peers);
    honest.end();
    ended.store(true, Ordering::Relaxed);
    server.end();
    quiet.join().unwrap();
}

/// Peers of each kind, which are found dead while their sockets are open.
fn vanish(server: &mut Server) -> Vec<Peer> {
    let before = server.report();
    let mut peers = Vec::new();
    for _ in 0..PEERS {
        let open = || Peer::open(server.address, 2);
        let mut idle = open();
        idle.echo("hello").unwrap();

        let mut stuffed = open();
        stuffed.send(opcode::TEXT, MUCH.as_bytes()).unwrap();

        let mut fragmented = open();
        let begin = Frame::fragment(false, opcode::BINARY, &[0; 10_000]);
        fragmented.send_frame(begin).unwrap();

        let mut closed = open();
        closed.send(opcode::TEXT, LEAVE.as_bytes()).unwrap();

        let mut violating = open();
        violating.0.set_nonblocking(true).unwrap();
        violating.send(opcode::CONTINUATION, b"of nothing").unwrap();

        let mut rejected = Peer::connect(server.address, 2).unwrap();
        rejected.ask(REJECTED).unwrap();
        assert_eq!(rejected.answered().unwrap(), 403);
        peers.extend([idle, stuffed, fragmented, closed, violating, rejected]);
    }
    let count = |report: &Report, end| report.get(end) - before.get(end);
    let silent = i64::try_from(PEERS).unwrap();
    let report = server.wait_present(2);
    assert_eq!(count(&report, "keep-alive"), 3 * silent, "{report:?}");
    assert_eq!(count(&report, "close-timeout"), silent, "{report:?}");
    assert_eq!(count(&report, "violation"), silent, "{report:?}");
    assert_eq!(count(&report, "closed"), 5 * silent, "{report:?}");
    peers
}
