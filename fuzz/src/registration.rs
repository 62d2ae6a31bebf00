use arbitrary::{Arbitrary, Result, Unstructured};
use socker_core::directory::Registration;
use socker_tests::directory::{ServerStep, run_servers};

use crate::all;

/// Any bytes as what a directory says to a game server, or anything that some servers, their
/// connections and their directory may do, compared with a model. The first byte picks which.
pub fn registration(data: &[u8]) {
    match data.split_first() {
        Some((first, rest)) if first % 4 == 0 => hear(rest),
        Some((_, rest)) => walk(&mut Unstructured::new(rest)),
        None => {}
    }
}

/// One message, or two: each is told of once at the most, and answered by nothing.
fn hear(bytes: &[u8]) {
    let mut server = Registration::new("{}").unwrap();
    server.opened();
    assert!(server.poll_message().is_some());
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for message in [bytes, first, second] {
        server.read(message);
        let _ = server.poll_event();
        assert_eq!((server.poll_event(), server.poll_message()), (None, None));
    }
}

fn walk(data: &mut Unstructured<'_>) {
    run_servers(all(data, 150, step));
}

fn step(data: &mut Unstructured<'_>) -> Result<ServerStep> {
    let (server, other) = (u8::arbitrary(data)?, u8::arbitrary(data)?);
    Ok(match u8::arbitrary(data)? % 32 {
        0..3 => ServerStep::Open(server),
        3 => ServerStep::Break(server),
        4 => ServerStep::Late(server),
        5 | 6 => ServerStep::Update(server, other),
        7 => ServerStep::Deregister(server),
        8 => ServerStep::Register(server),
        9..14 => ServerStep::Up(server, other % 4),
        14..19 => ServerStep::Down(server, other % 4),
        19..22 => ServerStep::Offer(other, server),
        22..25 => ServerStep::Poll(server),
        25 | 26 => ServerStep::Answer(server),
        27 => ServerStep::Reject(server),
        28 => ServerStep::Candidate(server),
        _ => ServerStep::Wait(u16::from(other)),
    })
}
