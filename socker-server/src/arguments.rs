//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

const LISTEN: &str = "127.0.0.1:8080";

/// Connections that move through stages, rooms, and a directory of game servers.
///
/// Without a command it serves on 127.0.0.1:8080: a demo page at /, an arena to play in, an echo at
/// /echo. RUST_LOG sets what is logged, for example RUST_LOG=socker=debug.
#[derive(Parser)]
#[command(name = "socker", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve until Ctrl-C: the demo page at /, rooms at /rooms, a directory at /directory/servers and
    /// /directory/clients, an arena that is in it, and an echo of messages up to 64 MiB at /echo.
    Serve(Serve),
    /// Run an arena as a game server of its own, until Ctrl-C: the demo page's scene, which browsers
    /// find in a directory and reach over WebRTC data channels.
    Arena(Arena),
    /// Tell a scene all that is in a recording, and compare what it answers.
    Replay {
        /// What serve --record wrote.
        file: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Host and port to listen on; port 0 takes a free one. The arena's data channels use UDP at the
    /// same port.
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    pub(crate) listen: String,
    /// IP address and port under which browsers reach the arena, where that is not the address of
    /// this machine: behind a router, say.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_arena")]
    pub(crate) announce: Option<SocketAddr>,
    /// Run no arena inside.
    #[arg(long)]
    pub(crate) no_arena: bool,
    /// Write all that the scene is told over WebSockets, and answers, to this file, with its times, for
    /// replay. It holds what players send, their cookies included.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

impl Default for Serve {
    fn default() -> Self {
        Self { listen: LISTEN.to_owned(), announce: None, no_arena: false, record: None }
    }
}

#[derive(Args)]
pub(crate) struct Arena {
    /// The directory: ws://host:port, and a path if that is not /directory/servers.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080")]
    pub(crate) directory: String,
    /// By which people know it in the directory's list.
    #[arg(long, default_value = "arena")]
    pub(crate) name: String,
    /// IP address and port of the UDP socket; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:0")]
    pub(crate) bind: SocketAddr,
    /// IP address and port under which browsers reach it. Without it, the address with which it
    /// reaches the directory, and the socket's port.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) announce: Option<SocketAddr>,
}

/// Why there is no command to run.
pub(crate) enum Stop {
    /// Help or the version was asked for, and printed.
    Told,
    /// The arguments are wrong; the line says how.
    Wrong(String),
}

pub(crate) fn parse() -> Result<Command, Stop> {
    match Arguments::try_parse() {
        Ok(Arguments { command }) => {
            Ok(command.unwrap_or_else(|| Command::Serve(Serve::default())))
        }
        Err(error) if error.use_stderr() => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            Err(Stop::Wrong(format!("{line} (see socker --help)")))
        }
        Err(help) => {
            // Nobody reads it any more if this fails.
            let _ = help.print();
            Err(Stop::Told)
        }
    }
}
