//! The program `socker`.
//!
//! ```text
//!  main        arguments, exit code
//!  server      listener, HTTP, graceful end
//!  app         routes: page, client, and the services echo, game, rooms and directory
//!  game        the scene: a service on a thread of its own, 60 ticks a second
//!  arena       the scene again, as a game server in the directory, over data channels
//! ```

mod app;
mod arena;
mod arguments;
mod client;
mod directory;
mod echo;
mod end_signal;
mod game;
mod page;
mod rooms;
mod server;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use arguments::Command;
use game::Replay;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// The command can't be run as it was given.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match arguments::parse() {
        Ok(command) => command,
        Err(arguments::Stop::Told) => return ExitCode::SUCCESS,
        Err(arguments::Stop::Wrong(line)) => return fail(&line),
    };
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.from_env_lossy())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match command {
        Command::Serve(arguments) => match server::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Command::Arena(arguments) => match arena::run_alone(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error),
        },
        Command::Replay { file } => match game::replay(&file) {
            Ok(Replay::Same(calls)) => {
                // Nobody has to read it.
                let _ = writeln!(io::stdout(), "{calls} calls, answered the same");
                ExitCode::SUCCESS
            }
            Ok(Replay::Differs(difference)) => {
                eprintln!("socker: the scene answers otherwise\n{difference}");
                ExitCode::FAILURE
            }
            Err(error) => fail(&format!("can't replay {}: {error}", file.display())),
        },
    }
}

fn fail(line: &str) -> ExitCode {
    eprintln!("socker: {line}");
    ExitCode::from(USAGE)
}
