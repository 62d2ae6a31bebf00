//! Why a connection ended, as fields.

use super::line::{Line, unescape};
use crate::{
    CloseCode, event::CloseReason, handshake::HandshakeError, http::StatusCode, wire::Violation,
};

/// Those that are no more than a name.
const NAMED: [(&str, CloseReason); 6] = [
    ("cancelled", CloseReason::Cancelled),
    ("opening-timeout", CloseReason::OpeningTimeout),
    ("keep-alive-timeout", CloseReason::KeepAliveTimeout),
    ("close-timeout", CloseReason::CloseTimeout),
    ("eof", CloseReason::Eof),
    // The one error of the handshake that a service can be told: it had accepted already.
    ("early-data", CloseReason::Handshake(HandshakeError::EarlyData)),
];

/// Those without a number of their own.
const VIOLATIONS: [Violation; 12] = [
    Violation::ReservedBits,
    Violation::Unmasked,
    Violation::Masked,
    Violation::FragmentedControl,
    Violation::OversizedControl,
    Violation::UnexpectedContinuation,
    Violation::ExpectedContinuation,
    Violation::NonMinimalLength,
    Violation::LengthOverflow,
    Violation::MessageTooLarge,
    Violation::InvalidUtf8,
    Violation::TruncatedClose,
];

pub(super) fn encode(line: Line, reason: &CloseReason) -> Line {
    match reason {
        CloseReason::Peer { code, reason } => {
            line.field("peer").field(u16::from(*code)).bytes(reason.as_bytes())
        }
        CloseReason::Local { code, answer, reason } => {
            let line = line.field("local").field(u16::from(*code)).field(u16::from(*answer));
            line.bytes(reason.as_bytes())
        }
        CloseReason::Violation(Violation::ReservedOpcode(opcode)) => {
            line.field("reserved-opcode").field(opcode)
        }
        CloseReason::Violation(Violation::InvalidCloseCode(code)) => {
            line.field("invalid-close-code").field(code)
        }
        CloseReason::Violation(violation) => line.field("violation").field(name(*violation)),
        CloseReason::Rejected(status) => line.field("rejected").field(status.as_u16()),
        other => line.field(named(other)),
    }
}

pub(super) fn decode(fields: &[&str]) -> Option<CloseReason> {
    let code = |field: &str| Some(CloseCode::from(field.parse::<u16>().ok()?));
    let text = |field: &str| String::from_utf8(unescape(field)?).ok();
    Some(match *fields {
        ["peer", number, reason] => {
            CloseReason::Peer { code: code(number)?, reason: text(reason)? }
        }
        ["local", number, answer, reason] => {
            let (code, answer) = (code(number)?, code(answer)?);
            CloseReason::Local { code, answer, reason: text(reason)? }
        }
        ["reserved-opcode", opcode] => {
            CloseReason::Violation(Violation::ReservedOpcode(opcode.parse().ok()?))
        }
        ["invalid-close-code", code] => {
            CloseReason::Violation(Violation::InvalidCloseCode(code.parse().ok()?))
        }
        ["violation", field] => {
            let found = VIOLATIONS.into_iter().find(|violation| name(*violation) == field);
            CloseReason::Violation(found?)
        }
        ["rejected", status] => CloseReason::Rejected(status.parse::<StatusCode>().ok()?),
        [field] => NAMED.into_iter().find(|(name, _)| *name == field)?.1,
        _ => return None,
    })
}

/// As its variant is called.
fn name(violation: Violation) -> String {
    format!("{violation:?}")
}

fn named(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Cancelled => "cancelled",
        CloseReason::OpeningTimeout => "opening-timeout",
        CloseReason::KeepAliveTimeout => "keep-alive-timeout",
        CloseReason::CloseTimeout => "close-timeout",
        CloseReason::Handshake(_) => "early-data",
        // All others have fields of their own, or end a connection that was never open.
        _ => "eof",
    }
}
