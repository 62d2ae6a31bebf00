//! The HTTP opening handshake of each role (RFC 6455, section 4).
//!
//! tungstenite parses the server's answer, derives the accept key and writes the client's request.
//! Ours are the head's scanner, which judges byte by byte and in linear time, what it finds in a
//! request, and the checks of both sides, because tungstenite's want `Connection` in one header, tell a
//! missing version and a wrong one alike, and leave the server's extensions unchecked.

mod answer;
mod characters;
mod client;
mod error;
mod head;
mod headers;
mod judge;
mod request;
mod response;
mod scanner;
mod server;

pub use self::{
    answer::{Acceptance, HeaderError, Rejection},
    error::{HandshakeError, SubprotocolError},
    request::{Request, RequestError},
    response::Response,
    server::Incoming,
};
pub(crate) use self::{
    client::{ClientOpening, ClientStep},
    judge::Key,
    server::{ServerOpening, refusal},
};
