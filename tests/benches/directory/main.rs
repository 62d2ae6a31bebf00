//! CPU time of directories with many servers and clients, on loopback:
//! `cargo bench -p socker-tests --bench directory`.
//!
//! Each directory is a process of its own on one CPU; this process is all servers and clients, on
//! another.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
mod load;
mod peers;
mod report;
#[path = "../rounds/mod.rs"]
mod rounds;
#[path = "../servers/mod.rs"]
#[expect(dead_code, reason = "only Socker's own take part")]
mod servers;

use clap::Args;

use load::Load;
use report::Column;
use rounds::{Entrant, in_parts, interleave, two_cpus};
use servers::{Contender, Failure, start};

static DIRECTORIES: [Contender; 2] =
    [Contender::ours("socker-mio", "directory"), Contender::ours("socker-tokio", "directory")];

/// Messages of each side at a time: each waits for the one before, or they come as a browser has them.
const OFFERS: [(usize, &str); 2] =
    [(1, "per offer, answer and 4 + 4 candidates"), (load::MESSAGES, "the same, 5 at a time")];

/// How often each work is done in each part of a run.
const TIMES: usize = 4;

/// Server CPU time of directories, in processes of their own.
#[derive(Args)]
struct Arguments {
    /// That are listed
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    servers: u16,
    /// That follow the list, and make offers
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..))]
    clients: u16,
    /// Servers that go and come back at a time
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    churn: u16,
    /// How often each directory runs in each work
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() -> Result<(), Failure> {
    start(&DIRECTORIES, run)
}

fn run(contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    let environment = rounds::environment(&["tokio", "mio"]);
    let cpus = two_cpus();
    let entrants = rounds::start(contenders, cpus)?;
    let (servers, clients) = (usize::from(arguments.servers), usize::from(arguments.clients));
    let churn = usize::from(arguments.churn.min(arguments.servers));

    eprintln!("changes of the list");
    let samples = interleave(&entrants, arguments.rounds, |Entrant { server, .. }| {
        let mut load = Load::open(server, servers, clients)?;
        load.churn(churn, TIMES / 2)?;
        in_parts(server, clients * 2 * churn * TIMES, || load.churn(churn, TIMES))
    })?;
    let changes = Column { work: "per client and change", samples };
    let mut columns = vec![changes];
    for (at_a_time, work) in OFFERS {
        eprintln!("{work}");
        let samples = interleave(&entrants, arguments.rounds, |Entrant { server, .. }| {
            let mut load = Load::open(server, servers, clients)?;
            load.offers(TIMES / 2, at_a_time)?;
            in_parts(server, clients * TIMES, || load.offers(TIMES, at_a_time))
        })?;
        columns.push(Column { work, samples });
    }

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&entrants, arguments, &columns));
    let path = report::results(&entrants, arguments, &columns, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}
