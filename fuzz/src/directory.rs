use arbitrary::{Arbitrary, Result, Unstructured};
use socker_core::directory::codec::{Message, Sender};
use socker_tests::directory::{Step, run};

use crate::all;

const SENDERS: [Sender; 4] =
    [Sender::Server, Sender::Client, Sender::DirectoryToServer, Sender::DirectoryToClient];

/// Any bytes as a message of each side, and as anything that servers and clients may say and do,
/// compared with a model.
pub fn directory(data: &[u8]) {
    for sender in SENDERS {
        if let Ok(message) = Message::decode(sender, data) {
            let bytes = message.encode(sender).unwrap();
            assert_eq!(Message::decode(sender, &bytes).as_ref(), Ok(&message));
        }
    }
    let mut data = Unstructured::new(data);
    run(all(&mut data, 150, step));
}

fn step(data: &mut Unstructured<'_>) -> Result<Step> {
    let (peer, other) = (u8::arbitrary(data)?, u8::arbitrary(data)?);
    Ok(match u8::arbitrary(data)? % 36 {
        0..6 => Step::Open(peer),
        6 => Step::Leave(peer),
        7..10 => Step::Register { server: peer, metadata: other },
        10 => Step::Update { server: peer, metadata: other },
        11 => Step::Deregister(peer),
        12..16 => Step::Offer { client: peer, other, long: data.ratio(1, 10)? },
        16..19 => Step::Answer { server: peer, other },
        19..22 => Step::ServerCandidate { server: peer, other, end: bool::arbitrary(data)? },
        22..25 => Step::ClientCandidate { client: peer, other, end: bool::arbitrary(data)? },
        25 => Step::Reject { server: peer, other },
        26 | 27 => Step::Wait(data.int_in_range(0..=3000)?),
        28 => Step::Say(peer, Vec::arbitrary(data)?),
        29 => Step::Text(peer),
        30 => Step::TooMuch(peer),
        31 => Step::Remove(peer),
        32..35 => Step::Timeout { before: bool::arbitrary(data)? },
        _ => Step::Hour,
    })
}
