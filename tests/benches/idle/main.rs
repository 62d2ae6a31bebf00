//! Memory of whole servers per idle connection: `cargo bench -p socker-tests --bench idle`.
//!
//! Each server is a process of its own, and they run one after another.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "one run has no spread")]
mod common;
#[path = "../echoes/mod.rs"]
mod echoes;
#[path = "../listen/mod.rs"]
mod listen;
mod measure;
mod report;
#[path = "../servers/mod.rs"]
mod servers;

use clap::Args;

use echoes::{ECHOES, PACKAGES};
use measure::measure;
use servers::files::allow_connections;
use servers::{Contender, Failure, Standing, start};

/// Resident memory per idle connection, of whole servers in processes of their own.
#[derive(Args)]
struct Arguments {
    /// How many are open at the same time
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
}

fn main() -> Result<(), Failure> {
    start(&ECHOES, run)
}

fn run(
    contenders: Vec<&'static Contender>,
    Arguments { connections }: &Arguments,
) -> Result<(), Failure> {
    allow_connections((*connections).into())?;
    let mut rows = Vec::new();
    for contender in contenders {
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
