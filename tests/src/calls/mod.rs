//! Calls of a machine in any order, and what must hold after each and at the end.
//!
//! A model of the states says what comes of each call: of one machine that is fed by hand, and of two
//! that are joined.

mod joined;
mod model;
mod walk;

use std::sync::Arc;

use socker_core::handshake::Request;
use socker_core::{Config, Instant, Machine, MessageKind, Role, Seed};

pub use self::joined::{Joint, run_joined};
use self::walk::Walk;

/// How a machine begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Awaits a request.
    Server,
    /// Has sent a request.
    Client,
    /// Is open.
    Upgraded(Role),
}

/// One call.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Call {
    Read(Vec<u8>),
    /// One event of it; the rest is left for later.
    ReadOne(Vec<u8>),
    ReadEof,
    /// The clock is set to the machine's time-out, or to just before it, and the machine is told.
    Timeout {
        before: bool,
    },
    /// The clock jumps by an hour, and the machine is told.
    Hour,
    /// Sets the clock, perhaps back, and tells the machine.
    HandleTimeout {
        millis: u32,
    },
    Accept(Token, Option<String>),
    Reject(Token, u16),
    Send(MessageKind, usize),
    SendFrame(MessageKind, usize),
    /// The socket takes so many bytes of what it is given at once.
    WriteFrame(MessageKind, usize, usize),
    /// The longest message for which there is room, or one that is longer by so much.
    Fill(usize),
    Ping(usize),
    Close(u16, String),
    /// The socket takes so many bytes.
    Write(usize),
    /// It takes a single one before each of so many time-outs.
    Drip(u8),
    Poll,
}

/// Which request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The machine's own, if it has told one that is not answered.
    Own,
    /// One that no machine has told.
    Foreign,
}

/// The bytes that wait at the most, in these runs.
pub const OUTGOING_LIMIT: usize = 2000;

/// The bytes of an opening at the most, and of what comes before it is decided.
pub const OPENING_LIMIT: usize = 4000;

/// The request that opens a server.
pub const REQUEST: &str = "GET /path?query HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: one, two\r\n\r\n";

/// The answer that opens the client.
#[must_use]
pub fn right_response() -> Vec<u8> {
    let mut machine = begin(Start::Client);
    let request = String::from_utf8(crate::feed::take_outgoing(&mut machine)).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

/// The machine that the calls are for.
#[must_use]
pub fn begin(start: Start) -> Machine {
    begin_with(start, config())
}

/// Limits that are soon reached.
#[must_use]
pub fn config() -> Config {
    let config = Config::default().message_limit(5000).discard_limit(6000);
    config.outgoing_limit(OUTGOING_LIMIT).opening_limit(OPENING_LIMIT)
}

fn begin_with(start: Start, config: Config) -> Machine {
    let (now, config, seed) = (Instant::START, Arc::new(config), Seed::from([7; 16]));
    match start {
        Start::Server => Machine::server(now, config),
        Start::Client => {
            let request = Request::get("ws://a/").unwrap().with_subprotocol("one").unwrap();
            Machine::client(now, config, seed, &request)
        }
        Start::Upgraded(role) => Machine::upgraded(now, role, config, seed),
    }
}

/// Makes the calls, checks after each what must hold, and ends the connection. The machine is done
/// then.
///
/// # Panics
/// Something does not hold.
pub fn run(start: Start, calls: impl IntoIterator<Item = Call>) -> Machine {
    run_with(start, config(), calls)
}

/// As [`run`], with these limits and times. The limits of the opening have to be those of [`config`].
pub fn run_with(start: Start, config: Config, calls: impl IntoIterator<Item = Call>) -> Machine {
    let mut walk = Walk::new(start, begin_with(start, config), right_head(start));
    for call in calls {
        walk.call(call);
    }
    walk.end()
}

/// The head that opens a machine, and the model knows no other.
fn right_head(start: Start) -> Vec<u8> {
    match start {
        Start::Server => REQUEST.as_bytes().to_vec(),
        Start::Client => right_response(),
        Start::Upgraded(_) => Vec::new(),
    }
}
