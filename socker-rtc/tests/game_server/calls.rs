//! Calls in any order, with any names and messages.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use socker_core::directory::codec::Message as Said;
use socker_rtc::{ChannelConfig, Delivery, Event, Message, PeerId};

use crate::{
    common::{browser::reliable, config, host, server as announced},
    world::World,
};

#[derive(Clone, Debug)]
enum Call {
    Opened,
    Closed,
    /// Of a page that has made its connection anew.
    Offer(u32),
    OfferAgain(usize, u32),
    Say(u8, u32, String),
    Noise(Vec<u8>),
    Datagram(Vec<u8>),
    Send(usize, usize),
    Open(usize),
    CloseChannel(usize),
    Kick(usize),
    Update(String),
    Close,
    PollMessage,
    PollEvent,
    Jump(u64),
    Run(u64),
}

fn call() -> impl Strategy<Value = Call> {
    let (peer, client) = (0..4_usize, 0..3_u32);
    prop_oneof![
        3 => Just(Call::Opened),
        1 => Just(Call::Closed),
        4 => client.clone().prop_map(Call::Offer),
        2 => (peer.clone(), client.clone()).prop_map(|(peer, client)| Call::OfferAgain(peer, client)),
        2 => (0..20_u8, client, "\\PC{0,20}").prop_map(|(kind, id, text)| Call::Say(kind, id, text)),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Call::Noise),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Call::Datagram),
        3 => (peer.clone(), 0..3_000_usize).prop_map(|(peer, length)| Call::Send(peer, length)),
        1 => peer.clone().prop_map(Call::Open),
        1 => peer.clone().prop_map(Call::CloseChannel),
        2 => peer.prop_map(Call::Kick),
        1 => "(\\[\\])?.?".prop_map(Call::Update),
        1 => Just(Call::Close),
        1 => Just(Call::PollMessage),
        1 => Just(Call::PollEvent),
        1 => (0..20_000_u64).prop_map(Call::Jump),
        6 => (1..500_u64).prop_map(Call::Run),
    ]
}

/// Carries the calls out, and hands answers to the browsers that wait for them.
struct Play {
    world: World,
    /// Whose offer a client has made last.
    offers: BTreeMap<u32, usize>,
}

impl Play {
    fn call(&mut self, call: &Call) {
        let channel = self.world.events.iter().find_map(|(_, event)| match event {
            Event::Opened { channel, .. } => Some(*channel),
            _ => None,
        });
        let players: Vec<_> = self.world.events.iter().map(|(player, _)| *player).collect();
        let player = |index: &usize| players.get(*index).or(players.last()).copied();
        let World { now, server, events, .. } = &mut self.world;
        match call {
            Call::Opened => server.directory_opened(),
            Call::Closed => server.directory_closed(),
            Call::Offer(client) => {
                let browser = self.world.browser();
                let sdp = self.world.browsers[browser].offer(reliable("chat")).0;
                self.offer(browser, *client, sdp);
            }
            Call::OfferAgain(browser, client) => {
                let Some(there) = self.world.browsers.get_mut(*browser) else { return };
                let sdp = there.offer_again();
                self.offer(*browser, *client, sdp);
            }
            Call::Say(kind, id, text) => {
                let bytes = [&[*kind][..], &id.to_be_bytes(), text.as_bytes()].concat();
                server.directory_said(*now, &bytes);
            }
            Call::Noise(bytes) => server.directory_said(*now, bytes),
            Call::Datagram(bytes) => server.receive(*now, host(1), announced(), bytes),
            Call::Send(index, length) => {
                let (Some(player), Some(channel)) = (player(index), channel) else { return };
                let message = Message::binary(vec![7; *length]);
                let _ = server.send(player, channel, message, Delivery::Droppable);
            }
            Call::Open(index) => {
                let Some(player) = player(index) else { return };
                let _ = server.open_channel(*now, player, ChannelConfig::new("more"));
            }
            Call::CloseChannel(index) => {
                let (Some(player), Some(channel)) = (player(index), channel) else { return };
                server.close_channel(*now, player, channel);
            }
            Call::Kick(index) => player(index).into_iter().for_each(|it| server.kick(*now, it)),
            Call::Update(metadata) => drop(server.update(metadata)),
            Call::Close => server.close(*now),
            Call::PollMessage => drop(server.poll_message()),
            Call::PollEvent => events.extend(server.poll_event()),
            Call::Jump(millis) => *now = *now + Duration::from_millis(*millis),
            Call::Run(millis) => self.run(Duration::from_millis(*millis)),
        }
    }

    fn offer(&mut self, browser: usize, client: u32, sdp: String) {
        self.offers.insert(client, browser);
        self.world.say(&Said::Offer { id: client, sdp: sdp.into() });
    }

    fn run(&mut self, duration: Duration) {
        self.world.flush();
        for said in self.world.take_heard() {
            let Said::Answer { id, sdp } = said else { continue };
            if let Some(browser) = self.offers.remove(&id) {
                self.world.browsers[browser].try_answered(&sdp);
            }
        }
        self.world.run(duration);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_order_of_calls_is_wrong(calls in prop::collection::vec(call(), 1..60)) {
        let mut play = Play { world: World::new(config().peers(3)), offers: BTreeMap::new() };
        for it in &calls {
            play.call(it);
        }
        let world = &mut play.world;
        world.server.close(world.now);
        world.run(Duration::from_secs(3));
        prop_assert!(world.server.is_done() && world.server.is_bare());
        let ended = |(_, event): &&(PeerId, Event)| matches!(event, Event::Disconnected { .. });
        let ends = world.events.iter().filter(ended).count() as u64;
        prop_assert_eq!(ends, world.server.endpoint().counters().accepted);
    }
}
