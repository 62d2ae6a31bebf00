use std::{error, fmt, io};

use socker_core::directory::MetadataError;
use socker_rtc::ConfigError;

use crate::Error;

/// Why a game server can't begin.
#[derive(Debug)]
#[non_exhaustive]
pub enum GameServerError {
    /// The directory can't be reached, or does not want it.
    Directory(Error),
    /// The UDP socket can't be bound.
    Socket(io::Error),
    /// Nobody can be reached under the announced address.
    Address(ConfigError),
    /// The metadata can't be told.
    Metadata(MetadataError),
}

impl fmt::Display for GameServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(error) => write!(f, "the directory can't be reached: {error}"),
            Self::Socket(error) => write!(f, "the UDP socket can't be bound: {error}"),
            Self::Address(error) => error.fmt(f),
            Self::Metadata(error) => error.fmt(f),
        }
    }
}

impl error::Error for GameServerError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(match self {
            Self::Directory(error) => error,
            Self::Socket(error) => error,
            Self::Address(error) => error,
            Self::Metadata(error) => error,
        })
    }
}

impl From<Error> for GameServerError {
    fn from(error: Error) -> Self {
        Self::Directory(error)
    }
}

impl From<io::Error> for GameServerError {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl From<ConfigError> for GameServerError {
    fn from(error: ConfigError) -> Self {
        Self::Address(error)
    }
}

impl From<MetadataError> for GameServerError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
