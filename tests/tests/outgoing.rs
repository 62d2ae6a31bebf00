//! What is queued goes out whole and in order, however it is queued and in whatever pieces it is taken.

use std::io::IoSlice;

use bytes::Buf;
use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::wire::Frame;
use socker_core::{Config, Instant, Machine, Message, Refusal, Role, Seed};
use socker_tests::frames::{self, decode_all, opcode};

#[derive(Clone, Debug)]
enum Call {
    /// Of so many bytes, which the caller keeps.
    Borrowed(usize),
    /// Which the machine may keep as they are.
    Owned(usize),
    Text(usize),
    /// Encoded once for many.
    Shared(usize),
    /// The same, and so much of what is first is written at once.
    Offered(usize, usize),
    Ping(usize),
    /// So much of a chunk is written, and more than all counts as all.
    Write(usize),
}

fn call() -> impl Strategy<Value = Call> {
    // About the lengths from which on bytes are kept instead of copied.
    let len =
        || prop_oneof![0..200_usize, 1000..1040_usize, 4080..4110_usize, 65_500..65_600_usize];
    let most = || prop_oneof![0..300_usize, 0..70_000_usize, Just(usize::MAX)];
    prop_oneof![
        len().prop_map(Call::Borrowed),
        len().prop_map(Call::Owned),
        len().prop_map(Call::Text),
        len().prop_map(Call::Shared),
        (len(), most()).prop_map(|(len, most)| Call::Offered(len, most)),
        (0..126_usize).prop_map(Call::Ping),
        most().prop_map(Call::Write),
    ]
}

fn machine(role: Role, limit: usize) -> Machine {
    let config = Config::default().outgoing_limit(limit);
    Machine::upgraded(Instant::START, role, config.into(), Seed::from([7; 16]))
}

/// Queues it, takes what is written at once, and gives the frame that it has to become.
fn queue(
    machine: &mut Machine,
    call: &Call,
    fill: u8,
    taken: &mut Vec<u8>,
) -> Option<frames::Frame> {
    let bytes = |len: usize| vec![b'a' + fill % 26; len];
    let (opcode, payload) = match *call {
        Call::Write(_) => return None,
        Call::Text(len) => (opcode::TEXT, bytes(len)),
        Call::Ping(len) => (opcode::PING, bytes(len)),
        Call::Borrowed(len) | Call::Owned(len) | Call::Shared(len) | Call::Offered(len, _) => {
            (opcode::BINARY, bytes(len))
        }
    };
    let queued = match call {
        Call::Borrowed(_) => machine.send(Message::binary(&payload[..])).is_ok(),
        Call::Owned(_) => machine.send(Message::binary(payload.clone())).is_ok(),
        Call::Text(_) => {
            machine.send(Message::text(String::from_utf8(payload.clone()).ok()?)).is_ok()
        }
        Call::Shared(_) => machine.send_frame(&Frame::binary(&payload)).is_ok(),
        Call::Offered(_, most) => {
            let write = |bytes: &[u8]| {
                taken.extend_from_slice(&bytes[..bytes.len().min(*most)]);
                *most
            };
            machine.write_frame(&Frame::binary(&payload), write).is_ok()
        }
        Call::Ping(_) => machine.ping(&payload).is_ok(),
        Call::Write(_) => false,
    };
    queued.then(|| frames::Frame::new(opcode, &payload))
}

/// Takes up to `most` bytes of what is told to be outgoing, in both ways in which it is.
fn take(machine: &mut Machine, most: usize, taken: &mut Vec<u8>) {
    let waiting = machine.outgoing_len();
    let mut outgoing = machine.outgoing();
    assert_eq!(outgoing.remaining(), waiting);
    assert_eq!(outgoing.chunk().is_empty(), waiting == 0);
    let mut slices = [IoSlice::new(&[]); 100];
    let filled = outgoing.chunks_vectored(&mut slices);
    let all: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.iter().copied()).collect();
    assert!(
        all.starts_with(outgoing.chunk()) && slices[..filled].iter().all(|slice| !slice.is_empty())
    );
    assert!(all.len() == waiting || filled == slices.len(), "{} of {waiting}", all.len());
    taken.extend_from_slice(&all[..most.min(all.len())]);
    outgoing.advance(most);
    assert_eq!(machine.outgoing_len(), waiting - most.min(waiting));
}

proptest! {
    #[test]
    fn in_order_and_whole(client: bool, calls in vec(call(), 0..40)) {
        let role = if client { Role::Client } else { Role::Server };
        let mut machine = machine(role, usize::MAX);
        let (mut sent, mut taken, mut fill) = (Vec::new(), Vec::new(), 0);
        for call in &calls {
            fill += 1;
            match call {
                Call::Write(most) => take(&mut machine, *most, &mut taken),
                call => sent.extend(queue(&mut machine, call, fill, &mut taken)),
            }
        }
        take(&mut machine, usize::MAX, &mut taken);
        prop_assert_eq!(machine.outgoing_len(), 0);
        let (mut frames, used) = decode_all(&taken);
        prop_assert_eq!(used, taken.len());
        for frame in &mut frames {
            prop_assert_eq!(frame.key.take().is_some(), client);
        }
        prop_assert!(frames == sent);
    }
}

/// The limit counts what waits with the largest header that a message may get.
#[test]
fn the_limit_to_the_byte() {
    const HEADER: usize = 14;
    for role in [Role::Server, Role::Client] {
        for len in [0, 125, 126, 1100, 4095, 4096, 5000] {
            let payload = vec![7; len];
            let frame = Frame::binary(&payload);
            let mut first = machine(role, usize::MAX);
            assert_eq!(first.send(Message::text("x")), Ok(()));
            let waiting = first.outgoing_len();
            for (limit, taken) in
                [(waiting + len + HEADER, true), (waiting + len + HEADER - 1, false)]
            {
                let begun = || {
                    let mut machine = machine(role, limit);
                    assert_eq!(machine.send(Message::text("x")), Ok(()));
                    machine
                };
                let expected = if taken { Ok(()) } else { Err(Refusal::Full) };
                let sent =
                    begun().send(Message::binary(&payload[..])).map_err(|error| error.refusal);
                assert_eq!(sent, expected, "{role:?}, {len} bytes at {limit}");
                assert_eq!(
                    begun().send_frame(&frame),
                    expected,
                    "{role:?}, {len} bytes at {limit}"
                );
                assert_eq!(
                    begun().write_frame(&frame, |_| 0).map(|_| ()),
                    expected,
                    "{role:?}, {len} bytes at {limit}"
                );
                if len <= 125 {
                    assert_eq!(
                        begun().ping(&payload),
                        expected,
                        "{role:?}, {len} bytes at {limit}"
                    );
                }
            }
        }
        // One alone may be larger, since nothing would make room for it.
        assert_eq!(machine(role, 0).send(Message::binary(&[7; 5000][..])), Ok(()));
        assert_eq!(machine(role, 0).ping(&[0; 126]), Err(Refusal::TooLong));
    }
}

/// Pings are answered while less than the limit waits, and not at it.
#[test]
fn pings_are_answered_below_the_limit() {
    for (room, answered) in [(0, false), (1, true)] {
        let waiting = 102;
        let mut machine = machine(Role::Server, waiting + room);
        assert_eq!(machine.send(Message::binary(&[7; 100][..])), Ok(()));
        let mut ping = frames::Frame::new(opcode::PING, b"").masked([1, 2, 3, 4]).encode();
        assert!(machine.read(Instant::START, &mut &mut ping[..]).is_none());
        assert_eq!(machine.outgoing_len(), waiting + if answered { 2 } else { 0 });
    }
}
