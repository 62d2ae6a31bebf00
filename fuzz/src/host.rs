use arbitrary::{Arbitrary, Result, Unstructured};
use socker_core::service::PeerId;
use socker_tests::calls::{REQUEST, right_response};
use socker_tests::frames::{Frame, opcode};
use socker_tests::host_calls::{Call, Want, run};

use crate::all;

/// Any calls of a host of a few connections, and any bytes on each.
pub fn host(data: &[u8]) {
    let mut data = Unstructured::new(data);
    run(all(&mut data, 100, call));
}

fn call(data: &mut Unstructured<'_>) -> Result<Call> {
    let id = id(data)?;
    Ok(match u8::arbitrary(data)? % 32 {
        0..4 => Call::Accept(Option::arbitrary(data)?),
        4 => Call::Connect,
        5..16 => Call::Read(id, bytes(data)?),
        16 => Call::ReadEof(id),
        17 => Call::Broken(id),
        18 => Call::Remove(id),
        19..22 => Call::Write(id, data.int_in_range(0..=1500)?),
        22..25 => Call::HandleTimeout(data.int_in_range(0..=200_000)?),
        25 => Call::NextChanged,
        26..31 => Call::Run(id, want(data)?),
        _ => Call::Drain(data.int_in_range(0..=10_000)?),
    })
}

fn want(data: &mut Unstructured<'_>) -> Result<Want> {
    let len = data.int_in_range(0..=1500)?;
    Ok(match u8::arbitrary(data)? % 4 {
        0 => Want::Send(len),
        1 => Want::SendDroppable(len),
        2 => Want::Broadcast(len),
        _ => Want::Close,
    })
}

/// Mostly one that may be there.
fn id(data: &mut Unstructured<'_>) -> Result<PeerId> {
    let byte = u8::arbitrary(data)?;
    Ok(match byte {
        255 => PeerId::new(u32::arbitrary(data)?, u32::arbitrary(data)?),
        _ => PeerId::new(u32::from(byte % 4), u32::from(byte / 4 % 3)),
    })
}

fn bytes(data: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match u8::arbitrary(data)? % 12 {
        0..4 => REQUEST.as_bytes().to_vec(),
        4 => REQUEST.replace("Host: a\r\n", "Host: a\r\nX-No: 1\r\n").into_bytes(),
        5 => right_response(),
        // The service closes that one.
        6 => frame(opcode::TEXT, id(data)?.to_string().into_bytes()),
        7 => vec![7; data.int_in_range(0..=300)?],
        8 => Vec::arbitrary(data)?,
        _ => frame(data.int_in_range(0..=15)?, Vec::arbitrary(data)?),
    })
}

fn frame(opcode: u8, payload: Vec<u8>) -> Vec<u8> {
    Frame { fin: true, opcode, key: Some([1, 2, 3, 4]), payload }.encode()
}
