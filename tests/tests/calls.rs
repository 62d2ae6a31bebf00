//! No order of calls is wrong: calls at random, of every kind of machine, and of two that are joined.

use std::time::Duration;

use allocation_counter::measure;
use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::{Config, MessageKind, Role};
use socker_tests::calls::{
    Call, Joint, OPENING_LIMIT, OUTGOING_LIMIT, REQUEST, Start, Token, begin, config,
    right_response, run, run_joined, run_with,
};
use socker_tests::cases;
use socker_tests::frames::{Frame, opcode};

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

fn role(start: Start) -> Role {
    match start {
        Start::Server | Start::Upgraded(Role::Server) => Role::Server,
        Start::Client | Start::Upgraded(Role::Client) => Role::Client,
    }
}

fn opening(start: Start) -> Vec<u8> {
    match start {
        Start::Client => right_response(),
        _ => REQUEST.as_bytes().to_vec(),
    }
}

fn frames(role: Role) -> impl Strategy<Value = Vec<u8>> {
    vec(frame(role), 1..4).prop_map(|frames| frames.iter().flat_map(Frame::encode).collect())
}

/// As long as what may come before the owner has decided, or by one longer.
fn full(role: Role) -> impl Strategy<Value = Vec<u8>> {
    (key(role), 0..2_usize).prop_map(|(key, more)| {
        let header = 4 + if key.is_some() { 4 } else { 0 };
        let payload = vec![0; OPENING_LIMIT - header + more];
        Frame { key, ..Frame::new(opcode::BINARY, &payload) }.encode()
    })
}

/// What opens a connection, and what comes at once with it; that may end with the begin of a frame.
fn opening_and_more(start: Start) -> impl Strategy<Value = Vec<u8>> {
    let role = role(start);
    let right = vec(key(role), 1..4).prop_map(|keys| {
        let frames = keys.into_iter().map(|key| Frame { key, ..Frame::new(opcode::TEXT, b"hi") });
        frames.flat_map(|frame| frame.encode()).collect::<Vec<u8>>()
    });
    let more = prop_oneof![
        4 => (prop_oneof![frames(role), right], frame(role), 0..3_usize)
            .prop_map(|(frames, next, len)| [&frames, &next.encode()[..len]].concat()),
        1 => full(role),
    ];
    more.prop_map(move |more| [opening(start), more].concat())
}

fn input(start: Start) -> impl Strategy<Value = Vec<u8>> {
    let begin = |bytes: Vec<u8>, end: prop::sample::Index| {
        let end = end.index(bytes.len() + 1);
        bytes[..end].to_vec()
    };
    let role = role(start);
    prop_oneof![
        4 => frames(role),
        1 => full(role),
        2 => (frames(role), any::<prop::sample::Index>())
            .prop_map(move |(bytes, end)| begin(bytes, end)),
        1 => vec(any::<u8>(), 0..40),
        1 => any::<prop::sample::Index>().prop_map(move |end| begin(opening(start), end)),
        3 => Just(opening(start)),
        2 => opening_and_more(start),
    ]
}

/// Any calls; half of them begin with those that open the connection.
fn calls(start: Start) -> impl Strategy<Value = Vec<Call>> {
    let opened = opening_and_more(start).prop_map(move |bytes| match start {
        Start::Upgraded(_) => Vec::new(),
        Start::Client => vec![Call::Read(bytes)],
        Start::Server => vec![Call::Read(bytes), Call::Accept(Token::Own, None)],
    });
    (prop::option::of(opened), vec(call(start), 1..40))
        .prop_map(|(opened, calls)| [opened.unwrap_or_default(), calls].concat())
}

/// A call that gives the machine no bytes.
fn quiet_call() -> impl Strategy<Value = Call> {
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    // Some fill the queue to the last byte, by a server or a client.
    let full = prop_oneof![Just(OUTGOING_LIMIT - 4), Just(OUTGOING_LIMIT - 8)];
    let len = prop_oneof![
        8 => 0..200usize,
        4 => 900..3000usize,
        2 => full,
        1 => 1800..1990usize,
        1 => 60_000..70_000usize,
    ];
    let token = prop_oneof![8 => Just(Token::Own), 1 => Just(Token::Foreign)];
    let name = prop::option::weighted(0.2, "one|two|three|no token");
    let taken = prop_oneof![0..300usize, Just(usize::MAX)];
    let code = prop_oneof![Just(1000), Just(1005), Just(4000), any::<u16>()];
    prop_oneof![
        1 => Just(Call::ReadEof),
        2 => (0..120_000u32).prop_map(|millis| Call::HandleTimeout { millis }),
        3 => any::<bool>().prop_map(|before| Call::Timeout { before }),
        1 => Just(Call::Hour),
        6 => (token.clone(), name).prop_map(|(token, name)| Call::Accept(token, name)),
        1 => (token, 100..600u16).prop_map(|(token, status)| Call::Reject(token, status)),
        6 => (kind.clone(), len.clone()).prop_map(|(kind, len)| Call::Send(kind, len)),
        3 => (kind.clone(), len.clone()).prop_map(|(kind, len)| Call::SendFrame(kind, len)),
        3 => (kind, len, taken.clone())
            .prop_map(|(kind, len, most)| Call::WriteFrame(kind, len, most)),
        2 => (0..2_usize).prop_map(Call::Fill),
        2 => (0..140usize).prop_map(Call::Ping),
        1 => (code, "[a-zé€]{0,100}").prop_map(|(code, reason)| Call::Close(code, reason)),
        8 => taken.prop_map(Call::Write),
        1 => (0..16_u8).prop_map(Call::Drip),
        3 => Just(Call::Poll),
    ]
}

fn call(start: Start) -> impl Strategy<Value = Call> {
    prop_oneof![
        10 => input(start).prop_map(Call::Read),
        4 => input(start).prop_map(Call::ReadOne),
        32 => quiet_call(),
    ]
}

fn joint() -> impl Strategy<Value = Joint> {
    let role = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let len = prop_oneof![2 => 0..300usize, 1 => 300..5000usize, 2 => Just(usize::MAX)];
    prop_oneof![
        20 => (role.clone(), quiet_call()).prop_map(|(role, call)| Joint::Of(role, call)),
        20 => (role.clone(), len).prop_map(|(from, len)| Joint::Carry { from, len }),
        1 => role.prop_map(|from| Joint::Break { from }),
    ]
}

/// Times and limits, of which some are none or never.
fn any_config() -> impl Strategy<Value = Config> {
    fn time(usual: u64) -> impl Strategy<Value = Duration> {
        let usual = Duration::from_secs(usual);
        prop_oneof![4 => Just(usual), 1 => Just(Duration::ZERO), 1 => Just(Duration::MAX)]
    }
    fn limit(usual: usize) -> impl Strategy<Value = usize> {
        prop_oneof![4 => Just(usual), 1 => Just(0), 1 => Just(usize::MAX)]
    }
    let times = (prop::option::of(time(10)), prop::option::of(time(30)), time(30), time(5));
    (times, limit(5000), limit(6000), limit(OUTGOING_LIMIT)).prop_map(
        |((opening, keep_alive, answer, close), message, discard, outgoing)| {
            config()
                .opening_timeout(opening)
                .keep_alive(keep_alive)
                .keep_alive_timeout(answer)
                .close_timeout(close)
                .message_limit(message)
                .discard_limit(discard)
                .outgoing_limit(outgoing)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(700)))]

    #[test]
    fn any_order_of_calls(
        (start, calls) in start().prop_flat_map(|start| (Just(start), calls(start)))
    ) {
        let machine = run(start, calls);
        // All memory is given back: nothing is left but the limits.
        let fresh = begin(Start::Upgraded(Role::Server));
        prop_assert_eq!(measure(|| drop(machine)), measure(|| drop(fresh)));
    }

    #[test]
    fn any_order_of_calls_with_any_times_and_limits(
        config in any_config(),
        (start, calls) in start().prop_flat_map(|start| (Just(start), calls(start)))
    ) {
        run_with(start, config, calls);
    }

    #[test]
    fn two_that_are_joined(upgraded: bool, steps in vec(joint(), 1..60)) {
        run_joined(upgraded, steps);
    }
}
