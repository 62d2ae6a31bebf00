//! Memory of whole servers per idle connection: `cargo bench -p socker-tests --bench idle`.
//!
//! Each server is a process of its own, and they run one after another.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../echoes/mod.rs"]
mod echoes;
#[path = "../listen/mod.rs"]
mod listen;
mod measure;
mod report;
#[path = "../servers/mod.rs"]
mod servers;

use clap::Parser;

use echoes::{ECHOES, PACKAGES};
use measure::measure;
use servers::files::allow_connections;
use servers::{Contender, Failure, Standing, Subprogram};

/// Resident memory per idle connection, of whole servers in processes of their own.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    subprogram: Option<Subprogram>,
    /// How many are open at the same time
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Only the servers whose name contains one of these
    contenders: Vec<String>,
    /// Comes from cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.subprogram {
        Some(Subprogram::Server(server)) => server.run(&ECHOES),
        None => run(&arguments),
    }
}

fn run(Arguments { connections, contenders, .. }: &Arguments) -> Result<(), Failure> {
    allow_connections((*connections).into())?;
    let mut rows = Vec::new();
    for contender in Contender::chosen(&ECHOES, contenders) {
        // Without a WebSocket there is nothing to remember.
        if contender.standing != Standing::Floor {
            eprintln!("{}", contender.name);
            let memory = measure(contender, *connections)
                .map_err(|failure| format!("{}: {failure}", contender.name))?;
            rows.push((contender, memory));
        }
    }
    if rows.is_empty() {
        return Err("no server to measure".into());
    }

    let environment = common::environment(&PACKAGES);
    println!("{environment}\n");
    println!("{}", report::table(&rows, *connections));
    let path = report::results(&rows, *connections, environment).write()?;
    eprintln!("bytes in {}", path.display());
    Ok(())
}
