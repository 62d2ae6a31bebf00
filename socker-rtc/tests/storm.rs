//! A hundred browsers in bad weather.

mod common;

use std::{collections::BTreeMap, time::Duration};

use common::{
    World,
    browser::{reliable, unreliable},
    config,
    link::Weather,
};
use socker_rtc::{Delivery, Event, Message, PeerId, Reason, Sent};

const PEERS: usize = 100;
const ROUNDS: u32 = 100;
/// What is lost again and again is sent again after twice the time each.
const PATIENCE: Duration = Duration::from_secs(600);
/// So many of the peers may be so unlucky that DTLS gives up.
const UNLUCKY: usize = 5;

struct Player {
    browser: usize,
    peer: PeerId,
    chat: str0m::channel::ChannelId,
    state: str0m::channel::ChannelId,
    chat_here: socker_rtc::ChannelId,
    state_here: socker_rtc::ChannelId,
}

/// Everyone joins, and has a channel of each kind. DTLS gives up when too much in a row is lost: who is
/// so unlucky joins again, as a page does.
fn join_all(world: &mut World) -> Vec<Player> {
    let mut joined = Vec::new();
    while joined.len() < PEERS {
        let joining = (joined.len()..PEERS).map(|_| world.join(reliable("chat")));
        for (browser, peer, chat) in joining.collect::<Vec<_>>() {
            world.until_within(PATIENCE, |world| {
                let browser = &mut world.browsers[browser];
                browser.is_open(chat) || !browser.rtc.is_alive()
            });
            if world.browsers[browser].rtc.is_alive() {
                assert_eq!(world.reason(peer), None);
                joined.push((browser, peer, chat));
            }
        }
        assert!(world.browsers.len() <= PEERS + UNLUCKY, "{} joined", world.browsers.len());
    }
    println!("{PEERS} peers open a channel within {:?} of virtual time", world.now);
    let open = |(browser, peer, chat): (usize, PeerId, _)| {
        let state = world.browsers[browser].open(unreliable("state"));
        (browser, peer, chat, state)
    };
    let joined: Vec<_> = joined.into_iter().map(open).collect();
    let players = joined.into_iter().map(|(browser, peer, chat, state)| {
        world.until_within(PATIENCE, |world| world.browsers[browser].is_open(state));
        let chat_here = world.opened(peer, "chat");
        let state_here = world.opened(peer, "state");
        Player { browser, peer, chat, state, chat_here, state_here }
    });
    players.collect()
}

/// A game's second, three times: both sides send on both channels, 33 times a second.
fn play(world: &mut World, players: &[Player]) -> usize {
    let mut skipped = 0;
    for round in 0..ROUNDS {
        let payload = round.to_be_bytes();
        for player in players {
            let message = || Message::binary(&payload);
            let (peer, endpoint) = (player.peer, &mut world.endpoint);
            let chat = endpoint.send(peer, player.chat_here, message(), Delivery::Reliable);
            assert_eq!(chat, Ok(Sent::Queued));
            let state = endpoint.send(peer, player.state_here, message(), Delivery::Droppable);
            skipped += usize::from(state == Ok(Sent::Skipped));
            let browser = &mut world.browsers[player.browser];
            assert!(browser.send(player.chat, true, &payload));
            assert!(browser.send(player.state, true, &payload));
        }
        world.run(Duration::from_millis(30));
    }
    let end = world.now + PATIENCE;
    while !players.iter().all(|player| has_all(world, player)) {
        assert!(world.now < end, "not all that is reliable has come");
        world.run(Duration::from_secs(1));
    }
    // What would come twice has time to.
    world.run(Duration::from_secs(20));
    skipped
}

/// Whether all that is reliable has come, on both sides.
fn has_all(world: &World, player: &Player) -> bool {
    let here = world.events.iter().filter(|(peer, event)| match event {
        Event::Message { channel, .. } => (*peer, *channel) == (player.peer, player.chat_here),
        _ => false,
    });
    let there = world.browsers[player.browser].events.iter().filter(|event| match event {
        str0m::Event::ChannelData(data) => data.id == player.chat,
        _ => false,
    });
    [here.count(), there.count()].iter().all(|count| *count >= ROUNDS as usize)
}

/// The rounds' numbers, in the order in which they have come.
fn numbers<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Vec<u32> {
    let number = |payload: &[u8]| payload.try_into().map_or(u32::MAX, u32::from_be_bytes);
    payloads.map(number).collect()
}

fn assert_no_twice(numbers: &[u32]) {
    let mut seen = BTreeMap::new();
    for number in numbers {
        *seen.entry(number).or_insert(0) += 1;
    }
    assert!(seen.values().all(|count| *count == 1), "{seen:?}");
}

#[test]
fn nothing_reliable_is_lost_and_nothing_comes_twice() {
    let started = started();
    // Whoever is unlucky must not end the test: str0m draws at random what no seed reaches.
    let patient = Duration::from_secs(30);
    let config = config().silence(patient).opening_timeout(PATIENCE);
    let mut world = World::new(config, 11, Weather::STORM);
    let players = join_all(&mut world);
    world.events.clear();
    let skipped = play(&mut world, &players);

    let all: Vec<u32> = (0..ROUNDS).collect();
    let (mut here, mut there) = (0, 0);
    for player in &players {
        let of = |wanted| {
            numbers(world.events.iter().filter_map(move |(peer, event)| match event {
                Event::Message { channel, message }
                    if (*peer, *channel) == (player.peer, wanted) =>
                {
                    Some(message.as_bytes())
                }
                _ => None,
            }))
        };
        let (chat, state) = (of(player.chat_here), of(player.state_here));
        assert_eq!(chat, all, "in order, and complete");
        assert_no_twice(&state);
        here += state.len();
        let browser = &mut world.browsers[player.browser];
        let mut of = |channel| {
            let messages = browser.take_messages(channel);
            numbers(messages.iter().map(|(_, payload)| payload.as_slice()))
        };
        assert_eq!(of(player.chat), all, "in order, and complete");
        let state = of(player.state);
        assert_no_twice(&state);
        there += state.len();
    }
    let sent = PEERS * ROUNDS as usize;
    println!("unreliable: {here} of {sent} came here, {there} of {sent} there, {skipped} skipped");
    // A tenth of the datagrams is lost, and a lost one is not sent again. What is behind is skipped.
    assert!(here < sent * 95 / 100 && here > sent * 60 / 100);
    assert!(there + skipped < sent * 95 / 100 && there > sent * 30 / 100);
    assert_eq!(world.endpoint.counters().skipped, skipped as u64);

    for player in &players {
        world.browsers[player.browser].rtc.close().unwrap();
    }
    world.until(|world| players.iter().all(|player| world.reason(player.peer).is_some()));
    let reasons = players.iter().map(|player| world.reason(player.peer));
    let told = reasons.filter(|reason| *reason == Some(Reason::Peer)).count();
    println!("{told} of {PEERS} ends were told, the others were found by their silence");
    // Nor is anything left of those who had to join again.
    world.until(|world| world.endpoint.is_bare());
    println!("{:?} of virtual time in {:?}", world.now, elapsed(started));
}

#[expect(clippy::disallowed_methods)]
fn started() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(clippy::disallowed_methods)]
fn elapsed(started: std::time::Instant) -> Duration {
    started.elapsed()
}
