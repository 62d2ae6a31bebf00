//! The owner and all members: one thread, and frames that were encoded before.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};
use socker_tests::frames::{Frame, opcode};

use crate::ACTION;
use crate::rounds::Entrant;
use crate::servers::{Failure, Standing, open};

/// More than a burst, so that a read takes all that has come.
const READ: usize = 16 * 1024;

/// Nothing on loopback takes this long.
const TIMEOUT: Duration = Duration::from_secs(10);

const NEW: u8 = 1;
const JOIN: u8 = 2;
const CONNECTED: u8 = 3;

pub struct Load {
    poll: Poll,
    events: Events,
    standing: Standing,
    owner: TcpStream,
    uuid: String,
    members: Vec<Member>,
    buffer: Vec<u8>,
}

struct Member {
    stream: mio::net::TcpStream,
    /// Of the burst.
    received: usize,
}

impl Load {
    /// A room with so many members.
    pub fn open(entrant: &Entrant, count: usize) -> Result<Self, Failure> {
        let standing = entrant.contender.standing;
        let connect = || open(entrant.server.address(), "/", standing);
        let poll = Poll::new()?;
        let mut owner = connect()?;
        let uuid = match standing {
            Standing::Ours => ask(&mut owner, &message(NEW, "", ""))?,
            // These have no rooms, and the first connection is the owner.
            Standing::Floor | Standing::Peer | Standing::Tuned => String::new(),
        };
        let mut members = Vec::with_capacity(count);
        for place in 0..count {
            let mut stream = connect()?;
            if standing == Standing::Ours && ask(&mut stream, &message(JOIN, &uuid, ""))? != uuid {
                return Err("not the room that was asked for".into());
            }
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(place), Interest::READABLE)?;
            members.push(Member { stream, received: 0 });
        }
        let events = Events::with_capacity(count);
        Ok(Self { poll, events, standing, owner, uuid, members, buffer: vec![0; READ] })
    }

    /// Sends so many actions in one write, so many times, each time once all members have got all of
    /// them. Every byte is compared.
    ///
    /// This never sleeps, so that the server does not have to wake it, which would cost more than the
    /// write, and at random.
    pub fn run(&mut self, burst: usize, times: usize) -> Result<(), Failure> {
        let (mut request, mut expected) = (Vec::new(), Vec::new());
        for number in 0..burst {
            let action = message(CONNECTED, &self.uuid, &format!("action {number:02} "));
            let frame = Frame::new(opcode::TEXT, action.as_bytes());
            expected.extend(frame.encode());
            request.extend(frame.masked([0x5A, 0xC3, 0x96, 0x11]).encode());
        }
        if self.standing == Standing::Floor {
            request.clone_from(&expected);
        }
        for _ in 0..times {
            self.owner.write_all(&request)?;
            self.receive(&expected)?;
        }
        Ok(())
    }

    /// Until all members have got this.
    fn receive(&mut self, expected: &[u8]) -> Result<(), Failure> {
        let Self { poll, events, members, buffer, .. } = self;
        let deadline = Instant::now() + TIMEOUT;
        let mut waiting = members.len();
        while waiting > 0 {
            match poll.poll(events, Some(Duration::ZERO)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            if Instant::now() > deadline {
                return Err(format!("{waiting} members do not get all").into());
            }
            for event in &*events {
                let Token(place) = event.token();
                waiting -= usize::from(members[place].has_all(expected, buffer)?);
            }
        }
        Ok(())
    }
}

impl Member {
    /// Reads what has come. No more than one burst can have, so one read is enough.
    fn has_all(&mut self, expected: &[u8], buffer: &mut [u8]) -> Result<bool, Failure> {
        let len = match self.stream.read(buffer) {
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(len) => len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let end = self.received + len;
        if expected.get(self.received..end) != Some(&buffer[..len]) {
            return Err("not what the owner has sent".into());
        }
        let has_all = end == expected.len();
        self.received = if has_all { 0 } else { end };
        Ok(has_all)
    }
}

/// A message of the protocol; an action has [`ACTION`] bytes.
fn message(status: u8, uuid: &str, param: &str) -> String {
    let with = |param: &str| {
        json!({
            "uuid": uuid,
            "status": { "value": status, "text": "" },
            "funcKey": if status == CONNECTED { "draw" } else { "" },
            "funcParams": [param],
            "stateMessage": false,
        })
        .to_string()
    };
    let missing = ACTION.saturating_sub(with(param).len());
    with(&format!("{param}{}", "x".repeat(missing)))
}

/// Sends a message and reads the answer, which has a short header; the room that it names.
fn ask(stream: &mut TcpStream, message: &str) -> Result<String, Failure> {
    let frame = Frame::new(opcode::TEXT, message.as_bytes());
    stream.write_all(&frame.masked([1, 2, 3, 4]).encode())?;
    let mut header = [0; 4];
    stream.read_exact(&mut header)?;
    if header[..2] != [0x81, 126] {
        return Err("not the answer that was expected".into());
    }
    let mut answer = vec![0; u16::from_be_bytes([header[2], header[3]]).into()];
    stream.read_exact(&mut answer)?;
    let answer: Value = serde_json::from_slice(&answer)?;
    match (&answer["status"]["value"], &answer["uuid"]) {
        (value, Value::String(uuid)) if *value == CONNECTED => Ok(uuid.clone()),
        _ => Err(format!("refused: {answer}").into()),
    }
}
