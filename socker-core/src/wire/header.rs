use super::Violation;

/// Most bytes of a frame's header: two, eight of length and four of mask.
pub const MAX_HEADER: usize = 14;

/// The longest payload whose length is in the header's second byte, and the longest of a control
/// frame (RFC 6455, sections 5.2 and 5.5).
pub(crate) const MAX_SHORT: usize = 125;

/// What a frame is (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0x0,
    /// A text message or its first fragment.
    Text = 0x1,
    /// A binary message or its first fragment.
    Binary = 0x2,
    /// The end of the sender's messages.
    Close = 0x8,
    /// A question whether the peer is there.
    Ping = 0x9,
    /// The answer to a Ping.
    Pong = 0xA,
}

impl Opcode {
    /// Whether this is Close, Ping or Pong.
    #[inline]
    #[must_use]
    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }

    #[inline]
    fn decode(bits: u8) -> Result<Self, Violation> {
        Ok(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            reserved => return Err(Violation::ReservedOpcode(reserved)),
        })
    }
}

/// What the next frame's header is judged against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// Frames are masked: they come from a client.
    pub masked: bool,
    /// A message has begun and is not complete.
    pub in_message: bool,
    /// Most payload bytes of a data frame.
    pub limit: u64,
}

/// A frame's header (RFC 6455, section 5.2).
///
/// ```
/// use socker_core::wire::{Expect, Header, Opcode};
///
/// let expect = Expect { masked: true, in_message: false, limit: 1 << 20 };
/// let bytes = [0x82, 0x83, 1, 2, 3, 4];
/// let (header, used) = Header::decode(&bytes, expect)?.expect("six bytes are the whole header");
/// assert_eq!((header.opcode, header.len, used), (Opcode::Binary, 3, 6));
/// assert_eq!(Header::decode(&bytes[..5], expect)?, None); // a byte is missing
/// assert!(Header::decode(&[0xF2], expect).is_err()); // the first byte proves it
/// # Ok::<(), socker_core::wire::Violation>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// This is a message's last fragment.
    pub fin: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The mask of a client's frame.
    pub mask: Option<[u8; 4]>,
    /// Payload bytes.
    pub len: u64,
}

impl Header {
    /// Reads a header from the front of `bytes` and tells how many it took; `None` asks for more.
    ///
    /// # Errors
    /// The violation that the first of the bytes proves, whether the header is complete or not.
    #[inline]
    pub fn decode(bytes: &[u8], expect: Expect) -> Result<Option<(Self, usize)>, Violation> {
        match Self::decode_usual(bytes, expect.masked, expect.in_message) {
            Some(usual) if usual.0.len <= expect.limit => Ok(Some(usual)),
            _ => Self::decode_any(bytes, expect),
        }
    }

    fn decode_any(bytes: &[u8], expect: Expect) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let (fin, opcode) = decode_first(first, expect)?;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if (second & 0x80 != 0) != expect.masked {
            return Err(if expect.masked { Violation::Unmasked } else { Violation::Masked });
        }
        let Some((len, used)) = decode_length(second & 0x7F, &bytes[2..], opcode, expect.limit)?
        else {
            return Ok(None);
        };
        let used = 2 + used;
        if !expect.masked {
            return Ok(Some((Self { fin, opcode, mask: None, len }, used)));
        }
        let mask = bytes[used..].first_chunk().copied();
        Ok(mask.map(|mask| (Self { fin, opcode, mask: Some(mask), len }, used + 4)))
    }

    /// The header of a data frame, if its length takes one byte or three, and at least eight bytes are
    /// there. `None` is for all else, a violation included.
    #[inline]
    pub(crate) fn decode_usual(
        bytes: &[u8],
        masked: bool,
        in_message: bool,
    ) -> Option<(Self, usize)> {
        let bytes: &[u8; 8] = bytes.first_chunk()?;
        let &[first, second, ..] = bytes;
        let opcode = match (first & 0x7F, in_message) {
            (0x00, true) => Opcode::Continuation,
            (0x01, false) => Opcode::Text,
            (0x02, false) => Opcode::Binary,
            _ => return None,
        };
        if (second & 0x80 != 0) != masked {
            return None;
        }
        let (len, used) = match second & 0x7F {
            126 => (u16::from_be_bytes([bytes[2], bytes[3]]), 4),
            127 => return None,
            short => (short.into(), 2),
        };
        if used == 4 && usize::from(len) <= MAX_SHORT {
            return None;
        }
        let mask = *bytes[used..].first_chunk()?;
        let (mask, used) = if masked { (Some(mask), used + 4) } else { (None, used) };
        Some((Self { fin: first & 0x80 != 0, opcode, mask, len: len.into() }, used))
    }

    /// Writes the header to the front of `out` and tells how many bytes it took.
    #[inline]
    pub fn encode(&self, out: &mut [u8; MAX_HEADER]) -> usize {
        out[0] = u8::from(self.fin) << 7 | self.opcode as u8;
        let masked = u8::from(self.mask.is_some()) << 7;
        let used = match self.len {
            // Each arm's range makes its conversion exact.
            #[expect(clippy::cast_possible_truncation)]
            len @ 0..=125 => {
                out[1] = masked | len as u8;
                2
            }
            #[expect(clippy::cast_possible_truncation)]
            len @ 126..=0xFFFF => {
                out[1] = masked | 126;
                out[2..4].copy_from_slice(&(len as u16).to_be_bytes());
                4
            }
            len => {
                out[1] = masked | 127;
                out[2..10].copy_from_slice(&len.to_be_bytes());
                10
            }
        };
        match self.mask {
            None => used,
            Some(mask) => {
                out[used..used + 4].copy_from_slice(&mask);
                used + 4
            }
        }
    }
}

#[inline]
fn decode_first(first: u8, expect: Expect) -> Result<(bool, Opcode), Violation> {
    if first & 0x70 != 0 {
        return Err(Violation::ReservedBits);
    }
    let fin = first & 0x80 != 0;
    let opcode = Opcode::decode(first & 0x0F)?;
    if opcode.is_control() {
        return if fin { Ok((fin, opcode)) } else { Err(Violation::FragmentedControl) };
    }
    match (opcode == Opcode::Continuation, expect.in_message) {
        (true, false) => Err(Violation::UnexpectedContinuation),
        (false, true) => Err(Violation::ExpectedContinuation),
        _ => Ok((fin, opcode)),
    }
}

/// The length and how many of the `extended` bytes it took.
#[inline]
fn decode_length(
    short: u8,
    extended: &[u8],
    opcode: Opcode,
    limit: u64,
) -> Result<Option<(u64, usize)>, Violation> {
    if opcode.is_control() {
        return match (short, opcode) {
            (126.., _) => Err(Violation::OversizedControl),
            (1, Opcode::Close) => Err(Violation::TruncatedClose),
            _ => Ok(Some((u64::from(short), 0))),
        };
    }
    match short {
        126 => decode_extended::<2>(extended, 126, limit),
        127 => decode_extended::<8>(extended, 1 << 16, limit),
        _ if u64::from(short) > limit => Err(Violation::MessageTooLarge),
        _ => Ok(Some((u64::from(short), 0))),
    }
}

/// A length in `N` bytes, of which perhaps only some are there: what those prove about the least
/// and the most that it can be is judged.
fn decode_extended<const N: usize>(
    bytes: &[u8],
    min: u64,
    limit: u64,
) -> Result<Option<(u64, usize)>, Violation> {
    // First of all, since no byte more is needed to prove it.
    if min > limit {
        return Err(Violation::MessageTooLarge);
    }
    let known = &bytes[..bytes.len().min(N)];
    let (mut least, mut most) = ([0; 8], [0; 8]);
    most[8 - N..].fill(0xFF);
    for field in [&mut least, &mut most] {
        field[8 - N..][..known.len()].copy_from_slice(known);
    }
    let (least, most) = (u64::from_be_bytes(least), u64::from_be_bytes(most));
    if least >> 63 != 0 {
        return Err(Violation::LengthOverflow);
    }
    if most < min {
        return Err(Violation::NonMinimalLength);
    }
    if least > limit {
        return Err(Violation::MessageTooLarge);
    }
    Ok((known.len() == N).then_some((least, N)))
}
