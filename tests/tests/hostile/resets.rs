//! Connections that are reset, in every state.

use std::{io::Write, thread};

use socker_tests::frames::{Frame, opcode};

use crate::{
    honest::Honest,
    peer::{Peer, request},
    server::{Server, Setup},
    service::{LEAVE, MUCH, MUCH_LEN, REJECTED},
};

/// Connections of each state in a round.
const TIMES: usize = 10;

/// Brings a new connection to where it is reset.
type Prepare = fn(&mut Peer);

/// The service has not heard of these.
const UNHEARD: [(&str, Prepare); 3] = [
    ("connected", |_| {}),
    ("in the middle of the request", |peer| {
        peer.0.write_all(&request("/").as_bytes()[..40]).unwrap();
    }),
    ("rejected", |peer| {
        peer.ask(REJECTED).unwrap();
        assert_eq!(peer.answered().unwrap(), 403);
    }),
];

/// The service is told of each of these, once it is open, and of its end.
const OPEN: [(&str, Prepare); 12] = [
    ("idle", |_| {}),
    ("after an echo", |peer| peer.echo("hello").unwrap()),
    ("an echo is on its way", |peer| text(peer, "hello")),
    ("in the middle of a header", |peer| peer.0.write_all(b"\x81\xFE\x01").unwrap()),
    ("in the middle of a frame", |peer| {
        peer.0.write_all(b"\x82\xFE\x10\x00\x01\x02\x03\x04some").unwrap();
    }),
    ("in the middle of a message", |peer| {
        peer.send_frame(Frame::fragment(false, opcode::BINARY, &[0; 5000])).unwrap();
    }),
    ("much is outgoing", |peer| {
        text(peer, MUCH);
        // Some of it has come, and it waits for more to be taken.
        peer.0.peek(&mut [0]).unwrap();
    }),
    ("we are closing", |peer| peer.send(opcode::CLOSE, &1000u16.to_be_bytes()).unwrap()),
    ("we are closing, and much is outgoing", |peer| {
        text(peer, MUCH);
        peer.0.peek(&mut [0]).unwrap();
        peer.send(opcode::CLOSE, &[]).unwrap();
    }),
    ("the server is closing", |peer| {
        text(peer, LEAVE);
        assert_eq!(peer.receive().unwrap().close_code(), Some(1000));
    }),
    ("both have closed", |peer| {
        text(peer, LEAVE);
        assert_eq!(peer.receive().unwrap().close_code(), Some(1000));
        peer.send(opcode::CLOSE, &1000u16.to_be_bytes()).unwrap();
        peer.ended().unwrap();
    }),
    ("after a violation", |peer| {
        peer.send(opcode::CONTINUATION, b"of nothing").unwrap();
        assert_eq!(peer.receive().unwrap().close_code(), Some(1002));
    }),
];

pub(crate) fn resets(host: &'static str) {
    let mut server = Setup::new(host).start();
    let honest = Honest::start(server.address);
    server.rounds(1, |server| {
        for (state, prepare) in UNHEARD {
            assert_eq!(reset(server, prepare), 0, "{state}");
        }
        for (state, prepare) in OPEN {
            let told = reset(server, |peer| {
                peer.ask("/").unwrap();
                assert_eq!(peer.answered().unwrap(), 101);
                prepare(peer);
            });
            assert_eq!(told, TIMES, "{state}");
        }
        // Here it may have heard, or not; then it is told of the end.
        reset(server, |peer| peer.ask("/").unwrap());
        all_at_once(server);
        server.come_to_rest();
        has_room(server);
    });
    honest.end();
    server.end();
}

/// What was to be sent to those who are gone does not count any more: it was more than may wait for all,
/// and above that nobody is sent anything for whom something waits.
fn has_room(server: &Server) {
    let mut peer = Peer::open(server.address, 2);
    text(&mut peer, MUCH);
    text(&mut peer, "more");
    assert_eq!(peer.receive().unwrap().payload.len(), MUCH_LEN);
    assert_eq!(peer.receive().unwrap().payload, b"more");
    peer.close().unwrap();
}

fn text(peer: &mut Peer, text: &str) {
    peer.send(opcode::TEXT, text.as_bytes()).unwrap();
}

/// Resets connections that were prepared so; of how many the service was told, and of their end.
fn reset(server: &mut Server, prepare: impl Fn(&mut Peer)) -> usize {
    let before = server.report().get("accepted");
    for _ in 0..TIMES {
        let mut peer = Peer::connect(server.address, 2).unwrap();
        prepare(&mut peer);
        peer.reset();
    }
    usize::try_from(server.wait_present(1).get("accepted") - before).unwrap()
}

/// The same in all states at the same time.
fn all_at_once(server: &Server) {
    let address = server.address;
    let threads: Vec<_> = OPEN
        .iter()
        .map(|(_, prepare)| {
            thread::spawn(move || {
                for _ in 0..TIMES {
                    let mut peer = Peer::open(address, 2);
                    prepare(&mut peer);
                    peer.reset();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
