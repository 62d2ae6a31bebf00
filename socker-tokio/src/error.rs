use std::{error, fmt, io};

use socker_core::{
    CloseReason, Oversized,
    handshake::{RequestError, SubprotocolError},
};

/// Why a connection can't be opened, or did not end well.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The stream failed.
    Io(io::Error),
    /// The connection is over, and not by a Close from each side.
    Closed(CloseReason),
    /// A message over [`Config::message_limit`](socker_core::Config::message_limit) has come, and is
    /// dropped ([`Config::discard_limit`](socker_core::Config::discard_limit)). The connection goes on.
    Oversized(Oversized),
    /// This side is closing the connection.
    Closing,
    /// The sink was given a message before it was ready.
    NotReady,
    /// The address is not a `ws://` or `wss://` URI.
    Request(RequestError),
    /// The address asks for TLS: open the TLS stream yourself and use [`client`](crate::client()).
    Tls,
    /// The subprotocol that was chosen was not offered.
    Subprotocol(SubprotocolError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Closed(reason) => reason.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Oversized(oversized) => {
                write!(f, "a {} message over the size limit was dropped", oversized.kind)
            }
            Self::Closing => f.write_str("the connection is closing"),
            Self::NotReady => f.write_str("the sink was not ready for a message"),
            Self::Tls => f.write_str("wss:// needs a TLS stream of the caller"),
            Self::Subprotocol(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Closed(_)
            | Self::Oversized(_)
            | Self::Closing
            | Self::NotReady
            | Self::Tls
            | Self::Subprotocol(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}
