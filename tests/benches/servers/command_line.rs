//! What every bench of servers is told.

use clap::{Args, Parser, Subcommand};

use super::{Contender, Failure, Serve};

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct CommandLine<A: Args> {
    #[command(subcommand)]
    subprogram: Option<Subprogram>,
    #[command(flatten)]
    arguments: A,
    /// Only the servers whose name contains one of these
    contenders: Vec<String>,
    /// Comes from cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Subprogram {
    /// Runs one server (as the bench itself does)
    #[command(hide = true)]
    Server(Serve),
}

/// Runs a bench with those of its servers that are wanted, or is one of them.
pub fn start<A: Args>(
    all: &'static [Contender],
    bench: fn(Vec<&'static Contender>, &A) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let CommandLine { subprogram, arguments, contenders, .. } = CommandLine::<A>::parse();
    match subprogram {
        Some(Subprogram::Server(server)) => server.run(all),
        None => bench(Contender::chosen(all, &contenders), &arguments),
    }
}
