//! CPU time of whole echo servers on loopback: `cargo bench -p socker-tests --bench echo`.
//!
//! Each server is a process of its own on one CPU; this process is the load, on another.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
mod load;
mod measure;
mod report;
#[path = "../servers/mod.rs"]
mod servers;

use clap::Parser;
use rustix::thread::{CpuSet, sched_getaffinity};

use measure::{Case, Entrant, measure};
use servers::{Contender, Failure, Server, Subprogram, bind_to_cpu};

const CASES: [Case; 3] = [
    Case { connections: 1, in_flight: 1, messages: 10_000 },
    Case { connections: 100, in_flight: 1, messages: 20_000 },
    Case { connections: 100, in_flight: 16, messages: 64_000 },
];

/// Server CPU time per echoed message, of whole servers in processes of their own.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    subprogram: Option<Subprogram>,
    /// How often each server runs in each case
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only the servers whose name contains one of these
    contenders: Vec<String>,
    /// Comes from cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.subprogram {
        Some(Subprogram::Server(server)) => server.run(),
        None => run(&arguments),
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let contenders = Contender::chosen(&arguments.contenders);
    let environment = report::environment();
    let cpus = two_cpus();
    if let Some((_, load)) = cpus {
        bind_to_cpu(load)?;
    }
    let entrants = contenders
        .into_iter()
        .map(|contender| {
            let server = Server::start(contender, cpus.map(|(server, _)| server))
                .map_err(|failure| format!("{}: {failure}", contender.name))?;
            Ok(Entrant { contender, server })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if entrants.is_empty() {
        return Err("no server to measure".into());
    }

    let mut columns = Vec::new();
    for case in CASES {
        eprintln!("{case}");
        columns.push(measure(&entrants, case, arguments.rounds)?);
    }

    println!("{environment}\n{}\n", report::placement(cpus));
    println!("{}", report::table(&entrants, &columns));
    let path = report::write_json(&entrants, &columns)?;
    eprintln!("medians in {}", path.display());
    Ok(())
}

/// One for the servers, one for the load, if there are as many.
fn two_cpus() -> Option<(usize, usize)> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
    Some((allowed.next()?, allowed.next()?))
}
