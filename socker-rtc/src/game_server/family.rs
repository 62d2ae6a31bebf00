//! A socket that is bound to all addresses of IPv6 has those of IPv4 too, by other names (RFC 4291,
//! section 2.5.5.2), which candidates do not have.

use std::net::{IpAddr, SocketAddr};

/// An address from which a datagram has come, as candidates name it.
///
/// ```
/// use socker_rtc::game_server::from_socket;
///
/// assert_eq!(from_socket("[::ffff:192.0.2.1]:9".parse()?), "192.0.2.1:9".parse()?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn from_socket(source: SocketAddr) -> SocketAddr {
    SocketAddr::new(source.ip().to_canonical(), source.port())
}

/// An address to which a datagram goes, as the socket that is bound to `local` names it.
///
/// ```
/// use socker_rtc::game_server::to_socket;
///
/// let destination = "192.0.2.1:9".parse()?;
/// assert_eq!(to_socket("[::]:9000".parse()?, destination), "[::ffff:192.0.2.1]:9".parse()?);
/// assert_eq!(to_socket("0.0.0.0:9000".parse()?, destination), destination);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[must_use]
pub fn to_socket(local: SocketAddr, destination: SocketAddr) -> SocketAddr {
    match destination.ip() {
        IpAddr::V4(ip) if local.is_ipv6() => {
            SocketAddr::new(ip.to_ipv6_mapped().into(), destination.port())
        }
        _ => destination,
    }
}
