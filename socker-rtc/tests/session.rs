//! Whole sessions, from the offer to the end.

mod common;

use std::time::Duration;

use common::{
    World,
    browser::{Browser, reliable, unreliable},
    config, host,
    link::Weather,
};
use socker_rtc::{
    ChannelConfig, Delivery, Event, Message, OfferError, Reason, Refusal, Reliability, Sent,
};
use str0m::{Rtc, channel as inner};

#[test]
fn an_echo_from_offer_to_end() {
    let mut world = World::new(config(), 1, Weather::CLEAR);
    world.echo = true;
    let (browser, peer, channel, id) = world.joined(reliable("chat"));
    assert_eq!(world.events[0], (peer, Event::Connected));
    let config = ChannelConfig::new("chat");
    assert_eq!(world.events[1], (peer, Event::Opened { channel: id, config }));
    println!("open after {:?} of virtual time, round trip 20 ms", world.now);

    assert!(world.browsers[browser].send(channel, false, "hello".as_bytes()));
    assert!(world.browsers[browser].send(channel, true, &[0, 1, 255]));
    world.run(Duration::from_secs(1));
    assert_eq!(world.messages(peer), [&Message::text("hello"), &Message::binary(&[0, 1, 255])]);
    let echoed = world.browsers[browser].take_messages(channel);
    assert_eq!(echoed, [(false, b"hello".to_vec()), (true, vec![0, 1, 255])]);

    world.browsers[browser].rtc.close().unwrap();
    assert_eq!(world.gone(peer), Reason::Peer);
    world.run(Duration::from_secs(1));
    assert!(world.endpoint.is_bare());
}

#[test]
fn browsers_that_shake_hands_in_full_and_an_endpoint_that_is_lite() {
    for lite in [false, true] {
        let mut world = World::new(config().ice_lite(lite), 2, Weather::CLEAR);
        world.echo = true;
        let rtc = Rtc::builder().clear_codecs();
        let now = world.std_now();
        world.browsers.push(Browser::with(rtc, now, host(1)));
        let (offer, channel) = world.browsers[0].offer(reliable("chat"));
        let (peer, answer) = world.endpoint.accept(world.now, &offer).unwrap();
        assert_eq!(answer.contains("a=ice-lite"), lite);
        world.browsers[0].answered(&answer);
        world.until(|world| world.browsers[0].is_open(channel));
        println!("ICE-lite {lite}: open after {:?} of virtual time", world.now);
        assert!(world.browsers[0].send(channel, true, &[7; 1_000]));
        world.until(|world| !world.browsers[0].take_messages(channel).is_empty());
        world.endpoint.kick(world.now, peer);
        assert_eq!(world.gone(peer), Reason::Local);
    }
}

#[test]
fn channels_tell_what_they_promise() {
    let mut world = World::new(config(), 3, Weather::CLEAR);
    let (browser, peer, _, _) = world.joined(reliable("first"));
    let lifetime = inner::Reliability::MaxPacketLifetime { lifetime: 250 };
    let protocol = "json".to_owned();
    let timed = inner::ChannelConfig { reliability: lifetime, protocol, ..reliable("timed") };
    world.browsers[browser].open(timed);
    world.browsers[browser].open(unreliable("state"));
    for label in ["timed", "state"] {
        world.opened(peer, label);
    }
    let configs = world.events.drain(..).filter_map(|(_, event)| match event {
        Event::Opened { config, .. } => Some(config),
        _ => None,
    });
    let lifetime = Reliability::MaxLifetime(Duration::from_millis(250));
    let first = ChannelConfig::new("first");
    let timed = ChannelConfig::new("timed").protocol("json").reliability(lifetime);
    let state = ChannelConfig::new("state").ordered(false);
    assert_eq!(
        configs.collect::<Vec<_>>(),
        [first, timed, state.reliability(Reliability::MaxRetransmits(0))]
    );
}

#[test]
fn the_server_opens_channels_too() {
    let mut world = World::new(config(), 4, Weather::CLEAR);
    let (browser, peer, _) = world.join(reliable("theirs"));
    // Before the peer is connected, and one that is closed before it opens.
    let config = ChannelConfig::new("ours").protocol("p").ordered(false);
    let ours = world.endpoint.open_channel(world.now, peer, config.clone()).unwrap();
    let never = ChannelConfig::new("never");
    let never = world.endpoint.open_channel(world.now, peer, never).unwrap();
    world.endpoint.close_channel(world.now, peer, never);
    let early = world.endpoint.send(peer, ours, Message::text("early"), Delivery::Reliable);
    assert_eq!(early.unwrap_err().refusal, Refusal::NotOpen);

    assert_eq!(world.opened(peer, "ours"), ours);
    let sent = world.endpoint.send(peer, ours, Message::text("now"), Delivery::Reliable);
    assert_eq!(sent, Ok(Sent::Queued));
    world.run(Duration::from_secs(1));
    let browser = &mut world.browsers[browser];
    let open = browser.events.iter().find_map(|event| match event {
        str0m::Event::ChannelOpen(id, label) if label == "ours" => Some(*id),
        _ => None,
    });
    let open = open.unwrap();
    assert_eq!(browser.take_messages(open), [(false, b"now".to_vec())]);
    let there = browser.rtc.channel(open).unwrap().config().cloned().unwrap();
    assert_eq!((there.protocol.as_str(), there.ordered), ("p", false));
    assert!(world.events.contains(&(peer, Event::ChannelClosed { channel: never })));
    assert!(
        !world.events.iter().any(|(_, event)| {
            matches!(event, Event::Opened { channel, .. } if *channel == never)
        })
    );
}

#[test]
fn either_side_closes_a_channel_and_what_was_sent_arrives() {
    let mut world = World::new(config(), 5, Weather::CLEAR);
    let (browser, peer, theirs, first) = world.joined(reliable("first"));
    let second = world.browsers[browser].open(reliable("second"));
    let closes = world.opened(peer, "second");

    let sent = world.endpoint.send(peer, closes, Message::text("last words"), Delivery::Reliable);
    assert_eq!(sent, Ok(Sent::Queued));
    world.endpoint.close_channel(world.now, peer, closes);
    let late = world.endpoint.send(peer, closes, Message::text("late"), Delivery::Reliable);
    assert_eq!(late.unwrap_err().refusal, Refusal::NoChannel);
    assert!(world.browsers[browser].send(theirs, false, b"bye"));
    world.browsers[browser].close_channel(theirs);
    world.run(Duration::from_secs(5));

    let closed = |channel| (peer, Event::ChannelClosed { channel });
    assert!(world.events.contains(&closed(first)) && world.events.contains(&closed(closes)));
    assert_eq!(world.messages(peer), [&Message::text("bye")]);
    let heard = world.browsers[browser].take_messages(second);
    assert_eq!(heard, [(false, b"last words".to_vec())]);
    assert_eq!(world.reason(peer), None);
}

#[test]
fn a_second_offer_keeps_the_channels() {
    let mut world = World::new(config(), 6, Weather::CLEAR);
    world.echo = true;
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    let offer = world.browsers[browser].offer_again();
    let answer = world.endpoint.accept_again(world.now, peer, &offer).unwrap();
    world.browsers[browser].answered(&answer);
    world.run(Duration::from_secs(10));
    assert!(world.browsers[browser].send(channel, false, b"still here"));
    world.run(Duration::from_secs(1));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), 1);
    assert_eq!(world.reason(peer), None);

    let bad = world.endpoint.accept_again(world.now, peer, "v=0");
    assert_eq!(bad, Err(OfferError::NotSdp));
    world.endpoint.kick(world.now, peer);
    let late = world.endpoint.accept_again(world.now, peer, &offer);
    assert_eq!(late, Err(OfferError::NoPeer));
}

#[test]
fn an_offer_with_another_certificate_or_session_is_of_another_connection() {
    let mut world = World::new(config(), 6, Weather::CLEAR);
    world.echo = true;
    let (browser, peer, channel, _) = world.joined(reliable("chat"));
    let offer = world.browsers[browser].offer_again();
    // All else may be the same: browsers number their sections from 0.
    for before in ["a=fingerprint:sha-256 ", "o="] {
        let at = offer.find(before).unwrap() + before.len();
        let other = if offer[at..].starts_with('0') { "1" } else { "0" };
        let offer = [&offer[..at], other, &offer[at + 1..]].concat();
        let answer = world.endpoint.accept_again(world.now, peer, &offer);
        assert_eq!(answer, Err(OfferError::AnotherConnection), "{before}");
    }
    assert!(world.browsers[browser].send(channel, false, b"still here"));
    world.run(Duration::from_secs(1));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), 1);
    assert_eq!(world.reason(peer), None);
}

#[test]
fn what_was_sent_before_a_kick_arrives() {
    // More than the first packets of a connection may carry.
    let words: Vec<_> = (0..40_u8).map(|n| vec![n; 1_000]).collect();
    let mut world = World::new(config(), 7, Weather::CLEAR);
    let (browser, peer, channel, id) = world.joined(reliable("chat"));
    for word in &words {
        let sent = world.endpoint.send(peer, id, Message::binary(word), Delivery::Reliable);
        assert_eq!(sent, Ok(Sent::Queued));
    }
    world.endpoint.kick(world.now, peer);
    // The second is as if it had not been.
    world.endpoint.kick(world.now, peer);
    let late = world.endpoint.send(peer, id, Message::text("late"), Delivery::Reliable);
    assert_eq!(late.unwrap_err().refusal, Refusal::NoPeer);
    world.run(Duration::from_secs(3));
    assert_eq!(world.browsers[browser].take_messages(channel).len(), words.len());
    assert!(!world.browsers[browser].rtc.is_alive(), "the browser was told");
    assert_eq!(world.reason(peer), Some(Reason::Local));
    assert!(world.endpoint.is_bare());
}

#[test]
fn a_closed_endpoint_ends_all_and_takes_none() {
    let mut world = World::new(config(), 8, Weather::CLEAR);
    let (_, first, _, _) = world.joined(reliable("chat"));
    let (_, second, _) = world.join(reliable("chat"));
    let (offer, _) = {
        let index = world.browser();
        world.browsers[index].offer(reliable("late"))
    };
    world.endpoint.close(world.now);
    assert_eq!(world.endpoint.accept(world.now, &offer), Err(OfferError::Closing));
    world.until(|world| world.endpoint.is_done());
    assert_eq!((world.gone(first), world.gone(second)), (Reason::Local, Reason::Local));
    assert!(world.endpoint.is_bare());
}

#[test]
fn what_is_sent_in_a_row_shares_packets() {
    let mut world = World::new(config(), 9, Weather::CLEAR);
    let (_, peer, _, id) = world.joined(unreliable("state"));
    world.run(Duration::from_secs(1));
    for n in 0..10_u8 {
        let sent = world.endpoint.send(peer, id, Message::binary(vec![n; 50]), Delivery::Droppable);
        assert_eq!(sent, Ok(Sent::Queued));
    }
    let datagrams = std::iter::from_fn(|| world.endpoint.poll_transmit()).count();
    assert_eq!(datagrams, 1);
}

#[test]
fn an_endpoint_moves_between_threads() {
    fn moves<T: Send + Sync + 'static>() {}
    moves::<socker_rtc::Endpoint>();
    moves::<Event>();
}
