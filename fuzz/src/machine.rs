use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use socker_core::{Config, Message, MessageKind, Role};
use socker_tests::calls::{Call, Joint, REQUEST, Start, Token, right_response, run, run_joined};
use socker_tests::frames::Frame;
use socker_tests::pair::{Network, Pair};

use crate::all;

/// Any calls of any machine, or messages both ways between two of them.
pub fn machine(data: &[u8]) {
    let mut data = Unstructured::new(data);
    // Input that is used up ends the run.
    let Ok(choice) = u8::arbitrary(&mut data) else { return };
    let start = match choice % 6 {
        0 => Start::Server,
        1 => Start::Client,
        2 => Start::Upgraded(Role::Server),
        3 => Start::Upgraded(Role::Client),
        4 => {
            let _ = exchange(&mut data);
            return;
        }
        _ => return run_joined(choice >= 128, all(&mut data, 60, joint)),
    };
    run(start, all(&mut data, 60, |data| call(data, start)));
}

fn joint(data: &mut Unstructured<'_>) -> Result<Joint> {
    let role = if bool::arbitrary(data)? { Role::Client } else { Role::Server };
    Ok(match u8::arbitrary(data)? % 32 {
        0..16 => Joint::Of(role, call(data, Start::Upgraded(role))?),
        16..20 => Joint::Carry { from: role, len: usize::MAX },
        20..31 => Joint::Carry { from: role, len: u16::arbitrary(data)?.into() },
        _ => Joint::Break { from: role },
    })
}

fn call(data: &mut Unstructured<'_>, start: Start) -> Result<Call> {
    Ok(match u8::arbitrary(data)? % 28 {
        0..5 => Call::Read(input(data, start)?),
        5 => Call::ReadOne(input(data, start)?),
        6 => Call::ReadEof,
        7 | 8 => Call::HandleTimeout { millis: data.int_in_range(0..=200_000)? },
        9 | 10 => {
            let name = ["one", "two", "three", "no token"].get(usize::from(u8::arbitrary(data)?));
            Call::Accept(token(data)?, name.copied().map(str::to_owned))
        }
        11 => Call::Reject(token(data)?, u16::arbitrary(data)?),
        12..15 => Call::Send(kind(data)?, len(data)?),
        15 => Call::SendFrame(kind(data)?, len(data)?),
        16 => Call::Ping(data.int_in_range(0..=130)?),
        17 => Call::Close(u16::arbitrary(data)?, String::arbitrary(data)?),
        18 => Call::WriteFrame(kind(data)?, len(data)?, data.int_in_range(0..=2000)?),
        19..22 => Call::Write(data.int_in_range(0..=5000)?),
        22 => Call::Write(usize::MAX),
        23 => Call::Poll,
        24..27 => Call::Timeout { before: bool::arbitrary(data)? },
        _ => Call::Hour,
    })
}

/// Mostly small; now and then over what a length of 16 bits holds.
fn len(data: &mut Unstructured<'_>) -> Result<usize> {
    let largest = if data.ratio(1, 32)? { 70_000 } else { 2000 };
    data.int_in_range(0..=largest)
}

fn token(data: &mut Unstructured<'_>) -> Result<Token> {
    Ok(if data.ratio(1, 8)? { Token::Foreign } else { Token::Own })
}

fn kind(data: &mut Unstructured<'_>) -> Result<MessageKind> {
    Ok(if bool::arbitrary(data)? { MessageKind::Text } else { MessageKind::Binary })
}

fn input(data: &mut Unstructured<'_>, start: Start) -> Result<Vec<u8>> {
    Ok(match u8::arbitrary(data)? % 8 {
        0 => Vec::arbitrary(data)?,
        1 if start == Start::Client => right_response(),
        1 => REQUEST.as_bytes().to_vec(),
        _ => {
            let (fin, opcode) = (bool::arbitrary(data)?, data.int_in_range(0..=15)?);
            let payload = Vec::arbitrary(data)?;
            let masked = matches!(start, Start::Server | Start::Upgraded(Role::Server));
            let key = if masked { Some(<[u8; 4]>::arbitrary(data)?) } else { None };
            Frame { fin, opcode, key, payload }.encode()
        }
    })
}

/// Messages of two peers arrive whole and in order.
fn exchange(data: &mut Unstructured<'_>) -> Result<()> {
    // Single bytes of much would take long.
    let piece = *data.choose(&[100, 500, 2000, usize::MAX])?;
    let network = Network {
        delay: Duration::from_millis(data.int_in_range(0..=100)?),
        jitter: Duration::from_micros(data.int_in_range(0..=5000)?),
        piece,
        seed: u64::arbitrary(data)?,
    };
    let mut pair = Pair::upgraded(network, Config::default(), Config::default());
    let mut sent = [Vec::new(), Vec::new()];
    for _ in 0..20 {
        let Ok(len) = len(data) else { break };
        let client = bool::arbitrary(data)?;
        let peer = if client { &mut pair.client } else { &mut pair.server };
        let byte = u8::arbitrary(data)?;
        let message = match kind(data)? {
            MessageKind::Text => Message::text(char::from(byte).to_string().repeat(len / 2)),
            MessageKind::Binary => Message::binary(vec![byte; len]),
        };
        if peer.machine.send(message.clone()).is_ok() {
            sent[usize::from(client)].push(message);
        }
        if bool::arbitrary(data)? {
            pair.run_for(Duration::from_millis(data.int_in_range(0..=20)?));
        }
        if data.is_empty() {
            break;
        }
    }
    pair.run_for(Duration::from_secs(20));
    assert_eq!(pair.client.messages(), sent[0]);
    assert_eq!(pair.server.messages(), sent[1]);
    pair.client.machine.close(pair.now, 1000.into(), "");
    pair.run();
    assert!(pair.client.machine.is_done() && pair.server.machine.is_done());
    assert!(pair.client.transcript.closed.unwrap().is_clean());
    assert!(pair.server.transcript.closed.unwrap().is_clean());
    Ok(())
}
