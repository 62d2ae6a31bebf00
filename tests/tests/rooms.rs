//! `rooms::Rooms`: the exchanges of `vectors/rooms.txt`, and what is not an exchange.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Buf;
use serde_json::Value;
use socker_core::handshake::{Incoming, Request};
use socker_core::rooms::{Action, Denial, Limits, RoomError, RoomId, Rooms, Wish};
use socker_core::service::{Command, Commands, Context, Host, PeerId, Service};
use socker_core::{Instant, Message, Seed, http};
use socker_tests::frames::{Frame, opcode};
use socker_tests::notes;
use socker_tests::rooms::{Heard, Stage, message};
use socker_tests::vectors::{Vector, load};

const A: PeerId = PeerId::new(0, 0);
const B: PeerId = PeerId::new(1, 0);
const C: PeerId = PeerId::new(2, 0);

/// A vector that is run.
struct Run {
    name: String,
    stage: Stage,
    /// The rooms and tokens of which somebody has heard.
    rooms: Vec<(String, String)>,
    /// What was heard and does not stand there yet.
    heard: BTreeMap<PeerId, VecDeque<Heard>>,
    events: VecDeque<String>,
    follows_events: bool,
}

impl Run {
    fn new(vector: &Vector) -> Self {
        let limits = vector.get("limits").unwrap_or_default();
        let limits = limits.split_whitespace().fold(Limits::default(), |limits, limit| {
            let (name, value) = limit.split_once('=').unwrap();
            let value: u32 = value.parse().unwrap();
            match name {
                "rooms" => limits.rooms(value as usize),
                "members" => limits.members(value as usize),
                "message" => limits.message(value as usize),
                "state" => limits.state(value as usize),
                "state_keys" => limits.state_keys(value as usize),
                "message_rate" => limits.message_rate(value),
                "message_burst" => limits.message_burst(value),
                "grace" => limits.grace(Duration::from_secs(value.into())),
                _ => panic!("no such limit: {name}"),
            }
        });
        let mut stage = Stage::new(limits);
        (0..4).for_each(|index| stage.open(PeerId::new(index, 0)));
        Self {
            name: vector.name().to_owned(),
            stage,
            rooms: Vec::new(),
            heard: BTreeMap::new(),
            events: VecDeque::new(),
            follows_events: vector.all("event").count() > 0,
        }
    }

    fn line(&mut self, key: &str, value: &str) {
        let value = self.filled_in(value);
        match key.split_once(' ').map(|(who, what)| (peer(who), what)) {
            None => match key {
                "wait" => {
                    let now = self.stage.now + Duration::from_secs(value.parse().unwrap());
                    self.stage.time(now);
                }
                "program" => self.program(&value),
                "event" => assert_eq!(self.events.pop_front(), Some(value)),
                _ => {}
            },
            Some((who, ">")) => self.stage.say(who, Message::text(value.clone())),
            Some((who, "bytes")) => self.stage.say(who, Message::binary(value.into_bytes())),
            Some((who, "-")) => self.stage.gone(who),
            Some((who, "<")) => self.hears(who, &value),
            Some((who, "!")) => self.is_refused(who, &value),
            Some((who, "x")) => {
                let (code, words) = value.split_once(' ').unwrap();
                let close = Heard::Close(code.parse().unwrap(), words.to_owned());
                assert_eq!(self.next(who), close);
            }
            Some((who, "new")) => {
                self.stage.say(who, Message::text("{\"status\":{\"value\":1}}"));
                self.listen();
                let answer = self.answer(who);
                assert!(answer["token"].is_string(), "{answer}");
            }
            Some((who, "join")) => {
                let (room, _) = self.rooms.last().unwrap();
                let join = format!("{{\"uuid\":\"{room}\",\"status\":{{\"value\":2}}}}");
                self.stage.say(who, Message::text(join));
                self.listen();
                let answer = self.answer(who);
                assert!(answer["status"]["value"] == 3 && answer.get("error").is_none());
            }
            Some((who, times)) => {
                let times = times.strip_prefix(">*").expect(times).parse().unwrap();
                self.stage.say(who, Message::text(value.repeat(times)));
            }
        }
        self.listen();
    }

    /// `$1`, `#1` and `$A` for what they stand for.
    fn filled_in(&self, value: &str) -> String {
        let value = unescape(value);
        let named = self.rooms.iter().zip(1..).fold(value, |value, ((room, token), number)| {
            value.replace(&format!("${number}"), room).replace(&format!("#{number}"), token)
        });
        (0..4_u8).fold(named, |value, index| {
            let letter = char::from(b'A' + index);
            value.replace(&format!("${letter}"), &format!("{:?}", PeerId::new(index.into(), 0)))
        })
    }

    fn program(&mut self, what: &str) {
        let words: Vec<_> = what.split_whitespace().collect();
        let last = self.rooms.last().map(|(room, _)| room.parse::<RoomId>().unwrap());
        match *words {
            ["create"] => {
                let room = self.stage.program(Rooms::create).unwrap();
                self.rooms.push((room.to_string(), "no token".to_owned()));
            }
            ["act", key, param, kind] => {
                let action = Action::new(key).param(param);
                let action = if kind == "state" { action.state() } else { action };
                let done =
                    self.stage.program(|rooms, cx| rooms.broadcast(cx, last.unwrap(), &action));
                assert_eq!(done, Ok(self.stage.rooms().members(last.unwrap()).count()));
            }
            ["close"] => {
                self.stage.program(|rooms, cx| rooms.close(cx, last.unwrap())).unwrap();
            }
            _ => panic!("{what}"),
        }
    }

    /// Keeps what was heard, and the rooms that are named.
    fn listen(&mut self) {
        for index in 0..4 {
            let peer = PeerId::new(index, 0);
            for heard in self.stage.heard(peer) {
                if let Heard::Text(text) = &heard
                    && let Ok(answer) = serde_json::from_str::<Value>(text)
                    && let (Some(room), Some(token)) =
                        (answer["uuid"].as_str(), answer["token"].as_str())
                    && self.rooms.iter().all(|(known, _)| known != room)
                {
                    self.rooms.push((room.to_owned(), token.to_owned()));
                }
                self.heard.entry(peer).or_default().push_back(heard);
            }
        }
        for event in self.stage.events() {
            let event = format!("{event:?}").replace("RoomId(", "");
            // The room's number alone.
            let event = self
                .rooms
                .iter()
                .fold(event, |event, (room, _)| event.replace(&format!("{room})"), room));
            if self.follows_events {
                self.events.push_back(event);
            }
        }
    }

    fn next(&mut self, peer: PeerId) -> Heard {
        let heard = self.heard.get_mut(&peer).and_then(VecDeque::pop_front);
        heard.unwrap_or_else(|| panic!("{peer} hears nothing"))
    }

    fn answer(&mut self, peer: PeerId) -> Value {
        match self.next(peer) {
            Heard::Text(text) => serde_json::from_str(&text).expect(&text),
            other => panic!("{other:?} is no answer"),
        }
    }

    /// An answer is compared field by field, a forwarded action byte for byte.
    fn hears(&mut self, peer: PeerId, expected: &str) {
        let Heard::Text(text) = self.next(peer) else { panic!("{peer} is closed") };
        if expected.contains("\"uuid\": ") && text.contains("\"funcKey\":\"\"") {
            let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
            assert_eq!(value(&text), value(expected));
        } else {
            assert_eq!(text, expected);
        }
    }

    fn is_refused(&mut self, peer: PeerId, expected: &str) {
        let (status, code) = expected.split_once(' ').unwrap();
        let answer = self.answer(peer);
        assert_eq!(answer["error"], code, "{answer}");
        assert_eq!(answer["status"]["value"].to_string(), status, "{answer}");
        let words = answer["status"]["text"].as_str().unwrap();
        assert!((10..300).contains(&words.len()), "{words}");
        assert_eq!(answer["uuid"] == "", status == "0", "{answer}");
        let rest = (&answer["funcKey"], &answer["funcParams"], &answer["stateMessage"]);
        assert_eq!(rest, (&"".into(), &Value::Array(vec![]), &false.into()), "{answer}");
    }

    fn end(self) {
        assert!(self.heard.values().all(VecDeque::is_empty), "more was heard: {:?}", self.heard);
        assert!(self.events.is_empty(), "more was told: {:?}", self.events);
    }
}

/// `\n`, `\r`, and two backslashes for one.
fn unescape(value: &str) -> String {
    let mut parts = value.split('\\');
    let mut unescaped = parts.next().unwrap().to_owned();
    while let Some(part) = parts.next() {
        match part.as_bytes().first() {
            Some(b'n') => unescaped = unescaped + "\n" + &part[1..],
            Some(b'r') => unescaped = unescaped + "\r" + &part[1..],
            Some(_) => unescaped = unescaped + "\\" + part,
            None => unescaped = unescaped + "\\" + parts.next().unwrap(),
        }
    }
    unescaped
}

fn peer(letter: &str) -> PeerId {
    PeerId::new(u32::from(letter.as_bytes()[0] - b'A'), 0)
}

#[test]
fn exchanges() {
    let vectors = load("rooms.txt");
    assert!(vectors.len() > 30);
    for vector in vectors {
        let mut run = Run::new(&vector);
        for (number, (key, value)) in vector.fields().enumerate() {
            // Told only if it fails.
            println!("{}, line {number}: {key}: {value}", run.name);
            run.line(key, value);
        }
        run.end();
    }
}

/// A stage with an owner and two members.
fn stage(limits: Limits) -> (Stage, RoomId) {
    let mut stage = Stage::new(limits);
    [A, B, C].into_iter().for_each(|peer| stage.open(peer));
    let room = create(&mut stage, A);
    for peer in [B, C] {
        join(&mut stage, peer, room);
    }
    (stage, room)
}

fn create(stage: &mut Stage, peer: PeerId) -> RoomId {
    stage.say(peer, Message::text(message(1, "", "", &[], false)));
    stage.answer(peer)["uuid"].as_str().unwrap().parse().unwrap()
}

fn join(stage: &mut Stage, peer: PeerId, room: RoomId) {
    stage.say(peer, Message::text(message(2, &room.to_string(), "", &[], false)));
    assert_eq!(stage.answer(peer)["status"]["value"], 3);
}

#[test]
fn an_action_is_encoded_once() {
    let (mut stage, _) = stage(Limits::default());
    stage.broadcasts.clear();
    stage.say(A, Message::text(message(3, "", "draw", &["1"], false)));
    assert_eq!(stage.broadcasts, [2]);
}

/// What an owner has sent in one piece is there for each member as one piece.
#[test]
fn a_burst_leaves_in_one_write() {
    let mut host = Host::new(Rooms::new(Seed::from([7; 16])));
    let [owner, members @ ..] = [(); 4].map(|()| notes::open(&mut host, Instant::START));
    notes::say(&mut host, Instant::START, owner, &message(1, "", "", &[], false));
    let answer = notes::frames(&mut host, owner).remove(0).payload;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let uuid = answer["uuid"].as_str().unwrap();
    for member in members {
        notes::say(&mut host, Instant::START, member, &message(2, uuid, "", &[], false));
        assert_eq!(notes::frames(&mut host, member).len(), 1);
    }
    while host.next_changed().is_some() {}

    let actions: Vec<_> =
        (0..16).map(|number| message(3, "", "draw", &[&number.to_string()], false)).collect();
    let frames = actions.iter().map(|action| Frame::new(opcode::TEXT, action.as_bytes()));
    let mut burst: Vec<u8> =
        frames.clone().flat_map(|frame| frame.masked([1, 2, 3, 4]).encode()).collect();
    host.read(Instant::START, owner, &mut burst);
    let mut changed: Vec<_> = std::iter::from_fn(|| host.next_changed()).collect();
    changed.sort();
    assert_eq!(changed, [owner, members[0], members[1], members[2]]);
    let expected: Vec<u8> = frames.flat_map(|frame| frame.encode()).collect();
    for member in members {
        assert_eq!(host.outgoing(member).unwrap().chunk(), expected);
    }
}

#[test]
fn rooms_are_uuids_of_version_4_from_the_seed() {
    let rooms = |seed| {
        let mut stage = Stage::with(Rooms::new(Seed::from([seed; 16])));
        [A, B].map(|peer| {
            stage.open(peer);
            create(&mut stage, peer).to_string()
        })
    };
    assert_eq!(rooms(1), rooms(1));
    assert_ne!(rooms(1), rooms(2));
    for room in rooms(3) {
        let parts: Vec<_> = room.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{room}");
        assert!(room.as_bytes()[14] == b'4' && b"89ab".contains(&room.as_bytes()[19]), "{room}");
        assert_eq!(room.to_uppercase().parse::<RoomId>().unwrap().to_string(), room);
    }
    assert!("7".parse::<RoomId>().is_err());
}

fn request(uri: &str, cookie: &str) -> Request {
    let request = http::Request::get(uri)
        .header("host", "a")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("cookie", cookie);
    Incoming::new(request.body(()).unwrap()).unwrap().request().clone()
}

/// A hook sees the request, the wish and the whole message.
#[test]
fn who_may_create_and_join() {
    let mut rooms = Rooms::new(Seed::from([7; 16])).authorise(|ask| match ask.wish {
        Wish::Create(_) => {
            let request = ask.request.expect("it was kept");
            let teacher = request.cookie("role") == Some("teacher");
            let classroom = request.path() == "/rooms/7";
            if teacher && classroom { Ok(()) } else { Err(Denial::new("teachers only")) }
        }
        Wish::Join(_) if ask.message.contains("\"password\":\"open\"") => Ok(()),
        _ => Err(Denial::new(format!("{} does not know the password", ask.peer))),
    });
    let mut commands = Commands::default();
    let mut say = |rooms: &mut Rooms, peer, text: &str| {
        let mut cx = Context::new(Instant::START, &mut commands);
        rooms.message(&mut cx, peer, Message::text(text));
        let said = commands.drain().find_map(|command| match command {
            Command::Send { message, .. } => {
                Some(serde_json::from_str::<Value>(message.as_text()?).unwrap())
            }
            _ => None,
        });
        said.expect("an answer")
    };
    let mut none = Commands::default();
    for (peer, uri, cookie) in
        [(A, "/rooms/7", "role=teacher"), (B, "/rooms/7", "role=pupil"), (C, "/rooms", "")]
    {
        let mut cx = Context::new(Instant::START, &mut none);
        drop(rooms.request(&mut cx, peer, &request(uri, cookie)));
        rooms.opened(&mut cx, peer);
    }
    let answer = say(&mut rooms, B, &message(1, "", "", &[], false));
    assert_eq!(
        (&answer["error"], &answer["status"]["text"]),
        (&"denied".into(), &"teachers only".into())
    );
    let answer = say(&mut rooms, A, &message(1, "", "", &[], false));
    let uuid = answer["uuid"].as_str().unwrap();
    let answer = say(&mut rooms, C, &message(2, uuid, "", &[], false));
    assert_eq!(answer["error"], "denied");
    assert_eq!(answer["status"]["text"], "2.0 does not know the password");
    let with_password =
        message(2, uuid, "", &[], false).replacen('{', "{\"password\":\"open\",", 1);
    assert_eq!(say(&mut rooms, C, &with_password)["status"]["value"], 3);
    assert_eq!(rooms.members(uuid.parse().unwrap()).collect::<Vec<_>>(), [C]);
    assert_eq!(rooms.owner(uuid.parse().unwrap()), Some(A));
    assert_eq!([A, B, C].map(|peer| rooms.room_of(peer).is_some()), [true, false, true]);
}

#[test]
fn what_the_program_can_do_wrong() {
    let limits = Limits::default().rooms(2).message(1000).state_keys(1);
    let (mut stage, room) = stage(limits);
    let other = stage.program(Rooms::create).unwrap();
    assert_eq!(stage.program(Rooms::create), Err(RoomError::TooManyRooms));
    assert_eq!(stage.rooms().len(), 2);
    let mut act =
        |room, action: &Action<'_>| stage.program(|rooms, cx| rooms.broadcast(cx, room, action));
    assert_eq!(act(room, &Action::new("a").state()), Ok(2));
    assert_eq!(act(other, &Action::new("a")), Ok(0));
    assert_eq!(act(room, &Action::new("")), Err(RoomError::MissingKey));
    assert_eq!(act(room, &Action::new("b").state()), Err(RoomError::StateFull));
    // To the byte: what stands around the key and the parameter is 1000 less their lengths.
    let mut long = |len| act(room, &Action::new("a").param("x".repeat(len)));
    let most = (500..1000).take_while(|len| long(*len) == Ok(2)).last().unwrap();
    assert_eq!(long(most + 1), Err(RoomError::MessageTooLong));
    for kept in [stage.heard(B), stage.heard(C)] {
        let longest = kept.iter().map(|heard| match heard {
            Heard::Text(text) => text.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(longest.max(), Some(1000));
    }
    stage.program(|rooms, cx| rooms.close(cx, other)).unwrap();
    assert_eq!(stage.program(|rooms, cx| rooms.close(cx, other)), Err(RoomError::UnknownRoom));
    let gone = stage.program(|rooms, cx| rooms.broadcast(cx, other, &Action::new("a")));
    assert_eq!(gone, Err(RoomError::UnknownRoom));
}

/// Who creates rooms and goes away keeps nobody out; a room that somebody follows stays.
#[test]
fn rooms_that_are_left_alone_make_room() {
    let mut stage = Stage::new(Limits::default().rooms(10));
    let mut left = Vec::new();
    for index in 0..50 {
        let peer = PeerId::new(index, 0);
        stage.open(peer);
        left.push(create(&mut stage, peer));
        if index == 0 {
            stage.open(PeerId::new(100, 0));
            join(&mut stage, PeerId::new(100, 0), left[0]);
        }
        stage.gone(peer);
        stage.pass(Duration::from_millis(1));
    }
    assert!(!stage.rooms().is_empty());
    let mut there: Vec<_> = stage.rooms().ids().collect();
    let mut expected = [&left[..1], &left[41..]].concat();
    there.sort();
    expected.sort();
    assert_eq!(there, expected);
}

/// A hook that grants something is not asked for what can't be had.
#[test]
fn the_hook_is_asked_last() {
    let asked = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&asked);
    let rooms = Rooms::new(Seed::from([7; 16])).limits(Limits::default().rooms(1).members(1));
    let mut stage = Stage::with(rooms.authorise(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }));
    [A, B, C].into_iter().for_each(|peer| stage.open(peer));
    let room = create(&mut stage, A);
    join(&mut stage, B, room);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    for (said, error) in [
        (message(1, "", "", &[], false), "too-many-rooms"),
        (message(2, &room.to_string(), "", &[], false), "room-full"),
        (message(2, "", "", &[], false), "unknown-room"),
    ] {
        stage.say(C, Message::text(said));
        assert_eq!(stage.answer(C)["error"], error);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

/// What is called too early, too late, or for nobody does nothing.
#[test]
fn stray_calls() {
    let mut rooms = Rooms::new(Seed::from([7; 16]));
    let mut commands = Commands::default();
    let mut cx = Context::new(Instant::START, &mut commands);
    rooms.message(&mut cx, A, Message::text(message(1, "", "", &[], false)));
    rooms.closed(&mut cx, A, &socker_core::CloseReason::Eof);
    rooms.timeout(&mut cx);
    assert!(commands.is_empty() && rooms.is_empty());
    assert_eq!(rooms.poll_timeout(), None);
}

/// An owner whose place was taken can't act, even where a host tells what it says after its end; and
/// a peer that asks twice is not in two rooms.
#[test]
fn calls_after_the_end() {
    let mut rooms = Rooms::new(Seed::from([7; 16]));
    let mut commands = Commands::default();
    let mut say = |rooms: &mut Rooms, peer, text: String| -> Value {
        let mut cx = Context::new(Instant::START, &mut commands);
        rooms.message(&mut cx, peer, Message::text(text));
        let said = commands.drain().filter_map(|command| match command {
            Command::Send { to, message, .. } if to == peer => {
                serde_json::from_str(message.as_text()?).ok()
            }
            _ => None,
        });
        said.last().expect("an answer")
    };
    let mut none = Commands::default();
    let mut cx = Context::new(Instant::START, &mut none);
    [A, B, C].into_iter().for_each(|peer| rooms.opened(&mut cx, peer));
    let answer = say(&mut rooms, A, message(1, "", "", &[], false));
    let (uuid, token) = (answer["uuid"].clone(), answer["token"].clone());
    let back = serde_json::json!({ "uuid": uuid, "token": token, "status": { "value": 1 } });
    say(&mut rooms, B, back.to_string());
    for status in [3, 4] {
        let answer = say(&mut rooms, A, message(status, "", "draw", &[], false));
        assert_eq!(answer["error"], "not-in-room");
    }
    let uuid = uuid.as_str().unwrap();
    say(&mut rooms, C, message(2, uuid, "", &[], false));
    drop(rooms.request(&mut cx, C, &request("/", "")));
    assert_eq!(rooms.members(uuid.parse().unwrap()).count(), 0);
    assert_eq!(rooms.room_of(C), None);
}

/// Each message that is far too long is answered.
#[test]
fn far_too_long() {
    let (mut stage, _) = stage(Limits::default().message_burst(4).message_rate(1));
    stage.say_too_much(A);
    assert_eq!(stage.answer(A)["error"], "message-too-long");
    stage.say_too_much(A);
    stage.say_too_much(A);
    stage.heard(A);
    stage.say_too_much(A);
    assert_eq!(stage.heard(A), [Heard::Close(1008, "too many messages a second".to_owned())]);
    assert!(stage.is_silent());
}

/// All of a large state fits a newcomer's queue, with the configuration that suits the limits.
#[test]
fn a_configuration_that_suits() {
    for (state, message) in [(0, 0), (10 << 20, 5000), (1000, 1 << 20), (0, 32 << 20)] {
        let config = Limits::default().state(state).message(message).config();
        assert_eq!(config.message_limit, message);
        assert!(config.discard_limit >= message + (10 << 20), "it is answered");
        assert!(config.outgoing_limit >= state + 2 * message);
    }
    assert_eq!(Limits::default().message(usize::MAX).config().outgoing_limit, usize::MAX);
}
