//! CPU time of opening handshakes, of whole servers on loopback:
//! `cargo bench -p socker-tests --bench opening`.
//!
//! Each server is a process of its own on one CPU; this process is the clients, on another. The floor
//! accepts each connection, sends the request back as it is, and finds that the connection has ended:
//! the system calls that nobody can do without.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../echoes/mod.rs"]
#[expect(dead_code, unused_imports, reason = "nothing is echoed")]
mod echoes;
#[path = "../listen/mod.rs"]
mod listen;
mod report;
#[path = "../rounds/mod.rs"]
mod rounds;
#[path = "../servers/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the steps of an opening are taken one by one")]
mod servers;

use clap::Args;

use echoes::{ECHOES, PACKAGES};
use rounds::{Entrant, in_parts, interleave, two_cpus};
use servers::client::{connect, head, request, upgraded};
use servers::{Contender, Failure, Standing, start};

/// Connections that are opened at the same time, so that a server has work while others answer.
const AT_ONCE: usize = 50;

/// How often so many are opened in each part of a run.
const TIMES: usize = 8;

/// Server CPU time per opening handshake, of whole servers in processes of their own.
#[derive(Args)]
struct Arguments {
    /// How often each server runs
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() -> Result<(), Failure> {
    start(&ECHOES, run)
}

fn run(mut contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    // How messages are answered does not matter here.
    contenders.retain(|contender| contender.standing != Standing::Tuned);
    let environment = rounds::environment(&PACKAGES);
    let cpus = two_cpus();
    let entrants = rounds::start(contenders, cpus)?;
    let samples = interleave(&entrants, arguments.rounds, measure)?;

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&entrants, &samples));
    let path = report::results(&entrants, &samples, arguments.rounds, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}

/// The server's CPU time per connection, in nanoseconds.
fn measure(entrant: &Entrant) -> Result<Vec<f64>, Failure> {
    open_all(entrant, TIMES / 2)?;
    in_parts(&entrant.server, AT_ONCE * TIMES, || open_all(entrant, TIMES))
}

/// Opens connections, so many at once, and resets them.
fn open_all(Entrant { contender, server }: &Entrant, times: usize) -> Result<(), Failure> {
    for _ in 0..times {
        let mut streams = Vec::with_capacity(AT_ONCE);
        for _ in 0..AT_ONCE {
            let mut stream = connect(server.address())?;
            request(&mut stream, "/")?;
            streams.push(stream);
        }
        for stream in &mut streams {
            match contender.standing {
                Standing::Floor => drop(head(stream)?),
                _ => upgraded(stream)?,
            }
        }
    }
    Ok(())
}
