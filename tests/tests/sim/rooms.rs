//! Rooms on a simulated network: whoever joins, and whenever, gets all that it should, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use socker_core::handshake::Request;
use socker_core::rooms::{Limits, Rooms};
use socker_core::service::{Budget, Context, Host, PeerId, Service, Verdict};
use socker_core::{CloseCode, CloseReason, Instant, Message, Seed};
use socker_tests::draw::Draw;
use socker_tests::rooms::message;
use socker_tests::sim::{Client, Cut, Join, Net, Sim};

/// The owner's actions have these keys, and half of them are state.
const KEYS: [&str; 4] = ["draw", "slide", "state-a", "state-b"];

const SECOND: Duration = Duration::from_secs(1);

struct World {
    sim: Sim<Watched>,
    draw: Draw,
    owner: usize,
    room: String,
    token: String,
    members: Vec<usize>,
    /// How many actions the owner was to send.
    acted: usize,
}

/// Rooms, and what they were told when.
struct Watched {
    rooms: Rooms,
    /// The owner's actions, as they came.
    actions: Vec<String>,
    /// How many of them had come when a peer joined.
    joined: BTreeMap<PeerId, usize>,
}

impl Service for Watched {
    fn message(&mut self, cx: &mut Context<'_>, peer: PeerId, message: Message<'_>) {
        let text = message.as_text().unwrap().to_owned();
        let before = self.rooms.room_of(peer);
        self.rooms.message(cx, peer, message);
        let Some(room) = self.rooms.room_of(peer) else { return };
        if self.rooms.owner(room) != Some(peer) {
            self.joined.entry(peer).or_insert(self.actions.len());
        } else if before.is_some() {
            self.actions.push(text);
        }
    }

    fn request(&mut self, cx: &mut Context<'_>, peer: PeerId, request: &Request) -> Verdict {
        self.rooms.request(cx, peer, request)
    }

    fn opened(&mut self, cx: &mut Context<'_>, peer: PeerId) {
        self.rooms.opened(cx, peer);
    }

    fn closed(&mut self, cx: &mut Context<'_>, peer: PeerId, reason: &CloseReason) {
        self.rooms.closed(cx, peer, reason);
    }

    fn timeout(&mut self, cx: &mut Context<'_>) {
        self.rooms.timeout(cx);
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.rooms.poll_timeout()
    }
}

/// One run. The owner may be cut off and come back, members come and go, some stall for a while.
pub(crate) fn run(seed: u64) {
    let mut world = World::new(seed);
    let steps = 10 + world.draw.below(30);
    for _ in 0..steps {
        world.step();
        let pause = Duration::from_millis(world.draw.below(120) as u64);
        world.sim.run_for(pause);
    }
    world.settle();
    for member in world.members.clone() {
        world.judge(member);
    }
    world.end();
}

impl World {
    fn new(seed: u64) -> Self {
        let limits = Limits::default();
        let config = limits.config().into();
        let rooms = Rooms::new(Seed::from([7; 16])).limits(limits);
        let (actions, joined) = (Vec::new(), BTreeMap::new());
        let watched = Watched { rooms, actions, joined };
        let sim = Sim::new(seed, Host::with(watched, config, Budget::default()));
        let mut world = Self {
            sim,
            draw: Draw::new(seed),
            owner: 0,
            room: String::new(),
            token: String::new(),
            members: Vec::new(),
            acted: 0,
        };
        world.owner = world.connect();
        world.sim.send(world.owner, Message::text(message(1, "", "", &[], false)));
        let answer = world.answer(world.owner);
        world.room = answer["uuid"].as_str().unwrap().to_owned();
        world.token = answer["token"].as_str().unwrap().to_owned();
        world
    }

    fn connect(&mut self) -> usize {
        let net = Net::draw(&mut self.draw);
        self.sim.join(&Join { net, ..Join::to("/rooms") })
    }

    /// The first text that a client gets.
    fn answer(&mut self, client: usize) -> Value {
        assert!(self.sim.run_while(60 * SECOND, |sim| sim[client].received().is_empty()));
        serde_json::from_str(self.sim[client].texts().next().unwrap()).unwrap()
    }

    fn step(&mut self) {
        match self.draw.below(12) {
            0..3 => {
                let member = self.connect();
                self.sim.send(member, Message::text(message(2, &self.room, "", &[], false)));
                self.members.push(member);
            }
            3 if !self.members.is_empty() => {
                let at = self.draw.below(self.members.len());
                let member = self.members.swap_remove(at);
                self.sim.close(member, CloseCode::Away, "off");
            }
            4 if !self.members.is_empty() => {
                let at = self.draw.below(self.members.len());
                let time = Duration::from_millis(self.draw.below(2000) as u64);
                self.sim.stall_for(self.members[at], time);
            }
            5 => self.lose_owner(),
            6 if !self.members.is_empty() => {
                // It is refused, and nobody else is told.
                let at = self.draw.below(self.members.len());
                let text = message(3, &self.room, "draw", &["not the owner"], true);
                self.sim.send(self.members[at], Message::text(text));
            }
            _ => {
                for _ in 0..=self.draw.below(8) {
                    self.act();
                }
            }
        }
    }

    fn act(&mut self) {
        let key = KEYS[self.draw.below(KEYS.len())];
        let number = self.acted.to_string();
        let padding = "x".repeat(self.draw.below(80));
        let action = message(3, &self.room, key, &[&number, &padding], key.starts_with("state"));
        self.sim.send(self.owner, Message::text(action));
        self.acted += 1;
    }

    /// The owner is cut off, silently or not and whatever is on its way, and comes back by another
    /// connection.
    fn lose_owner(&mut self) {
        let owner = self.owner;
        let cut = [Cut::Eof, Cut::Reset, Cut::Silent][self.draw.below(3)];
        self.sim.cut(owner, cut);
        self.sim.run_for(Duration::from_millis(self.draw.below(3000) as u64));
        self.owner = self.connect();
        let said = format!(
            "{{\"uuid\":\"{}\",\"token\":\"{}\",\"status\":{{\"value\":1}}}}",
            self.room, self.token
        );
        self.sim.send(self.owner, Message::text(said));
        let answer = self.answer(self.owner);
        assert_eq!(answer["resumed"], true, "{answer}");
    }

    fn settle(&mut self) {
        let (owner, members) = (self.owner, self.members.clone());
        let quiet = move |sim: &Sim<_>| {
            let done = |client: &Client| client.is_quiet() && !client.is_stalled();
            done(&sim[owner]) && members.iter().all(|member| done(&sim[*member]))
        };
        assert!(self.sim.run_while(100 * SECOND, |sim| !quiet(sim)), "it does not settle");
    }

    /// A member has got the answer, the state as it was then, and every action from then on.
    fn judge(&self, member: usize) {
        let Watched { actions, joined, .. } = self.sim.host.service();
        let client = &self.sim[member];
        assert!(client.closed().is_none(), "{:?}", client.closed());
        let (before, live) = actions.split_at(joined[&client.peer().unwrap()]);
        let state = state_of(before);
        let refused = |text: &&str| !text.contains("\"error\":\"not-owner\"");
        let mut texts = client.texts().filter(refused);
        let answer: Value = serde_json::from_str(texts.next().unwrap()).unwrap();
        assert_eq!(
            (&answer["status"]["value"], &answer["states"]),
            (&3.into(), &state.len().into())
        );
        let expected: Vec<_> =
            state.into_iter().chain(live.iter().map(|action| &**action)).collect();
        assert_eq!(texts.collect::<Vec<_>>(), expected, "client {member}");
    }

    /// The owner closes the room, and all are told and closed.
    fn end(mut self) {
        self.sim.send(self.owner, Message::text(message(4, &self.room, "", &[], false)));
        self.sim.run_for(60 * SECOND);
        for client in self.members.iter().chain([&self.owner]) {
            let client = &self.sim[*client];
            let words = "the room was closed by its owner";
            assert_eq!(client.closed_by_peer(), Some((1000, words)));
            assert!(client.texts().last().unwrap().contains(words));
        }
        // Those that were cut off silently are found, and nothing is left.
        self.sim.run_for(200 * SECOND);
        assert!(self.sim.host.is_empty() && self.sim.host.service().rooms.is_empty());
        assert_eq!(self.sim.host.outgoing_len(), 0);
        assert_eq!(self.sim.host.poll_timeout(), None);
    }
}

/// The last of each key, in the order in which they were last set.
fn state_of(actions: &[String]) -> Vec<&str> {
    let mut state: Vec<&str> = Vec::new();
    for action in actions {
        for key in KEYS.iter().filter(|key| key.starts_with("state")) {
            let key = format!("\"funcKey\":\"{key}\"");
            if action.contains(&key) {
                state.retain(|other| !other.contains(&key));
                state.push(action);
            }
        }
    }
    state
}
