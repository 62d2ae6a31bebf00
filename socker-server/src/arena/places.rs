//! Where an arena is: in a process of its own, or in that of its directory.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    pin::pin,
};

use socker_tokio::game_server::GameServerError;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::host::{self, Failure, Options};
use crate::{arguments, end_signal::end_signal};

/// By which people know the arena that is in its directory's process.
const INSIDE: &str = "home";

/// Runs an arena until Ctrl-C or SIGTERM.
///
/// # Errors
/// It can't begin; the line says why, and what to do.
pub(crate) fn run_alone(arguments: arguments::Arena) -> Result<(), String> {
    let arguments::Arena { directory, name, bind, announce } = arguments;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("can't start: {error}"))?;
    let listed = |address| {
        // Nobody has to read it.
        let _ = writeln!(
            io::stdout(),
            "The arena {name:?} is in the directory {directory}; players reach it at UDP {address} \
             (Ctrl-C ends it)"
        );
    };
    let options =
        Options { directory: directory.clone(), name: name.clone(), bind, announced: announce };
    let ended = runtime.block_on(async {
        let ending = CancellationToken::new();
        let end = end_signal();
        let mut run = pin!(host::run(options, ending.clone(), listed));
        tokio::select! {
            ended = &mut run => return ended,
            () = end => {}
        }
        info!("ending: the players are told");
        ending.cancel();
        tokio::select! {
            ended = run => ended,
            () = end_signal() => Ok(()),
        }
    });
    ended.map_err(|failure| match failure {
        Failure::Begin(GameServerError::Directory(error)) => format!(
            "the directory {directory} can't be reached: {error}; choose another with --directory"
        ),
        Failure::Begin(GameServerError::Socket(error)) => {
            format!("can't bind UDP {bind}: {error}; choose another address with --bind")
        }
        Failure::Begin(GameServerError::Address(error)) => {
            format!("{error}; choose another address with --announce")
        }
        Failure::Begin(GameServerError::Metadata(error)) => {
            format!("{error}; choose another --name")
        }
        failure => failure.to_string(),
    })
}

/// Runs an arena in the process of its directory, which listens at this address, until it is cancelled.
/// Players reach it at the same port over UDP, or if that is taken and nothing else is announced, at
/// any.
pub(crate) async fn run_inside(
    listen: SocketAddr,
    announced: Option<SocketAddr>,
    ending: CancellationToken,
) {
    let mut options = Options {
        directory: format!("ws://{}", SocketAddr::new(reachable(listen.ip()), listen.port())),
        name: INSIDE.to_owned(),
        bind: listen,
        announced: announced.or_else(|| lan(listen.ip())),
    };
    let listed = |address| info!("players reach the arena at UDP {address}");
    let mut ended = host::run(options.clone(), ending.clone(), listed).await;
    if announced.is_none() && matches!(&ended, Err(Failure::Begin(GameServerError::Socket(_)))) {
        options.bind.set_port(0);
        ended = host::run(options, ending, listed).await;
    }
    if let Err(failure) = ended {
        warn!("there is no arena: {failure}");
    }
}

/// An address of this machine that is among those on which it listens.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Under which address others reach a machine that listens on all of them, if it is in a network; the
/// port is that of the socket.
fn lan(listen: IpAddr) -> Option<SocketAddr> {
    if !listen.is_unspecified() {
        return None;
    }
    // Nothing is sent: the system looks up which of its addresses it would send from. The other is
    // nobody's (RFC 5737).
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(SocketAddr::new(socket.local_addr().ok()?.ip(), 0))
}
