use std::{error, fmt, io};

use socker_core::directory::MetadataError;

use crate::ConfigError;

/// Why a game server can't begin. `E` is why its adapter has no connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum GameServerError<E> {
    /// The directory can't be reached, or does not want it.
    Directory(E),
    /// The UDP socket can't be bound.
    Socket(io::Error),
    /// Nobody can be reached under the announced address.
    Address(ConfigError),
    /// The metadata can't be told.
    Metadata(MetadataError),
}

impl<E: fmt::Display> fmt::Display for GameServerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(error) => write!(f, "the directory can't be reached: {error}"),
            Self::Socket(error) => write!(f, "the UDP socket can't be bound: {error}"),
            Self::Address(error) => error.fmt(f),
            Self::Metadata(error) => error.fmt(f),
        }
    }
}

impl<E: error::Error + 'static> error::Error for GameServerError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(match self {
            Self::Directory(error) => error,
            Self::Socket(error) => error,
            Self::Address(error) => error,
            Self::Metadata(error) => error,
        })
    }
}

impl<E> From<io::Error> for GameServerError<E> {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl<E> From<ConfigError> for GameServerError<E> {
    fn from(error: ConfigError) -> Self {
        Self::Address(error)
    }
}

impl<E> From<MetadataError> for GameServerError<E> {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}
