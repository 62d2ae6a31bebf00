//! CPU time of servers whose many connections are idle but for the pings that they answer:
//! `cargo bench -p socker-tests --bench pinged`.
//!
//! Each server is a process of its own on one CPU; this process is the clients, on another. It takes
//! two periods of the pings for each server.

#![expect(unreachable_pub, reason = "a program that nobody embeds")]

mod clients;
#[path = "../common/mod.rs"]
mod common;
#[path = "../echoes/messages.rs"]
mod messages;
mod report;
#[path = "../rounds/mod.rs"]
#[expect(dead_code, reason = "servers run one after the other")]
mod rounds;
mod server;
#[path = "../servers/mod.rs"]
#[expect(dead_code, reason = "only Socker's own take part")]
mod servers;

use std::time::{Duration, Instant};

use clap::Args;

use clients::Clients;
use common::Sample;
use report::Row;
use rounds::{cpu_time, two_cpus};
use servers::files::allow_connections;
use servers::{Contender, Failure, Server, Standing, bind_to_cpu, start};

static SERVERS: [Contender; 2] = [
    Contender::here("socker-mio", Standing::Ours, server::on_mio),
    Contender::here("socker-tokio", Standing::Ours, server::on_tokio),
];

/// After so long a silence a peer is pinged.
pub const PERIOD: Duration = Duration::from_secs(20);

/// How often one connection is echoed to in a run.
const ECHOES: usize = 2_000;

/// What idle connections cost that are pinged every 20 s, and what an echo costs among them.
#[derive(Args)]
struct Arguments {
    /// How many are open at the same time
    #[arg(long, default_value_t = 19_000, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// How often the echoes are measured
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

fn main() -> Result<(), Failure> {
    start(&SERVERS, run)
}

fn run(contenders: Vec<&'static Contender>, arguments: &Arguments) -> Result<(), Failure> {
    allow_connections(u64::from(arguments.connections) + 1)?;
    let environment = rounds::environment(&["tokio", "mio"]);
    let cpus = two_cpus();
    if let Some((_, load)) = cpus {
        bind_to_cpu(load)?;
    }
    let mut rows = Vec::new();
    for contender in contenders {
        eprintln!("{}", contender.name);
        let server = Server::start(contender, cpus.map(|(server, _)| server))?;
        let row = measure(contender, &server, arguments)
            .map_err(|failure| format!("{}: {failure}", contender.name))?;
        rows.push(row);
    }
    if rows.is_empty() {
        return Err("no server to measure".into());
    }

    println!("{environment}\n{}\n", rounds::placement(cpus));
    println!("{}", report::table(&rows, arguments));
    let path = report::results(&rows, arguments, environment).write()?;
    eprintln!("medians in {}", path.display());
    Ok(())
}

fn measure(
    contender: &'static Contender,
    server: &Server,
    Arguments { connections, rounds, .. }: &Arguments,
) -> Result<Row, Failure> {
    let mut clients = Clients::open(server)?;
    let alone = echoes(server, &mut clients, *rounds)?;
    clients.add(server, (*connections).into())?;
    let among = echoes(server, &mut clients, *rounds)?;
    // All have been silent once, and from now on are pinged as often as they will be.
    clients.answer_pings(Instant::now() + PERIOD)?;
    let before = clients.answered;
    let cpu = cpu_time(server, || clients.answer_pings(Instant::now() + PERIOD))?;
    let pings = clients.answered - before;
    Ok(Row { contender, alone, among, cpu, pings })
}

/// The server's CPU time per echo, in nanoseconds.
fn echoes(server: &Server, clients: &mut Clients, rounds: u16) -> Result<Sample, Failure> {
    clients.echo(ECHOES / 10)?;
    let run = |_| {
        let cpu = cpu_time(server, || clients.echo(ECHOES))?;
        Ok(cpu.as_nanos() as f64 / ECHOES as f64)
    };
    Ok(Sample::of((0..rounds).map(run).collect::<Result<_, Failure>>()?))
}
