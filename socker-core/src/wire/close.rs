use std::ops::Deref;

use smallvec::SmallVec;
use tungstenite::protocol::frame::coding::CloseCode;

use super::{MAX_SHORT, Violation};

/// The longest reason that fits a Close: 125 bytes less the code.
const MAX_REASON: usize = 123;

/// The content of a Close frame (RFC 6455, section 5.5.1).
///
/// ```
/// use socker_core::{CloseCode, wire::Close};
///
/// let close = Close::decode(b"\x03\xE9going home")?;
/// assert_eq!((close.code, close.reason), (CloseCode::Away, "going home"));
/// assert_eq!(Close::decode(b"")?.code, CloseCode::Status); // 1005: none was sent
/// assert!(Close::decode(b"\x03\xED").is_err()); // 1005 must not be sent
/// # Ok::<(), socker_core::wire::Violation>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// Why; [`CloseCode::Status`] if the frame is empty.
    pub code: CloseCode,
    /// Why, in words; may be empty.
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads a whole payload.
    ///
    /// # Errors
    /// One byte, a code that must not be sent, or a reason that is not UTF-8.
    pub fn decode(payload: &'a [u8]) -> Result<Self, Violation> {
        let (code, reason) = match payload {
            [] => return Ok(Self { code: CloseCode::Status, reason: "" }),
            [_] => return Err(Violation::TruncatedClose),
            &[high, low, ref reason @ ..] => (judge_code(high, low)?, reason),
        };
        let reason = str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
        Ok(Self { code: code.into(), reason })
    }

    /// Judges the begin of a payload whose rest has not come.
    ///
    /// # Errors
    /// What its bytes prove already.
    pub fn judge(begin: &[u8]) -> Result<(), Violation> {
        match begin {
            [] => Ok(()),
            &[high] => judge_high(high),
            &[high, low, ref reason @ ..] => {
                judge_code(high, low)?;
                match str::from_utf8(reason) {
                    Err(error) if error.error_len().is_some() => Err(Violation::InvalidUtf8),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The payload: empty for a code that must not be sent, and with the reason cut to the 123
    /// bytes that fit, at the end of a code point.
    #[must_use]
    pub fn encode(&self) -> impl Deref<Target = [u8]> + use<> {
        let code = u16::from(self.code);
        let mut payload = SmallVec::<[u8; MAX_SHORT]>::new();
        if may_be_sent(code) {
            payload.extend_from_slice(&code.to_be_bytes());
            let end = self.reason.floor_char_boundary(MAX_REASON);
            payload.extend_from_slice(&self.reason.as_bytes()[..end]);
        }
        payload
    }
}

fn judge_code(high: u8, low: u8) -> Result<u16, Violation> {
    judge_high(high)?;
    let code = u16::from_be_bytes([high, low]);
    if may_be_sent(code) { Ok(code) } else { Err(Violation::InvalidCloseCode(code)) }
}

/// Whether any code with this first byte may be sent. Judged alone even if the second byte is there,
/// so that the violation is the same however the bytes came.
fn judge_high(high: u8) -> Result<(), Violation> {
    let first = u16::from_be_bytes([high, 0]);
    if (first..=first | 0xFF).any(may_be_sent) {
        Ok(())
    } else {
        Err(Violation::InvalidCloseCode(first))
    }
}

/// Codes that are defined and not for local use alone, and those for libraries and programs
/// (RFC 6455, section 7.4; the IANA registry has 1012 to 1014 too).
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
