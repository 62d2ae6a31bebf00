//! Anything that servers, clients and the program may do, in any order, done to a directory and to
//! its model.

use std::time::Duration;

use socker_core::Instant;
use socker_core::directory::codec::{Candidate, DecodeError, Message, Sender};
use socker_core::directory::{Limits, Role};
use socker_core::service::PeerId;

use super::{Heard, Model, Stage};

/// Something that is done. Peers are numbered, servers first; an `other` is one of the other side.
/// The numbers wrap.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Step {
    /// A peer that is not there connects.
    Open(u8),
    /// The connection ends.
    Leave(u8),
    Register {
        server: u8,
        metadata: u8,
    },
    Update {
        server: u8,
        metadata: u8,
    },
    Deregister(u8),
    Offer {
        client: u8,
        other: u8,
        long: bool,
    },
    Answer {
        server: u8,
        other: u8,
    },
    ServerCandidate {
        server: u8,
        other: u8,
        end: bool,
    },
    ClientCandidate {
        client: u8,
        other: u8,
        end: bool,
    },
    Reject {
        server: u8,
        other: u8,
    },
    /// So many milliseconds pass.
    Wait(u16),
    /// The clock jumps to the directory's time-out, or to just before it.
    Timeout {
        before: bool,
    },
    /// The clock jumps by an hour.
    Hour,
    /// Any bytes.
    Say(u8, Vec<u8>),
    Text(u8),
    TooMuch(u8),
    /// The program takes a server from the list.
    Remove(u8),
}

const SERVERS: u8 = 4;
const CLIENTS: u8 = 4;

/// Metadata, of which some are wrong.
const METADATA: [&str; 6] = [
    "{}",
    "{\"name\":\"arena\"}",
    "[1,2]",
    "not JSON",
    "\"\u{e9}\"",
    "[1,2,3,4,5,6,7,8,9,10,11,12]",
];

/// Limits that are soon reached.
fn limits() -> Limits {
    let limits = Limits::default().servers(3).metadata(24).sdp(20).candidates(3).offers(2);
    limits.clients(3).offer_rate(4).offer_burst(8).offer_timeout(Duration::from_secs(2))
}

struct Walk {
    stage: Stage,
    model: Model,
    /// How often each number has connected, and whether it is there.
    peers: Vec<(u32, bool)>,
}

/// Does all of this, and compares after each.
pub fn run(steps: impl IntoIterator<Item = Step>) {
    let mut walk = Walk {
        stage: Stage::new(limits()),
        model: Model::new(limits()),
        peers: vec![(0, false); usize::from(SERVERS + CLIENTS)],
    };
    for step in steps {
        walk.step(&step);
        walk.compare();
    }
    walk.end();
}

fn server(number: u8) -> u8 {
    number % SERVERS
}

fn client(number: u8) -> u8 {
    SERVERS + number % CLIENTS
}

impl Walk {
    fn peer(&self, number: u8) -> PeerId {
        PeerId::new(number.into(), self.peers[usize::from(number)].0)
    }

    fn is_there(&self, number: u8) -> bool {
        self.peers[usize::from(number)].1
    }

    /// The id of a peer, or one that nobody has.
    fn id(&self, number: u8) -> u32 {
        self.model.id_of(self.peer(number)).unwrap_or(9_999)
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Open(number) => self.open(number % (SERVERS + CLIENTS)),
            Step::Leave(number) => self.leave(number % (SERVERS + CLIENTS)),
            Step::Wait(millis) => {
                self.time(self.stage.now + Duration::from_millis(millis.into()));
            }
            Step::Timeout { before } => {
                let Some(timeout) = self.model.timeout() else { return };
                let early = Duration::from_nanos(before.into());
                self.time(Instant::at(timeout.since(Instant::START) - early));
            }
            Step::Hour => self.time(self.stage.now + Duration::from_secs(3600)),
            Step::Register { server: number, metadata } => {
                let metadata = METADATA[usize::from(metadata) % METADATA.len()].into();
                self.server_says(server(number), &Message::Register { metadata });
            }
            Step::Update { server: number, metadata } => {
                let metadata = METADATA[usize::from(metadata) % METADATA.len()].into();
                self.server_says(server(number), &Message::Update { metadata });
            }
            Step::Deregister(number) => self.server_says(server(number), &Message::Deregister),
            Step::Answer { server: number, other } => {
                let id = self.id(client(other));
                self.server_says(server(number), &Message::Answer { id, sdp: "v=0".into() });
            }
            Step::Reject { server: number, other } => {
                let id = self.id(client(other));
                self.server_says(server(number), &Message::Reject { id });
            }
            Step::ServerCandidate { server: number, other, end } => {
                let (id, candidate) = (self.id(client(other)), candidate(end));
                self.server_says(server(number), &Message::Candidate { id, candidate });
            }
            Step::Offer { client: number, other, long } => {
                let sdp = if long { "v=0 and far too long for it" } else { "v=0" };
                let id = self.id(server(other));
                self.client_says(client(number), &Message::Offer { id, sdp: sdp.into() });
            }
            Step::ClientCandidate { client: number, other, end } => {
                let (id, candidate) = (self.id(server(other)), candidate(end));
                self.client_says(client(number), &Message::Candidate { id, candidate });
            }
            Step::Say(number, ref bytes) => self.say(number % (SERVERS + CLIENTS), bytes),
            Step::Text(number) => {
                let number = number % (SERVERS + CLIENTS);
                if self.is_there(number) {
                    self.stage.say_text(self.peer(number), "text");
                    self.model.problem(self.peer(number), 1);
                }
            }
            Step::TooMuch(number) => {
                let number = number % (SERVERS + CLIENTS);
                if self.is_there(number) {
                    self.stage.say_too_much(self.peer(number));
                    self.model.problem(self.peer(number), 10);
                }
            }
            Step::Remove(number) => self.remove(server(number)),
        }
    }

    /// Told twice, which makes no difference.
    fn time(&mut self, now: Instant) {
        self.stage.time(now);
        self.stage.time(now);
        self.model.time(now);
    }

    fn open(&mut self, number: u8) {
        if self.is_there(number) {
            return;
        }
        // If the service has closed it, its end comes first.
        let peer = self.peer(number);
        self.stage.gone(peer);
        let (generation, there) = &mut self.peers[usize::from(number)];
        (*generation, *there) = (*generation + 1, true);
        let peer = self.peer(number);
        let role = if number < SERVERS { Role::Server } else { Role::Client };
        let opened = self.stage.open(peer, role);
        assert_eq!(opened, role == Role::Server || self.model.has_room());
        self.peers[usize::from(number)].1 = opened;
        if !opened {
            return;
        }
        if role == Role::Client {
            let id = self.stage.directory().clients().find(|(_, other)| *other == peer);
            self.model.client_opens(peer, id.expect("it is open").0);
        }
    }

    fn leave(&mut self, number: u8) {
        let peer = self.peer(number);
        self.stage.gone(peer);
        self.model.gone(peer);
        self.peers[usize::from(number)].1 = false;
    }

    fn remove(&mut self, number: u8) {
        let peer = self.peer(number);
        let Some(id) = self.model.id_of(peer) else { return };
        assert!(self.stage.program(|directory, cx| directory.remove(cx, id, "not wanted")));
        self.model.delist(peer);
        let heard = self.stage.heard(peer);
        assert_eq!(heard, [Heard::Close(1008, "not wanted".to_owned())]);
        self.peers[usize::from(number)].1 = false;
    }

    /// Any bytes: what they mean decides what comes of them.
    fn say(&mut self, number: u8, bytes: &[u8]) {
        if !self.is_there(number) {
            return;
        }
        let sender = if number < SERVERS { Sender::Server } else { Sender::Client };
        match Message::decode(sender, bytes) {
            Ok(message) if sender == Sender::Server => self.server_says(number, &message),
            Ok(message) => self.client_says(number, &message),
            Err(_) => {
                self.stage.say_bytes(self.peer(number), bytes);
                self.model.problem(self.peer(number), 2);
            }
        }
    }

    fn server_says(&mut self, number: u8, message: &Message<'_>) {
        if !self.is_there(number) {
            return;
        }
        let peer = self.peer(number);
        self.stage.say(peer, message);
        if self.candidate_is_too_long(peer, message) {
            return;
        }
        match message {
            Message::Register { metadata } => {
                let known = self.model.servers().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
                let new = self.stage.directory().servers().map(|(id, _)| id);
                let new = new.into_iter().find(|id| !known.contains(id));
                self.model.register(peer, metadata, new);
            }
            Message::Update { metadata } => match self.model.id_of(peer) {
                None => self.model.problem(peer, 5),
                Some(_) => self.model.register(peer, metadata, None),
            },
            Message::Deregister => self.model.deregister(peer),
            Message::Answer { id, sdp } => self.model.answer(peer, *id, sdp),
            Message::Reject { id } => self.model.server_rejects(peer, *id),
            Message::Candidate { id, candidate } => {
                // As the client hears it.
                let own = self.model.id_of(peer).unwrap_or_default();
                let relayed = Message::Candidate { id: own, candidate: candidate.clone() };
                self.model.server_candidate(peer, *id, &relayed);
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn client_says(&mut self, number: u8, message: &Message<'_>) {
        if !self.is_there(number) {
            return;
        }
        let peer = self.peer(number);
        self.stage.say(peer, message);
        if self.candidate_is_too_long(peer, message) {
            return;
        }
        match message {
            Message::Offer { id, sdp } => self.model.offer(peer, *id, sdp),
            Message::Candidate { id, candidate } => {
                let own = self.model.id_of(peer).unwrap_or_default();
                let relayed = Message::Candidate { id: own, candidate: candidate.clone() };
                self.model.client_candidate(peer, *id, &relayed);
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn candidate_is_too_long(&mut self, peer: PeerId, message: &Message<'_>) -> bool {
        let Message::Candidate { candidate: Some(candidate), .. } = message else { return false };
        let listed = self.model.id_of(peer).is_some();
        let too_long = listed && candidate.candidate.len() > limits().candidate;
        if too_long {
            self.model.problem(peer, 3);
        }
        too_long
    }

    /// Everybody was told what the model says, and all else is alike.
    fn compare(&mut self) {
        for number in 0..SERVERS + CLIENTS {
            let peer = self.peer(number);
            let sender = match number < SERVERS {
                true => Sender::DirectoryToServer,
                false => Sender::DirectoryToClient,
            };
            let told: Vec<_> =
                self.stage.heard(peer).iter().map(|heard| brief(sender, heard)).collect();
            assert_eq!(told, self.model.told(peer), "{peer}");
        }
        assert!(self.stage.is_silent(), "somebody heard what was not for them");
        let directory = self.stage.directory();
        let servers: Vec<_> = directory.servers().collect();
        assert_eq!(servers, self.model.servers());
        assert_eq!(directory.open_offers(), self.model.open_offers());
        assert_eq!(directory.clients().collect::<Vec<_>>(), self.model.clients());
        for (id, metadata) in servers {
            assert_eq!(directory.server(id), self.model.server(id));
            assert_eq!(directory.metadata(id), Some(metadata));
        }
        assert_eq!(self.stage.poll_timeout(), self.model.timeout());
        assert_eq!(self.stage.events(), self.model.events());
    }

    /// When everybody has left, nothing is left.
    fn end(&mut self) {
        for number in 0..SERVERS + CLIENTS {
            self.leave(number);
        }
        let now = self.stage.now + Duration::from_secs(1);
        self.stage.time(now);
        let directory = self.stage.directory();
        assert_eq!((directory.servers().count(), directory.clients().count()), (0, 0));
        assert_eq!((directory.open_offers(), self.stage.poll_timeout()), (0, None));
    }
}

/// In debug form; of a problem only the code matters.
fn brief(sender: Sender, heard: &Heard) -> String {
    let Heard::Bytes(bytes) = heard else { panic!("closed: {heard:?}") };
    match Message::decode(sender, bytes) {
        Ok(Message::Problem { code, text }) => {
            assert!(!text.is_empty());
            format!("Problem {code}")
        }
        Ok(message) => format!("{message:?}"),
        Err(error @ DecodeError::Empty) => panic!("{error}"),
        Err(error) => panic!("{error}: {bytes:?}"),
    }
}

fn candidate(end: bool) -> Option<Candidate<'static>> {
    let candidate = Candidate { mid: "0".into(), m_line_index: 0, candidate: "candidate:1".into() };
    (!end).then_some(candidate)
}
