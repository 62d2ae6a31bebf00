use arbitrary::{Arbitrary, Result, Unstructured};
use serde::de::IgnoredAny;
use serde_json::Value;
use socker_core::Message;
use socker_core::rooms::{Limits, RoomId};
use socker_core::service::PeerId;
use socker_tests::rooms::{Claim, Heard, Stage, Step, message, run};

use crate::all;

const OWNER: PeerId = PeerId::new(0, 0);
const MEMBER: PeerId = PeerId::new(1, 0);
const STRANGER: PeerId = PeerId::new(2, 0);

/// Anything that peers may say and do, compared with a model; or any text, from each that there is.
/// The first byte picks which.
pub fn rooms(data: &[u8]) {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 1 => walk(&mut Unstructured::new(rest)),
        Some((_, rest)) => hostile(&String::from_utf8_lossy(rest)),
        None => {}
    }
}

fn walk(data: &mut Unstructured<'_>) {
    run(all(data, 100, step));
}

fn step(data: &mut Unstructured<'_>) -> Result<Step> {
    let peer = u8::arbitrary(data)?;
    Ok(match u8::arbitrary(data)? % 36 {
        0..5 => Step::Open(peer),
        5..8 => Step::New(peer),
        8 | 9 => {
            let claim = if data.ratio(1, 4)? { Claim::Wrong } else { Claim::Right };
            Step::ComeBack(peer, u8::arbitrary(data)?, claim)
        }
        10..14 => Step::Join(peer, u8::arbitrary(data)?),
        14 => Step::JoinUnknown(peer),
        15..21 => {
            let (key, len) = (u8::arbitrary(data)?, u8::arbitrary(data)?);
            Step::Act { peer, key, len, state: bool::arbitrary(data)? }
        }
        21 => Step::Close(peer),
        22 => Step::Leave(peer),
        23 => Step::Wait(peer % 40),
        24..27 => Step::Say(peer, Vec::arbitrary(data)?),
        27 => Step::Binary(peer),
        28 => Step::TooMuch(peer),
        29 => Step::ProgramCreates,
        30 => {
            let (key, state) = (u8::arbitrary(data)?, bool::arbitrary(data)?);
            Step::ProgramActs { room: peer, key, state }
        }
        31 => Step::ProgramCloses(peer),
        32..35 => Step::Timeout { before: bool::arbitrary(data)? },
        _ => Step::Hour,
    })
}

/// A text that is wrong is answered, and changes nothing. One that is right does what it says.
fn hostile(text: &str) {
    for peer in [OWNER, MEMBER, STRANGER] {
        let (mut stage, room) = stage();
        stage.say(peer, Message::text(text));
        let heard = [OWNER, MEMBER, STRANGER].map(|peer| stage.heard(peer));
        let own = &heard[peer.index() as usize];
        if let Some(Heard::Text(answer)) = own.first()
            && let Ok(answer) = serde_json::from_str::<Value>(answer)
            && answer.get("error").is_some()
        {
            assert_eq!(heard.iter().flatten().count(), 1, "more than an error: {heard:?}");
            assert!(stage.rooms().ids().eq([room]) && stage.rooms().members(room).eq([MEMBER]));
            assert_eq!(
                (stage.rooms().state_len(room), stage.rooms().owner(room)),
                (0, Some(OWNER))
            );
        } else {
            judge(peer, text, &heard);
        }
    }
}

/// What a text has done that was not refused.
fn judge(peer: PeerId, text: &str, heard: &[Vec<Heard>; 3]) {
    match (peer, heard) {
        // An action, as it was sent.
        (OWNER, [none, forwarded, nobody]) if none.is_empty() && nobody.is_empty() => {
            let line = text.replace(['\n', '\r'], " ");
            serde_json::from_str::<IgnoredAny>(&line).expect("members get JSON");
            assert_eq!(forwarded[..], [Heard::Text(line)]);
        }
        // The end of the room.
        (OWNER, [owner, member, nobody]) => {
            assert!(nobody.is_empty() && owner == member, "{heard:?}");
            assert!(matches!(owner[..], [Heard::Text(_), Heard::Close(1000, _)]), "{heard:?}");
        }
        // A room of its own; it can't know the number of the other.
        (STRANGER, [owner, member, stranger]) => {
            assert!(owner.is_empty() && member.is_empty(), "{heard:?}");
            assert_eq!(stranger.len(), 1, "{heard:?}");
        }
        _ => panic!("{peer} has done something: {heard:?}"),
    }
}

fn stage() -> (Stage, RoomId) {
    let mut stage = Stage::new(Limits::default());
    [OWNER, MEMBER, STRANGER].into_iter().for_each(|peer| stage.open(peer));
    stage.say(OWNER, Message::text(message(1, "", "", &[], false)));
    let room = stage.answer(OWNER)["uuid"].as_str().and_then(|uuid| uuid.parse().ok());
    let room: RoomId = room.expect("a room");
    stage.say(MEMBER, Message::text(message(2, &room.to_string(), "", &[], false)));
    stage.heard(MEMBER);
    (stage, room)
}
