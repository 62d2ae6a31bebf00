//! Anything that peers and the program may do, in any order, done to the rooms and to their model.

use std::time::Duration;

use socker_core::rooms::{Action, Limits, RoomError, RoomId};
use socker_core::service::PeerId;
use socker_core::{Instant, Message};

use super::answer::read;
use super::model::Expected;
use super::naive::Naive;
use super::{Heard, Model, Stage, WATCHED, message};

/// Something that is done. Peers and rooms are numbered; the numbers wrap.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Step {
    /// A peer that is not there connects.
    Open(u8),
    New(u8),
    /// An owner comes back to a room that there is or was.
    ComeBack(u8, u8, Claim),
    Join(u8, u8),
    JoinUnknown(u8),
    /// The owner's action, of so many bytes about.
    Act {
        peer: u8,
        key: u8,
        len: u8,
        state: bool,
    },
    /// The owner's state message which fills the room's state, or is too long by a byte.
    Fill {
        peer: u8,
        key: u8,
        over: bool,
    },
    Close(u8),
    /// The connection ends.
    Leave(u8),
    /// So many seconds pass.
    Wait(u8),
    /// The clock jumps to the rooms' time-out, or to just before it.
    Timeout {
        before: bool,
    },
    /// The clock jumps by an hour.
    Hour,
    /// What is no message of the protocol.
    Say(u8, Vec<u8>),
    Binary(u8),
    TooMuch(u8),
    ProgramCreates,
    ProgramActs {
        room: u8,
        key: u8,
        state: bool,
    },
    ProgramCloses(u8),
}

/// What an owner shows who comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The room's token.
    Right,
    /// That of another room, or what is none.
    Wrong,
}

/// How many peers there are at once.
const PEERS: u8 = 8;

/// Limits that are soon reached.
#[must_use]
fn limits() -> Limits {
    let limits = Limits::default().rooms(3).members(3).state(2200).state_keys(3).grace(WATCHED);
    limits.message(1500).message_rate(1).message_burst(20)
}

struct Walk {
    stage: Stage,
    model: Model,
    /// How often each number has connected.
    generations: [u32; PEERS as usize],
    /// All rooms that there ever were, with their owners' tokens; a program's room has none.
    rooms: Vec<(RoomId, Option<String>)>,
}

/// Does all of this, and compares after each.
pub fn run(steps: impl IntoIterator<Item = Step>) {
    let mut walk = Walk {
        stage: Stage::new(limits()),
        model: Model::new(limits()),
        generations: [0; PEERS as usize],
        rooms: Vec::new(),
    };
    for step in steps {
        walk.step(step);
    }
    walk.end();
}

impl Walk {
    fn peer(&self, number: u8) -> PeerId {
        let number = number % PEERS;
        PeerId::new(number.into(), self.generations[usize::from(number)])
    }

    fn room(&self, number: u8) -> Option<&(RoomId, Option<String>)> {
        self.rooms.get(usize::from(number) % self.rooms.len().max(1))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open(number) => self.open(number),
            Step::Leave(number) => self.leave(number),
            Step::Wait(seconds) => {
                self.time(self.stage.now + Duration::from_secs(seconds.into()));
            }
            Step::Timeout { before } => {
                let Some(timeout) = self.model.timeout() else { return };
                let early = Duration::from_nanos(before.into());
                self.time(Instant::at(timeout.since(Instant::START) - early));
            }
            Step::Hour => self.time(self.stage.now + Duration::from_secs(3600)),
            Step::ProgramCreates => self.program_creates(),
            Step::ProgramActs { room, key, state } => self.program_acts(room, key, state),
            Step::ProgramCloses(number) => {
                let Some(&(room, _)) = self.room(number) else { return };
                let closed = self.stage.program(|rooms, cx| rooms.close(cx, room));
                assert_eq!(closed.is_ok(), self.model.program_closes(room));
            }
            Step::New(number)
            | Step::ComeBack(number, ..)
            | Step::Join(number, _)
            | Step::JoinUnknown(number)
            | Step::Act { peer: number, .. }
            | Step::Fill { peer: number, .. }
            | Step::Close(number)
            | Step::Say(number, _)
            | Step::Binary(number)
            | Step::TooMuch(number) => {
                let peer = self.peer(number);
                if self.model.is_there(peer) {
                    self.say(peer, step);
                }
            }
        }
        self.compare();
    }

    /// Told twice, which makes no difference.
    fn time(&mut self, now: Instant) {
        self.stage.time(now);
        self.stage.time(now);
        self.model.time(now);
    }

    fn open(&mut self, number: u8) {
        let before = self.peer(number);
        if !self.model.is_there(before) {
            // If the service has closed it, its end comes first.
            self.stage.gone(before);
            self.model.gone(before);
            self.generations[usize::from(number % PEERS)] += 1;
            let peer = self.peer(number);
            self.stage.open(peer);
            self.model.open(peer);
        }
    }

    fn leave(&mut self, number: u8) {
        let peer = self.peer(number);
        self.stage.gone(peer);
        self.model.gone(peer);
    }

    fn say(&mut self, peer: PeerId, step: Step) {
        match step {
            Step::New(_) => self.text(peer, &message(1, "", "", &[], false)),
            Step::ComeBack(_, number, claim) => {
                let Some((room, Some(token))) = self.room(number) else { return };
                let token = match claim {
                    Claim::Right => token.clone(),
                    Claim::Wrong => format!("{}{}", &token[1..], &token[..1]),
                };
                let mut said = message(1, &room.to_string(), "", &[], false);
                said.truncate(said.len() - 1);
                self.text(peer, &format!("{said},\"token\":\"{token}\"}}"));
            }
            Step::Join(_, number) => {
                let room = self.room(number).map(|(room, _)| room.to_string());
                self.text(peer, &message(2, &room.unwrap_or_default(), "", &[], false));
            }
            Step::JoinUnknown(_) => {
                let unknown = "00000000-0000-4000-8000-000000000000";
                self.text(peer, &message(2, unknown, "", &[], false));
            }
            Step::Act { key, len, state, .. } => {
                let param = "x".repeat(len.into());
                let text = message(3, "", key_of(key), &[&param], state);
                // Some have line ends between their tokens.
                let ends = if len % 2 == 0 { "," } else { "\r\n,\n" };
                self.text(peer, &text.replace(',', ends));
            }
            Step::Fill { key, over, .. } => {
                let key = key_of(key);
                let empty = message(3, "", key, &[""], true).len();
                let room = self.model.room_for(peer, key);
                let param = "x".repeat((room + usize::from(over)).saturating_sub(empty));
                self.text(peer, &message(3, "", key, &[&param], true));
            }
            Step::Close(_) => self.text(peer, &message(4, "", "", &[], false)),
            Step::Say(_, bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                if Naive::knows(&text) {
                    self.text(peer, &text);
                }
            }
            Step::Binary(_) => {
                self.stage.say(peer, Message::binary(message(1, "", "", &[], false).into_bytes()));
                if self.model.admit(peer) {
                    self.model.wrong(peer, "text-expected");
                }
            }
            Step::TooMuch(_) => {
                self.stage.say_too_much(peer);
                if self.model.admit(peer) {
                    self.model.wrong(peer, "message-too-long");
                }
            }
            other => unreachable!("{other:?}"),
        }
    }

    /// A peer says something, and the model does what that means.
    fn text(&mut self, peer: PeerId, text: &str) {
        self.stage.say(peer, Message::text(text));
        if !self.model.admit(peer) {
            return;
        }
        if text.len() > limits().message {
            return self.model.wrong(peer, "message-too-long");
        }
        let Ok(said) = Naive::parse(text) else { return self.malformed(peer, text) };
        match said.status {
            1 if self.model.is_inside(peer) => self.model.wrong(peer, "already-in-room"),
            1 => match &said.token {
                None => {
                    let created = self.note_room();
                    self.model.create(peer, created);
                }
                Some(token) => {
                    let claimed =
                        self.rooms.iter().find(|(_, known)| known.as_ref() == Some(token));
                    match claimed {
                        Some((room, _)) if said.uuid.parse() == Ok(*room) => {
                            self.model.come_back(peer, *room);
                        }
                        _ => self.model.wrong(peer, "wrong-token"),
                    }
                }
            },
            2 => self.model.join(peer, said.uuid.parse().ok()),
            3 => self.model.act(peer, &said, text),
            4 => self.model.close(peer, &said),
            _ => self.model.wrong(peer, "unknown-status"),
        }
    }

    /// Which of the two it is depends on what comes first in the text.
    fn malformed(&mut self, peer: PeerId, text: &str) {
        let answer = self.stage.peek(peer).unwrap_or_else(|| panic!("no answer to {text:?}"));
        let (answer, _) = read(answer);
        match answer.error {
            Some(error @ ("malformed" | "wrong-type")) => self.model.wrong(peer, error),
            _ => panic!("{answer:?} to {text:?}"),
        }
    }

    /// A room that was just created, of which the rooms alone know the number.
    fn note_room(&mut self) -> Option<RoomId> {
        let known = |room: &RoomId| self.rooms.iter().any(|(other, _)| other == room);
        let created = self.stage.rooms().ids().find(|room| !known(room))?;
        self.rooms.push((created, None));
        Some(created)
    }

    fn program_creates(&mut self) {
        let created = self.stage.program(|rooms, cx| rooms.create(cx));
        if let Err(error) = created {
            assert_eq!(error, RoomError::TooManyRooms);
        }
        assert_eq!(self.note_room(), created.ok());
        self.model.program_creates(created.ok());
    }

    fn program_acts(&mut self, room: u8, key: u8, state: bool) {
        let Some(&(room, _)) = self.room(room) else { return };
        let key = key_of(key);
        let action = Action::new(key).param("from the program");
        let action = if state { action.state() } else { action };
        let told = self.stage.program(|rooms, cx| rooms.broadcast(cx, room, &action));
        let text = format!(
            "{{\"uuid\":\"{room}\",\"status\":{{\"value\":3,\"text\":\"connected\"}},\
             \"funcKey\":\"{key}\",\"funcParams\":[\"from the program\"],\"stateMessage\":{state}}}"
        );
        let expected = self.model.program_acts(room, key, &text, state);
        assert_eq!(told.map_err(code), expected);
    }

    /// Everybody has heard what the model says, and all else is alike.
    fn compare(&mut self) {
        for number in 0..PEERS {
            let peer = self.peer(number);
            let heard: Vec<_> = self.stage.heard(peer);
            let expected = self.model.expected(peer);
            assert_eq!(heard.len(), expected.len(), "{peer} heard {heard:?}, not {expected:?}");
            for (heard, expected) in heard.iter().zip(&expected) {
                self.judge(heard, expected);
            }
        }
        assert!(self.stage.is_silent(), "somebody heard what was not for them");
        assert_eq!(self.stage.events(), self.model.events());
        let mut rooms: Vec<_> = self.model.rooms().collect();
        rooms.sort_by_key(|(room, ..)| *room);
        let real = self.stage.rooms();
        let real: Vec<_> = real
            .ids()
            .map(|room| (room, real.members(room).count(), real.state_len(room)))
            .collect();
        assert_eq!(real, rooms);
        for (room, ..) in rooms {
            assert_eq!(self.stage.rooms().owner(room), self.model.owner(room));
        }
        for number in 0..PEERS {
            let peer = self.peer(number);
            assert_eq!(self.stage.rooms().room_of(peer), self.model.id_of_room(peer));
        }
        assert_eq!(self.stage.poll_timeout(), self.model.timeout());
    }

    fn judge(&mut self, heard: &Heard, expected: &Expected) {
        match (heard, expected) {
            (Heard::Text(text), Expected::Text(expected)) => assert_eq!(text, expected),
            (Heard::Close(code, _), Expected::Close(expected)) => assert_eq!(code, expected),
            (Heard::Text(text), Expected::Answer(expected)) => {
                let (answer, token) = read(text);
                assert_eq!(answer, *expected, "{text}");
                if let Some(room) = answer.uuid
                    && let Some(known) = self.rooms.iter_mut().find(|(other, _)| *other == room)
                    && token.is_some()
                {
                    known.1 = token;
                }
            }
            _ => panic!("{heard:?} instead of {expected:?}"),
        }
    }

    /// When everybody has left, nothing is left.
    fn end(&mut self) {
        for number in 0..PEERS {
            self.leave(number);
        }
        for room in self.rooms.clone() {
            self.stage.program(|rooms, cx| _ = rooms.close(cx, room.0));
        }
        assert!(self.stage.rooms().is_empty());
        assert_eq!(self.stage.poll_timeout(), None);
    }
}

fn code(error: RoomError) -> &'static str {
    match error {
        RoomError::UnknownRoom => "unknown-room",
        RoomError::MissingKey => "missing-key",
        RoomError::StateFull => "state-full",
        RoomError::MessageTooLong => "message-too-long",
        error => panic!("a new error: {error}"),
    }
}

/// The fourth of five is empty.
fn key_of(number: u8) -> &'static str {
    ["draw", "clear", "a longer key", "", "slide"][usize::from(number) % 5]
}
