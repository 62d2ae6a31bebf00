//! Who asks for too much, and who falls behind.

// Random bytes are cut to what is wanted of them, and a test that can't go on should stop, outside of a `#[test]` too.
#![allow(clippy::cast_possible_truncation, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{
    World,
    browser::{reliable, unreliable},
    config,
    link::{Random, Weather},
};
use socker_rtc::{
    CandidateError, ChannelConfig, Delivery, Event, Message, OfferError, OpenError, Reason,
    Refusal, Sent, Violation,
};

const CANDIDATE: &str = "candidate:1 1 udp 2122260223 198.51.100.7 50000 typ host";

fn offer(world: &mut World) -> String {
    let index = world.browser();
    world.browsers[index].offer(reliable("chat")).0
}

#[test]
fn peers_and_those_who_only_offer() {
    let mut world = World::new(config().peers(3).pending(2), 1, Weather::CLEAR);
    let (_, first, _, _) = world.joined(reliable("chat"));
    let (_, second, _) = world.join(reliable("chat"));
    let idle = offer(&mut world);
    let (third, _) = world.endpoint.accept(world.now, &idle).unwrap();
    assert_eq!((world.endpoint.peers(), world.endpoint.pending()), (3, 2));
    assert_eq!(world.endpoint.accept(world.now, &idle), Err(OfferError::TooManyPeers));
    world.endpoint.kick(world.now, first);
    world.run(Duration::from_secs(1));
    assert_eq!((world.endpoint.peers(), world.endpoint.pending()), (2, 1));

    let (fourth, _) = world.endpoint.accept(world.now, &idle).unwrap();
    let before = world.now;
    assert_eq!(world.gone(third), Reason::OpeningTimeout);
    assert!(world.now.since(before) < Duration::from_secs(15));
    assert_eq!(world.gone(fourth), Reason::OpeningTimeout);
    assert_eq!(world.reason(second), None);

    for _ in 0..2 {
        world.endpoint.accept(world.now, &idle).unwrap();
    }
    let refused = World::new(config().pending(0), 1, Weather::CLEAR).endpoint.accept(before, &idle);
    assert_eq!(refused, Err(OfferError::TooManyPending));
}

#[test]
fn a_peer_whose_end_is_not_polled_keeps_its_place() {
    let mut world = World::new(config().peers(1), 2, Weather::CLEAR);
    let (_, peer, _, _) = world.joined(reliable("chat"));
    world.polls = false;
    world.endpoint.kick(world.now, peer);
    world.run(Duration::from_secs(2));
    let next = offer(&mut world);
    assert_eq!(world.endpoint.accept(world.now, &next), Err(OfferError::TooManyPeers));
    world.polls = true;
    world.flush();
    assert!(world.endpoint.accept(world.now, &next).is_ok());
}

#[test]
fn channels_that_a_peer_opens() {
    let mut world = World::new(config(), 3, Weather::CLEAR);
    world.echo = true;
    let (greedy, theirs, _, _) = world.joined(reliable("chat"));
    let (modest, other, channel, _) = world.joined(reliable("chat"));
    for n in 0..1_000 {
        world.browsers[greedy].open(reliable(&n.to_string()));
    }
    assert_eq!(world.gone(theirs), Reason::Violation(Violation::Channels));
    let opened =
        |(peer, event): &&(_, Event)| *peer == theirs && matches!(event, Event::Opened { .. });
    assert_eq!(world.events.iter().filter(opened).count(), 16);
    assert!(world.browsers[modest].send(channel, false, b"still here"));
    world.run(Duration::from_secs(1));
    assert_eq!(world.browsers[modest].take_messages(channel).len(), 1);
    assert_eq!(world.reason(other), None);
    assert_eq!(world.endpoint.peers(), 1);
}

#[test]
fn channels_that_are_closed_make_room() {
    let mut world = World::new(config().channels(2), 4, Weather::CLEAR);
    let (browser, peer, _, _) = world.joined(reliable("chat"));
    for n in 0..50 {
        let label = n.to_string();
        let channel = world.browsers[browser].open(reliable(&label));
        world.opened(peer, &label);
        world.until(|world| world.browsers[browser].is_open(channel));
        world.browsers[browser].close_channel(channel);
        world.run(Duration::from_millis(200));
    }
    assert_eq!(world.reason(peer), None);
}

#[test]
fn channels_that_the_server_opens() {
    let mut world = World::new(config().channels(2).label_limit(8), 5, Weather::CLEAR);
    let (_, peer, _, _) = world.joined(reliable("chat"));
    let open = |world: &mut World, label: &str| {
        world.endpoint.open_channel(world.now, peer, ChannelConfig::new(label))
    };
    assert_eq!(open(&mut world, "123456789"), Err(OpenError::TooLong));
    assert!(open(&mut world, "12345678").is_ok());
    assert_eq!(open(&mut world, "3"), Err(OpenError::TooMany));
    world.endpoint.kick(world.now, peer);
    assert_eq!(open(&mut world, "3"), Err(OpenError::NoPeer));
}

#[test]
fn the_longest_label_opens_and_a_longer_one_ends() {
    let mut world = World::new(config().label_limit(usize::MAX), 6, Weather::CLEAR);
    let (browser, peer, _, _) = world.joined(reliable("chat"));
    let longest = "l".repeat(1_024);
    let channel = ChannelConfig::new(longest.clone());
    world.endpoint.open_channel(world.now, peer, channel).unwrap();
    world.opened(peer, &longest);
    world.browsers[browser].open(reliable(&"l".repeat(1_025)));
    assert_eq!(world.gone(peer), Reason::Violation(Violation::Label));
}

#[test]
fn messages_that_are_too_long() {
    let config = config().message_limit(10_000).send_limit(50_000);
    let mut world = World::new(config, 7, Weather::CLEAR);
    let (browser, peer, channel, id) = world.joined(reliable("chat"));
    assert!(world.browsers[browser].send(channel, true, &[1; 10_000]));
    world.run(Duration::from_secs(1));
    assert_eq!(world.messages(peer).len(), 1);
    // The browser has been told, and refuses.
    let refused = world.browsers[browser].rtc.channel(channel).unwrap().write(true, &[1; 10_001]);
    assert!(refused.is_err());

    let mut send = |length| {
        let message = Message::binary(vec![0; length]);
        world.endpoint.send(peer, id, message, Delivery::Reliable).map_err(|error| error.refusal)
    };
    assert_eq!(send(50_001), Err(Refusal::TooLong));
    assert_eq!(send(0), Err(Refusal::Empty));
    assert_eq!(send(50_000), Ok(Sent::Queued));
}

#[test]
fn a_browser_that_ignores_the_longest_message() {
    let mut world = World::new(config().message_limit(10_000), 8, Weather::CLEAR);
    let index = world.browser();
    let (offer, channel) = world.browsers[index].offer(reliable("chat"));
    let (peer, answer) = world.endpoint.accept(world.now, &offer).unwrap();
    let said = "a=max-message-size:10000";
    assert!(answer.contains(said), "{answer}");
    world.browsers[index].answered(&answer.replace(said, "a=max-message-size:99999"));
    world.until(|world| world.browsers[index].is_open(channel));
    assert!(world.browsers[index].send(channel, true, &[1; 10_001]));
    // What breaks SCTP's rules ends the association, as a peer's own wish does.
    assert_eq!(world.gone(peer), Reason::Peer);
    assert!(world.messages(peer).is_empty());
}

#[test]
fn text_that_is_none() {
    let mut world = World::new(config(), 9, Weather::CLEAR);
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    assert!(world.browsers[browser].send(channel, false, &[0xff]));
    assert_eq!(world.gone(peer), Reason::Violation(Violation::NotUtf8));
}

#[test]
fn offers_and_candidates() {
    let mut world =
        World::new(config().offer_limit(2_000).remote_candidates(3), 10, Weather::CLEAR);
    let (_, peer, _) = world.join(reliable("chat"));
    let offer = offer(&mut world);
    let long = format!("{offer}{}", "a=x:0123456789\r\n".repeat(200));
    assert_eq!(world.endpoint.accept(world.now, &long), Err(OfferError::TooLong));
    let named = |number: u8| CANDIDATE.replace("100.7", &format!("100.{number}"));
    let many: String = (0..4).map(|number| format!("a={}\r\n", named(number))).collect();
    let many = world.endpoint.accept(world.now, &(offer.clone() + &many));
    assert_eq!(many, Err(OfferError::TooManyCandidates));
    let same = format!("a={CANDIDATE}\r\n").repeat(4);
    assert!(world.endpoint.accept(world.now, &(offer + &same)).is_ok());

    // The offer has named one. What is ignored does not count.
    let ignored = [
        "",
        " ",
        "candidate:1 1 udp 2122260223 0ab1cd23-4567.local 50000 typ host",
        "candidate:1 1 tcp 1518280447 198.51.100.7 9 typ host tcptype active",
    ];
    for candidate in ignored {
        assert_eq!(world.endpoint.candidate(world.now, peer, candidate), Ok(()), "{candidate}");
    }
    let in_sdp = format!("a={CANDIDATE}");
    assert_eq!(world.endpoint.candidate(world.now, peer, &in_sdp), Ok(()));
    assert_eq!(world.endpoint.candidate(world.now, peer, CANDIDATE), Ok(()));
    assert_eq!(world.endpoint.candidate(world.now, peer, &named(8)), Ok(()));
    let more = world.endpoint.candidate(world.now, peer, &named(9));
    assert_eq!(more, Err(CandidateError::TooMany));
    assert_eq!(world.endpoint.candidate(world.now, peer, &named(8)), Ok(()));

    // A second offer names the same again, and a restart others.
    for _ in 0..10 {
        let again = world.browsers[0].offer_again();
        let answer = world.endpoint.accept_again(world.now, peer, &again).unwrap();
        world.browsers[0].answered(&answer);
    }
    assert_eq!(world.endpoint.candidate(world.now, peer, &named(9)), Ok(()));
}

#[test]
fn candidates_of_a_refused_offer_count() {
    let mut world = World::new(config().remote_candidates(3), 13, Weather::CLEAR);
    let browser = world.browser();
    let (offer, _) = world.browsers[browser].offer(reliable("chat"));
    let (peer, _) = world.endpoint.accept(world.now, &offer).unwrap();
    let named = |number: u8| CANDIDATE.replace("100.7", &format!("100.{number}"));
    // What is wrong with it is found after its candidates have been taken.
    let broken = offer.replace("a=group:BUNDLE", "a=groups:BUNDLE");
    let broken = |number| format!("{broken}a={}\r\na={}\r\n", named(number), named(number + 1));

    let refused = world.endpoint.accept_again(world.now, peer, &broken(8)).unwrap_err();
    assert!(matches!(refused, OfferError::Refused(_)), "{refused}");
    let refused = world.endpoint.accept_again(world.now, peer, &broken(10));
    assert_eq!(refused, Err(OfferError::TooManyCandidates));
    let more = world.endpoint.candidate(world.now, peer, &named(12));
    assert_eq!(more, Err(CandidateError::TooMany));
}

#[test]
fn a_full_channel_tells_when_there_is_room() {
    let mut world = World::new(config(), 11, Weather::CLEAR);
    let (browser, peer, channel, id) = world.joined(reliable("chat"));
    let chunk = vec![7; 16_000];
    let mut sent = 0;
    let refused = loop {
        match world.endpoint.send(peer, id, Message::binary(&chunk), Delivery::Reliable) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((refused.refusal, refused.message.len(), sent), (Refusal::Full, 16_000, 8));
    let room = Event::Writable { channel: id, skipped: 0 };
    world.until(|world| world.events.contains(&(peer, room.clone())));
    let again = world.endpoint.send(peer, id, refused.message, Delivery::Reliable);
    assert_eq!(again, Ok(Sent::Queued));
    world.run(Duration::from_secs(5));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), 9);
    let told = world.events.iter().filter(|(_, event)| *event == room).count();
    assert_eq!(told, 1);
}

/// What a stream of snapshots, three times what the link carries, does to the time that they take.
fn congested(delivery: Delivery) -> (Duration, u64, u64) {
    let narrow = Weather { loss: 20, rate: 20_000, ..Weather::CLEAR };
    let mut world = World::new(config(), 12, narrow);
    let (browser, peer, channel, id) = world.joined(unreliable("state"));
    let (mut skipped, mut late) = (0, Vec::new());
    for _ in 0..600 {
        let mut snapshot = vec![0; 1_000];
        let sent_at = world.now.since(socker_rtc::Instant::START).as_micros() as u64;
        snapshot[..8].copy_from_slice(&sent_at.to_be_bytes());
        match world.endpoint.send(peer, id, Message::binary(snapshot), delivery) {
            Ok(Sent::Skipped) | Err(_) => skipped += 1,
            Ok(Sent::Queued) => {}
        }
        let end = world.now + Duration::from_millis(16);
        while world.now < end {
            world.step(end);
            let now = world.now.since(socker_rtc::Instant::START).as_micros() as u64;
            for (_, payload) in world.browsers[browser].take_messages(channel) {
                late.push(now - u64::from_be_bytes(payload[..8].try_into().unwrap()));
            }
        }
    }
    late.sort_unstable();
    let told = world.events.iter().filter_map(|(_, event)| match event {
        Event::Writable { skipped, .. } => Some(*skipped),
        _ => None,
    });
    (Duration::from_micros(late[late.len() * 95 / 100]), skipped, told.sum())
}

#[test]
fn droppable_messages_are_skipped_and_come_soon() {
    let (late, skipped, told) = congested(Delivery::Droppable);
    let (queued, ..) = congested(Delivery::Reliable);
    println!("95 of 100 within {late:?}, {skipped} of 600 skipped; all queued: {queued:?}");
    assert!(late < Duration::from_millis(500), "{late:?}");
    assert!(queued > late * 4, "{queued:?}");
    assert!(skipped > 200);
    assert!(told <= skipped && told + 60 > skipped, "{told} of {skipped}");
}

#[test]
fn who_is_not_polled_makes_its_peer_wait() {
    let mut world = World::new(config().event_limit(100_000), 13, Weather::CLEAR);
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    let mut random = Random(13);
    world.polls = false;
    for _ in 0..500 {
        let payload = vec![random.below(256) as u8; 2_000];
        world.browsers[browser].send(channel, true, &payload);
    }
    world.run(Duration::from_secs(20));
    assert!(world.endpoint.counters().held_back > 0);
    world.polls = true;
    let before = world.messages(peer).len();
    world.flush();
    let waited = world.messages(peer).len() - before;
    assert!((45..150).contains(&waited), "{waited} messages of 2,000 bytes waited");
    world.until(|world| world.messages(peer).len() == 500);
    assert_eq!(world.reason(peer), None);
}

#[test]
fn datagrams_that_are_not_polled_are_dropped() {
    let mut world = World::new(config().datagram_limit(10), 14, Weather::CLEAR);
    let (_, peer, _, id) = world.joined(reliable("chat"));
    let long = Message::binary(vec![0; 60_000]);
    world.endpoint.send(peer, id, long, Delivery::Reliable).unwrap();
    world.endpoint.poll_event();
    for _ in 0..100 {
        world.now = world.now + Duration::from_millis(40);
        world.endpoint.handle_timeout(world.now);
    }
    let waiting = std::iter::from_fn(|| world.endpoint.poll_transmit()).count();
    assert!(waiting <= 10, "{waiting}");
    assert!(world.endpoint.counters().unsent > 0);
}
