//! Whole sessions, from the offer to the end.

mod common;

use std::time::Duration;

use common::{World, browser::reliable, config, link::Weather};
use socker_rtc::{ChannelConfig, Event, Message, Reason};

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
