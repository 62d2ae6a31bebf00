use std::{borrow::Cow, fmt};

use crate::{handshake::Request, service::PeerId};

/// What happened in a directory, for the embedding program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DirectoryEvent {
    /// A server is listed now.
    ServerAdded {
        /// By which it is named.
        id: u32,
        /// Its connection.
        peer: PeerId,
        /// How many are listed.
        servers: usize,
    },
    /// A server's metadata is another now.
    ServerChanged {
        /// By which it is named.
        id: u32,
    },
    /// A server is not listed any more.
    ServerRemoved {
        /// By which it was named.
        id: u32,
        /// How many are listed.
        servers: usize,
    },
    /// A client has come.
    ClientJoined {
        /// By which servers know it.
        id: u32,
        /// Its connection.
        peer: PeerId,
        /// How many there are.
        clients: usize,
    },
    /// A client has gone.
    ClientLeft {
        /// By which servers knew it.
        id: u32,
        /// How many there are.
        clients: usize,
    },
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It is a game server's: `/servers`, or the original's `/slaves`.
    Server,
    /// It is a client's: `/clients`.
    Client,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// A connection that is to be opened, to be allowed or denied.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ask<'a> {
    /// Who asks.
    pub peer: PeerId,
    /// What for.
    pub role: Role,
    /// Cookies, headers, query, address.
    pub request: &'a Request,
}

/// A connection that is not wanted: it is answered with 401 and this reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub(super) text: Cow<'static, str>,
}

impl Denial {
    /// With a reason for people to read.
    #[must_use]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into() }
    }
}
