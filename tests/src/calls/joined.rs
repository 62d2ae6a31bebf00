use bytes::Buf;
use socker_core::Role;

use super::{Call, Start, begin, right_head, walk::Walk};
use crate::feed::{Told, take_outgoing};

/// Something that is done to a client and a server which are joined.
#[derive(Clone, Debug)]
pub enum Joint {
    /// A call of one of them. Bytes that are read come from nobody, and are left out.
    Of(Role, Call),
    /// So many of the bytes that one of them has to say reach the other.
    Carry {
        /// Who says them.
        from: Role,
        /// At the most.
        len: usize,
    },
    /// What one of them has said arrives, and then the connection breaks for both.
    Break {
        /// Whose bytes arrive.
        from: Role,
    },
}

/// A client and a server that are joined: each is checked against its model after each step, and in
/// the end, what one was to send the other has got, in order.
///
/// # Panics
/// Something does not hold.
pub fn run_joined(upgraded: bool, steps: impl IntoIterator<Item = Joint>) {
    let start = |role| match (upgraded, role) {
        (true, role) => Start::Upgraded(role),
        (false, Role::Client) => Start::Client,
        (false, Role::Server) => Start::Server,
    };
    let request = take_outgoing(&mut begin(Start::Client));
    let client_start = start(Role::Client);
    let client = Walk::new(client_start, begin(client_start), right_head(client_start));
    let server_head = if upgraded { Vec::new() } else { request };
    let server = Walk::new(start(Role::Server), begin(start(Role::Server)), server_head);
    let mut pair = Pair { client, server, broken: false };
    for step in steps {
        pair.step(step);
    }
    pair.end();
}

struct Pair {
    client: Walk,
    server: Walk,
    /// Nothing arrives any more.
    broken: bool,
}

impl Pair {
    fn step(&mut self, step: Joint) {
        match step {
            Joint::Of(_, Call::Read(_) | Call::ReadOne(_) | Call::ReadEof) => {}
            Joint::Of(_, Call::Write(_) | Call::Drip(_)) => {}
            Joint::Of(Role::Server, call @ Call::Accept(..)) => {
                let before = self.server.model.accepted;
                self.server.call(call);
                if self.server.model.accepted && !before {
                    self.client.model.right = self.server.machine.outgoing().chunk().to_vec();
                }
            }
            Joint::Of(role, Call::WriteFrame(kind, len, most)) => {
                let bytes = self.of(role).write_frame(kind, len, most);
                self.arrive(role, &bytes);
            }
            Joint::Of(role, call) => self.of(role).call(call),
            Joint::Carry { from, len } => self.carry(from, len),
            Joint::Break { from } => {
                self.carry(from, usize::MAX);
                self.broken = true;
                self.client.read_eof();
                self.server.read_eof();
            }
        }
    }

    fn of(&mut self, role: Role) -> &mut Walk {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    fn carry(&mut self, from: Role, len: usize) {
        let bytes = self.of(from).write(len);
        self.arrive(from, &bytes);
    }

    fn arrive(&mut self, from: Role, bytes: &[u8]) {
        if self.broken {
            return;
        }
        let ends = self.of(from).machine.is_write_finished();
        let to = self.of(if from == Role::Client { Role::Server } else { Role::Client });
        to.read(bytes);
        if ends {
            to.read_eof();
        }
    }

    fn end(mut self) {
        for _ in 0..4 {
            self.carry(Role::Client, usize::MAX);
            self.carry(Role::Server, usize::MAX);
        }
        for role in [Role::Client, Role::Server] {
            let walk = self.of(role);
            if walk.machine.is_open() {
                walk.call(Call::Close(1000, String::new()));
            }
        }
        for _ in 0..4 {
            self.carry(Role::Client, usize::MAX);
            self.carry(Role::Server, usize::MAX);
        }
        self.client.read(&[]);
        self.server.read(&[]);
        arrived(&self.client, &self.server);
        arrived(&self.server, &self.client);
        self.client.end();
        self.server.end();
    }
}

/// What one has got is what the other was to send, and all of it if there was a Close from each side.
fn arrived(from: &Walk, to: &Walk) {
    // What is too long for the other is told without its bytes.
    let limit = to.machine.config().message_limit;
    let sent: Vec<_> = from.sent.iter().filter(|message| message.len() <= limit).collect();
    let messages = to.transcript.told.iter().filter_map(|told| match told {
        Told::Message(message) => Some(message),
        _ => None,
    });
    let got: Vec<_> = messages.collect();
    assert!(sent.starts_with(&got), "{sent:?} became {got:?}");
    if to.transcript.closed.as_ref().is_some_and(socker_core::CloseReason::is_clean) {
        assert_eq!(sent.len(), got.len(), "messages were lost before a clean end");
    }
}
