use std::{error, fmt};

/// The bytes are not UTF-8 (RFC 3629).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

impl fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not UTF-8")
    }
}

impl error::Error for InvalidUtf8 {}

/// Text that arrives in pieces, which may end inside a code point.
///
/// ```
/// use socker_core::wire::Utf8Decoder;
///
/// let mut decoder = Utf8Decoder::default();
/// let mut text = String::new();
/// for byte in "né".bytes() {
///     decoder.decode(&[byte], &mut text)?;
/// }
/// decoder.finish()?;
/// assert_eq!(text, "né");
/// assert!(decoder.decode(&[0xC0], &mut text).is_err()); // never part of UTF-8
/// # Ok::<(), socker_core::wire::InvalidUtf8>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8Decoder {
    /// The begin of a code point whose other bytes have not come.
    begun: [u8; 4],
    len: u8,
}

impl Utf8Decoder {
    /// Appends the code points that `piece` completes to `text`.
    ///
    /// # Errors
    /// A byte of the piece proves that the whole is not UTF-8, whatever follows.
    pub fn decode(&mut self, mut piece: &[u8], text: &mut String) -> Result<(), InvalidUtf8> {
        while self.len > 0
            && let [byte, rest @ ..] = piece
        {
            piece = rest;
            self.complete(*byte, text)?;
        }
        let (whole, begun) = piece.split_at(piece.len() - begun_len(piece));
        text.push_str(simdutf8::basic::from_utf8(whole).map_err(|_| InvalidUtf8)?);
        for byte in begun {
            self.complete(*byte, text)?;
        }
        Ok(())
    }

    /// The text ends here.
    ///
    /// # Errors
    /// It ends inside a code point.
    pub fn finish(&self) -> Result<(), InvalidUtf8> {
        if self.len == 0 { Ok(()) } else { Err(InvalidUtf8) }
    }

    /// At least so many bytes are missing before the text could end: 0 to 3.
    #[must_use]
    pub fn missing(&self) -> usize {
        let whole = match self.begun[0] {
            _ if self.len == 0 => 0,
            0xF0.. => 4,
            0xE0.. => 3,
            _ => 2,
        };
        // After an error there may be more than a code point has.
        usize::saturating_sub(whole, self.len.into())
    }

    fn complete(&mut self, byte: u8, text: &mut String) -> Result<(), InvalidUtf8> {
        // At most three bytes are an incomplete code point, so there is room for a fourth.
        let Some(slot) = self.begun.get_mut(usize::from(self.len)) else { return Err(InvalidUtf8) };
        *slot = byte;
        self.len += 1;
        match str::from_utf8(&self.begun[..usize::from(self.len)]) {
            Ok(code_point) => {
                text.push_str(code_point);
                self.len = 0;
                Ok(())
            }
            Err(error) if error.error_len().is_none() => Ok(()),
            Err(_) => Err(InvalidUtf8),
        }
    }
}

/// How many of the last bytes begin a code point that needs more than are there.
fn begun_len(piece: &[u8]) -> usize {
    for (back, &byte) in piece.iter().rev().take(3).enumerate() {
        let needs = match byte {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if needs > back + 1 { back + 1 } else { 0 };
    }
    0
}
