use socker_core::Message;
use socker_tokio::rtc::{ChannelConfig, Reason};

use super::*;
use crate::game::world::PLAYERS;

const JOINS: ChannelId = ChannelId::new(0);
const POSITIONS: ChannelId = ChannelId::new(1);
const PING: ChannelId = ChannelId::new(2);

fn peer(number: u64) -> PeerId {
    PeerId::new(number)
}

fn open(arena: &mut Arena, peer: PeerId, channel: ChannelId, label: &str) {
    arena.told(peer, Event::Opened { channel, config: ChannelConfig::new(label) });
}

fn enter(arena: &mut Arena, peer: PeerId) {
    arena.told(peer, Event::Connected);
    open(arena, peer, POSITIONS, "positions");
    open(arena, peer, JOINS, "joins");
}

fn say(arena: &mut Arena, peer: PeerId, channel: ChannelId, message: &[u8]) {
    arena.told(peer, Event::Message { channel, message: Message::binary(message).into_owned() });
}

/// What is to be sent on a channel: to whom, and the message's first byte.
fn sent(arena: &mut Arena, on: ChannelId) -> Vec<(PeerId, u8)> {
    let sends = arena.commands().into_iter().filter_map(|command| match command {
        Command::Send { to, channel, message, .. } if channel == on => Some((to, message[0])),
        Command::Send { .. } => None,
        other => panic!("{other:?}"),
    });
    sends.collect()
}

/// Where the only player's marker is, by the last positions.
fn place(arena: &mut Arena) -> (u16, u16) {
    arena.step();
    arena.commands();
    let [x0, x1, y0, y1] = arena.snapshot[9..13] else { panic!("{:?}", arena.snapshot) };
    (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]))
}

fn steer(number: u32, x: u16, y: u16) -> Vec<u8> {
    let fields = x.to_be_bytes().into_iter().chain(y.to_be_bytes());
    [9].into_iter().chain(number.to_be_bytes()).chain(fields).collect()
}

#[test]
fn a_newcomer_and_the_others_are_told_of_each_other() {
    let mut arena = Arena::default();
    arena.told(peer(1), Event::Connected);
    open(&mut arena, peer(1), JOINS, "joins");
    assert_eq!((arena.commands(), arena.players()), (vec![], 0), "the other channel is awaited");
    open(&mut arena, peer(1), POSITIONS, "positions");
    assert_eq!(sent(&mut arena, JOINS), [(peer(1), 1), (peer(1), 3), (peer(1), 6)]);
    enter(&mut arena, peer(2));
    let told = sent(&mut arena, JOINS);
    let newcomer = [(peer(2), 1), (peer(2), 3), (peer(2), 6)];
    assert_eq!(told, [&newcomer[..], &[(peer(1), 6), (peer(2), 6)]].concat());
    assert_eq!(arena.players(), 2);

    arena.step();
    assert_eq!(sent(&mut arena, POSITIONS), [(peer(1), 8), (peer(2), 8)]);
    arena.told(peer(1), Event::Disconnected { reason: Reason::Peer });
    assert_eq!(sent(&mut arena, JOINS), [(peer(2), 7)]);
    assert_eq!(arena.players(), 1);
}

#[test]
fn a_marker_moves_at_a_limited_speed_to_where_it_was_wanted_last() {
    let mut arena = Arena::default();
    enter(&mut arena, peer(1));
    let (x, y) = place(&mut arena);
    say(&mut arena, peer(1), POSITIONS, &steer(2, x, y + 100));
    // It has come late, and beyond the scene.
    say(&mut arena, peer(1), POSITIONS, &steer(1, u16::MAX, u16::MAX));
    let places = [(); 4].map(|()| place(&mut arena));
    assert_eq!(places, [(x, y + 40), (x, y + 80), (x, y + 100), (x, y + 100)]);
    say(&mut arena, peer(1), POSITIONS, &steer(3, u16::MAX, u16::MAX));
    for _ in 0..60 {
        place(&mut arena);
    }
    assert_eq!(place(&mut arena), (1_600, 900), "no further");
}

#[test]
fn the_last_positions_are_told_again_for_some_ticks_and_once_a_second() {
    let mut arena = Arena::default();
    enter(&mut arena, peer(1));
    arena.commands();
    let told: Vec<usize> = (0..61)
        .map(|_| {
            arena.step();
            sent(&mut arena, POSITIONS).len()
        })
        .collect();
    let expected: Vec<usize> = (0..61).map(|tick| usize::from(tick < 7 || tick == 60)).collect();
    assert_eq!(told, expected);
}

#[test]
fn a_ping_comes_back_and_makes_nobody_a_player() {
    let mut arena = Arena::default();
    arena.told(peer(1), Event::Connected);
    open(&mut arena, peer(1), PING, "ping");
    say(&mut arena, peer(1), PING, b"now");
    let message = Bytes::from_static(b"now");
    let delivery = Delivery::Droppable;
    assert_eq!(arena.commands(), [Command::Send { to: peer(1), channel: PING, message, delivery }]);
    assert_eq!(arena.players(), 0);
}

#[test]
fn who_does_not_begin_to_play_gives_its_place_to_others() {
    let mut arena = Arena::default();
    enter(&mut arena, peer(1));
    arena.told(peer(2), Event::Connected);
    open(&mut arena, peer(2), PING, "ping");
    arena.commands();
    for _ in 0..15 * 60 {
        arena.step();
        assert!(!arena.commands().iter().any(|command| matches!(command, Command::Kick(_))));
    }
    arena.step();
    assert!(arena.commands().contains(&Command::Kick(peer(2))));
}

#[test]
fn what_is_not_of_the_arena_is_refused_with_a_reason() {
    let nonsense: [(&[u8], ChannelId); 3] =
        [(b"", POSITIONS), (b"\x05\0\0\0\0", POSITIONS), (b"hello", JOINS)];
    for (message, channel) in nonsense {
        let mut arena = Arena::default();
        enter(&mut arena, peer(1));
        arena.commands();
        say(&mut arena, peer(1), channel, message);
        let commands = arena.commands();
        assert!(
            matches!(&commands[..], [Command::Send { message, channel: JOINS, .. }, Command::Kick(_)]
                if message[0] == 10 && message.len() > 10),
            "{commands:?}"
        );
    }
}

#[test]
fn channels_that_are_not_of_the_arena_are_closed() {
    let mut arena = Arena::default();
    enter(&mut arena, peer(1));
    arena.commands();
    for (number, label) in [(3, "joins"), (4, "chat"), (5, "")] {
        let channel = ChannelId::new(number);
        open(&mut arena, peer(1), channel, label);
        assert_eq!(arena.commands(), [Command::CloseChannel(peer(1), channel)]);
        say(&mut arena, peer(1), channel, b"what was on the way");
        arena.told(peer(1), Event::ChannelClosed { channel });
        assert_eq!(arena.commands(), []);
    }
}

#[test]
fn who_closes_a_channel_of_the_game_leaves_and_who_closes_the_ping_does_not() {
    let mut arena = Arena::default();
    enter(&mut arena, peer(1));
    open(&mut arena, peer(1), PING, "ping");
    arena.commands();
    arena.told(peer(1), Event::ChannelClosed { channel: PING });
    assert_eq!(arena.commands(), []);
    arena.told(peer(1), Event::ChannelClosed { channel: POSITIONS });
    assert_eq!(arena.commands(), [Command::Kick(peer(1))]);
}

#[test]
fn who_finds_no_place_is_told_so_and_a_place_is_given_again() {
    let mut arena = Arena::default();
    for number in 0..PLAYERS as u64 {
        enter(&mut arena, peer(number));
    }
    arena.commands();
    enter(&mut arena, peer(1_000));
    let commands = arena.commands();
    let [Command::Send { to, message, .. }, Command::Kick(kicked)] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!((*to, *kicked), (peer(1_000), peer(1_000)));
    assert_eq!(message[..], *b"\x0athe arena is full; try again later");
    arena.told(peer(1_000), Event::Disconnected { reason: Reason::Local });
    assert_eq!(arena.commands(), [], "nobody knew of it");
    arena.told(peer(5), Event::Disconnected { reason: Reason::Peer });
    arena.commands();
    enter(&mut arena, peer(1_001));
    assert_eq!(arena.players(), PLAYERS);
}
