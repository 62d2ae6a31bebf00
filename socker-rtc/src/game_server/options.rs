use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::Config;

/// Addresses and limits of a game server, for whoever has its socket.
///
/// ```
/// use socker_rtc::{Config, game_server::Options};
///
/// let options = Options::default()
///     .bind("0.0.0.0:9000".parse()?)
///     .announce("203.0.113.5:9000".parse()?) // as the router has it
///     .rtc(Config::default().peers(64));
/// # let _ = options;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Where the UDP socket is bound. Default all IPv4 addresses, and a port that the system picks.
    pub bind: SocketAddr,
    /// The address that players are told; port 0 is that of the socket. Default: the address with which
    /// the directory is reached, and port 0.
    pub announced: Option<SocketAddr>,
    /// The limits and times of players. The announced address is added to its candidates.
    pub rtc: Config,
}

impl Default for Options {
    fn default() -> Self {
        let bind = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self { bind, announced: None, rtc: Config::default() }
    }
}

/// Each sets one field, to be chained.
impl Options {
    /// Sets [`Options::bind`].
    #[must_use]
    pub fn bind(self, bind: SocketAddr) -> Self {
        Self { bind, ..self }
    }

    /// Sets [`Options::announced`].
    #[must_use]
    pub fn announce(self, address: SocketAddr) -> Self {
        Self { announced: Some(address), ..self }
    }

    /// Sets [`Options::rtc`].
    #[must_use]
    pub fn rtc(self, rtc: Config) -> Self {
        Self { rtc, ..self }
    }
}

impl Options {
    /// The address that players are told, of a socket that is bound to this port. `local` is the
    /// address with which the directory is reached, if it is asked for.
    ///
    /// # Errors
    /// Those of `local`.
    pub fn announced_at<E>(
        &self,
        port: u16,
        local: impl FnOnce() -> Result<IpAddr, E>,
    ) -> Result<SocketAddr, E> {
        Ok(match self.announced {
            Some(announced) if announced.port() == 0 => SocketAddr::new(announced.ip(), port),
            Some(announced) => announced,
            None => SocketAddr::new(local()?, port),
        })
    }
}
