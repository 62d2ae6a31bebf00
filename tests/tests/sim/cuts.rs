//! A whole exchange of two machines, cut at each byte of each direction, or with a violation before each
//! act: each end is told once, and why, and gives all memory back.

use allocation_counter::measure;
use socker_core::handshake::{Acceptance, Request};
use socker_core::wire;
use socker_core::{CloseCode, CloseReason, Config, Event, Instant, Machine, Message, Role, Seed};
use socker_tests::feed::{Told, Transcript, take_outgoing};
use socker_tests::frames::{Frame, opcode};

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// One direction ends; what is written behind the cut is lost.
    Eof,
    /// Both sides learn that it broke.
    Broken,
    /// Nothing arrives any more, and nobody learns of it.
    Silent,
}

/// One of the two gets what is no frame, before this act; before the first it is no head either.
#[derive(Clone, Copy, Debug)]
struct Violation {
    to: Role,
    act: usize,
}

/// Where: behind so many bytes from one of the two.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from: Role,
    at: usize,
    how: How,
}

/// What the two say, in turn. Fragments are not what a machine sends by itself.
fn acts() -> Vec<(Role, Act)> {
    let text = |len| Act::Say(Message::text("hello ".repeat(len)));
    let fragment =
        |fin, opcode, payload: &[u8]| Frame::fragment(fin, opcode, payload).masked([1, 2, 3, 4]);
    let fragments = [
        fragment(false, opcode::TEXT, b"in p\xC3"),
        Frame::new(opcode::PING, b"between").masked([5, 6, 7, 8]),
        fragment(false, opcode::CONTINUATION, b"\xA4rts"),
        fragment(true, opcode::CONTINUATION, b" of one"),
    ];
    vec![
        (Role::Client, text(1)),
        (Role::Server, Act::Say(Message::binary(vec![7; 140]))),
        (Role::Client, Act::Ping),
        (Role::Client, Act::Bytes(fragments.iter().flat_map(Frame::encode).collect())),
        (Role::Server, Act::Ping),
        (Role::Server, text(2)),
        (Role::Client, Act::Say(Message::binary(vec![8; 20]))),
        (Role::Server, Act::Close),
    ]
}

enum Act {
    Say(Message<'static>),
    Bytes(Vec<u8>),
    Ping,
    Close,
}

struct End {
    machine: Machine,
    transcript: Transcript,
    opened: bool,
    /// It has closed the connection by itself.
    closed: bool,
    /// What it was to send.
    sent: Vec<Message<'static>>,
    /// The bytes that it has written, and whether its direction has ended.
    written: usize,
    ended: bool,
}

struct Pair {
    now: Instant,
    client: End,
    server: End,
    cut: Option<Cut>,
    violation: Option<Violation>,
    /// Nothing arrives any more.
    dead: bool,
}

impl End {
    fn new(machine: Machine) -> Self {
        Self {
            machine,
            transcript: Transcript::default(),
            opened: false,
            closed: false,
            sent: Vec::new(),
            written: 0,
            ended: false,
        }
    }

    fn read(&mut self, now: Instant, bytes: &[u8]) {
        let mut buffer = bytes.to_vec();
        let mut input = &mut buffer[..];
        while let Some(event) = self.machine.read(now, &mut input) {
            match event {
                Event::Incoming(incoming) => {
                    let accepted = self.machine.accept(now, incoming, Acceptance::default());
                    accepted.expect("it is pending");
                    self.opened = true;
                }
                event => {
                    self.opened |= matches!(event, Event::Opened(_));
                    self.transcript.tell(event);
                }
            }
        }
    }

    /// The peer's Close has come whole.
    fn is_clean(&self) -> bool {
        self.transcript.closed.as_ref().is_some_and(CloseReason::is_clean)
    }

    fn messages(&self) -> Vec<&Message<'static>> {
        self.transcript.messages().collect()
    }
}

impl Pair {
    fn new(cut: Option<Cut>) -> Self {
        let (now, config) = (Instant::START, std::sync::Arc::new(Config::default()));
        let request = Request::get("ws://a/").unwrap();
        let client = Machine::client(now, config.clone(), Seed::from([3; 16]), &request);
        let server = Machine::server(now, config);
        Self {
            now,
            client: End::new(client),
            server: End::new(server),
            cut,
            violation: None,
            dead: false,
        }
    }

    fn end(&mut self, role: Role) -> &mut End {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// The whole exchange, and what comes after it until both are done.
    fn run(&mut self) {
        self.violate(0);
        self.flow();
        for (number, (role, act)) in acts().into_iter().enumerate() {
            self.violate(number + 1);
            let now = self.now;
            let end = self.end(role);
            // Whoever is not open any more has nothing to say.
            if end.machine.is_open() {
                match act {
                    Act::Say(message) => {
                        end.machine.send(message.clone()).expect("it is open");
                        end.sent.push(message);
                    }
                    Act::Ping => end.machine.ping(b"ping").expect("it is open"),
                    Act::Bytes(bytes) => {
                        end.sent.push(Message::text("in p\u{e4}rts of one"));
                        self.carry(role, &bytes);
                    }
                    Act::Close => {
                        end.machine.close(now, CloseCode::Away, "enough");
                        end.closed = true;
                    }
                }
            }
            self.flow();
        }
        for _ in 0..20 {
            let timeouts = [self.client.machine.poll_timeout(), self.server.machine.poll_timeout()];
            let Some(next) = timeouts.into_iter().flatten().min() else { return };
            self.now = self.now.max(next);
            for role in [Role::Client, Role::Server] {
                let now = self.now;
                self.end(role).machine.handle_timeout(now);
                self.end(role).machine.handle_timeout(now);
                self.end(role).read(now, &[]);
            }
            self.flow();
        }
        panic!("it has no end");
    }

    fn violate(&mut self, act: usize) {
        if let Some(Violation { to, .. }) = self.violation.filter(|violation| violation.act == act)
        {
            let now = self.now;
            self.end(to).read(now, b"\xFF\xFF\r\n\r\n");
            self.flow();
        }
    }

    fn flow(&mut self) {
        while [Role::Client, Role::Server].into_iter().any(|role| self.write(role)) {}
    }

    /// Whether anything happened.
    fn write(&mut self, from: Role) -> bool {
        let bytes = take_outgoing(&mut self.end(from).machine);
        self.carry(from, &bytes);
        let end = self.end(from);
        let ends = end.machine.is_write_finished() || end.machine.is_done();
        let ends = ends && !std::mem::replace(&mut end.ended, true);
        if ends && !self.dead {
            self.read_eof(other(from));
        }
        ends || !bytes.is_empty()
    }

    fn carry(&mut self, from: Role, bytes: &[u8]) {
        let cut = self.cut.filter(|cut| cut.from == from);
        let (now, dead, end) = (self.now, self.dead, self.end(from));
        let before = end.written;
        end.written += bytes.len();
        if dead || end.ended {
            return;
        }
        let Some(Cut { at, how, .. }) = cut.filter(|cut| cut.at <= before + bytes.len()) else {
            return self.end(other(from)).read(now, bytes);
        };
        let arrives = &bytes[..at.saturating_sub(before)];
        self.end(other(from)).read(now, arrives);
        match how {
            How::Eof => {
                self.end(from).ended = true;
                self.read_eof(other(from));
            }
            How::Broken => {
                self.dead = true;
                self.read_eof(from);
                self.read_eof(other(from));
            }
            How::Silent => self.dead = true,
        }
    }

    fn read_eof(&mut self, role: Role) {
        let now = self.now;
        self.end(role).machine.read_eof(now);
        self.end(role).read(now, &[]);
    }

    fn judge(&self) {
        for (end, peer) in [(&self.client, &self.server), (&self.server, &self.client)] {
            assert!(end.machine.is_done() && end.machine.outgoing_len() == 0);
            let sent: Vec<_> = peer.sent.iter().collect();
            assert!(sent.starts_with(&end.messages()), "{:?}", end.messages());
            let reason = end.transcript.closed.as_ref().expect("Closed is told");
            if end.is_clean() {
                assert_eq!(sent, end.messages(), "a Close before what was sent");
                continue;
            }
            let silent = self.cut.is_some_and(|cut| cut.how == How::Silent);
            let expected = match (silent, end) {
                (false, _) => CloseReason::Eof,
                (true, End { opened: false, .. }) => CloseReason::OpeningTimeout,
                (true, End { closed: true, .. }) => CloseReason::CloseTimeout,
                (true, _) => CloseReason::KeepAliveTimeout,
            };
            assert_eq!(Told::closed(reason), Told::closed(&expected));
            assert_eq!(end.transcript.told.last(), Some(&Told::closed(reason)));
        }
    }
}

/// Before each act, to each of the two.
pub(crate) fn violate() {
    for act in 0..=acts().len() {
        for to in [Role::Client, Role::Server] {
            let mut pair = Pair::new(None);
            pair.violation = Some(Violation { to, act });
            pair.run();
            let other = pair.end(other(to)).transcript.closed.clone().expect("Closed is told");
            let own = pair.end(to).transcript.closed.clone().expect("Closed is told");
            let told = match (act, to) {
                (0, Role::Server) => matches!(
                    (&own, &other),
                    (CloseReason::Handshake(_), CloseReason::Refused(response))
                        if response.status().as_u16() == 400
                ),
                (0, Role::Client) => {
                    matches!((&own, &other), (CloseReason::Handshake(_), CloseReason::Eof))
                }
                _ => matches!(
                    (&own, &other),
                    (
                        CloseReason::Violation(wire::Violation::ReservedBits),
                        CloseReason::Peer { code: CloseCode::Protocol, .. },
                    )
                ),
            };
            assert!(told, "before act {act}, to the {to:?}: {own:?}, {other:?}");
            nothing_is_left(pair);
        }
    }
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// Each byte of each direction.
pub(crate) fn run() {
    let mut whole = Pair::new(None);
    whole.run();
    whole.judge();
    assert!(whole.client.is_clean() && whole.server.is_clean());
    assert_eq!((whole.client.messages().len(), whole.server.messages().len()), (2, 3));
    for (from, len) in [(Role::Client, whole.client.written), (Role::Server, whole.server.written)]
    {
        for how in [How::Eof, How::Broken, How::Silent] {
            for at in 0..=len {
                let cut = Cut { from, at, how };
                let told = std::panic::catch_unwind(|| {
                    let mut pair = Pair::new(Some(cut));
                    pair.run();
                    pair.judge();
                    pair
                });
                let pair = told.unwrap_or_else(|_| panic!("{cut:?} of {len} bytes"));
                nothing_is_left(pair);
            }
        }
    }
}

/// The two free nothing but the limits that they share.
fn nothing_is_left(pair: Pair) {
    let Pair { client: End { machine: client, .. }, server: End { machine: server, .. }, .. } =
        pair;
    let limits = std::sync::Arc::clone(client.config());
    let freed = measure(|| drop((client, server))).bytes_current;
    assert_eq!((freed, std::sync::Arc::strong_count(&limits)), (0, 1));
}
