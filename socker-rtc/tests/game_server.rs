//! A game server in a directory: its players by the directory's names for them.

mod common;

use std::{
    collections::BTreeMap,
    time::{self, Duration},
};

use common::{
    browser::{Browser, reliable},
    config, host,
    link::Datagram,
    server as announced,
};
use proptest::prelude::*;
use socker_core::directory::{
    MetadataError, Registration,
    codec::{Candidate, Message as Said, Sender},
};
use socker_rtc::{
    ChannelConfig, ChannelId, Config, ConfigError, Delivery, Event, Instant, Message, PeerId,
    Reason, game_server::GameServer,
};

/// How far a step goes.
const STEP: Duration = Duration::from_millis(10);

/// A game server, its directory and its browsers, between which nothing takes time.
struct World {
    now: Instant,
    base: time::Instant,
    server: GameServer,
    browsers: Vec<Browser>,
    /// What the directory was told.
    heard: Vec<Said<'static>>,
    events: Vec<(PeerId, Event)>,
}

impl World {
    fn new(config: Config) -> Self {
        // Any moment would do.
        #[expect(clippy::disallowed_methods)]
        let base = time::Instant::now();
        let server = GameServer::new(base, config, Registration::new("{}").unwrap()).unwrap();
        let now = Instant::START;
        Self { now, base, server, browsers: Vec::new(), heard: Vec::new(), events: Vec::new() }
    }

    /// One whose directory has listed it.
    fn listed() -> Self {
        let mut world = Self::new(config());
        world.server.directory_opened();
        world.say(&Said::Registered { id: 2 });
        world.flush();
        assert_eq!(world.take_heard(), [Said::Register { metadata: "{}".into() }]);
        world
    }

    /// The directory says something.
    fn say(&mut self, message: &Said<'_>) {
        let bytes = message.encode(Sender::DirectoryToServer).unwrap();
        self.server.directory_said(self.now, &bytes);
    }

    fn take_heard(&mut self) -> Vec<Said<'static>> {
        std::mem::take(&mut self.heard)
    }

    fn std_now(&self) -> time::Instant {
        self.base + self.now.since(Instant::START)
    }

    fn browser(&mut self) -> usize {
        let browser = Browser::new(self.std_now(), host(self.browsers.len() + 1));
        self.browsers.push(browser);
        self.browsers.len() - 1
    }

    /// A browser's offer, which a client of the directory makes.
    fn offer(&mut self, browser: usize, client: u32) {
        let (sdp, _) = self.browsers[browser].offer(reliable("chat"));
        self.say(&Said::Offer { id: client, sdp: sdp.into() });
        self.flush();
    }

    /// The browser of a client gets the server's answer, which is all that the directory has heard.
    fn answer(&mut self, browser: usize, client: u32) {
        match &self.take_heard()[..] {
            [Said::Answer { id, sdp }] if *id == client => self.browsers[browser].answered(sdp),
            heard => panic!("{heard:?}"),
        }
    }

    /// A player, by a client's offer, with an open channel.
    fn joined(&mut self, client: u32) -> (usize, PeerId, ChannelId) {
        let browser = self.browser();
        self.offer(browser, client);
        self.answer(browser, client);
        let known = self.events.len();
        self.until(|world| world.events[known..].iter().any(|(_, event)| is_opened(event)));
        let (player, event) =
            self.events[known..].iter().find(|(_, event)| is_opened(event)).unwrap();
        match event {
            Event::Opened { channel, .. } => (browser, *player, *channel),
            event => panic!("{event:?}"),
        }
    }

    /// Sends what there is to send, until there is no more.
    fn flush(&mut self) {
        while let Some(message) = self.server.poll_message() {
            self.heard.push(decoded(&message));
        }
        while let Some(event) = self.server.poll_event() {
            self.events.push(event);
        }
        assert!(!self.server.has_events());
        while let Some(sent) = self.server.poll_transmit() {
            let datagram = Datagram {
                from: sent.source,
                to: sent.destination,
                payload: sent.payload.to_vec(),
            };
            let now = self.std_now();
            for browser in self.browsers.iter_mut().filter(|it| it.address == datagram.to) {
                browser.receive(now, &datagram);
            }
        }
        for browser in &mut self.browsers {
            for sent in browser.drain() {
                self.server.receive(self.now, sent.from, sent.to, &sent.payload);
            }
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.flush();
            self.now = self.now + STEP;
            let now = self.std_now();
            self.browsers.iter_mut().for_each(|browser| browser.tick(now));
            self.server.handle_timeout(self.now);
        }
        self.flush();
    }

    fn until(&mut self, mut is: impl FnMut(&mut Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !is(self) {
            assert!(self.now < end, "it never was, after {:?}", self.events);
            self.run(STEP);
        }
    }

    /// Whether a player hears what it says.
    fn echoes(&mut self, browser: usize, player: PeerId, channel: ChannelId) -> bool {
        let said = Message::text("are you there");
        self.server.send(player, channel, said, Delivery::Reliable).unwrap();
        self.run(Duration::from_millis(100));
        let heard = |event: &str0m::Event| matches!(event, str0m::Event::ChannelData(_));
        let count = self.browsers[browser].events.len();
        self.browsers[browser].events.retain(|event| !heard(event));
        self.browsers[browser].events.len() < count
    }

    fn end_of(&self, player: PeerId) -> Option<Reason> {
        self.events.iter().find_map(|(who, event)| match event {
            Event::Disconnected { reason } if *who == player => Some(*reason),
            _ => None,
        })
    }
}

fn decoded(message: &[u8]) -> Said<'static> {
    // Only what a server says is told apart here; what is borrowed is made owned.
    match Said::decode(Sender::Server, message).unwrap() {
        Said::Register { metadata } => Said::Register { metadata: metadata.into_owned().into() },
        Said::Answer { id, sdp } => Said::Answer { id, sdp: sdp.into_owned().into() },
        Said::Reject { id } => Said::Reject { id },
        Said::Deregister => Said::Deregister,
        other => panic!("{other:?}"),
    }
}

fn is_opened(event: &Event) -> bool {
    matches!(event, Event::Opened { .. })
}

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
        prop_assert!(world.server.is_done() && world.server.endpoint().is_bare());
        let ended = |(_, event): &&(PeerId, Event)| matches!(event, Event::Disconnected { .. });
        let ends = world.events.iter().filter(ended).count() as u64;
        prop_assert_eq!(ends, world.server.endpoint().counters().accepted);
    }
}
