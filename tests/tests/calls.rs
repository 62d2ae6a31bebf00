//! No order of calls is wrong: calls at random, of every kind of machine.

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::{MessageKind, Role};
use socker_tests::calls::{Call, REQUEST, Start, Token, right_response, run};
use socker_tests::cases::cases;
use socker_tests::frames::Frame;

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        Just(Start::Server),
        Just(Start::Client),
        Just(Start::Upgraded(Role::Server)),
        Just(Start::Upgraded(Role::Client)),
    ]
}

fn key(role: Role) -> impl Strategy<Value = Option<[u8; 4]>> {
    any::<[u8; 4]>().prop_map(move |key| (role == Role::Server).then_some(key))
}

/// Frames that are mostly valid for their receiver.
fn frame(role: Role) -> impl Strategy<Value = Frame> {
    let opcode = prop_oneof![
        8 => prop_oneof![Just(0), Just(1), Just(2)],
        4 => prop_oneof![Just(9), Just(10)],
        1 => Just(8),
        1 => 0..16u8,
    ];
    let payload = prop_oneof![
        6 => "[a-zé€]{0,20}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..20),
        2 => vec(Just(b'x'), 100..2000),
    ];
    (any::<bool>(), opcode, key(role), payload).prop_map(|(fin, opcode, key, payload)| Frame {
        fin: fin || opcode > 7,
        opcode,
        key,
        payload,
    })
}

fn input(start: Start) -> BoxedStrategy<Vec<u8>> {
    let role = match start {
        Start::Server | Start::Upgraded(Role::Server) => Role::Server,
        Start::Client | Start::Upgraded(Role::Client) => Role::Client,
    };
    let frames = vec(frame(role), 1..4)
        .prop_map(|frames| frames.iter().flat_map(Frame::encode).collect::<Vec<u8>>())
        .boxed();
    let cut = (frames.clone(), any::<prop::sample::Index>()).prop_map(|(bytes, end)| {
        let end = end.index(bytes.len() + 1);
        bytes[..end].to_vec()
    });
    let opening = match start {
        Start::Client => right_response(),
        _ => REQUEST.as_bytes().to_vec(),
    };
    let more = frames.clone().prop_map({
        let opening = opening.clone();
        move |frames: Vec<u8>| [&opening[..], &frames].concat()
    });
    prop_oneof![
        4 => frames,
        2 => cut,
        1 => vec(any::<u8>(), 0..40),
        3 => Just(opening),
        1 => more,
    ]
    .boxed()
}

fn call(start: Start) -> impl Strategy<Value = Call> {
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let len = prop_oneof![4 => 0..200usize, 2 => 900..3000usize, 1 => 60_000..70_000usize];
    let token = prop_oneof![8 => Just(Token::Own), 1 => Just(Token::Foreign)];
    let name = prop::option::weighted(0.2, "one|two|three|no token");
    let code = prop_oneof![Just(1000), Just(1005), Just(4000), any::<u16>()];
    prop_oneof![
        12 => input(start).prop_map(Call::Read),
        1 => Just(Call::ReadEof),
        2 => (0..120_000u32).prop_map(|millis| Call::HandleTimeout { millis }),
        6 => (token.clone(), name).prop_map(|(token, name)| Call::Accept(token, name)),
        1 => (token, 100..600u16).prop_map(|(token, status)| Call::Reject(token, status)),
        6 => (kind.clone(), len.clone()).prop_map(|(kind, len)| Call::Send(kind, len)),
        3 => (kind, len).prop_map(|(kind, len)| Call::SendFrame(kind, len)),
        2 => (0..140usize).prop_map(Call::Ping),
        1 => (code, "[a-zé€]{0,100}").prop_map(|(code, reason)| Call::Close(code, reason)),
        8 => prop_oneof![0..300usize, Just(usize::MAX)].prop_map(Call::Write),
        3 => Just(Call::Poll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(5000)))]

    #[test]
    fn any_order_of_calls(
        (start, calls) in start().prop_flat_map(|start| (Just(start), vec(call(start), 1..40)))
    ) {
        run(start, calls);
    }
}
