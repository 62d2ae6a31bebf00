//! What a server checks in an opening request (RFC 6455, section 4.2.1).

use data_encoding::BASE64;
use tungstenite::handshake::derive_accept_key;

use super::{
    HandshakeError, Request,
    headers::{Headers, is, lists},
};

/// A client's `Sec-WebSocket-Key`: 16 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key([u8; 24]);

impl Key {
    fn new(value: &[u8]) -> Option<Self> {
        let key = value.try_into().ok()?;
        // As many as the decoder may want for 24 characters.
        let mut decoded = [0; 18];
        (BASE64.decode_mut(value, &mut decoded) == Ok(16)).then_some(Self(key))
    }

    /// The server's `Sec-WebSocket-Accept` for it.
    pub(super) fn accept(self) -> String {
        derive_accept_key(&self.0)
    }
}

/// Checks an HTTP/1.1 GET.
pub(super) fn judge(request: &Request) -> Result<Key, HandshakeError> {
    // Nothing but a path, or a URI with one: `*` and a bare host are for other methods (RFC 9112,
    // section 3.2).
    if !request.path().starts_with('/') {
        return Err(HandshakeError::Malformed("request target"));
    }
    let claims = Claims::of(request.lines());
    if claims.has_body {
        return Err(HandshakeError::Malformed("a body"));
    }
    if !claims.host.value().is_some_and(<[u8]>::is_ascii) {
        return Err(HandshakeError::Host);
    }
    if !claims.connection {
        return Err(HandshakeError::Connection);
    }
    if !claims.upgrade {
        return Err(HandshakeError::Upgrade);
    }
    if claims.version.value() != Some(b"13") {
        return Err(HandshakeError::Version);
    }
    claims.key.value().and_then(Key::new).ok_or(HandshakeError::Key)
}

/// What the headers say of the opening, gathered in one pass.
#[derive(Default)]
struct Claims<'a> {
    has_body: bool,
    host: Once<'a>,
    connection: bool,
    upgrade: bool,
    version: Once<'a>,
    key: Once<'a>,
}

impl<'a> Claims<'a> {
    fn of(headers: &'a Headers) -> Self {
        let mut claims = Self::default();
        for (name, value) in headers.iter() {
            claims.gather(name, value);
        }
        claims
    }

    fn gather(&mut self, name: &[u8], value: &'a [u8]) {
        if is("host", name) {
            self.host.set(value);
        } else if is("connection", name) {
            self.connection |= lists(value, "upgrade");
        } else if is("upgrade", name) {
            self.upgrade |= lists(value, "websocket");
        } else if is("sec-websocket-version", name) {
            self.version.set(value);
        } else if is("sec-websocket-key", name) {
            self.key.set(value);
        } else if is("content-length", name) {
            // A body would be read as frames.
            self.has_body |= value != b"0";
        } else if is("transfer-encoding", name) {
            self.has_body = true;
        }
    }
}

/// The value of a header that has to be there exactly once.
#[derive(Default)]
enum Once<'a> {
    #[default]
    Missing,
    There(&'a [u8]),
    Repeated,
}

impl<'a> Once<'a> {
    fn set(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Missing => Self::There(value),
            _ => Self::Repeated,
        };
    }

    fn value(&self) -> Option<&'a [u8]> {
        match self {
            Self::There(value) => Some(value),
            _ => None,
        }
    }
}
