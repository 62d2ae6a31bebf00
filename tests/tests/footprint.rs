//! What a connection costs in memory: nothing but its own bytes while it is idle, and never more
//! than what has come.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use allocation_counter::{AllocationInfo, measure};
use bytes::Buf;
use socker_core::handshake::{Acceptance, Request};
use socker_core::{Config, Event, Instant, Machine, Message, Role, Seed};
use socker_tests::frames::{Frame, opcode};

const NOW: Instant = Instant::START;
const KEY: [u8; 4] = [1, 2, 3, 4];

fn upgraded(role: Role, config: &Arc<Config>) -> Machine {
    Machine::upgraded(NOW, role, config.clone(), Seed::from([7; 16]))
}

/// Reads a piece whose events are dropped; a request is accepted.
fn read(machine: &mut Machine, buffer: &mut [u8]) -> usize {
    let mut input = buffer;
    let mut events = 0;
    while let Some(event) = machine.read(NOW, &mut input) {
        events += 1;
        if let Event::Incoming(incoming) = event {
            machine.accept(NOW, incoming, Acceptance::default()).unwrap();
        }
    }
    events
}

fn write(machine: &mut Machine) {
    let mut outgoing = machine.outgoing();
    let len = outgoing.remaining();
    outgoing.advance(len);
}

/// What is owned after `run` by what it has left.
fn owned(run: impl FnOnce()) -> i64 {
    measure(run).bytes_current
}

#[test]
fn a_machine_is_small() {
    assert!(size_of::<Machine>() <= 160, "{} bytes", size_of::<Machine>());
}

#[test]
fn an_upgraded_machine_owns_nothing() {
    let config = Arc::new(Config::default());
    for role in [Role::Server, Role::Client] {
        let mut machine = None;
        let counted = measure(|| machine = Some(upgraded(role, &config)));
        assert_eq!(counted, AllocationInfo::default(), "{role:?}");
    }
}

#[test]
fn a_whole_message_is_read_without_an_allocation() {
    let config = Arc::new(Config::default());
    let frames = [
        Frame::new(opcode::TEXT, &[b'a'; 3000]).masked(KEY).encode(),
        Frame::new(opcode::BINARY, &[0; 10]).masked(KEY).encode(),
        Frame::new(opcode::PONG, b"pong").masked(KEY).encode(),
    ];
    // Whether others follow or the input ends with it.
    let alone = frames.iter().map(|frame| (frame.clone(), 1));
    for (mut bytes, events) in alone.chain([(frames.concat(), 3)]) {
        let mut machine = upgraded(Role::Server, &config);
        let counted = measure(|| assert_eq!(read(&mut machine, &mut bytes), events));
        assert_eq!(counted.count_total, 0, "{} bytes", bytes.len());
    }
}

#[test]
fn an_idle_machine_owns_nothing() {
    let config = Arc::new(Config::default());
    let masked = |frame: Frame| frame.masked(KEY).encode();
    let fragments = [
        masked(Frame::fragment(false, opcode::TEXT, b"a\xE2")),
        masked(Frame::new(opcode::PING, b"ping")),
        masked(Frame::fragment(true, opcode::CONTINUATION, b"\x82\xAC")),
        masked(Frame::fragment(false, opcode::BINARY, &[7; 5000])),
        masked(Frame::fragment(true, opcode::CONTINUATION, &[7; 5000])),
    ]
    .concat();
    for piece in [1, 3, 1000, usize::MAX] {
        let mut machine = upgraded(Role::Server, &config);
        let mut bytes = fragments.clone();
        let owned = owned(|| {
            let pieces = bytes.chunks_mut(piece.min(fragments.len()));
            let events: usize = pieces.map(|piece| read(&mut machine, piece)).sum();
            assert_eq!(events, 2);
            write(&mut machine);
        });
        assert_eq!(owned, 0, "pieces of {piece}");
    }
}

#[test]
fn a_machine_that_has_written_owns_nothing() {
    let config = Arc::new(Config::default());
    for role in [Role::Server, Role::Client] {
        let mut machine = upgraded(role, &config);
        let owned = owned(|| {
            machine.send(Message::text("small")).unwrap();
            machine.send(Message::binary(vec![0; 100_000])).unwrap();
            machine.send(Message::text("small")).unwrap();
            machine.ping(b"").unwrap();
            machine.outgoing().advance(50_000);
            machine.send(Message::binary(&[1; 2000])).unwrap();
            write(&mut machine);
        });
        assert_eq!((owned, machine.outgoing_len()), (0, 0), "{role:?}");
    }
}

/// A queue that was emptied begins anew with the size that it had, in one allocation.
#[test]
fn a_burst_like_the_last_takes_one_allocation() {
    let mut machine = upgraded(Role::Server, &Arc::new(Config::default()));
    let mut burst = || {
        let counted = measure(|| {
            for _ in 0..100 {
                machine.send(Message::text("a hundred of these take 4 KiB, or some more")).unwrap();
            }
        });
        write(&mut machine);
        counted.count_total
    };
    assert!(burst() > 1, "the first grows");
    assert_eq!(burst(), 1);
}

#[test]
fn an_opened_machine_owns_nothing() {
    let config = Arc::new(Config::default());
    let request = Request::get("ws://localhost/").unwrap();
    let open = || {
        let mut client = Machine::client(NOW, config.clone(), Seed::from([1; 16]), &request);
        let mut server = Machine::server(NOW, config.clone());
        let len = client.outgoing_len();
        read(&mut server, &mut client.outgoing().copy_to_bytes(len).to_vec());
        let len = server.outgoing_len();
        assert_eq!(read(&mut client, &mut server.outgoing().copy_to_bytes(len).to_vec()), 1);
        assert!(client.is_open() && server.is_open());
        (client, server)
    };
    // What a thread sets up once is not the machines'.
    drop(open());
    let mut pair = None;
    assert_eq!(owned(|| pair = Some(open())), 0);
}

#[test]
fn nothing_is_reserved_for_what_is_announced() {
    let config = Arc::new(Config::default().message_limit(64 << 20));
    let announced = 15_u64 << 20;
    for first in [0x81, 0x82] {
        let mut header = vec![first, 0xFF];
        header.extend(announced.to_be_bytes());
        header.extend(KEY);
        let mut machine = upgraded(Role::Server, &config);
        let counted = measure(|| {
            read(&mut machine, &mut header);
        });
        assert!(counted.bytes_max < 1024, "{counted:?}");

        // ASCII under this mask, and again when it was unmasked in place.
        let mut piece = KEY.map(|key| key ^ b'a').repeat(250);
        let counted = measure(|| {
            for _ in 0..20 {
                assert_eq!(read(&mut machine, &mut piece), 0);
            }
        });
        assert!(counted.bytes_current < 64 << 10, "{counted:?} for 20 kB");
    }
}

#[test]
fn a_head_is_kept_as_it_comes() {
    let config = Arc::new(Config::default());
    let mut head = b"GET / HTTP/1.1\r\nHost: ".to_vec();
    head.resize(8000, b'a');
    let mut machine = Machine::server(NOW, config);
    let counted = measure(|| {
        for piece in head.chunks_mut(7) {
            read(&mut machine, piece);
        }
    });
    assert!(counted.bytes_max <= 24_000, "{counted:?}");
}

#[test]
fn many_small_fragments_are_gathered_in_few_allocations() {
    let config = Arc::new(Config::default());
    for kind in [opcode::TEXT, opcode::BINARY] {
        let mut machine = upgraded(Role::Server, &config);
        let mut bytes = Frame::fragment(false, kind, b"a").masked(KEY).encode();
        for _ in 0..50_000 {
            bytes.extend(Frame::fragment(false, opcode::CONTINUATION, b"a").masked(KEY).encode());
        }
        let counted = measure(|| assert_eq!(read(&mut machine, &mut bytes), 0));
        assert!(counted.count_total < 50, "{counted:?}");
        assert!(counted.bytes_max < 300_000, "{counted:?}");
    }
}

#[test]
fn a_queue_that_is_never_empty_does_not_grow() {
    let config = Arc::new(Config::default());
    for len in [10, 2000] {
        let mut machine = upgraded(Role::Server, &config);
        let payload = vec![7; len];
        let counted = measure(|| {
            machine.send(Message::binary(&payload)).unwrap();
            for _ in 0..5000 {
                machine.send(Message::binary(&payload)).unwrap();
                let waiting = machine.outgoing_len();
                machine.outgoing().advance(waiting - 5);
            }
        });
        let waiting = machine.outgoing_len();
        assert!(counted.bytes_max < 16 << 10, "{counted:?}, and {waiting} bytes wait");
    }
}

#[test]
fn a_queue_owns_about_what_waits_in_it() {
    let config = Arc::new(Config::default().outgoing_limit(1 << 18));
    let shared = socker_core::wire::Frame::binary(&[1; 1 << 10]);
    let mut machine = upgraded(Role::Server, &config);
    // It has had a full tail once, and begins the next as large.
    for _ in 0..200 {
        machine.send(Message::binary(&[0; 100])).unwrap();
    }
    write(&mut machine);
    let owned = owned(|| {
        while machine.send(Message::text("hi")).is_ok() && machine.send_frame(&shared).is_ok() {}
    });
    // The shared frame itself is owned already.
    assert!(owned < 1 << 16, "{owned} bytes for {} that wait", machine.outgoing_len());

    let mut machine = upgraded(Role::Server, &config);
    let owned = self::owned(|| {
        let large = socker_core::wire::Frame::binary(&[1; 1 << 20]);
        machine.write_frame(&large, |bytes| bytes.len() - 1).unwrap();
        drop(large);
        machine.send(Message::text("hi")).unwrap();
        machine.outgoing().advance(1);
    });
    assert!(owned < 1 << 10, "{owned} bytes for {} that wait", machine.outgoing_len());

    let mut machine = upgraded(Role::Server, &config);
    let owned = self::owned(|| while machine.send(Message::binary(vec![2; 4 << 10])).is_ok() {});
    assert!(owned < 300_000, "{owned} bytes for {} that wait", machine.outgoing_len());
}
