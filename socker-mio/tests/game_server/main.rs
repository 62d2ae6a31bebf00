//! A game server and its directory: it is listed, played on, comes back, and refuses what makes no
//! sense. Its browsers are machines of their own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may end at once")]

#[allow(dead_code, unreachable_pub, reason = "of what socker-rtc needs, a part is used here")]
#[path = "../../../socker-rtc/tests/common/browser.rs"]
mod browser;
#[allow(dead_code, unreachable_pub, clippy::cast_possible_truncation, reason = "the same")]
#[path = "../../../socker-rtc/tests/common/link.rs"]
mod link;
mod world;

use std::{
    net::UdpSocket,
    thread,
    time::{Duration, Instant},
};

use browser::{Browser, unreliable};
use socker_mio::{
    ConnectError,
    core::directory::{
        MetadataError,
        codec::{Message as Said, Sender},
    },
    game_server::{GameServer, GameServerError, Options},
    rtc::{Config, ConfigError, Event, Reason},
};
use world::{Elsewhere, PATIENCE, TURN, World, client, directory};

#[test]
fn pages_play_on_every_kind_of_channel() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let server = GameServer::connect(&directory.url(), "{}").unwrap();
    assert_eq!(server.announced().ip(), directory.address.ip(), "as the directory is reached");
    let mut world = World::new(server, directory.address);
    let id = world.listed("{}");
    let (first, chat) = world.join(id);
    let moves = world.pages[first].browser.open(unreliable("moves"));
    world.until(|world| world.pages[first].browser.is_open(moves));
    world.echo(first, chat, 300);
    world.echo(first, moves, 300);
    assert_eq!((world.server.id(), world.server.players()), (Some(id), 1));
    assert_eq!(world.server.counters().accepted, 1);
    // One that closes is gone at once.
    world.pages[first].browser.rtc.close().unwrap();
    world.until(|world| world.ends() == [Reason::Peer]);
    directory.end();
}

#[test]
fn metadata_change_and_a_close_says_goodbye() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let url = format!("{}/directory/servers", directory.url());
    let mut world = World::new(GameServer::connect(&url, "{}").unwrap(), directory.address);
    let id = world.listed("{}");
    world.server.update("[1]").unwrap();
    assert_eq!(world.server.update("["), Err(MetadataError::NotJson));
    let changed = world.hear();
    match Said::decode(Sender::DirectoryToClient, &changed).unwrap() {
        Said::ServersChanged(servers) => assert_eq!(&*servers[0].metadata, "[1]"),
        other => panic!("{other:?}"),
    }
    let (page, _) = world.join(id);
    world.server.close();
    assert!(!world.server.is_done());
    let removed = Said::ServersRemoved(vec![id]).encode(Sender::DirectoryToClient).unwrap();
    assert_eq!(world.hear(), removed);
    // A loop that only waits for events comes to its end as well.
    let begin = Instant::now();
    while !world.server.is_done() {
        assert!(begin.elapsed() < PATIENCE);
        world.server.poll(None).unwrap();
        while let Some(event) = world.server.next_event() {
            world.events.push(event);
        }
    }
    assert_eq!(world.ends(), [Reason::Local]);
    let gone = |event: &str0m::Event| matches!(event, str0m::Event::ChannelClose(_));
    world.until(|world| {
        let Browser { rtc, events, .. } = &world.pages[page].browser;
        !rtc.is_alive() || events.iter().any(gone)
    });
    // Nothing is waited for any more.
    world.server.poll(None).unwrap();
    directory.end();
}

#[test]
fn an_offer_that_makes_no_sense_is_rejected() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let url = format!("{}/", directory.url());
    let mut world = World::new(GameServer::connect(&url, "{}").unwrap(), directory.address);
    let id = world.listed("{}");
    for sdp in ["", "nonsense", "v=0\r\n"] {
        world.say(&Said::Offer { id, sdp: sdp.into() });
        let rejected = Said::Reject { id }.encode(Sender::DirectoryToClient).unwrap();
        assert_eq!(world.hear(), rejected, "{sdp:?}");
    }
    assert!(world.events.is_empty());
    directory.end();
}

#[test]
fn players_stay_while_the_directory_restarts() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let address = directory.address;
    let mut world = World::new(GameServer::connect(&directory.url(), "{}").unwrap(), address);
    let id = world.listed("{}");
    let (page, chat) = world.join(id);
    world.echo(page, chat, 10);
    directory.end();
    world.until(|world| world.server.id().is_none());
    world.echo(page, chat, 10);
    // It is refused a few times.
    let begin = Instant::now();
    world.until(|_| begin.elapsed() > Duration::from_millis(1_200));
    let directory = Elsewhere::begin(&address.to_string());
    assert_eq!(directory.address, address);
    world.until(|world| world.server.id().is_some());
    world.client = client(address);
    world.until(|world| world.client.service().peer.is_some());
    let id = world.listed("{}");
    assert_eq!(world.server.id(), Some(id));
    let (newcomer, theirs) = world.join(id);
    world.echo(newcomer, theirs, 10);
    world.echo(page, chat, 10);
    assert!(world.ends().is_empty() && world.server.players() == 2);
    directory.end();
}

/// Also without another thread, once the game server is connected.
#[test]
fn a_directory_and_a_game_server_share_a_loop() {
    let (mut directory, address) = directory("127.0.0.1:0");
    let url = format!("ws://localhost:{}", address.port());
    let connecting = thread::spawn(move || GameServer::connect(&url, "{}"));
    while !connecting.is_finished() {
        directory.poll(TURN).unwrap();
    }
    let mut server = connecting.join().unwrap().unwrap();
    let begin = Instant::now();
    while server.id().is_none() {
        assert!(begin.elapsed() < PATIENCE);
        directory.poll(TURN).unwrap();
        server.poll(TURN).unwrap();
    }
    server.close();
    while !server.is_done() {
        assert!(begin.elapsed() < PATIENCE);
        directory.poll(TURN).unwrap();
        server.poll(TURN).unwrap();
    }
    assert_eq!(server.id(), None);
    let begin = Instant::now();
    while !directory.is_empty() {
        assert!(begin.elapsed() < PATIENCE);
        directory.poll(TURN).unwrap();
    }
}

#[test]
fn zero_does_not_wait_and_an_event_that_waits_is_not_waited_for() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let server = GameServer::connect(&directory.url(), "{}").unwrap();
    let mut world = World::new(server, directory.address);
    let begin = Instant::now();
    for _ in 0..1_000 {
        world.server.poll(Some(Duration::ZERO)).unwrap();
    }
    let id = world.listed("{}");
    world.join(id);
    let player = world.events[0].0;
    world.server.kick(player);
    for _ in 0..100 {
        // For ever, it would be.
        world.server.poll(None).unwrap();
    }
    assert!(
        matches!(world.server.next_event(), Some((who, Event::Disconnected { .. })) if who == player)
    );
    assert!(begin.elapsed() < PATIENCE);
    directory.end();
}

/// More than one turn takes: the rest needs no event.
#[test]
fn datagrams_take_turns() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let mut server = GameServer::connect(&directory.url(), "{}").unwrap();
    while server.id().is_none() {
        server.poll(Some(PATIENCE)).unwrap();
    }
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..150 {
        stranger.send_to(b"who is there", server.announced()).unwrap();
    }
    let (begin, mut heard) = (Instant::now(), 0);
    while heard < 150 {
        server.poll(Some(PATIENCE)).unwrap();
        let before = std::mem::replace(&mut heard, server.counters().malformed);
        assert!(heard - before <= 64, "a turn has its bound");
        // Nothing else would end a wait before.
        assert!(begin.elapsed() < Duration::from_secs(8), "{heard} were heard");
    }
    directory.end();
}

/// What has come meanwhile is heard before anybody is found silent.
#[test]
fn a_loop_that_stalls_loses_no_player() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let silence = Duration::from_secs(2);
    let options = Options::default().rtc(Config::default().silence(silence));
    let server = GameServer::connect_with(&directory.url(), "{}", options).unwrap();
    let mut world = World::new(server, directory.address);
    let id = world.listed("{}");
    let (page, chat) = world.join(id);
    let begin = Instant::now();
    while begin.elapsed() < 2 * silence {
        thread::sleep(silence / 8);
        world.pages[page].browser.send(chat, true, b"still here");
        world.pages[page].turn();
    }
    world.until(|world| !world.pages[page].browser.take_messages(chat).is_empty());
    assert!(world.ends().is_empty());
    // One that is silent indeed is found so.
    world.pages.clear();
    world.until(|world| world.ends() == [Reason::Timeout]);
    directory.end();
}

#[test]
fn what_can_not_begin() {
    let directory = Elsewhere::begin("127.0.0.1:0");
    let url = directory.url();
    let error = GameServer::connect(&url, "{").unwrap_err();
    assert!(matches!(error, GameServerError::Metadata(MetadataError::NotJson)), "{error}");
    let error = GameServer::connect("ws://127.0.0.1:1", "{}").unwrap_err();
    assert!(matches!(error, GameServerError::Directory(ConnectError::Io(_))), "{error}");
    let error = GameServer::connect("http://127.0.0.1/", "{}").unwrap_err();
    assert!(matches!(error, GameServerError::Directory(ConnectError::Request(_))), "{error}");
    let error = GameServer::connect("wss://127.0.0.1/", "{}").unwrap_err();
    assert!(matches!(error, GameServerError::Directory(ConnectError::Tls)), "{error}");
    let error = GameServer::connect(&format!("{url}/elsewhere"), "{}").unwrap_err();
    assert!(matches!(error, GameServerError::Directory(ConnectError::Closed(_))), "{error}");
    let nowhere = "0.0.0.0:9".parse().unwrap();
    let options = Options::default().announce(nowhere).rtc(Config::default().peers(1));
    let error = GameServer::connect_with(&url, "{}", options).unwrap_err();
    let address = ConfigError::Candidate(nowhere);
    assert!(matches!(error, GameServerError::Address(found) if found == address), "{error}");
    let options = Options::default().bind("203.0.113.7:1".parse().unwrap());
    let error = GameServer::connect_with(&url, "{}", options).unwrap_err();
    assert!(matches!(error, GameServerError::Socket(_)), "{error}");
    directory.end();
}
