//! A game server, its directory and its browsers in memory, with virtual time.

use std::time::{self, Duration};

use socker_core::directory::{
    Registration,
    codec::{Message as Said, Sender},
};
use socker_rtc::{
    ChannelId, Config, Delivery, Event, Instant, Message, PeerId, Reason, game_server::GameServer,
};

use crate::common::{
    browser::{Browser, reliable},
    config, host,
    link::Datagram,
};

/// How far a step goes.
pub(crate) const STEP: Duration = Duration::from_millis(10);

/// A game server, its directory and its browsers, between which nothing takes time.
pub(crate) struct World {
    pub(crate) now: Instant,
    base: time::Instant,
    pub(crate) server: GameServer,
    pub(crate) browsers: Vec<Browser>,
    /// What the directory was told.
    heard: Vec<Said<'static>>,
    pub(crate) events: Vec<(PeerId, Event)>,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        // Any moment would do.
        #[expect(clippy::disallowed_methods)]
        let base = time::Instant::now();
        let server = GameServer::new(base, config, Registration::new("{}").unwrap()).unwrap();
        let now = Instant::START;
        Self { now, base, server, browsers: Vec::new(), heard: Vec::new(), events: Vec::new() }
    }

    /// One whose directory has listed it.
    pub(crate) fn listed() -> Self {
        let mut world = Self::new(config());
        world.server.directory_opened();
        world.say(&Said::Registered { id: 2 });
        world.flush();
        assert_eq!(world.take_heard(), [Said::Register { metadata: "{}".into() }]);
        world
    }

    /// The directory says something.
    pub(crate) fn say(&mut self, message: &Said<'_>) {
        let bytes = message.encode(Sender::DirectoryToServer).unwrap();
        self.server.directory_said(self.now, &bytes);
    }

    pub(crate) fn take_heard(&mut self) -> Vec<Said<'static>> {
        std::mem::take(&mut self.heard)
    }

    fn std_now(&self) -> time::Instant {
        self.base + self.now.since(Instant::START)
    }

    pub(crate) fn browser(&mut self) -> usize {
        let browser = Browser::new(self.std_now(), host(self.browsers.len() + 1));
        self.browsers.push(browser);
        self.browsers.len() - 1
    }

    /// A browser's offer, which a client of the directory makes.
    pub(crate) fn offer(&mut self, browser: usize, client: u32) {
        let (sdp, _) = self.browsers[browser].offer(reliable("chat"));
        self.say(&Said::Offer { id: client, sdp: sdp.into() });
        self.flush();
    }

    /// The browser of a client gets the server's answer, which is all that the directory has heard.
    pub(crate) fn answer(&mut self, browser: usize, client: u32) {
        match &self.take_heard()[..] {
            [Said::Answer { id, sdp }] if *id == client => self.browsers[browser].answered(sdp),
            heard => panic!("{heard:?}"),
        }
    }

    /// A player, by a client's offer, with an open channel.
    pub(crate) fn joined(&mut self, client: u32) -> (usize, PeerId, ChannelId) {
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
    pub(crate) fn flush(&mut self) {
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

    pub(crate) fn run(&mut self, duration: Duration) {
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

    pub(crate) fn until(&mut self, mut is: impl FnMut(&mut Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !is(self) {
            assert!(self.now < end, "it never was, after {:?}", self.events);
            self.run(STEP);
        }
    }

    /// Whether a player hears what it says.
    pub(crate) fn echoes(&mut self, browser: usize, player: PeerId, channel: ChannelId) -> bool {
        let said = Message::text("are you there");
        self.server.send(player, channel, said, Delivery::Reliable).unwrap();
        self.run(Duration::from_millis(100));
        let heard = |event: &str0m::Event| matches!(event, str0m::Event::ChannelData(_));
        let count = self.browsers[browser].events.len();
        self.browsers[browser].events.retain(|event| !heard(event));
        self.browsers[browser].events.len() < count
    }

    pub(crate) fn end_of(&self, player: PeerId) -> Option<Reason> {
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

pub(crate) fn is_opened(event: &Event) -> bool {
    matches!(event, Event::Opened { .. })
}
