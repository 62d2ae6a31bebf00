//! `service::Host` takes calls in any order, with any ids, and keeps the contract of `Service`.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::service::PeerId;
use socker_tests::calls::{REQUEST, right_response};
use socker_tests::cases;
use socker_tests::frames::{Frame, opcode};
use socker_tests::host_calls::{Call, Want, run};

fn id() -> impl Strategy<Value = PeerId> {
    prop_oneof![
        20 => (0..4_u32, 0..2_u32).prop_map(|(index, generation)| PeerId::new(index, generation)),
        1 => (any::<u32>(), any::<u32>())
            .prop_map(|(index, generation)| PeerId::new(index, generation)),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let frame = |opcode, payload: &[u8]| Frame::new(opcode, payload).masked([1, 2, 3, 4]).encode();
    let rejected = REQUEST.replace("Host: a\r\n", "Host: a\r\nX-No: 1\r\n").into_bytes();
    let close = frame(opcode::CLOSE, b"\x03\xE8bye");
    prop_oneof![
        4 => Just(REQUEST.as_bytes().to_vec()),
        1 => Just([REQUEST.as_bytes(), &close].concat()),
        1 => Just(rejected),
        1 => Just(REQUEST.as_bytes()[..40].to_vec()),
        2 => Just(right_response()),
        2 => (0..300_usize).prop_map(move |len| frame(opcode::BINARY, &vec![7; len])),
        2 => id().prop_map(move |id| frame(opcode::TEXT, id.to_string().as_bytes())),
        1 => Just(Frame::new(opcode::TEXT, b"from a server").encode()),
        1 => Just(close),
        1 => Just(frame(opcode::PING, b"there?")),
        1 => vec(any::<u8>(), 0..30),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let len = || prop_oneof![0..50_usize, 0..1500_usize];
    let want = prop_oneof![
        len().prop_map(Want::Send),
        len().prop_map(Want::SendDroppable),
        len().prop_map(Want::Broadcast),
        Just(Want::Close),
    ];
    prop_oneof![
        4 => proptest::option::of(0..2_u8).prop_map(Call::Accept),
        1 => Just(Call::Connect),
        12 => (id(), bytes()).prop_map(|(id, bytes)| Call::Read(id, bytes)),
        1 => id().prop_map(Call::ReadEof),
        1 => id().prop_map(Call::Broken),
        1 => id().prop_map(Call::Remove),
        3 => (id(), len()).prop_map(|(id, len)| Call::Write(id, len)),
        2 => (0..100_000_u64).prop_map(Call::HandleTimeout),
        1 => Just(Call::NextChanged),
        5 => (id(), want).prop_map(|(id, want)| Call::Run(id, want)),
        1 => (0..10_000_u64).prop_map(Call::Drain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(3000)))]

    #[test]
    fn any_order_of_calls(calls in vec(call(), 1..60)) {
        run(calls);
    }
}
