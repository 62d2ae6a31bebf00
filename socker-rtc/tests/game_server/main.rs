//! A game server in a directory: its players by the directory's names for them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

mod calls;
#[path = "../common/mod.rs"]
mod common;
mod world;

use std::time::{self, Duration};

use common::config;
use socker_core::directory::{
    MetadataError, Registration,
    codec::{Candidate, Message as Said},
};
use socker_rtc::{
    ChannelConfig, Config, ConfigError, Delivery, Event, Message, Reason, game_server::GameServer,
};
use world::{STEP, World, is_opened};

#[test]
fn clients_become_players() {
    let mut world = World::listed();
    assert_eq!(world.server.id(), Some(2));
    let (here, first, channel) = world.joined(7);
    let (_, second, _) = world.joined(9);
    assert!(first != second && world.server.endpoint().peers() == 2);
    assert!(world.echoes(here, first, channel));
    let ours = world.server.open_channel(world.now, first, ChannelConfig::new("ours")).unwrap();
    world.until(|world| world.events.iter().filter(|(_, event)| is_opened(event)).count() == 3);
    assert!(world.echoes(here, first, ours));
    world.server.close_channel(world.now, first, ours);
    let closed = Event::ChannelClosed { channel: ours };
    world.until(|world| world.events.contains(&(first, closed.clone())));
    world.server.kick(world.now, second);
    world.until(|world| world.end_of(second) == Some(Reason::Local));
    assert_eq!(world.server.endpoint().counters().accepted, 2);
}

#[test]
fn an_offer_that_makes_no_sense_is_rejected() {
    let mut world = World::listed();
    for sdp in ["", "nonsense", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"] {
        world.say(&Said::Offer { id: 7, sdp: sdp.into() });
        world.flush();
        assert_eq!(world.take_heard(), [Said::Reject { id: 7 }], "{sdp:?}");
    }
    assert_eq!(world.server.endpoint().peers(), 0);
    // And then one that does.
    world.joined(7);
}

#[test]
fn whom_there_is_no_place_for_is_rejected() {
    let mut world = World::new(config().peers(1));
    world.server.directory_opened();
    world.flush();
    world.take_heard();
    let (_, player, _) = world.joined(7);
    let browser = world.browser();
    world.offer(browser, 8);
    assert_eq!(world.take_heard(), [Said::Reject { id: 8 }]);
    world.server.kick(world.now, player);
    world.until(|world| world.server.endpoint().peers() == 0);
    world.joined(8);
}

#[test]
fn a_second_offer_of_the_same_connection_keeps_it() {
    let mut world = World::listed();
    let (browser, player, channel) = world.joined(7);
    let sdp = world.browsers[browser].offer_again();
    world.say(&Said::Offer { id: 7, sdp: sdp.into() });
    world.flush();
    world.answer(browser, 7);
    world.run(Duration::from_secs(1));
    assert_eq!((world.end_of(player), world.server.endpoint().counters().accepted), (None, 1));
    assert!(world.echoes(browser, player, channel));
}

#[test]
fn an_offer_of_another_connection_ends_the_one_before() {
    let mut world = World::listed();
    let (_, old, _) = world.joined(7);
    let (browser, new, channel) = world.joined(7);
    assert_ne!(old, new);
    world.until(|world| world.end_of(old) == Some(Reason::Local));
    assert!(world.echoes(browser, new, channel));
    // The end of the old one has not forgotten whose the new one is.
    let sdp = world.browsers[browser].offer_again();
    world.say(&Said::Offer { id: 7, sdp: sdp.into() });
    world.flush();
    world.answer(browser, 7);
    assert_eq!(world.server.endpoint().counters().accepted, 2);
}

#[test]
fn a_second_offer_that_makes_no_sense_is_rejected_and_ends_nothing() {
    let mut world = World::listed();
    let (browser, player, channel) = world.joined(7);
    world.say(&Said::Offer { id: 7, sdp: "nonsense".into() });
    world.flush();
    assert_eq!(world.take_heard(), [Said::Reject { id: 7 }]);
    world.run(Duration::from_secs(1));
    assert_eq!(world.end_of(player), None);
    assert!(world.echoes(browser, player, channel));
}

#[test]
fn what_the_directory_refuses_is_told_once() {
    let mut world = World::new(config());
    world.server.directory_opened();
    world.say(&Said::Problem { code: 6, text: "full".into() });
    let problem = world.server.take_problem().unwrap();
    assert_eq!((problem.code, problem.to_string().as_str()), (6, "full (problem 6)"));
    assert_eq!((world.server.take_problem(), world.server.id()), (None, None));
}

#[test]
fn a_client_whose_connection_has_ended_may_come_again() {
    let mut world = World::listed();
    let (_, first, _) = world.joined(7);
    world.server.kick(world.now, first);
    world.until(|world| world.end_of(first).is_some());
    let (_, second, _) = world.joined(7);
    assert_ne!(first, second);
    // Also before its end was polled.
    world.server.kick(world.now, second);
    let browser = world.browser();
    world.offer(browser, 7);
    world.answer(browser, 7);
    assert_eq!(world.server.endpoint().counters().accepted, 3);
}

#[test]
fn candidates_reach_their_client_and_nobody_else() {
    let mut world = World::listed();
    let browser = world.browser();
    world.offer(browser, 7);
    world.answer(browser, 7);
    let candidate = |id, line: &'static str| {
        let candidate = Candidate { mid: "0".into(), m_line_index: 0, candidate: line.into() };
        Said::Candidate { id, candidate: Some(candidate) }
    };
    let line = "candidate:1 1 udp 2113937151 198.51.100.7 5001 typ host";
    world.run(STEP);
    let asked = |world: &mut World| {
        // Datagrams to it are checks, as the browser itself is elsewhere.
        world.now = world.now + Duration::from_secs(1);
        world.server.handle_timeout(world.now);
        let sent = std::iter::from_fn(|| world.server.poll_transmit());
        sent.filter(|sent| sent.destination.port() == 5_001).count()
    };
    for message in [candidate(8, line), candidate(7, "nonsense")] {
        world.say(&message);
    }
    world.say(&Said::Candidate { id: 7, candidate: None });
    world.say(&Said::Candidate { id: 8, candidate: None });
    assert_eq!(asked(&mut world), 0, "a stranger's is nobody's");
    world.say(&candidate(7, line));
    assert!(asked(&mut world) > 0);
    assert!(world.take_heard().is_empty());
}

#[test]
fn players_stay_without_a_directory_and_their_names_do_not() {
    let mut world = World::listed();
    let (browser, player, channel) = world.joined(7);
    world.server.directory_closed();
    assert_eq!(world.server.id(), None);
    world.run(Duration::from_secs(20));
    assert!(world.echoes(browser, player, channel));
    // What is said meanwhile is about the connection to come.
    world.server.update("[1]").unwrap();
    assert_eq!(world.server.update("["), Err(MetadataError::NotJson));
    world.flush();
    assert!(world.take_heard().is_empty());
    world.server.directory_opened();
    world.flush();
    assert_eq!(world.take_heard(), [Said::Register { metadata: "[1]".into() }]);
    // Another client has the name now, and its own connection.
    let (other, newcomer, theirs) = world.joined(7);
    assert_eq!((world.end_of(player), world.server.endpoint().peers()), (None, 2));
    assert!(world.echoes(browser, player, channel) && world.echoes(other, newcomer, theirs));
}

#[test]
fn an_end_says_goodbye() {
    let mut world = World::listed();
    let (browser, player, channel) = world.joined(7);
    let bye = Message::text("bye");
    world.server.send(player, channel, bye, Delivery::Reliable).unwrap();
    world.server.close(world.now);
    assert!(world.server.has_events() || !world.server.is_done());
    world.until(|world| world.server.is_done());
    assert_eq!(world.end_of(player), Some(Reason::Local));
    assert_eq!(world.take_heard(), [Said::Deregister]);
    let data = |event: &str0m::Event| matches!(event, str0m::Event::ChannelData(_));
    assert!(world.browsers[browser].events.iter().any(data));
    // Who comes too late is told so.
    let late = world.browser();
    world.offer(late, 8);
    assert_eq!(world.take_heard(), [Said::Reject { id: 8 }]);
    assert!(world.server.is_done() && world.server.poll_timeout().is_none());
}

#[test]
fn what_can_not_begin() {
    #[expect(clippy::disallowed_methods)]
    let base = time::Instant::now();
    let registration = Registration::new("{}").unwrap();
    let error = GameServer::new(base, Config::default(), registration).unwrap_err();
    assert_eq!(error, ConfigError::NoCandidate);
}
