//! CPU time of rooms with many members, on loopback: `cargo bench -p socker-tests --bench rooms`.
//!
//! Each server is a process of its own on one CPU; this process is the owner and all members, on
//! another. The floor is what nobody can do without: one write for each member.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
mod floor;
#[path = "../listen/mod.rs"]
mod listen;
mod load;
mod report;
#[path = "../rounds/mod.rs"]
mod rounds;
#[path = "../servers/mod.rs"]
mod servers;
mod tokio_tungstenite;

use clap::Args;

use load::Load;
use rounds::{Entrant, in_parts, interleave, two_cpus};
use servers::files::allow_connections;
use servers::{Contender, Failure, Standing, start};

static ROOMS: [Contender; 4] = [
    Contender::here("floor", Standing::Floor, floor::serve),
    Contender::ours("socker-mio", "rooms"),
    Contender::ours("socker-tokio", "rooms"),
    Contender::here("tokio-tungstenite", Standing::Peer, tokio_tungstenite::serve),
];

/// Actions that the owner sends in one write.
const BURSTS: [usize; 2] = [1, 16];

/// Of an action, as JSON.
pub const ACTION: usize = 200;

/// How often the owner sends a burst in each part of a run.
const TIMES: usize = 20;

/// Server CPU time per action that is delivered to a member, of whole servers in processes of their
/// own.
#[derive(Args)]
struct Arguments {
    /// Of the room
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..))]
    members: u16,
    /// How often each server runs in each case
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() -> Result<(), Failure> {
    start(&ROOMS, run)
}

fn run(contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    let environment = rounds::environment(&["tokio-tungstenite", "tokio", "mio"]);
    allow_connections(u64::from(arguments.members) + 1)?;
    let cpus = two_cpus();
    let entrants = rounds::start(contenders, cpus)?;

    let mut columns = Vec::new();
    for burst in BURSTS {
        eprintln!("{burst} at a time");
        let measured = |entrant: &Entrant| measure(entrant, arguments.members, burst);
        columns.push((burst, interleave(&entrants, arguments.rounds, measured)?));
    }

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&entrants, arguments.members, &columns));
    let path = report::results(&entrants, arguments, &columns, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}

/// The server's CPU time per delivered action, in nanoseconds.
fn measure(entrant: &Entrant, members: u16, burst: usize) -> Result<Vec<f64>, Failure> {
    let mut load = Load::open(entrant, members.into())?;
    load.run(burst, TIMES / 2)?;
    in_parts(&entrant.server, usize::from(members) * burst * TIMES, || load.run(burst, TIMES))
}
