//! Calls in any order, with any ids and times.

mod common;

use std::{collections::BTreeMap, time::Duration};

use common::{World, browser::reliable, config, host, link::Weather, server};
use proptest::prelude::*;
use socker_rtc::{ChannelConfig, Delivery, Event, Instant, Message, PeerId};

/// Milliseconds, beyond all that the operating system's clocks can tell for sure.
const CENTURIES: u64 = 150 * 365 * 24 * 60 * 60 * 1_000;

#[derive(Clone, Debug)]
enum Call {
    Join,
    Accept(String),
    AcceptAgain(usize),
    Candidate(usize, String),
    Receive(u8, Vec<u8>),
    Open(usize, usize),
    CloseChannel(usize, usize),
    Send(usize, usize, usize, bool),
    Kick(usize),
    Close,
    Jump(u64),
    Back,
    Timeout,
    PollEvent,
    PollTransmit,
    Browser(usize, usize),
    Run(u64),
}

fn call() -> impl Strategy<Value = Call> {
    let (peer, channel) = (0..6_usize, 0..5_usize);
    prop_oneof![
        3 => Just(Call::Join),
        1 => "\\PC{0,40}".prop_map(Call::Accept),
        1 => peer.clone().prop_map(Call::AcceptAgain),
        1 => (peer.clone(), "(candidate:)?\\PC{0,40}").prop_map(|(peer, it)| Call::Candidate(peer, it)),
        1 => (any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(from, it)| Call::Receive(from, it)),
        2 => (peer.clone(), 0..300_usize).prop_map(|(peer, length)| Call::Open(peer, length)),
        2 => (peer.clone(), channel.clone()).prop_map(|(peer, it)| Call::CloseChannel(peer, it)),
        6 => (peer.clone(), channel.clone(), 0..200_000_usize, any::<bool>())
            .prop_map(|(peer, channel, length, reliable)| Call::Send(peer, channel, length, reliable)),
        1 => peer.clone().prop_map(Call::Kick),
        1 => Just(Call::Close),
        1 => prop_oneof![0..20_000_u64, Just(CENTURIES)].prop_map(Call::Jump),
        1 => Just(Call::Back),
        2 => Just(Call::Timeout),
        3 => Just(Call::PollEvent),
        3 => Just(Call::PollTransmit),
        3 => (peer, channel).prop_map(|(peer, it)| Call::Browser(peer, it)),
        6 => (1..2_000_u64).prop_map(Call::Run),
    ]
}

/// Plays the calls, and notes what a script needs to name peers and channels.
struct Play {
    world: World,
    peers: Vec<PeerId>,
    channels: Vec<socker_rtc::ChannelId>,
    theirs: Vec<str0m::channel::ChannelId>,
}

impl Play {
    fn new() -> Self {
        let world = World::new(config().peers(4).channels(3), 1, Weather::STORM);
        Self { world, peers: Vec::new(), channels: Vec::new(), theirs: Vec::new() }
    }

    fn peer(&self, index: usize) -> Option<PeerId> {
        self.peers.get(index).or(self.peers.last()).copied()
    }

    fn call(&mut self, call: &Call) {
        let now = self.world.now;
        match call {
            Call::Join => self.join(),
            Call::Accept(offer) => assert!(self.world.endpoint.accept(now, offer).is_err()),
            Call::Receive(from, datagram) => {
                self.world.endpoint.receive(now, host(usize::from(*from)), server(), datagram);
            }
            Call::Close => self.world.endpoint.close(now),
            // Not to the end of time, where nothing can follow.
            Call::Jump(millis) if now < Instant::START + Duration::from_millis(CENTURIES) => {
                self.world.now = now + Duration::from_millis(*millis);
            }
            Call::Jump(_) => {}
            Call::Back => self.world.endpoint.handle_timeout(Instant::START),
            Call::Timeout => self.world.endpoint.handle_timeout(now),
            Call::PollEvent => self.world.events.extend(self.world.endpoint.poll_event()),
            Call::PollTransmit => drop(self.world.endpoint.poll_transmit()),
            Call::Browser(index, channel) => self.browser(*index, *channel),
            Call::Run(millis) => self.world.run(Duration::from_millis(*millis)),
            Call::AcceptAgain(index) | Call::Candidate(index, _) | Call::Kick(index) => {
                self.about(*index, call);
            }
            Call::Open(index, _) | Call::CloseChannel(index, _) | Call::Send(index, ..) => {
                self.about(*index, call);
            }
        }
    }

    fn join(&mut self) {
        let browser = self.world.browser();
        let (offer, channel) = self.world.browsers[browser].offer(reliable("chat"));
        self.theirs.push(channel);
        if let Ok((peer, answer)) = self.world.endpoint.accept(self.world.now, &offer) {
            self.peers.push(peer);
            self.world.browsers[browser].answered(&answer);
        }
    }

    fn about(&mut self, index: usize, call: &Call) {
        let Some(peer) = self.peer(index) else { return };
        let (now, endpoint) = (self.world.now, &mut self.world.endpoint);
        let channel = |index: usize| self.channels.get(index).or(self.channels.first()).copied();
        match call {
            Call::AcceptAgain(_) => drop(endpoint.accept_again(now, peer, "v=0")),
            Call::Candidate(_, line) => drop(endpoint.candidate(now, peer, line)),
            Call::Kick(_) => endpoint.kick(now, peer),
            Call::Open(_, length) => {
                let config = ChannelConfig::new("l".repeat(*length));
                self.channels.extend(endpoint.open_channel(now, peer, config));
            }
            Call::CloseChannel(_, index) => {
                channel(*index).into_iter().for_each(|it| endpoint.close_channel(now, peer, it));
            }
            Call::Send(_, index, length, reliable) => {
                let delivery = if *reliable { Delivery::Reliable } else { Delivery::Droppable };
                let message = Message::binary(vec![7; *length]);
                let Some(channel) = channel(*index) else { return };
                if let Err(error) = endpoint.send(peer, channel, message.clone(), delivery) {
                    assert_eq!(error.message, message);
                }
            }
            _ => {}
        }
    }

    fn browser(&mut self, index: usize, action: usize) {
        let Some(browser) = self.world.browsers.get_mut(index) else { return };
        match action {
            0 => drop(browser.rtc.close()),
            1 => drop(browser.open(reliable("more"))),
            2 => browser.close_channel(self.theirs[index]),
            3 => self.world.link.cut.push(browser.address),
            _ => drop(browser.send(self.theirs[index], true, &[1; 5_000])),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_order_of_calls_is_wrong(calls in prop::collection::vec(call(), 1..60)) {
        let mut play = Play::new();
        for it in &calls {
            play.call(it);
        }
        let world = &mut play.world;
        world.endpoint.close(world.now);
        world.run(Duration::from_secs(3));
        prop_assert!(world.endpoint.is_done() && world.endpoint.is_bare());

        // Each has one end, and nothing after it.
        let mut ends: BTreeMap<PeerId, u32> = play.peers.iter().map(|peer| (*peer, 0)).collect();
        for (peer, event) in &play.world.events {
            let ended = ends.get_mut(peer).unwrap();
            prop_assert_eq!(*ended, 0);
            *ended += u32::from(matches!(event, Event::Disconnected { .. }));
        }
        prop_assert!(ends.values().all(|ended| *ended == 1), "{:?}", ends);
    }
}
