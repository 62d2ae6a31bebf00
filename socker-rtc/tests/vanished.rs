//! Peers that go without a word, strangers, and who comes after.

// Random bytes are cut to what is wanted of them, and a test that can't go on should stop, outside of a `#[test]` too.
#![allow(clippy::cast_possible_truncation, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{
    World,
    browser::{Browser, reliable},
    config, host,
    link::Weather,
    server,
};
use socker_rtc::Reason;

#[test]
fn a_killed_browser_is_found_by_its_silence() {
    let mut world = World::new(config(), 1, Weather::CLEAR);
    let (browser, peer, ..) = world.joined(reliable("chat"));
    world.run(Duration::from_secs(60));
    assert_eq!(world.reason(peer), None, "an idle peer is alive");
    world.link.cut.push(world.browsers[browser].address);
    let cut = world.now;
    assert_eq!(world.gone(peer), Reason::Timeout);
    let found = world.now.since(cut);
    println!("found after {found:?}");
    assert!(found > Duration::from_secs(3) && found <= Duration::from_millis(5_050));
    world.run(Duration::from_secs(2));
    assert!(world.endpoint.is_bare());
}

#[test]
fn idle_peers_live_through_bad_weather() {
    let weather = Weather { loss: 50, ..Weather::STORM };
    let mut world = World::new(config(), 2, weather);
    let joined: Vec<_> = (0..10).map(|_| world.joined(reliable("chat"))).collect();
    world.run(Duration::from_secs(120));
    assert!(joined.iter().all(|peer| world.reason(peer.1).is_none()));
}

#[test]
fn a_newcomer_on_the_address_of_a_dead_peer_gets_in() {
    let mut world = World::new(config(), 3, Weather::CLEAR);
    world.echo = true;
    let (browser, dead, ..) = world.joined(reliable("chat"));
    // Killed and started again, at once, behind the same address.
    let address = world.browsers[browser].address;
    let now = world.std_now();
    world.browsers[browser] = Browser::new(now, address);
    let (offer, channel) = world.browsers[browser].offer(reliable("again"));
    let (peer, answer) = world.endpoint.accept(world.now, &offer).unwrap();
    world.browsers[browser].answered(&answer);
    let joined = world.now;
    world.until(|world| world.browsers[browser].is_open(channel));
    println!("the newcomer's channel is open after {:?}", world.now.since(joined));
    assert!(world.now.since(joined) < Duration::from_millis(200));
    assert!(world.browsers[browser].send(channel, false, b"hello"));
    world.until(|world| !world.browsers[browser].take_messages(channel).is_empty());
    assert_eq!(world.gone(dead), Reason::Timeout);
    world.run(Duration::from_secs(10));
    assert_eq!(world.reason(peer), None);
}

#[test]
fn strangers_are_counted_and_dropped() {
    let mut world = World::new(config(), 4, Weather::CLEAR);
    let (_, peer, ..) = world.joined(reliable("chat"));
    let (stranger, peers) = (host(999), world.endpoint.peers());
    let before = world.endpoint.counters();
    // A check for somebody else, DTLS, RTP, nothing at all, and what is too short.
    let mut elsewhere = World::new(config(), 5, Weather::CLEAR);
    let (other, ..) = elsewhere.join(reliable("chat"));
    let now = elsewhere.std_now();
    elsewhere.browsers[other].tick(now);
    let mut datagrams: Vec<Vec<u8>> =
        elsewhere.browsers[other].drain().into_iter().map(|sent| sent.payload).collect();
    assert!(!datagrams.is_empty());
    let strangers = datagrams.len() as u64 + 1;
    datagrams.extend([vec![22, 254, 253, 0, 0], vec![128; 20], vec![], vec![0], vec![255; 2_000]]);
    for datagram in &datagrams {
        world.endpoint.receive(world.now, stranger, server(), datagram);
    }
    let counters = world.endpoint.counters();
    assert_eq!(counters.strangers - before.strangers, strangers);
    assert_eq!(counters.malformed - before.malformed, 4);
    // To an address that is not announced.
    world.endpoint.receive(world.now, stranger, host(1), &datagrams[0]);
    assert_eq!(world.endpoint.counters().strangers - before.strangers, strangers + 1);
    assert_eq!(world.endpoint.poll_transmit(), None);
    assert_eq!((world.endpoint.peers(), world.reason(peer)), (peers, None));
}

#[test]
fn forged_datagrams_do_not_end_a_peer() {
    let mut world = World::new(config(), 6, Weather::CLEAR);
    world.echo = true;
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    let address = world.browsers[browser].address;
    let mut random = common::link::Random(6);
    for round in 0..2_000_u32 {
        let length = random.below(100) as usize + 1;
        let mut forged: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        forged[0] = if round % 4 == 0 { 0 } else { 20 + random.below(44) as u8 };
        // Headers of plausible records: alerts, handshakes, data, of either epoch.
        if length > 13 && round % 4 > 1 {
            let epoch = random.below(2) as u8;
            let rest = (length - 13) as u8;
            forged[..13].copy_from_slice(&[0, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 200, 0, rest]);
            forged[0] = 20 + random.below(6) as u8;
        }
        world.endpoint.receive(world.now, address, server(), &forged);
        world.flush();
    }
    world.run(Duration::from_secs(1));
    assert!(world.browsers[browser].send(channel, false, b"still here"));
    world.run(Duration::from_secs(1));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), 1);
    assert_eq!(world.reason(peer), None);
}

#[test]
fn who_forges_an_address_gets_nothing_of_it() {
    let mut world = World::new(config(), 8, Weather::CLEAR);
    world.echo = true;
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    let address = world.browsers[browser].address;
    let forgers: Vec<_> = (0..6).map(|_| world.joined(reliable("chat")).0).collect();
    for round in 0..100_u8 {
        world.run(Duration::from_millis(100));
        // Their own checks, which are in order, from an address that is not theirs.
        let now = world.std_now() + Duration::from_secs(3);
        for forger in &forgers {
            world.browsers[*forger].tick(now);
            for check in world.browsers[*forger].drain() {
                world.endpoint.receive(world.now, address, server(), &check.payload);
            }
        }
        assert!(world.browsers[browser].send(channel, true, &[round]));
    }
    world.run(Duration::from_secs(1));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), 100);
    assert_eq!(world.reason(peer), None);
}

#[test]
fn a_peer_at_very_many_addresses() {
    let mut world = World::new(config(), 9, Weather::CLEAR);
    let (browser, peer, ..) = world.joined(reliable("chat"));
    let now = world.std_now() + Duration::from_secs(3);
    world.browsers[browser].tick(now);
    let checks = world.browsers[browser].drain();
    assert!(!checks.is_empty());
    let before = world.endpoint.counters().strangers;
    for number in 1_000..2_000 {
        world.endpoint.receive(world.now, host(number), server(), &checks[0].payload);
    }
    assert_eq!(world.endpoint.counters().strangers - before, 1_000 - 31);
    world.run(Duration::from_secs(1));
    assert_eq!(world.reason(peer), None);
}

#[test]
fn damaged_datagrams_are_as_good_as_lost() {
    let weather = Weather { loss: 0, ..Weather::STORM };
    let mut world = World::new(config().silence(Duration::from_secs(60)), 7, weather);
    world.echo = true;
    for _ in 0..5 {
        // A handshake begins without any proof of who says what.
        world.link.weather.damage = 0;
        let (browser, peer, channel, _) = world.joined(reliable("chat"));
        world.link.weather.damage = 150;
        let words: Vec<_> = (0..50_u8).map(|word| (true, vec![word; 500])).collect();
        for (_, word) in &words {
            assert!(world.browsers[browser].send(channel, true, word));
        }
        let mut echoed = Vec::new();
        world.until(|world| {
            echoed.extend(world.browsers[browser].take_messages(channel));
            echoed.len() >= words.len()
        });
        assert!(echoed == words, "in order, and complete");
        assert_eq!(world.reason(peer), None);
    }
    assert!(world.endpoint.counters().malformed > 0);
}
