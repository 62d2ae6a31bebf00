//! CPU time of game servers whose players speak over data channels, on loopback and in real time:
//! `cargo bench -p socker-tests --bench channels`.
//!
//! Each server is a process of its own on one CPU; this process is all players, on another. Each player
//! says a message in each tick, and the server one to each player in each of its own ticks, as games do.
//! The floor is what nobody can do without: a system call for each message that comes or goes. Beside
//! that, the same traffic runs in memory through str0m alone and through `socker-rtc`.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]
#![expect(clippy::cast_possible_truncation, reason = "what is counted here is small")]

#[expect(clippy::unwrap_used, dead_code, reason = "of what tests need, a part is used here")]
#[path = "../../../socker-rtc/tests/common/browser.rs"]
mod browser;
#[path = "../common/mod.rs"]
mod common;
mod directory;
mod floor;
mod game;
#[expect(dead_code, reason = "the same")]
#[path = "../../../socker-rtc/tests/common/link.rs"]
mod link;
mod load;
mod memory;
mod message;
mod on_mio;
mod on_tokio;
#[expect(dead_code, reason = "all servers are one here")]
#[path = "../directory/peers.rs"]
mod peers;
mod player;
mod report;
#[expect(dead_code, reason = "servers do not come to rest here")]
#[path = "../rounds/mod.rs"]
mod rounds;
#[expect(dead_code, reason = "all of them are in this program")]
#[path = "../servers/mod.rs"]
mod servers;
mod ticks;

use std::time::{Duration, Instant};

use clap::Args;

use common::Sample;
use load::{Arrival, Load, Tally};
use memory::{Bare, Server, Whole, World};
use report::{Column, Memory};
use rounds::{Entrant, interleave, total_cpu_time, two_cpus};
use servers::{Contender, Failure, Standing, start};

static GAME_SERVERS: [Contender; 3] = [
    Contender::here("floor", Standing::Floor, floor::serve),
    Contender::here("socker-mio", Standing::Ours, on_mio::serve),
    Contender::here("socker-tokio", Standing::Ours, on_tokio::serve),
];

/// How many messages a player says before those that count.
const WARM_UP: u32 = 20;

/// How often a run is tried in which something is late or lost. Others may use the machine too, and for
/// seconds after a loss SCTP waits; what is wrong with a server is wrong each time.
const ATTEMPTS: u64 = 10;

/// Server CPU time per message each way, of whole game servers in processes of their own.
#[derive(Args)]
struct Arguments {
    /// Players of each server
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    peers: u16,
    /// Messages a second from and to each player
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    rate: u16,
    /// Messages of each player in a run
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u16).range(1..))]
    times: u16,
    /// How often each server runs in each case
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only the traffic in memory
    #[arg(long)]
    in_memory: bool,
}

fn main() -> Result<(), Failure> {
    start(&GAME_SERVERS, run)
}

fn run(contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.in_memory {
        return run_in_memory(arguments);
    }
    let environment = rounds::environment(&["str0m", "tokio", "mio"]);
    let cpus = two_cpus();
    let entrants = rounds::start(contenders, cpus)?;

    eprintln!("in memory");
    let memory = in_memory(arguments)?;
    let mut columns = Vec::new();
    for arrival in [Arrival::Spread, Arrival::Together] {
        eprintln!("on sockets, {}", arrival.name());
        columns.push(on_sockets(&entrants, arguments, arrival)?);
    }

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&entrants, arguments, &columns));
    println!("{}", report::shares(&entrants, &columns, &memory));
    println!("{}", report::tallies(&entrants, &columns));
    print!("{}", report::warnings(&entrants, &columns));
    let path = report::results(&entrants, arguments, &columns, &memory, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}

/// Shorter, and quieter: for work on `socker-rtc`.
fn run_in_memory(arguments: &Arguments) -> Result<(), Failure> {
    println!("{}\n", rounds::environment(&["str0m"]));
    println!("{}", report::shares(&[], &[], &in_memory(arguments)?));
    Ok(())
}

fn on_sockets(
    entrants: &[Entrant],
    arguments: &Arguments,
    arrival: Arrival,
) -> Result<Column, Failure> {
    let mut tallies = vec![Tally::default(); entrants.len()];
    let samples = interleave(entrants, arguments.rounds, |entrant| {
        let (mut time, mut tally) = measure(entrant, arguments, arrival)?;
        let mut again = 0;
        while !tally.is_sound() && again + 1 < ATTEMPTS {
            again += 1;
            (time, tally) = measure(entrant, arguments, arrival)?;
        }
        tally.again = again;
        let place = entrants.iter().position(|other| std::ptr::eq(other, entrant));
        tallies[place.ok_or("no such entrant")?].add(tally);
        Ok(vec![time])
    })?;
    Ok(Column { arrival, samples, tallies })
}

/// The server's CPU time in nanoseconds per message that has come, with one that has gone.
///
/// The server does not come to rest in between, as its ticks go on. What it has not slept since is not
/// counted yet: less than a tick of either end.
fn measure(
    entrant: &Entrant,
    arguments: &Arguments,
    arrival: Arrival,
) -> Result<(f64, Tally), Failure> {
    let Arguments { peers, rate, times, .. } = *arguments;
    let mut load = Load::open(entrant, peers.into())?;
    load.run(rate.into(), WARM_UP, arrival)?;
    let before = total_cpu_time(&entrant.server)?;
    let tally = load.run(rate.into(), times.into(), arrival)?;
    let cpu = total_cpu_time(&entrant.server)?.saturating_sub(before);
    load.close()?;
    Ok((2.0 * cpu.as_nanos() as f64 / (tally.heard + tally.answers) as f64, tally))
}

/// What str0m costs, and what an endpoint does.
fn in_memory(arguments: &Arguments) -> Result<Memory, Failure> {
    let (peers, rate) = (usize::from(arguments.peers), u32::from(arguments.rate));
    let base = Instant::now();
    let mut bare = World::open(Bare::default(), base, peers, rate)?;
    let mut whole = World::open(Whole::new(base)?, base, peers, rate)?;
    bare.run(WARM_UP)?;
    whole.run(WARM_UP)?;
    let (mut bare_times, mut whole_times) = (Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        if round % 2 == 0 {
            bare_times.push(per_message(&mut bare, arguments)?);
        }
        whole_times.push(per_message(&mut whole, arguments)?);
        if round % 2 == 1 {
            bare_times.push(per_message(&mut bare, arguments)?);
        }
    }
    Ok(Memory { bare: Sample::of(bare_times), endpoint: Sample::of(whole_times) })
}

fn per_message<S: Server>(world: &mut World<S>, arguments: &Arguments) -> Result<f64, Failure> {
    let time: Duration = world.run(arguments.times.into())?;
    Ok(time.as_nanos() as f64 / (f64::from(arguments.peers) * f64::from(arguments.times)))
}
