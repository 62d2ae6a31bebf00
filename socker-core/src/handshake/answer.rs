//! What a server says to a request.

use std::{error, fmt};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
        TRANSFER_ENCODING, UPGRADE,
    },
};

use super::HandshakeError;

/// Headers that the handshake itself sets.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    [
        CONNECTION,
        UPGRADE,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION,
    ]
    .contains(name)
}

/// Why a header can't be added to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// Not a header's name or value (RFC 9110, section 5).
    Invalid,
    /// The handshake sets this header itself.
    Reserved,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "not a header's name or value",
            Self::Reserved => "the handshake sets this header itself",
        })
    }
}

impl error::Error for HeaderError {}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), HeaderError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Invalid)?;
    if is_ours(&name) {
        return Err(HeaderError::Reserved);
    }
    let value = HeaderValue::from_str(value).map_err(|_| HeaderError::Invalid)?;
    headers.append(name, value);
    Ok(())
}

/// A server's yes: the chosen subprotocol and further headers.
///
/// ```
/// use socker_core::handshake::Acceptance;
///
/// let acceptance =
///     Acceptance::default().with_subprotocol("arena-1").with_header("Set-Cookie", "name=Ada")?;
/// # Ok::<(), socker_core::handshake::HeaderError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    pub(super) subprotocol: Option<String>,
    pub(super) headers: HeaderMap,
}

impl Acceptance {
    /// Chooses one of the subprotocols that the client offered.
    #[must_use]
    pub fn with_subprotocol(self, name: impl Into<String>) -> Self {
        Self { subprotocol: Some(name.into()), ..self }
    }

    /// Adds a header.
    ///
    /// # Errors
    /// It is not a header, or one that the handshake sets.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        append(&mut self.headers, name, value)?;
        Ok(self)
    }

    /// The chosen subprotocol.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The headers that were added.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// A server's no: a status, headers and a body.
///
/// ```
/// use http::StatusCode;
/// use socker_core::handshake::Rejection;
///
/// let rejection = Rejection::new(StatusCode::UNAUTHORIZED)
///     .with_header("WWW-Authenticate", "Cookie")?
///     .with_text("log in first");
/// # Ok::<(), socker_core::handshake::HeaderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rejection {
    status: StatusCode,
    /// Boxed: it is large, and often the rare side of a result.
    headers: Box<HeaderMap>,
    body: Bytes,
}

impl Rejection {
    /// An answer with this status and no body. An informational status, which can't end a request,
    /// is replaced by 500.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let status =
            if status.is_informational() { StatusCode::INTERNAL_SERVER_ERROR } else { status };
        Self { status, headers: Box::default(), body: Bytes::new() }
    }

    /// Adds a header.
    ///
    /// # Errors
    /// It is not a header, or one that the handshake sets.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        append(&mut self.headers, name, value)?;
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sets the body to plain text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        self.headers.insert(CONTENT_TYPE, plain);
        self.with_body(text.into())
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers that were added.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The answer's bytes; the connection ends after them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut headers = self.headers.clone();
        let upgrades = headers.contains_key(UPGRADE);
        let connection = if upgrades { "close, Upgrade" } else { "close" };
        headers.insert(CONNECTION, HeaderValue::from_static(connection));
        // An answer without content has no length of it (RFC 9110, section 8.6).
        let body = if self.status == StatusCode::NO_CONTENT { &[][..] } else { &self.body };
        if self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        let mut bytes = encode_head(self.status, &headers);
        bytes.extend_from_slice(body);
        bytes
    }
}

/// The answer to a request that is against the protocol.
impl From<HandshakeError> for Rejection {
    fn from(error: HandshakeError) -> Self {
        let mut rejection = Self::new(error.status()).with_text(format!("{error}\n"));
        match error {
            HandshakeError::Version => {
                let version = HeaderValue::from_static("13");
                rejection.headers.insert(SEC_WEBSOCKET_VERSION, version);
                rejection.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            }
            HandshakeError::Method => {
                rejection.headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            _ => {}
        }
        rejection
    }
}

/// A status line and headers. Values go out as they are, so that they need not be ASCII.
fn encode_head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let phrase = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {phrase}\r\n", status.as_str()).into_bytes();
    encode_headers(&mut bytes, headers);
    bytes
}

/// The headers, and the end of a head.
pub(super) fn encode_headers(bytes: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        encode_line(bytes, name, value.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
}

pub(super) fn encode_line(bytes: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    bytes.extend_from_slice(name.as_str().as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}
