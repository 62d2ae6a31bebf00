//! Game servers by their own machine, joined to a directory by connections that are slow and break.

use std::collections::VecDeque;
use std::time::Duration;

use socker_core::directory::codec::{Candidate, Message, Sender};
use socker_core::directory::{Limits, Registration, RegistrationEvent, Role};
use socker_core::service::PeerId;

use super::{Heard, Stage};

/// Something that is done. Servers and clients are numbered; the numbers wrap.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ServerStep {
    /// A connection is open; one that was there before has ended.
    Open(u8),
    /// The connection ends, and what is on its way is lost.
    Break(u8),
    /// A message comes that was sent over a connection before.
    Late(u8),
    Update(u8, u8),
    Deregister(u8),
    Register(u8),
    /// So many messages of the server reach the directory.
    Up(u8, u8),
    /// So many messages of the directory reach the server.
    Down(u8, u8),
    /// A client makes an offer to a server, if that is listed.
    Offer(u8, u8),
    /// The server looks at what it was told.
    Poll(u8),
    /// It answers, rejects or tells a candidate to the client of the last offer that it has seen.
    Answer(u8),
    Reject(u8),
    Candidate(u8),
    /// So many milliseconds pass at the directory.
    Wait(u16),
}

/// How many servers there are, of which [`LISTED`] may be listed, and how many clients.
const SERVERS: u8 = 2;
const LISTED: usize = 1;
const CLIENTS: u8 = 2;

/// The last is no JSON.
const METADATA: [&str; 4] = ["{}", "{\"name\":\"arena\"}", "[1,2]", "{"];

/// Does all of this to some servers and their directory, and compares each with what it has to be:
/// what it says, what it is told, and whether it is listed.
///
/// # Panics
/// One does something else.
pub fn run_servers(steps: impl IntoIterator<Item = ServerStep>) {
    let mut stage = Stage::new(Limits::default().servers(LISTED).tick(Duration::from_millis(20)));
    for number in 0..CLIENTS {
        assert!(stage.open(client(number), Role::Client));
    }
    let mut servers: Vec<_> = (0..SERVERS).map(Server::new).collect();
    for step in steps {
        act(&mut stage, &mut servers, &step);
        servers.iter().for_each(Server::check);
    }
    settle(&mut stage, &mut servers);
}

/// A game server, its connection, and what has to be true of it.
struct Server {
    registration: Registration,
    number: u8,
    /// How often it has connected.
    generation: u32,
    /// What it wants.
    metadata: &'static str,
    wanted: bool,
    open: bool,
    /// What it has to say, and what has gone on its way.
    to_say: VecDeque<Vec<u8>>,
    up: VecDeque<Vec<u8>>,
    down: VecDeque<Vec<u8>>,
    /// What it has to be told.
    untold: VecDeque<RegistrationEvent>,
    /// The client of the last offer that it has seen.
    offered: u32,
}

impl Server {
    fn new(number: u8) -> Self {
        Self {
            registration: Registration::new(METADATA[0]).unwrap(),
            number,
            generation: 0,
            metadata: METADATA[0],
            wanted: true,
            open: false,
            to_say: VecDeque::new(),
            up: VecDeque::new(),
            down: VecDeque::new(),
            untold: VecDeque::new(),
            offered: 0,
        }
    }

    fn peer(&self) -> PeerId {
        PeerId::new(self.number.into(), self.generation)
    }

    fn has_to_say(&mut self, message: &Message<'_>) {
        if self.open {
            self.to_say.push_back(message.encode(Sender::Server).unwrap());
        }
    }

    fn has_to_register(&mut self) {
        let metadata = self.metadata.into();
        self.has_to_say(&Message::Register { metadata });
    }

    /// What belonged to the connection is forgotten with it.
    fn breaks(&mut self) {
        self.open = false;
        self.to_say.clear();
        self.up.clear();
        self.down.clear();
        self.untold.retain(|event| matches!(event, RegistrationEvent::Problem { .. }));
    }

    fn read(&mut self, bytes: &[u8]) {
        self.registration.read(bytes);
        if !self.open {
            return;
        }
        let told = match Message::decode(Sender::DirectoryToServer, bytes).unwrap() {
            // It has said meanwhile that it is not to be listed.
            Message::Registered { .. } if !self.wanted => return,
            Message::Registered { id } => RegistrationEvent::Registered { id },
            Message::Offer { id: client, sdp } => {
                RegistrationEvent::Offer { client, sdp: sdp.into_owned() }
            }
            Message::Problem { code, text } => {
                RegistrationEvent::Problem { code, text: text.into_owned() }
            }
            other => panic!("a server was told {other:?}"),
        };
        self.untold.push_back(told);
    }

    fn poll(&mut self) {
        while let Some(event) = self.registration.poll_event() {
            if let RegistrationEvent::Offer { client, .. } = event {
                self.offered = client;
            }
            assert_eq!(Some(event), self.untold.pop_front());
        }
        assert_eq!(self.untold.pop_front(), None);
    }

    /// All that is to be said goes on its way, and nothing else.
    fn say(&mut self) {
        while let Some(message) = self.registration.poll_message() {
            assert_eq!(Some(&message), self.to_say.pop_front().as_ref());
            self.up.push_back(message);
        }
        assert_eq!(self.to_say.pop_front(), None);
    }

    fn check(&self) {
        let may_be_listed = self.wanted && self.open;
        assert!(self.registration.id().is_none() || may_be_listed, "an id, and not listed");
    }
}

fn client(number: u8) -> PeerId {
    PeerId::new(u32::from(SERVERS + number % CLIENTS), 0)
}

fn act(stage: &mut Stage, servers: &mut [Server], step: &ServerStep) {
    let of = |number: u8| usize::from(number % SERVERS);
    match *step {
        ServerStep::Wait(millis) => stage.pass(Duration::from_millis(millis.into())),
        ServerStep::Offer(number, server) => {
            let Some(id) = servers[of(server)].registration.id() else { return };
            stage.say(client(number), &Message::Offer { id, sdp: "v=0".into() });
        }
        ServerStep::Open(number) => {
            let server = &mut servers[of(number)];
            stage.gone(server.peer());
            server.breaks();
            server.generation += 1;
            server.open = true;
            assert!(stage.open(server.peer(), Role::Server));
            server.registration.opened();
            if server.wanted {
                server.has_to_register();
            }
        }
        ServerStep::Break(number) => {
            let server = &mut servers[of(number)];
            stage.gone(server.peer());
            server.registration.closed();
            server.breaks();
        }
        ServerStep::Late(number) => {
            let server = &mut servers[of(number)];
            if !server.open {
                let registered = Message::Registered { id: 7 };
                server.registration.read(&registered.encode(Sender::DirectoryToServer).unwrap());
            }
        }
        ServerStep::Up(number, count) => up(stage, &mut servers[of(number)], count),
        ServerStep::Down(number, count) => down(stage, &mut servers[of(number)], count),
        ServerStep::Update(number, metadata) => {
            let server = &mut servers[of(number)];
            let metadata = METADATA[usize::from(metadata) % METADATA.len()];
            let updated = server.registration.update(metadata);
            assert_eq!(updated.is_ok(), metadata != "{");
            if updated.is_ok() {
                server.metadata = metadata;
                if server.wanted {
                    server.has_to_register();
                }
            }
        }
        ServerStep::Deregister(number) => {
            let server = &mut servers[of(number)];
            server.registration.deregister();
            if std::mem::replace(&mut server.wanted, false) {
                server.has_to_say(&Message::Deregister);
            }
        }
        ServerStep::Register(number) => {
            let server = &mut servers[of(number)];
            server.registration.register();
            if !std::mem::replace(&mut server.wanted, true) {
                server.has_to_register();
            }
        }
        ServerStep::Poll(number) => servers[of(number)].poll(),
        ServerStep::Answer(number) => {
            let server = &mut servers[of(number)];
            let id = server.offered;
            server.registration.answer(id, "v=0");
            server.has_to_say(&Message::Answer { id, sdp: "v=0".into() });
        }
        ServerStep::Reject(number) => {
            let server = &mut servers[of(number)];
            let id = server.offered;
            server.registration.reject(id);
            server.has_to_say(&Message::Reject { id });
        }
        ServerStep::Candidate(number) => {
            let server = &mut servers[of(number)];
            let id = server.offered;
            let candidate = || {
                let candidate = "candidate:1".into();
                Some(Candidate { mid: "0".into(), m_line_index: 0, candidate })
            };
            server.registration.candidate(id, candidate());
            server.has_to_say(&Message::Candidate { id, candidate: candidate() });
        }
    }
}

fn up(stage: &mut Stage, server: &mut Server, count: u8) {
    server.say();
    for _ in 0..count {
        let Some(message) = server.up.pop_front() else { return };
        stage.say_bytes(server.peer(), &message);
    }
}

fn down(stage: &mut Stage, server: &mut Server, count: u8) {
    for heard in stage.heard(server.peer()) {
        let Heard::Bytes(bytes) = heard else { panic!("{heard:?}") };
        server.down.push_back(bytes);
    }
    for _ in 0..count {
        let Some(message) = server.down.pop_front() else { return };
        server.read(&message);
    }
}

/// All that is on its way arrives: then both sides know the same.
fn settle(stage: &mut Stage, servers: &mut [Server]) {
    for server in &mut *servers {
        up(stage, server, u8::MAX);
    }
    let wanted = servers.iter().filter(|server| server.wanted && server.open).count();
    // One that was refused does not ask again by itself.
    assert!(stage.directory().servers().count() <= wanted.min(LISTED));
    for server in servers {
        down(stage, server, u8::MAX);
        server.check();
        server.poll();
        let directory = stage.directory();
        let peer = server.peer();
        let listed = directory.servers().find(|(id, _)| directory.server(*id) == Some(peer));
        assert_eq!(server.registration.id(), listed.map(|(id, _)| id), "its id");
        if let Some((_, metadata)) = listed {
            assert_eq!(metadata, server.metadata);
        }
    }
}
