use std::{error, fmt};

use tungstenite::protocol::frame::coding::CloseCode;

/// What a peer did against the protocol, or over a limit.
///
/// Each is reported at the first byte that proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set and no extension was agreed (RFC 6455, section 5.2).
    ReservedBits,
    /// The opcode has no meaning (section 5.2).
    ReservedOpcode(u8),
    /// A client's frame without a mask (section 5.1).
    Unmasked,
    /// A server's frame with a mask (section 5.1).
    Masked,
    /// A Close, Ping or Pong in fragments (section 5.5).
    FragmentedControl,
    /// A Close, Ping or Pong of more than 125 bytes (section 5.5).
    OversizedControl,
    /// A continuation where no message had begun (section 5.4).
    UnexpectedContinuation,
    /// A new message where the last was not complete (section 5.4).
    ExpectedContinuation,
    /// A length in more bytes than it needs (section 5.2).
    NonMinimalLength,
    /// A length with its top bit set (section 5.2).
    LengthOverflow,
    /// A message over [`Config::message_limit`](crate::Config::message_limit).
    MessageTooLarge,
    /// A text message or a Close reason that is not UTF-8 (sections 5.5.1 and 8.1).
    InvalidUtf8,
    /// A Close of one byte, which can't hold a code (section 5.5.1).
    TruncatedClose,
    /// A close code that must not be sent (section 7.4). Its second byte is 0 where the first alone
    /// proves it.
    InvalidCloseCode(u16),
}

impl Violation {
    /// The code with which the connection is closed (RFC 6455, section 7.4.1).
    #[must_use]
    pub fn code(self) -> CloseCode {
        match self {
            Self::MessageTooLarge => CloseCode::Size,
            Self::InvalidUtf8 => CloseCode::Invalid,
            _ => CloseCode::Protocol,
        }
    }

    /// A short reason in words, as sent in the Close.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved bit set without an extension",
            Self::ReservedOpcode(_) => "reserved opcode",
            Self::Unmasked => "client frame without a mask",
            Self::Masked => "server frame with a mask",
            Self::FragmentedControl => "fragmented control frame",
            Self::OversizedControl => "control frame over 125 bytes",
            Self::UnexpectedContinuation => "continuation without a message",
            Self::ExpectedContinuation => "new message before the last was complete",
            Self::NonMinimalLength => "length not in its shortest form",
            Self::LengthOverflow => "length over 63 bits",
            Self::MessageTooLarge => "message over the size limit",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::TruncatedClose => "close frame of one byte",
            Self::InvalidCloseCode(_) => "close code that must not be sent",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedOpcode(opcode) => write!(f, "reserved opcode {opcode:#x}"),
            Self::InvalidCloseCode(code) => write!(f, "close code {code} must not be sent"),
            _ => f.write_str(self.reason()),
        }
    }
}

impl error::Error for Violation {}
