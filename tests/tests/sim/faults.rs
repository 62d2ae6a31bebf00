//! Whole exchanges of rooms and of a directory, with a fault at any place: those whom it does not befall
//! get what they got without it, or are told, and nothing is left.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use socker_core::directory::codec::{self, Candidate, Sender};
use socker_core::directory::{self, Directory};
use socker_core::rooms::{self, Rooms};
use socker_core::service::{Budget, Host, Service};
use socker_core::{CloseCode, CloseReason, Message, Seed};
use socker_tests::rooms::message;

use crate::directory::listed;
use crate::fault::{Fault, What, faults};
use crate::lines::Lines;

/// Longer than a silent peer is there, and the owner of a room is waited for.
const LONG: Duration = Duration::from_secs(120);

/// Bytes between two cuts; 1 with `SIM_SEEDS` above 1,000.
fn stride() -> usize {
    let seeds = std::env::var("SIM_SEEDS").ok().and_then(|seeds| seeds.parse::<usize>().ok());
    if seeds.is_some_and(|seeds| seeds > 1000) { 1 } else { 7 }
}

/// Plays it without a fault, and then with each; some holds at once, and some when all has come out.
fn each<S: Service>(
    play: impl Fn(Option<Fault>) -> Lines<S>,
    at_once: impl Fn(&Lines<S>),
    judge: impl Fn(&Lines<S>, &Lines<S>),
) {
    let whole = play(None);
    // An empty tree keeps its root, once it had one: the first client's end brings all into use.
    let violated = Fault::After { act: whole.acts / 2, client: 0, what: What::ClientViolates };
    let mut used = play(Some(violated));
    used.end();
    let idle = used.idle_bytes();
    for fault in faults(&whole, stride()) {
        let run = || {
            let mut lines = play(Some(fault));
            lines.break_stalled();
            at_once(&lines);
            lines.pass(LONG);
            judge(&lines, &whole);
            lines.end();
            let left = lines.idle_bytes();
            assert!(left <= idle, "{left} bytes are left, not {idle}");
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| panic!("{fault:?}"));
    }
}

/// The owner of a room and its two members.
const OWNER: usize = 0;
const MEMBER: usize = 1;
const OTHER: usize = 2;

pub(crate) fn rooms() {
    let at_once = |lines: &Lines<Rooms>| {
        let rooms = &lines.host.service().service;
        let there = lines.clients.iter().filter(|client| client.is_there()).count();
        let inside: usize = rooms.ids().map(|room| rooms.members(room).count()).sum();
        assert!(inside <= there, "{inside} are inside, and {there} are there");
    };
    each(play_rooms, at_once, |lines, whole| {
        let Some(fault) = lines.fault else { return };
        for number in [OWNER, MEMBER, OTHER] {
            let (got, wanted) = (said_to(lines, number), said_to(whole, number));
            if fault.is_jump() || number == fault.client() && !fault.is_harmless() {
                continue;
            }
            // The room has ended by now, and closed whoever was inside.
            if got.first().is_some_and(|first| status(first) == 3) {
                let closed = lines.clients[number].transcript.closed.as_ref();
                let closed = closed.map(CloseReason::code);
                assert_eq!(closed, Some(CloseCode::Normal), "client {number}");
            }
            if fault.client() != OWNER || fault.is_harmless() || got == wanted {
                assert_eq!(got, wanted, "client {number} lost something");
                continue;
            }
            // What the owner had said, and then, to whoever was inside, that it is gone.
            assert!(actions(&wanted).starts_with(&actions(&got)), "client {number}: {got:?}");
            let inside = got.first().is_some_and(|first| status(first) == 3);
            let told = got.last().is_some_and(|last| status(last) == 0);
            assert!(told || !inside, "client {number} was not told: {got:?}");
        }
        assert!(lines.host.service().service.is_empty(), "a room is left");
    });
}

/// Without what is said of a member's own mistake, which does not wait for the owner.
fn said_to(lines: &Lines<Rooms>, number: usize) -> Vec<&Message<'static>> {
    let mut messages = lines.clients[number].messages();
    messages.retain(|message| !message.as_text().unwrap().contains("\"not-owner\""));
    messages
}

fn actions<'m>(messages: &[&'m Message<'static>]) -> Vec<&'m Message<'static>> {
    messages
        .iter()
        .copied()
        .filter(|message| message.as_text().unwrap().contains("param\""))
        .collect()
}

/// What a message says of its sender's status.
fn status(message: &Message<'_>) -> i64 {
    let said: Value = serde_json::from_str(message.as_text().unwrap()).unwrap();
    said["status"]["value"].as_i64().unwrap()
}

fn play_rooms(fault: Option<Fault>) -> Lines<Rooms> {
    let limits = rooms::Limits::default();
    let config = Arc::new(limits.config());
    let service = Rooms::new(Seed::from([7; 16])).limits(limits);
    let mut lines = Lines::new(|service| Host::with(service, config, Budget::default()), service);
    lines.fault = fault;
    for _ in [OWNER, MEMBER, OTHER] {
        lines.connect("/rooms");
    }
    let say = |lines: &mut Lines<_>, who, status, room: &str, key, state| {
        lines.say(who, Message::text(message(status, room, key, &["param"], state)));
    };
    say(&mut lines, OWNER, 1, "", "", false);
    // One that is gone does not know its room.
    let answer = lines.clients[OWNER].messages().first().and_then(|answer| answer.as_text());
    let answer: Value = answer.map_or(Value::Null, |answer| serde_json::from_str(answer).unwrap());
    let Some(room) = answer["uuid"].as_str().map(str::to_owned) else { return lines };
    say(&mut lines, MEMBER, 2, &room, "", false);
    say(&mut lines, OWNER, 3, &room, "state", true);
    say(&mut lines, OTHER, 2, &room, "", false);
    say(&mut lines, OWNER, 3, &room, "draw", false);
    say(&mut lines, MEMBER, 3, &room, "draw", false);
    say(&mut lines, OWNER, 3, &room, "state", true);
    say(&mut lines, OWNER, 4, &room, "", false);
    lines
}

/// A game server, and two clients who make it an offer, of which the first is answered.
const SERVER: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;

pub(crate) fn directory() {
    let at_once = |lines: &Lines<Directory>| {
        let offers = lines.host.service().service.open_offers();
        let waits = |client: &usize| {
            lines.clients.get(*client).is_some_and(|client| client.is_there() && client.offered)
        };
        let waiting = [FIRST, SECOND].iter().filter(|client| waits(client)).count();
        assert!(offers <= waiting, "{offers} offers of {waiting}");
    };
    each(play_directory, at_once, |lines, whole| {
        let Some(fault) = lines.fault else { return };
        let directory = &lines.host.service().service;
        assert_eq!(directory.open_offers(), 0, "an offer is left");
        let harmless = fault.is_harmless() || fault.is_jump();
        let servers = usize::from(harmless || fault.client() != SERVER);
        let gone = fault.client() == SERVER && lines.clients[SERVER].transcript.closed.is_some();
        assert!(directory.servers().count() == servers || !gone, "the list");
        for number in [FIRST, SECOND] {
            let client = &lines.clients[number];
            if number == fault.client() && !harmless {
                continue;
            }
            let (got, wanted) = (client.messages(), whole.clients[number].messages());
            if fault.client() != SERVER && !fault.is_jump() {
                assert!(got.starts_with(&wanted), "client {number} lost something");
            }
            let list: BTreeMap<_, _> =
                directory.servers().map(|(id, metadata)| (id, metadata.to_owned())).collect();
            assert_eq!(listed(got.iter().copied()), list, "client {number} knows another list");
            let offered = lines.clients[number].offered;
            let over = got.iter().filter(|message| matches!(message.as_bytes()[0], 6 | 12)).count();
            assert_eq!(over, usize::from(offered), "client {number}: offers that are over");
        }
    });
}

fn play_directory(fault: Option<Fault>) -> Lines<Directory> {
    let limits = directory::Limits::default();
    let config = Arc::new(limits.config());
    let service = Directory::new(Seed::from([7; 16])).limits(limits);
    let mut lines = Lines::new(|service| Host::with(service, config, Budget::default()), service);
    lines.fault = fault;
    lines.connect("/directory/servers");
    let say = |lines: &mut Lines<_>, who, message: &codec::Message<'_>| {
        let sender = if who == SERVER { Sender::Server } else { Sender::Client };
        lines.say(who, Message::binary(message.encode(sender).unwrap()));
    };
    say(&mut lines, SERVER, &codec::Message::Register { metadata: "{}".into() });
    lines.connect("/directory/clients");
    lines.connect("/directory/clients");
    lines.pass(Duration::from_millis(100));
    let candidate = || {
        let candidate = "candidate:1".into();
        Some(Candidate { mid: "0".into(), m_line_index: 0, candidate })
    };
    for client in [FIRST, SECOND] {
        // Whoever knows no server makes no offer.
        let list = listed(lines.clients[client].messages());
        let Some(&id) = list.keys().next() else { continue };
        lines.clients[client].offered = lines.clients[client].machine.is_open();
        say(&mut lines, client, &codec::Message::Offer { id, sdp: "v=0".into() });
        say(&mut lines, client, &codec::Message::Candidate { id, candidate: candidate() });
        if client == SECOND {
            continue;
        }
        let Some(id) = last_offer(&lines) else { continue };
        say(&mut lines, SERVER, &codec::Message::Candidate { id, candidate: candidate() });
        say(&mut lines, SERVER, &codec::Message::Answer { id, sdp: "v=0".into() });
        say(&mut lines, SERVER, &codec::Message::Candidate { id, candidate: None });
    }
    lines
}

/// The client of the last offer that the server got.
fn last_offer(lines: &Lines<Directory>) -> Option<u32> {
    let messages = lines.clients[SERVER].messages();
    messages.iter().rev().find_map(|message| {
        match codec::Message::decode(Sender::DirectoryToServer, message.as_bytes()).unwrap() {
            codec::Message::Offer { id, .. } => Some(id),
            _ => None,
        }
    })
}
