//! A second receiver, written for clarity: it looks at all bytes from the beginning, each time.

use socker_core::wire::{Close, Violation};
use socker_core::{CloseReason, Message, MessageKind, Role};

use crate::feed::Told;
use crate::frames::{Frame, opcode};

/// What a machine of a role must make of bytes.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The events.
    pub told: Vec<Told>,
    /// Where each event is.
    pub places: Vec<Place>,
    /// The end, if the bytes have one.
    pub end: Option<CloseReason>,
    /// The frames that answer: Pongs, and a Close at the end.
    pub answers: Vec<Frame>,
    /// The bytes that matter; what is after them is ignored.
    pub used: usize,
}

/// Where an event is among the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many bytes it takes to tell it.
    pub end: usize,
    /// How many of the answers come before it.
    pub answers: usize,
}

/// Most bytes of a message.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// [`Config::message_limit`](socker_core::Config::message_limit).
    pub message: usize,
    /// [`Config::discard_limit`](socker_core::Config::discard_limit).
    pub discard: usize,
}

/// A message that is not complete.
struct Begun {
    text: bool,
    payload: Vec<u8>,
    /// That it is too long has been told.
    oversized: bool,
}

/// What an open machine with this role and these limits must make of all these bytes.
#[must_use]
pub fn receive(role: Role, limits: Limits, bytes: &[u8]) -> Account {
    let mut account = Account::default();
    let mut begun = None;
    loop {
        match next(role, limits, &bytes[account.used..], &mut begun, &mut account) {
            Err(violation) => {
                account.end(bytes.len(), CloseReason::Violation(violation));
                account.answer_close(u16::from(violation.code()), violation.reason());
                return account;
            }
            Ok(None) => return account,
            Ok(Some((frame, used))) => {
                account.used += used;
                if account.take(frame, &mut begun) {
                    return account;
                }
            }
        }
    }
}

impl Account {
    fn tell(&mut self, end: usize, told: Told) {
        self.places.push(Place { end, answers: self.answers.len() });
        self.told.push(told);
    }

    fn end(&mut self, end: usize, reason: CloseReason) {
        self.tell(end, Told::closed(&reason));
        self.end = Some(reason);
    }

    /// Acts on a frame that was judged; true at the end.
    fn take(&mut self, frame: Frame, begun: &mut Option<Begun>) -> bool {
        match frame.opcode {
            opcode::PING => self.answers.push(Frame::new(opcode::PONG, &frame.payload)),
            opcode::PONG => self.tell(self.used, Told::Pong(frame.payload)),
            opcode::CLOSE => {
                let Close { code, reason } = Close::decode(&frame.payload).unwrap();
                let reason = reason.to_owned();
                self.end(self.used, CloseReason::Peer { code, reason });
                if frame.payload.is_empty() {
                    self.answers.push(Frame::new(opcode::CLOSE, &[]));
                } else {
                    self.answer_close(u16::from(code), "");
                }
                return true;
            }
            kind => {
                let Begun { text, mut payload, oversized } =
                    begun.take().unwrap_or_else(|| Begun::new(kind));
                payload.extend(frame.payload);
                if !frame.fin {
                    *begun = Some(Begun { text, payload, oversized });
                } else if oversized {
                    // It was told when it began to be.
                } else if text {
                    let text = String::from_utf8(payload).unwrap();
                    self.tell(self.used, Told::Message(Message::text(text)));
                } else {
                    self.tell(self.used, Told::Message(Message::binary(payload)));
                }
            }
        }
        false
    }

    fn answer_close(&mut self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.answers.push(Frame::new(opcode::CLOSE, &payload));
    }
}

impl Begun {
    fn new(kind: u8) -> Self {
        Self { text: kind == opcode::TEXT, payload: Vec::new(), oversized: false }
    }
}

/// The next frame if it is complete, and its length; or what the bytes prove. A message that is too
/// long is told as soon as the header is complete which makes it so.
fn next(
    role: Role,
    limits: Limits,
    bytes: &[u8],
    begun: &mut Option<Begun>,
    account: &mut Account,
) -> Result<Option<(Frame, usize)>, Violation> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let fin = first & 0x80 != 0;
    let kind = first & 0x0F;
    if first & 0x70 != 0 {
        return Err(Violation::ReservedBits);
    }
    match kind {
        opcode::CONTINUATION if begun.is_none() => return Err(Violation::UnexpectedContinuation),
        opcode::TEXT | opcode::BINARY if begun.is_some() => {
            return Err(Violation::ExpectedContinuation);
        }
        opcode::CLOSE | opcode::PING | opcode::PONG if !fin => {
            return Err(Violation::FragmentedControl);
        }
        3..=7 | 0xB..=0xF => return Err(Violation::ReservedOpcode(kind)),
        _ => {}
    }

    let Some(&second) = bytes.get(1) else { return Ok(None) };
    match (role, second & 0x80 != 0) {
        (Role::Server, false) => return Err(Violation::Unmasked),
        (Role::Client, true) => return Err(Violation::Masked),
        _ => {}
    }
    let before = begun.as_ref().map_or(0, |begun| begun.payload.len());
    let room = limits.message.max(limits.discard) - before;
    let control = kind >= 8;
    let (len, mut at) = match second & 0x7F {
        126 | 127 if control => return Err(Violation::OversizedControl),
        1 if kind == opcode::CLOSE => return Err(Violation::TruncatedClose),
        126 => match extended(&bytes[2..], 2, room)? {
            Some(len) => (len, 4),
            None => return Ok(None),
        },
        127 => match extended(&bytes[2..], 8, room)? {
            Some(len) => (len, 10),
            None => return Ok(None),
        },
        len if !control && usize::from(len) > room => return Err(Violation::MessageTooLarge),
        len => (usize::from(len), 2),
    };

    let mut key = [0; 4];
    if role == Role::Server {
        let Some(there) = bytes[at..].first_chunk() else { return Ok(None) };
        key = *there;
        at += 4;
    }
    if !control && before + len > limits.message {
        let begun = begun.get_or_insert_with(|| Begun::new(kind));
        if !std::mem::replace(&mut begun.oversized, true) {
            let kind = if begun.text { MessageKind::Text } else { MessageKind::Binary };
            account.tell(account.used + at, Told::Oversized(kind));
        }
    }
    let there = &bytes[at..bytes.len().min(at + len)];
    let payload: Vec<u8> = there.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect();
    let complete = payload.len() == len;
    match kind {
        opcode::CLOSE => judge_close(&payload, complete)?,
        opcode::PING | opcode::PONG | opcode::BINARY => {}
        _ => {
            let before = begun.as_ref().map_or(&[][..], |begun| &begun.payload);
            if begun.as_ref().is_none_or(|begun| begun.text && !begun.oversized) {
                let left = fin.then(|| len - payload.len());
                judge_text(&[before, &payload].concat(), left)?;
            }
        }
    }
    Ok(complete.then_some((Frame { fin, opcode: kind, key: None, payload }, at + len)))
}

/// A length in `width` bytes, as far as it has come: judged by the least and the most that it can
/// still be.
fn extended(bytes: &[u8], width: usize, room: usize) -> Result<Option<usize>, Violation> {
    let shortest = if width == 2 { 126 } else { 65_536 };
    if shortest > room as u64 {
        return Err(Violation::MessageTooLarge);
    }
    let known = bytes.len().min(width);
    let fill = |with: u8| {
        let missing = vec![with; width - known];
        bytes[..known].iter().chain(&missing).fold(0, |len, &byte| len << 8 | u64::from(byte))
    };
    let (least, most) = (fill(0), fill(0xFF));
    if least > u64::MAX / 2 {
        return Err(Violation::LengthOverflow);
    }
    if most < shortest {
        return Err(Violation::NonMinimalLength);
    }
    if least > room as u64 {
        return Err(Violation::MessageTooLarge);
    }
    Ok((known == width).then(|| usize::try_from(least).unwrap()))
}

/// Text of which `left` bytes are still to come, if that is known.
fn judge_text(text: &[u8], left: Option<usize>) -> Result<(), Violation> {
    let Err(error) = str::from_utf8(text) else { return Ok(()) };
    let begun = &text[error.valid_up_to()..];
    let missing = match begun[0] {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    };
    let missing = usize::saturating_sub(missing, begun.len());
    if error.error_len().is_some() || left.is_some_and(|left| missing > left) {
        return Err(Violation::InvalidUtf8);
    }
    Ok(())
}

fn judge_close(payload: &[u8], complete: bool) -> Result<(), Violation> {
    let sendable = |code: &u16| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if let Some(&high) = payload.first() {
        let first = u16::from(high) << 8;
        if !(first..=first | 0xFF).any(|code| sendable(&code)) {
            return Err(Violation::InvalidCloseCode(first));
        }
    }
    if let Some(code) = payload.first_chunk().copied().map(u16::from_be_bytes)
        && !sendable(&code)
    {
        return Err(Violation::InvalidCloseCode(code));
    }
    judge_text(payload.get(2..).unwrap_or_default(), complete.then_some(0))
}
