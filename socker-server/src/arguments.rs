use std::path::PathBuf;

use clap::{Parser, Subcommand};

const LISTEN: &str = "127.0.0.1:8080";

/// WebSocket connections that move through stages.
///
/// Without a command it serves on 127.0.0.1:8080: a demo page at /, an echo at /echo. RUST_LOG sets
/// what is logged, for example RUST_LOG=debug.
#[derive(Parser)]
#[command(name = "socker", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the demo page at / and an echo of messages up to 64 MiB at /echo, until Ctrl-C.
    Serve {
        /// Host and port to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
        listen: String,
        /// Write all that the scene is told and answers to this file, with its times, for replay.
        /// It holds what players send, their cookies included.
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Tell a scene all that is in a recording, and compare what it answers.
    Replay {
        /// What serve --record wrote.
        file: PathBuf,
    },
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
        Ok(Arguments { command: Some(command) }) => Ok(command),
        Ok(Arguments { command: None }) => {
            Ok(Command::Serve { listen: LISTEN.to_owned(), record: None })
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
