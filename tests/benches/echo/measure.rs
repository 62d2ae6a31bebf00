//! Runs all servers in turn and keeps the median of each.

use std::fmt;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use crate::load::Load;
use crate::servers::{Contender, Failure, Server};

/// As long as a server may take to come to rest: the system states the CPU time of a thread up to
/// when it last slept.
const REST: Duration = Duration::from_millis(10);

/// One in so many of a run's messages precede it, so that both sides are warm.
const WARM_UP: usize = 10;

#[derive(Clone, Copy)]
pub struct Case {
    pub connections: usize,
    /// On each connection.
    pub in_flight: u8,
    /// In each run, on all connections together; a multiple of `in_flight`.
    pub messages: usize,
}

impl Case {
    /// How often a connection's messages are sent in a run.
    fn times(self) -> usize {
        self.messages / usize::from(self.in_flight)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.connections, self.in_flight)
    }
}

pub struct Entrant {
    pub contender: &'static Contender,
    pub server: Server,
}

/// What one case has shown, with a sample for each server.
pub struct Column {
    pub case: Case,
    pub samples: Vec<Sample>,
}

/// Nanoseconds per message.
pub struct Sample {
    pub median: f64,
    /// Between the quartiles.
    pub spread: f64,
}

/// In each round all servers run once, in rotating order: whatever disturbs the machine for a while
/// then disturbs all of them.
pub fn measure(entrants: &[Entrant], case: Case, rounds: u16) -> Result<Column, Failure> {
    let rounds = usize::from(rounds);
    let mut times = vec![Vec::with_capacity(rounds); entrants.len()];
    for round in 0..rounds {
        for turn in 0..entrants.len() {
            let index = (round + turn) % entrants.len();
            let entrant = &entrants[index];
            let time = run(entrant, case)
                .map_err(|failure| format!("{} in {case}: {failure}", entrant.contender.name))?;
            times[index].push(time);
        }
    }
    Ok(Column { case, samples: times.into_iter().map(sample).collect() })
}

/// The server's CPU time per message, in nanoseconds.
///
/// Connections are opened for each run, so that no server has to care for them in between.
fn run(Entrant { contender, server }: &Entrant, case: Case) -> Result<f64, Failure> {
    let mut load = Load::open(contender, server, case)?;
    load.run(case.times() / WARM_UP)?;
    sleep(REST);
    let before = cpu_time(server)?;
    load.run(case.times())?;
    sleep(REST);
    let cpu = cpu_time(server)?.checked_sub(before).ok_or("a thread of the server has ended")?;
    drop(load);
    sleep(REST);
    Ok(cpu.as_nanos() as f64 / case.messages as f64)
}

/// Of all threads of the server.
fn cpu_time(server: &Server) -> Result<Duration, Failure> {
    let mut time = Duration::ZERO;
    for thread in fs::read_dir(server.proc("task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = statistics.split_whitespace().next().ok_or("no CPU time")?;
        time += Duration::from_nanos(nanoseconds.parse()?);
    }
    Ok(time)
}

fn sample(mut times: Vec<f64>) -> Sample {
    times.sort_by(f64::total_cmp);
    let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
    Sample { median: at(2), spread: at(3) - at(1) }
}
