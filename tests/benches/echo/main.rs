//! CPU time of whole echo servers on loopback: `cargo bench -p socker-tests --bench echo`.
//!
//! Each server is a process of its own on one CPU; this process is the load, on another.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../echoes/mod.rs"]
mod echoes;
#[path = "../listen/mod.rs"]
mod listen;
mod load;
mod measure;
mod report;
#[path = "../rounds/mod.rs"]
mod rounds;
#[path = "../servers/mod.rs"]
mod servers;

use clap::Args;

use echoes::{ECHOES, PACKAGES};
use measure::{Case, measure};
use rounds::two_cpus;
use servers::files::allow_connections;
use servers::{Contender, Failure, start};

const CASES: [Case; 4] = [
    Case { connections: 1, in_flight: 1, messages: 10_000 },
    Case { connections: 1, in_flight: 16, messages: 64_000 },
    Case { connections: 1_000, in_flight: 1, messages: 20_000 },
    Case { connections: 1_000, in_flight: 16, messages: 128_000 },
];

/// Server CPU time per echoed message, of whole servers in processes of their own.
#[derive(Args)]
struct Arguments {
    /// How often each server runs in each case
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() -> Result<(), Failure> {
    start(&ECHOES, run)
}

fn run(contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    let environment = rounds::environment(&PACKAGES);
    allow_connections(CASES.iter().map(|case| case.connections as u64).max().unwrap_or(0))?;
    let cpus = two_cpus();
    let entrants = rounds::start(contenders, cpus)?;

    let mut columns = Vec::new();
    for case in CASES {
        eprintln!("{case}");
        columns.push(measure(&entrants, case, arguments.rounds)?);
    }

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&entrants, &columns));
    let path = report::results(&entrants, &columns, arguments.rounds, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}
