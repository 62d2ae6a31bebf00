//! The HTTP opening handshake of each role (RFC 6455, section 4).
//!
//! tungstenite parses the head, derives the accept key and writes the client's request. Ours are
//! the head's scanner, which judges byte by byte and in linear time, and the checks of both
//! sides, because tungstenite's want `Connection` in one header, tell a missing version and a wrong
//! one alike, and leave the server's extensions unchecked.

mod answer;
mod client;
mod error;
mod head;
mod request;
mod response;
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
    server::{ServerOpening, refusal},
};

use http::{HeaderMap, header::HeaderName};

/// The elements of a header that is a comma-separated list, over all of its lines.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    list(headers, name).any(|element| element.eq_ignore_ascii_case(token))
}
