use std::{error, fmt, io};

use socker_core::{CloseReason, handshake::RequestError};

/// Why a connection to a server can't be begun, or was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is not a `ws://` or `wss://` URI.
    Request(RequestError),
    /// The address asks for TLS, which this adapter does not have: use `socker-tokio` with a TLS
    /// stream, or a proxy.
    Tls,
    /// There are [`Budget::connections`](socker_core::service::Budget::connections) already, or the
    /// loop drains.
    Full,
    /// The host's name was not found, its server can't be reached, or the connection broke before it
    /// was open.
    Io(io::Error),
    /// The connection ended before it was open: the server refused it, say.
    Closed(CloseReason),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Tls => f.write_str("wss:// needs TLS, which this adapter does not have"),
            Self::Full => f.write_str("there are too many connections, or no more are taken"),
            Self::Io(error) => error.fmt(f),
            Self::Closed(reason) => reason.fmt(f),
        }
    }
}

impl error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Tls | Self::Full | Self::Closed(_) => None,
        }
    }
}

impl From<RequestError> for ConnectError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why a closure can't be run on a loop. It is given back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError<F> {
    /// So many closures wait that the loop seems to stall: try again later, or do without.
    Full(F),
    /// The loop is gone.
    Gone(F),
}

impl<F> RunError<F> {
    /// The closure.
    pub fn into_inner(self) -> F {
        match self {
            Self::Full(act) | Self::Gone(act) => act,
        }
    }
}

/// A closure has nothing to show.
impl<F> fmt::Debug for RunError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Gone(_) => "Gone(..)",
        })
    }
}

impl<F> fmt::Display for RunError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "too much waits to be run on the loop",
            Self::Gone(_) => "the loop is gone",
        })
    }
}

impl<F> error::Error for RunError<F> {}
