use std::net::{Ipv4Addr, SocketAddr};

/// Addresses and limits of a [`GameServer`](super::GameServer).
///
/// ```
/// use socker_tokio::game_server::Options;
/// use socker_tokio::rtc;
///
/// let options = Options::default()
///     .bind("0.0.0.0:9000".parse()?)
///     .announce("203.0.113.5:9000".parse()?) // as the router has it
///     .rtc(rtc::Config::default().peers(64));
/// # let _ = options;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) bind: SocketAddr,
    pub(super) announced: Option<SocketAddr>,
    pub(super) rtc: socker_rtc::Config,
}

impl Default for Options {
    fn default() -> Self {
        let bind = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Self { bind, announced: None, rtc: socker_rtc::Config::default() }
    }
}

impl Options {
    /// Where the UDP socket is bound. Default all IPv4 addresses, and a port that the system picks.
    #[must_use]
    pub fn bind(self, bind: SocketAddr) -> Self {
        Self { bind, ..self }
    }

    /// The address that players are told. Default: the one with which the directory is reached, and
    /// the port of the socket.
    #[must_use]
    pub fn announce(self, address: SocketAddr) -> Self {
        Self { announced: Some(address), ..self }
    }

    /// The limits and times of players. The announced address is added to its candidates.
    #[must_use]
    pub fn rtc(self, rtc: socker_rtc::Config) -> Self {
        Self { rtc, ..self }
    }
}
