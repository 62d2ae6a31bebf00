//! Each error and each end says what it is, and no two the same.

// Outside of a `#[test]` too, a test that can't go on should stop.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use socker_core::directory::codec::{DecodeError, EncodeError};
use socker_core::directory::{MetadataError, Role};
use socker_core::handshake::{Acceptance, HandshakeError, HeaderError, Incoming, RequestError};
use socker_core::http::StatusCode;
use socker_core::rooms::{RoomEnd, RoomError, RoomId};
use socker_core::script::{Expects, ScriptError};
use socker_core::service::{PeerId, Recording};
use socker_core::wire::{InvalidUtf8, Violation};
use socker_core::{
    AnswerError, CloseCode, CloseReason, Event, Instant, Machine, Message, MessageKind, Refusal,
    SendError,
};
use socker_tests::calls::REQUEST;

/// Checks them, and gives them back with a comma between.
fn said<T: Display>(those: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = those.into_iter().map(|one| one.to_string()).collect();
    let different: BTreeSet<&String> = texts.iter().collect();
    assert!(!texts.iter().any(String::is_empty), "{texts:?}");
    assert_eq!(different.len(), texts.len(), "{texts:?}");
    texts.join(", ")
}

fn incoming() -> Incoming {
    let mut server = Machine::server(Instant::START, Arc::default());
    let mut request = REQUEST.as_bytes().to_vec();
    let asked = server.read(Instant::START, &mut &mut request[..]);
    let Some(Event::Incoming(incoming)) = asked else { panic!("{asked:?}") };
    incoming
}

#[test]
fn errors_of_calls() {
    said([Refusal::Opening, Refusal::Closed, Refusal::Full, Refusal::TooLong]);
    let error = SendError { refusal: Refusal::Full, message: Message::text("x") };
    assert!(error.to_string().contains(&Refusal::Full.to_string()), "{error}");
    said([HeaderError::Invalid, HeaderError::Reserved]);
    said([
        RequestError::Uri,
        RequestError::Scheme,
        RequestError::Host,
        RequestError::Header,
        RequestError::ReservedHeader,
        RequestError::Subprotocol,
    ]);
    said([ScriptError::Empty, ScriptError::PastEnd { stage: "play" }, ScriptError::Ended]);
    said([
        RoomError::UnknownRoom,
        RoomError::TooManyRooms,
        RoomError::MissingKey,
        RoomError::MessageTooLong,
        RoomError::StateFull,
    ]);
    said([EncodeError::NotSaid, EncodeError::TooLong, EncodeError::EmptyMid]);
    said([MetadataError::NotJson, MetadataError::TooLong]);
    said([InvalidUtf8]);
    let chat = Acceptance::default().with_subprotocol("chat");
    let error = incoming().response(chat).unwrap_err();
    let errors = [
        AnswerError::Subprotocol { incoming: incoming(), error },
        AnswerError::NotPending(incoming()),
    ];
    assert!(said(errors).contains("chat"));
    said(["".parse::<PeerId>().unwrap_err()]);
    said(["".parse::<RoomId>().unwrap_err()]);
    assert!(Recording::parse("?").unwrap_err().to_string().contains('1'));
}

#[test]
fn what_peers_do_wrong() {
    said([
        HandshakeError::Malformed("a line"),
        HandshakeError::TooLarge,
        HandshakeError::TooManyHeaders,
        HandshakeError::Method,
        HandshakeError::HttpVersion,
        HandshakeError::Host,
        HandshakeError::Connection,
        HandshakeError::Upgrade,
        HandshakeError::Version,
        HandshakeError::Key,
        HandshakeError::EarlyData,
        HandshakeError::Accept,
        HandshakeError::Subprotocol,
        HandshakeError::Extension,
    ]);
    let violations = [
        Violation::ReservedBits,
        Violation::ReservedOpcode(3),
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
        Violation::InvalidCloseCode(1005),
    ];
    said(violations);
    said(violations.map(Violation::reason));
    assert!(Violation::ReservedOpcode(3).to_string().contains("0x3"));
    assert!(Violation::InvalidCloseCode(1005).to_string().contains("1005"));
    said([
        DecodeError::Empty,
        DecodeError::UnknownType(99),
        DecodeError::Truncated,
        DecodeError::InvalidUtf8,
        DecodeError::InvalidList,
    ]);
}

#[test]
fn ends() {
    let (code, answer) = (CloseCode::Away, CloseCode::Normal);
    let peer = |reason: &str| CloseReason::Peer { code, reason: reason.to_owned() };
    let local = CloseReason::Local { code, answer, reason: String::new() };
    let ends = [
        peer(""),
        peer("going home"),
        local.clone(),
        CloseReason::Cancelled,
        CloseReason::Violation(Violation::InvalidUtf8),
        CloseReason::Handshake(HandshakeError::Key),
        CloseReason::Rejected(StatusCode::FORBIDDEN),
        CloseReason::OpeningTimeout,
        CloseReason::KeepAliveTimeout,
        CloseReason::CloseTimeout,
        CloseReason::Eof,
    ];
    let told = said(&ends);
    assert!(
        told.starts_with("closed by the peer with code 1001, ")
            && told.contains("with 1001: going home"),
        "{told}"
    );
    // What the peer has said, what it was told, or nothing.
    assert_eq!((peer("").code(), local.code()), (code, answer));
    assert_eq!(CloseReason::Violation(Violation::InvalidUtf8).code(), CloseCode::Invalid);
    assert_eq!(CloseReason::Eof.code(), CloseCode::Abnormal);
    assert!(peer("").is_clean() && local.is_clean());
    assert!(ends[3..].iter().all(|end| !end.is_clean()));
    said([RoomEnd::Owner, RoomEnd::Program, RoomEnd::Abandoned]);
}

#[test]
fn kinds() {
    assert_eq!(said([MessageKind::Text, MessageKind::Binary]), "text, binary");
    assert_eq!(said([Expects::Text, Expects::Binary, Expects::Any]), "text, binary, any message");
    assert_eq!(said([Role::Server, Role::Client]), "server, client");
}
