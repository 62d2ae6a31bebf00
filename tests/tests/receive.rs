//! A machine makes of bytes what the oracle makes of them: random frames with random mutations, in
//! random pieces, and a violation at the very byte at which the oracle finds it.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::{Config, Instant, Machine, Role, Seed};
use socker_tests::cases::cases;
use socker_tests::draw::Draw;
use socker_tests::feed::transcribe;
use socker_tests::frames::{Frame, decode_all};
use socker_tests::oracle::{self, Limits};
use socker_tests::split;

fn machine(role: Role, Limits { message, discard }: Limits) -> Machine {
    let config = Config::default().message_limit(message).discard_limit(discard);
    Machine::upgraded(Instant::START, role, Arc::new(config), Seed::from([7; 16]))
}

fn check(role: Role, limits: Limits, bytes: &[u8], pieces: &[&[u8]]) -> Result<(), TestCaseError> {
    let account = oracle::receive(role, limits, bytes);
    let transcript = transcribe(machine(role, limits), pieces.iter().copied(), false);
    prop_assert_eq!(&account.told, &transcript.told);
    let (mut frames, _) = decode_all(&transcript.written);
    frames.iter_mut().for_each(|frame| frame.key = None);
    prop_assert_eq!(&account.answers, &frames);
    Ok(())
}

/// Text that is cut at any byte, so that code points go over fragments.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => ("[aé€👋]{0,6}", 0..4usize, 0..4usize).prop_map(|(text, front, back)| {
            let bytes = text.into_bytes();
            let front = front.min(bytes.len());
            bytes[front..bytes.len().saturating_sub(back).max(front)].to_vec()
        }),
        3 => "[a-zé€👋]{0,12}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..8),
        1 => (100..300usize).prop_map(|len| vec![b'x'; len]),
        1 => prop::sample::select(vec![1000u16, 1005, 1011, 3000, 4999, 5000, 65535])
            .prop_map(|code| code.to_be_bytes().to_vec()),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let opcode = prop_oneof![
        6 => Just(0u8), 6 => Just(1), 3 => Just(2), 2 => Just(9), 2 => Just(10), 1 => Just(8),
    ];
    (any::<bool>(), opcode, any::<[u8; 4]>(), payload()).prop_map(|(fin, opcode, key, payload)| {
        Frame { fin: fin || opcode > 7, opcode, key: Some(key), payload }
    })
}

/// Frames of which the fragments fit each other, so that a run lasts.
fn fitting(frames: Vec<Frame>, fit: bool, role: Role) -> Vec<u8> {
    let mut begun = false;
    let mut bytes = Vec::new();
    for mut frame in frames {
        if fit && frame.opcode < 8 {
            frame.opcode = if begun { 0 } else { frame.opcode.max(1) };
            begun = !frame.fin;
        }
        if role == Role::Client {
            frame.key = None;
        }
        bytes.extend(frame.encode());
    }
    bytes
}

/// The begin of a frame whose length is written in any way.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![0x81, 0x82, 0x80, 0x00, 0x01, 0x88, 0x89]);
    let length = prop_oneof![Just(126), Just(127), 0..126_u8];
    let extended = vec(prop_oneof![4 => Just(0), 1 => any::<u8>()], 0..10);
    (first, length, extended)
        .prop_map(|(first, length, extended)| [&[first, length], &extended[..]].concat())
}

fn bytes() -> impl Strategy<Value = (Role, Vec<u8>)> {
    let role = prop_oneof![Just(Role::Server), Just(Role::Client)];
    let header = prop_oneof![3 => Just(Vec::new()), 1 => header()];
    let mutations = vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (role, vec(frame(), 1..8), prop::bool::weighted(0.8), mutations, header).prop_map(
        |(role, frames, fit, mutations, mut header)| {
            let mut bytes = fitting(frames, fit, role);
            if let Some(length) = header.get_mut(1) {
                *length |= u8::from(role == Role::Server) << 7;
            }
            bytes.extend(header);
            for (at, byte) in mutations {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            (role, bytes)
        },
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = || prop_oneof![Just(1 << 20), 0..300usize, Just(125), Just(126), Just(65_535)];
    let discard = prop_oneof![Just(0), limit()];
    (limit(), discard).prop_map(|(message, discard)| Limits { message, discard })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(10000)))]

    #[test]
    fn any_frames_in_any_pieces((role, bytes) in bytes(), limits in limits(), seed: u64) {
        check(role, limits, &bytes, &[&bytes])?;
        check(role, limits, &bytes, &bytes.chunks(1).collect::<Vec<_>>())?;
        check(role, limits, &bytes, &split::random(&bytes, &mut Draw::new(seed)))?;
    }

    #[test]
    fn any_begin_of_any_frames((role, bytes) in bytes(), end: prop::sample::Index, limits in limits()) {
        let bytes = &bytes[..end.index(bytes.len() + 1)];
        check(role, limits, bytes, &[bytes])?;
        check(role, limits, bytes, &bytes.chunks(1).collect::<Vec<_>>())?;
    }
}
