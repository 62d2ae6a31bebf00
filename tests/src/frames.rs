//! Frames written and read plainly, for peers that are made by hand.

/// The opcodes by number (RFC 6455, section 5.2).
pub mod opcode {
    #![allow(missing_docs)]
    pub const CONTINUATION: u8 = 0x0;
    pub const TEXT: u8 = 0x1;
    pub const BINARY: u8 = 0x2;
    pub const CLOSE: u8 = 0x8;
    pub const PING: u8 = 0x9;
    pub const PONG: u8 = 0xA;
}

/// A frame as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The last fragment.
    pub fin: bool,
    /// What it is.
    pub opcode: u8,
    /// The key, of a client's.
    pub key: Option<[u8; 4]>,
    /// Unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame that is not a fragment.
    #[must_use]
    pub fn new(opcode: u8, payload: &[u8]) -> Self {
        Self { fin: true, opcode, key: None, payload: payload.to_vec() }
    }

    /// A fragment: the first has the message's opcode, the others that of a continuation.
    #[must_use]
    pub fn fragment(fin: bool, opcode: u8, payload: &[u8]) -> Self {
        Self { fin, opcode, key: None, payload: payload.to_vec() }
    }

    /// As a client sends it.
    #[must_use]
    pub fn masked(self, key: [u8; 4]) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The frame's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | self.opcode];
        let mask_bit = u8::from(self.key.is_some()) << 7;
        match self.payload.len() {
            len @ 0..126 => bytes.push(mask_bit | u8::try_from(len).unwrap()),
            len @ 126..65536 => {
                bytes.push(mask_bit | 126);
                bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
            }
            len => {
                bytes.push(mask_bit | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
        }
        bytes.extend(self.key.unwrap_or_default().iter().take(if mask_bit > 0 { 4 } else { 0 }));
        let key = self.key.unwrap_or_default();
        bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// The close code of a Close, if it has one.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk().copied().map(u16::from_be_bytes);
        code.filter(|_| self.opcode == opcode::CLOSE)
    }
}

/// All frames in `bytes`, and how many of the bytes they take; the rest is the begin of one more.
#[must_use]
pub fn decode_all(bytes: &[u8]) -> (Vec<Frame>, usize) {
    let (mut frames, mut used) = (Vec::new(), 0);
    while let Some((frame, len)) = decode(&bytes[used..]) {
        frames.push(frame);
        used += len;
    }
    (frames, used)
}

fn decode(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (len, mut at) = match second & 0x7F {
        126 => (u64::from(u16::from_be_bytes(*bytes[2..].first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*bytes[2..].first_chunk()?), 10),
        len => (u64::from(len), 2),
    };
    let key = if second & 0x80 != 0 { Some(*bytes[at..].first_chunk::<4>()?) } else { None };
    at += if key.is_some() { 4 } else { 0 };
    let end = at.checked_add(usize::try_from(len).ok()?)?;
    let masked = bytes.get(at..end)?.iter().zip(key.unwrap_or_default().into_iter().cycle());
    let payload = masked.map(|(byte, key)| byte ^ key).collect();
    Some((Frame { fin: first & 0x80 != 0, opcode: first & 0x7F, key, payload }, end))
}

#[cfg(test)]
mod tests {
    use super::{Frame, decode_all, opcode};

    #[test]
    fn frames_are_read_as_they_were_written() {
        for len in [0, 125, 126, 65_535, 65_536] {
            let plain = Frame::new(opcode::BINARY, &vec![7; len]);
            for frame in [plain.clone(), plain.masked([1, 2, 3, 4])] {
                let mut bytes = frame.encode();
                let len = bytes.len();
                assert_eq!(decode_all(&bytes), (vec![frame.clone()], len));
                bytes.push(0x81);
                assert_eq!(decode_all(&bytes), (vec![frame], len));
            }
        }
    }
}
