//! `directory::Directory` and its codec: tables of what is said and heard.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use socker_core::directory::codec::{
    Candidate, DecodeError, EncodeError, Listing, METADATA_LIMIT, Message, Sender,
};
use socker_core::directory::{
    Denial, Directory, DirectoryEvent, Limits, MetadataError, Registration, RegistrationEvent, Role,
};
use socker_core::service::{PeerId, Verdict};
use socker_core::{Instant, Seed};
use socker_tests::cases;
use socker_tests::directory::{Stage, request};
use socker_tests::notation;
use socker_tests::vectors::load;

const SERVER: PeerId = PeerId::new(0, 0);
const OTHER: PeerId = PeerId::new(1, 0);
const CLIENT: PeerId = PeerId::new(2, 0);
const LATE: PeerId = PeerId::new(3, 0);

const SENDERS: [Sender; 4] =
    [Sender::Server, Sender::Client, Sender::DirectoryToServer, Sender::DirectoryToClient];

#[test]
fn messages() {
    let vectors = load("directory.txt");
    assert!(vectors.len() > 30);
    for vector in vectors {
        let name = vector.name();
        let sender = vector.get("sender").unwrap();
        let sender = SENDERS.into_iter().find(|s| format!("{s:?}") == sender).expect(sender);
        let bytes = |key| vector.get(key).map(|text| notation::parse(text, false).bytes);
        let input = bytes("in").unwrap();
        match Message::decode(sender, &input) {
            Ok(message) => {
                assert_eq!(Some(&*format!("{message:?}")), vector.get("message"), "{name}");
                let again = message.encode(sender).unwrap();
                assert_eq!(again, bytes("out").unwrap_or_else(|| input.clone()), "{name}");
                // Nobody else says it so, but for a problem, which both sides are told alike.
                let others = SENDERS.into_iter().filter(|other| *other != sender);
                let same = others.filter_map(|other| message.encode(other).ok());
                let same = same.filter(|bytes| bytes[0] == again[0]).count();
                assert_eq!(same, usize::from(matches!(message, Message::Problem { .. })), "{name}");
            }
            Err(error) => assert_eq!(Some(&*format!("{error:?}")), vector.get("error"), "{name}"),
        }
    }
}

#[test]
fn what_can_not_be_written() {
    let long = "x".repeat(65_536);
    let listing = Listing { id: 1, metadata: long.as_str().into() };
    let candidate = |mid: &str| Message::Candidate {
        id: 1,
        candidate: Some(Candidate {
            mid: mid.to_owned().into(),
            m_line_index: 0,
            candidate: "".into(),
        }),
    };
    for (message, sender, error) in [
        (Message::ServersAdded(vec![listing]), Sender::DirectoryToClient, EncodeError::TooLong),
        (candidate(&"m".repeat(256)), Sender::Client, EncodeError::TooLong),
        (candidate(""), Sender::Client, EncodeError::EmptyMid),
        (Message::Reject { id: 1 }, Sender::Client, EncodeError::NotSaid),
        (Message::Deregister, Sender::DirectoryToServer, EncodeError::NotSaid),
    ] {
        assert_eq!(message.encode(sender), Err(error));
    }
}

fn register(stage: &mut Stage, peer: PeerId, metadata: &str) -> u32 {
    stage.say(peer, &Message::Register { metadata: metadata.into() });
    let told = stage.told(peer);
    let id = told[0].strip_prefix("Registered { id: ").expect(&told[0]);
    id.strip_suffix(" }").unwrap().parse().unwrap()
}

fn tick(stage: &mut Stage) {
    stage.pass(Limits::default().tick);
}

/// A server, and a client that knows of it.
fn stage(limits: Limits) -> (Stage, u32, u32) {
    let mut stage = Stage::new(limits);
    assert!(stage.open(SERVER, Role::Server) && stage.open(CLIENT, Role::Client));
    let server = register(&mut stage, SERVER, "{}");
    tick(&mut stage);
    stage.told(CLIENT);
    let client = stage.directory().clients().next().unwrap().0;
    stage.events();
    (stage, server, client)
}

fn offer(id: u32) -> Message<'static> {
    Message::Offer { id, sdp: "offer".into() }
}

fn answer(id: u32) -> Message<'static> {
    Message::Answer { id, sdp: "answer".into() }
}

fn candidate(id: u32, name: &str) -> Message<'static> {
    let candidate =
        Candidate { mid: "0".into(), m_line_index: 0, candidate: name.to_owned().into() };
    Message::Candidate { id, candidate: Some(candidate) }
}

#[test]
fn only_registered_servers_are_listed_and_changes_go_out_together() {
    let mut stage = Stage::new(Limits::default());
    for (peer, role) in [(SERVER, Role::Server), (OTHER, Role::Server), (CLIENT, Role::Client)] {
        assert!(stage.open(peer, role));
    }
    assert_eq!(stage.told(CLIENT), ["ServersAdded([])"]);
    let first = register(&mut stage, SERVER, "{\"name\":\"one\"}");
    let second = register(&mut stage, OTHER, "2");
    stage.say(OTHER, &Message::Update { metadata: "3".into() });
    assert!(stage.told(CLIENT).is_empty(), "before the tick");
    stage.broadcasts.clear();
    tick(&mut stage);
    let listed = format!(
        "ServersAdded([Listing {{ id: {first}, metadata: \"{{\\\"name\\\":\\\"one\\\"}}\" }}, \
         Listing {{ id: {second}, metadata: \"3\" }}])"
    );
    assert_eq!(stage.told(CLIENT), [&*listed]);
    assert_eq!(stage.broadcasts, [1], "one message, encoded once");
    // Who comes late gets the same at once.
    assert!(stage.open(LATE, Role::Client));
    assert_eq!(stage.told(LATE), [listed]);

    stage.say(OTHER, &Message::Update { metadata: "4".into() });
    stage.gone(SERVER);
    tick(&mut stage);
    for client in [CLIENT, LATE] {
        let removed = format!("ServersRemoved([{first}])");
        let changed = format!("ServersChanged([Listing {{ id: {second}, metadata: \"4\" }}])");
        assert_eq!(stage.told(client), [removed, changed]);
    }
    // What comes and goes within a tick is nothing.
    stage.say(OTHER, &Message::Deregister);
    register(&mut stage, OTHER, "5");
    stage.gone(OTHER);
    tick(&mut stage);
    assert_eq!(stage.told(CLIENT), [format!("ServersRemoved([{second}])")]);
    assert_eq!(stage.poll_timeout(), None);
}

#[test]
fn an_answer_goes_before_the_candidates_of_its_server() {
    let (mut stage, server, client) = stage(Limits::default());
    stage.say(CLIENT, &offer(server));
    stage.say(CLIENT, &candidate(server, "mine"));
    let told = [format!("{:?}", offer(client)), format!("{:?}", candidate(client, "mine"))];
    assert_eq!(stage.told(SERVER), told);
    stage.say(SERVER, &candidate(client, "early"));
    stage.say(SERVER, &Message::Candidate { id: client, candidate: None });
    assert!(stage.told(CLIENT).is_empty());
    stage.say(SERVER, &answer(client));
    stage.say(SERVER, &candidate(client, "late"));
    let expected = [
        answer(server),
        candidate(server, "early"),
        Message::Candidate { id: server, candidate: None },
        candidate(server, "late"),
    ];
    assert_eq!(stage.told(CLIENT), expected.map(|message| format!("{message:?}")));
    // A second answer, and what belongs to no offer, reach nobody.
    stage.say(SERVER, &answer(client));
    stage.say(SERVER, &answer(999));
    stage.say(SERVER, &candidate(999, "to nobody"));
    stage.say(SERVER, &Message::Reject { id: 999 });
    assert!(stage.told(CLIENT).is_empty());
    assert!(stage.told(SERVER).iter().all(|told| told.starts_with("Problem { code: 7")));
}

#[test]
fn an_offer_to_nobody_is_rejected_at_once() {
    let (mut stage, server, client) = stage(Limits::default());
    stage.say(CLIENT, &offer(999));
    stage.say(CLIENT, &candidate(999, "to nobody"));
    let told = stage.told(CLIENT);
    assert_eq!(told[0], "Reject { id: 999 }");
    assert!(told[1].starts_with("Problem { code: 7"), "{told:?}");
    // A client is no server, whatever its number.
    stage.say(CLIENT, &offer(client));
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {client} }}")]);
    // The server goes, or does not want it, or is silent.
    stage.say(CLIENT, &offer(server));
    stage.say(SERVER, &Message::Reject { id: client });
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {server} }}")]);
    stage.say(CLIENT, &offer(server));
    stage.pass(Duration::from_secs(30));
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {server} }}")]);
    stage.say(CLIENT, &offer(server));
    stage.gone(SERVER);
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {server} }}")]);
    assert_eq!(stage.directory().open_offers(), 0);
}

#[test]
fn for_a_new_offer_the_oldest_answered_one_goes() {
    let mut stage = Stage::new(Limits::default().offers(2));
    let servers: Vec<_> = (0..3).map(|index| PeerId::new(10 + index, 0)).collect();
    assert!(stage.open(CLIENT, Role::Client));
    let ids: Vec<_> = servers
        .iter()
        .map(|peer| {
            assert!(stage.open(*peer, Role::Server));
            register(&mut stage, *peer, "{}")
        })
        .collect();
    let client = stage.directory().clients().next().unwrap().0;
    for at in [1, 0] {
        stage.say(CLIENT, &offer(ids[at]));
        stage.pass(Duration::from_millis(1));
        stage.say(servers[at], &answer(client));
    }
    tick(&mut stage);
    stage.told(CLIENT);
    stage.say(CLIENT, &offer(ids[2]));
    assert!(stage.told(CLIENT).is_empty());
    // The one that was answered first, to the second server, is gone.
    stage.say(CLIENT, &candidate(ids[1], "too late"));
    stage.say(CLIENT, &candidate(ids[0], "in time"));
    let told = stage.told(CLIENT);
    assert!(told.len() == 1 && told[0].starts_with("Problem { code: 7"), "{told:?}");
}

#[test]
fn limits() {
    let limits = Limits::default().servers(1).metadata(4).sdp(6).candidate(3).candidates(1);
    let (mut stage, server, client) = stage(limits.offer_rate(1).offer_burst(2));
    let code = |told: Vec<String>| {
        let problem = told.last().unwrap().clone();
        problem.split(['{', ',']).nth(1).unwrap().trim().to_owned()
    };
    assert!(stage.open(OTHER, Role::Server));
    for (message, problem) in [
        (Message::Register { metadata: "[1,2]".into() }, "code: 3"),
        (Message::Register { metadata: "[1".into() }, "code: 4"),
        (Message::Register { metadata: "{}".into() }, "code: 6"),
        (Message::Update { metadata: "{}".into() }, "code: 5"),
        (answer(client), "code: 5"),
    ] {
        stage.say(OTHER, &message);
        assert_eq!(code(stage.told(OTHER)), problem, "{message:?}");
    }
    stage.say(CLIENT, &Message::Offer { id: server, sdp: "offer 1".into() });
    assert_eq!(code(stage.told(CLIENT)), "code: 3");
    stage.say(CLIENT, &offer(server));
    stage.say(CLIENT, &candidate(server, "four"));
    assert_eq!(code(stage.told(CLIENT)), "code: 3");
    stage.say(CLIENT, &candidate(server, "one"));
    stage.say(CLIENT, &candidate(server, "two"));
    assert_eq!(code(stage.told(CLIENT)), "code: 8");
    stage.say(CLIENT, &offer(server));
    assert!(stage.told(CLIENT).is_empty());
    stage.say(CLIENT, &offer(server));
    let told = stage.told(CLIENT);
    assert_eq!(told[0], format!("Reject {{ id: {server} }}"));
    assert_eq!(code(told), "code: 9");
    stage.say_bytes(CLIENT, &[99]);
    assert_eq!(code(stage.told(CLIENT)), "code: 2");
    stage.say_text(CLIENT, "{}");
    assert_eq!(code(stage.told(CLIENT)), "code: 1");
}

#[test]
fn who_may_connect() {
    let directory = Directory::new(Seed::from([7; 16]))
        .limits(Limits::default().clients(1))
        .authorise(|ask| match (ask.role, ask.request.cookie("key")) {
            (Role::Server, Some("right")) | (Role::Client, _) => Ok(()),
            _ => Err(Denial::new("who are you?")),
        });
    let mut stage = Stage::with(directory);
    for (number, (path, cookie, status)) in [
        ("/directory/servers", "key=right", None),
        ("/enslavism/slaves", "key=right", None),
        ("/enslavism/slaves/", "key=right", None),
        ("/directory/servers", "key=wrong", Some((401, "who are you?"))),
        ("/directory", "", Some((404, "a directory has /servers and /clients\n"))),
        ("/enslavism/clients", "", None),
        ("/clients", "", Some((503, "there are too many clients; try again later\n"))),
    ]
    .into_iter()
    .enumerate()
    {
        let peer = PeerId::new(50 + u32::try_from(number).unwrap(), 0);
        let refused = match stage.ask(peer, &request(path, &[("cookie", cookie)])) {
            Verdict::Accept(_) => None,
            Verdict::Reject(rejection) => {
                let text = str::from_utf8(rejection.body()).unwrap().to_owned();
                Some((rejection.status().as_u16(), text))
            }
        };
        assert_eq!(refused, status.map(|(code, text)| (code, text.to_owned())), "{path}");
    }
}

#[test]
fn a_large_list_comes_in_pieces() {
    let mut stage = Stage::new(Limits::default().metadata(65_535));
    let metadata = format!("\"{}\"", "x".repeat(60_000));
    for index in 0..10 {
        let peer = PeerId::new(10 + index, 0);
        assert!(stage.open(peer, Role::Server));
        register(&mut stage, peer, &metadata);
    }
    tick(&mut stage);
    assert!(stage.open(CLIENT, Role::Client));
    let pieces = stage.told(CLIENT);
    assert_eq!(pieces.len(), 3);
    let servers: usize = pieces.iter().map(|piece| piece.matches("Listing").count()).sum();
    assert_eq!(servers, 10);
}

#[test]
fn what_the_program_sees_and_does() {
    let (mut stage, server, client) = stage(Limits::default());
    assert_eq!(stage.directory().metadata(server), Some("{}"));
    assert_eq!(stage.directory().server(server), Some(SERVER));
    stage.say(CLIENT, &offer(server));
    stage.say(SERVER, &Message::Update { metadata: "1".into() });
    assert!(stage.program(|directory, cx| directory.remove(cx, server, "cheating")));
    assert!(!stage.program(|directory, cx| directory.remove(cx, server, "cheating")));
    assert_eq!(stage.told(SERVER).last().unwrap(), "close 1008 cheating");
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {server} }}")]);
    stage.gone(SERVER);
    stage.gone(CLIENT);
    let expected = [
        DirectoryEvent::ServerChanged { id: server },
        DirectoryEvent::ServerRemoved { id: server, servers: 0 },
        DirectoryEvent::ClientLeft { id: client, clients: 0 },
    ];
    assert_eq!(stage.events(), expected);
}

/// A game server's own machine, with a directory at the other end.
#[test]
fn a_registration() {
    assert_eq!(Registration::new("{").unwrap_err(), MetadataError::NotJson);
    let long = |len| format!("\"{}\"", "x".repeat(len - 2));
    assert!(Registration::new(&long(METADATA_LIMIT)).is_ok());
    assert_eq!(Registration::new(&long(METADATA_LIMIT + 1)).unwrap_err(), MetadataError::TooLong);
    let mut stage = Stage::new(Limits::default());
    assert!(stage.open(SERVER, Role::Server) && stage.open(CLIENT, Role::Client));
    let mut server = Registration::new("{\"name\":\"arena\"}").unwrap();
    assert_eq!(server.poll_message(), None, "there is no connection");
    server.opened();
    talk(&mut server, &mut stage);
    let id = server.id().unwrap();
    assert_eq!(server.poll_event(), Some(RegistrationEvent::Registered { id }));
    stage.say(CLIENT, &offer(id));
    stage.say(CLIENT, &candidate(id, "mine"));
    talk(&mut server, &mut stage);
    let client = stage.directory().clients().next().unwrap().0;
    let offered = RegistrationEvent::Offer { client, sdp: "offer".to_owned() };
    assert_eq!(server.poll_event(), Some(offered));
    assert!(matches!(server.poll_event(), Some(RegistrationEvent::Candidate { .. })));
    server.answer(client, "answer");
    server.answer(client, "again");
    talk(&mut server, &mut stage);
    assert!(matches!(server.poll_event(), Some(RegistrationEvent::Problem { code: 7, .. })));
    server.update("{\"name\":\"other\"}").unwrap();
    assert_eq!(server.update("{"), Err(MetadataError::NotJson));
    talk(&mut server, &mut stage);
    assert_eq!(stage.directory().metadata(id), Some("{\"name\":\"other\"}"));
    server.deregister();
    talk(&mut server, &mut stage);
    assert_eq!((stage.directory().servers().count(), server.id()), (0, None));
    server.register();
    talk(&mut server, &mut stage);
    assert!(server.id().is_some_and(|again| again != id));
    // The connection ends, and another is open.
    server.closed();
    assert_eq!(server.id(), None);
    server.answer(client, "too late");
    server.opened();
    assert_eq!(server.poll_message(), Some(b"\0{\"name\":\"other\"}".to_vec()));
    server.read(&[4, 0]);
    server.read(&[99]);
    while !matches!(server.poll_event(), Some(RegistrationEvent::NotUnderstood(_))) {}
    assert_eq!(server.poll_event(), None);
}

/// What comes late from the directory does not list a server that is not, and no client of a connection
/// that has ended is taken for one of the next.
#[test]
fn what_comes_late_for_a_registration() {
    let mut stage = Stage::new(Limits::default().servers(1));
    assert!(stage.open(SERVER, Role::Server) && stage.open(CLIENT, Role::Client));
    // It deregisters while the answer to its registration is on its way.
    let mut server = Registration::new("{}").unwrap();
    server.opened();
    server.deregister();
    talk(&mut server, &mut stage);
    assert_eq!((stage.directory().servers().count(), server.id()), (0, None));
    assert_eq!(server.poll_event(), None, "it is not listed");

    // Another takes its place before it registers again: it is refused, and was listed before.
    server.register();
    let listed = server.poll_message().unwrap();
    server.deregister();
    let deregistered = server.poll_message().unwrap();
    server.register();
    let again = server.poll_message().unwrap();
    stage.say_bytes(SERVER, &listed);
    stage.say_bytes(SERVER, &deregistered);
    assert!(stage.open(OTHER, Role::Server));
    stage.say(OTHER, &Message::Register { metadata: "{}".into() });
    stage.say_bytes(SERVER, &again);
    talk(&mut server, &mut stage);
    assert_eq!(server.id(), None);

    // An offer of the connection before is not answered over the next one.
    server.opened();
    server.read(b"\x10\0\0\0\x02");
    server.read(b"\x04\0\0\0\x07v=0");
    server.closed();
    server.read(b"\x10\0\0\0\x02");
    assert_eq!(server.id(), None, "there is no connection");
    server.opened();
    while let Some(event) = server.poll_event() {
        assert!(matches!(event, RegistrationEvent::Problem { .. }), "{event:?}");
    }
}

fn talk(server: &mut Registration, stage: &mut Stage) {
    while let Some(message) = server.poll_message() {
        stage.say_bytes(SERVER, &message);
    }
    for heard in stage.heard(SERVER) {
        if let socker_tests::directory::Heard::Bytes(bytes) = heard {
            server.read(&bytes);
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,40}"]
}

fn any_message() -> impl Strategy<Value = Message<'static>> {
    let id = any::<u32>;
    let text = any_text;
    let listing =
        move || (id(), text()).prop_map(|(id, metadata)| Listing { id, metadata: metadata.into() });
    let named = (vec("[a-zé]", 1..20), any::<u16>(), text()).prop_map(|(mid, index, candidate)| {
        let (mid, candidate) = (mid.concat().into(), candidate.into());
        Candidate { mid, m_line_index: index, candidate }
    });
    prop_oneof![
        text().prop_map(|metadata| Message::Register { metadata: metadata.into() }),
        text().prop_map(|metadata| Message::Update { metadata: metadata.into() }),
        vec(listing(), 0..5).prop_map(Message::ServersAdded),
        vec(listing(), 0..5).prop_map(Message::ServersChanged),
        vec(id(), 0..5).prop_map(Message::ServersRemoved),
        (id(), text()).prop_map(|(id, sdp)| Message::Offer { id, sdp: sdp.into() }),
        (id(), text()).prop_map(|(id, sdp)| Message::Answer { id, sdp: sdp.into() }),
        (id(), prop::option::of(named))
            .prop_map(|(id, candidate)| Message::Candidate { id, candidate }),
        id().prop_map(|id| Message::Reject { id }),
        id().prop_map(|id| Message::Registered { id }),
        (any::<u16>(), text())
            .prop_map(|(code, text)| Message::Problem { code, text: text.into() }),
        Just(Message::Deregister),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2000)))]

    #[test]
    fn what_is_written_is_read(message in any_message()) {
        let mut said = 0;
        for sender in SENDERS {
            if let Ok(bytes) = message.encode(sender) {
                said += 1;
                prop_assert_eq!(Message::decode(sender, &bytes), Ok(message.clone()));
                for end in 0..bytes.len() {
                    // A part of it is another message, or none.
                    let _ = Message::decode(sender, &bytes[..end]);
                }
            }
        }
        prop_assert!(said > 0);
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..40), kind in 0..20_u8) {
        let bytes = [&[kind], &bytes[..]].concat();
        for sender in SENDERS {
            if let Ok(message) = Message::decode(sender, &bytes) {
                let again = message.encode(sender).unwrap();
                prop_assert_eq!(Message::decode(sender, &again), Ok(message));
            }
        }
    }
}

/// Only the directory tells clients of servers.
#[test]
fn a_list_from_others_is_not_known() {
    let lists = [
        Message::ServersAdded(Vec::new()),
        Message::ServersChanged(Vec::new()),
        Message::ServersRemoved(vec![7]),
    ];
    for list in lists {
        let bytes = list.encode(Sender::DirectoryToClient).unwrap();
        for sender in SENDERS {
            let expected = match sender {
                Sender::DirectoryToClient => Ok(list.clone()),
                _ => Err(DecodeError::UnknownType(bytes[0])),
            };
            assert_eq!(Message::decode(sender, &bytes), expected, "{sender:?}");
        }
    }
}

/// A client that knew the directory before takes no server for another.
#[test]
fn ids_begin_elsewhere_with_each_seed() {
    let first = |seed| {
        let mut stage = Stage::with(Directory::new(Seed::from([seed; 16])));
        assert!(stage.open(SERVER, Role::Server));
        register(&mut stage, SERVER, "{}")
    };
    assert_eq!(first(1), first(1));
    assert!(first(1).abs_diff(first(2)) > 1_000);
}

/// A clock that has stood still, or jumped.
#[test]
fn stray_times() {
    let (mut stage, server, _) = stage(Limits::default());
    stage.time(Instant::START);
    stage.say(CLIENT, &offer(server));
    stage.time(Instant::MAX);
    assert_eq!(stage.told(CLIENT), [format!("Reject {{ id: {server} }}")]);
    assert_eq!(stage.poll_timeout(), None);
}
