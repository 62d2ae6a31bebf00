use std::{error, fmt};

use http::StatusCode;

/// Why an opening handshake failed.
///
/// A server has answered with [`HandshakeError::status`] and the text of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The bytes are not an HTTP/1.1 head; the text says where.
    Malformed(&'static str),
    /// The head is over [`Config::opening_limit`](crate::Config::opening_limit).
    TooLarge,
    /// The head has more lines than [`Config::header_limit`](crate::Config::header_limit).
    TooManyHeaders,
    /// The method is not GET.
    Method,
    /// The HTTP version is not 1.1.
    HttpVersion,
    /// `Host` is missing, there several times, or not ASCII.
    Host,
    /// `Connection` does not list `Upgrade`.
    Connection,
    /// `Upgrade` does not list `websocket`.
    Upgrade,
    /// `Sec-WebSocket-Version` is not 13.
    Version,
    /// `Sec-WebSocket-Key` is not 16 bytes in base64, or is there several times.
    Key,
    /// The client sent more than fits before its request was decided.
    EarlyData,
    /// The server's `Sec-WebSocket-Accept` does not belong to our key.
    Accept,
    /// The server chose a subprotocol that was not offered.
    Subprotocol,
    /// The server chose an extension, and none was offered.
    Extension,
}

impl HandshakeError {
    /// The status with which a server answers.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLarge | Self::TooManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(what) => return write!(f, "not an HTTP/1.1 head: {what}"),
            Self::TooLarge => "the head is over the size limit",
            Self::TooManyHeaders => "the head has too many header lines",
            Self::Method => "the method must be GET",
            Self::HttpVersion => "the HTTP version must be 1.1",
            Self::Host => "one Host header is needed",
            Self::Connection => "this is a WebSocket address: Connection must list Upgrade",
            Self::Upgrade => "this is a WebSocket address: Upgrade must list websocket",
            Self::Version => "Sec-WebSocket-Version must be 13",
            Self::Key => "Sec-WebSocket-Key must be 16 bytes in base64",
            Self::EarlyData => "too much was sent before the request was answered",
            Self::Accept => "Sec-WebSocket-Accept does not belong to the key that was sent",
            Self::Subprotocol => "the server chose a subprotocol that was not offered",
            Self::Extension => "the server chose an extension that was not offered",
        })
    }
}

impl error::Error for HandshakeError {}

/// A server has chosen a subprotocol that the client did not offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubprotocolError {
    /// What was chosen.
    pub name: String,
}

impl fmt::Display for SubprotocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the subprotocol {:?} was not offered", self.name)
    }
}

impl error::Error for SubprotocolError {}
