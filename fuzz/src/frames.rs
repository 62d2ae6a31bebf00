use std::io::{self, Read, Write};
use std::sync::Arc;

use socker_core::{CloseReason, Config, Instant, Machine, Message, Role, Seed};
use socker_tests::feed::{Told, transcribe};
use socker_tests::frames::decode_all;
use socker_tests::oracle::{self, Limits};
use tungstenite::protocol::{self, WebSocket, WebSocketConfig};

/// What an open machine makes of any bytes. The first byte picks the role and the limits.
pub fn frames(data: &[u8]) {
    let Some((&first, bytes)) = data.split_first() else { return };
    let role = if first & 1 == 0 { Role::Server } else { Role::Client };
    let message = [0, 5, 125, 126, 300, 65_535, 65_536, 1 << 20][usize::from(first >> 1) % 8];
    let limits =
        Limits { message, discard: [0, 200, 70_000, 2 << 20][usize::from(first >> 4) % 4] };

    let whole = transcribe(machine(role, limits), [bytes], false);
    for pieces in crate::splits(bytes) {
        let split = transcribe(machine(role, limits), pieces, false);
        assert_eq!(whole.outcome(), split.outcome());
    }

    let account = oracle::receive(role, limits, bytes);
    assert_eq!(account.told, whole.told);
    let mut answers = decode_all(&whole.written).0;
    answers.iter_mut().for_each(|frame| frame.key = None);
    assert_eq!(account.answers, answers);

    let theirs = theirs(role, message, bytes);
    let mut ours = whole.told;
    ours.retain(|told| !matches!(told, Told::Closed(_)));
    if let Some(end) = ours.iter().position(|told| matches!(told, Told::Oversized(_))) {
        // That is the end of theirs.
        assert_eq!(theirs, ours[..end]);
    } else if matches!(whole.closed, Some(CloseReason::Violation(_))) {
        // Theirs lets some of what ours refuses pass, and judges later.
        assert!(theirs.starts_with(&ours), "{theirs:?} are not the begin of {ours:?}");
    } else {
        assert_eq!(theirs, ours);
    }
}

fn machine(role: Role, Limits { message, discard }: Limits) -> Machine {
    let config = Config::default().message_limit(message).discard_limit(discard);
    Machine::upgraded(Instant::START, role, Arc::new(config), Seed::from([7; 16]))
}

/// What tungstenite makes of the bytes, up to their end or to what it refuses.
fn theirs(role: Role, limit: usize, bytes: &[u8]) -> Vec<Told> {
    let role = match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    // Theirs holds control frames to the limit too.
    let config = WebSocketConfig::default()
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit.max(125)))
        .read_buffer_size(4096)
        .write_buffer_size(0);
    let mut socket = WebSocket::from_raw_socket(Socket(bytes), role, Some(config));
    let mut told = Vec::new();
    while let Ok(message) = socket.read() {
        told.push(match message {
            tungstenite::Message::Text(text) => Told::Message(Message::text(text.to_string())),
            tungstenite::Message::Binary(bytes) => Told::Message(Message::binary(bytes)),
            tungstenite::Message::Pong(bytes) => Told::Pong(bytes.to_vec()),
            _ => continue,
        });
    }
    told
}

/// Bytes to read; what is written is dropped.
struct Socket<'b>(&'b [u8]);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
