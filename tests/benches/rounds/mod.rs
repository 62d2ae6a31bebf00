//! Runs all servers in turn.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity};

use crate::common::{self, Entry, Environment, Sample};
use crate::servers::{Contender, Failure, Server, bind_to_cpu};

/// Of a run, each of which counts by itself: what disturbs the machine for a moment spoils one of them.
pub const PARTS: usize = 5;

/// As long as a server may take to come to rest: the system states the CPU time of a thread up to
/// when it last slept.
const REST: Duration = Duration::from_millis(10);

pub struct Entrant {
    pub contender: &'static Contender,
    pub server: Server,
}

/// One for the servers, one for the load, if there are as many.
pub fn two_cpus() -> Option<(usize, usize)> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
    Some((allowed.next()?, allowed.next()?))
}

/// What the numbers depend on; system calls above all. A congestion control that paces, as BBR does, sets
/// timers for what is written.
pub fn environment(packages: &[&str]) -> Environment {
    let kernel = |file: &str| {
        let setting = fs::read_to_string(Path::new("/proc/sys").join(file)).unwrap_or_default();
        setting.trim().to_owned()
    };
    let (release, congestion_control) =
        (kernel("kernel/osrelease"), kernel("net/ipv4/tcp_congestion_control"));
    Environment {
        kernel: Some(format!("Linux {release}, TCP with {congestion_control}")),
        ..common::environment(packages)
    }
}

pub fn placement(cpus: Option<(usize, usize)>) -> String {
    match cpus {
        Some((server, load)) => format!("servers on CPU {server}, load on CPU {load}"),
        None => "servers and load not bound to CPUs, as there are not two".into(),
    }
}

/// Starts all servers, and binds this process to where the load belongs.
pub fn start(
    contenders: Vec<&'static Contender>,
    cpus: Option<(usize, usize)>,
) -> Result<Vec<Entrant>, Failure> {
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
    if entrants.is_empty() { Err("no server to measure".into()) } else { Ok(entrants) }
}

/// In each round all servers run once, in rotating order: whatever disturbs the machine for a while
/// then disturbs all of them. A run gives the nanoseconds per message of each of its parts, which are
/// sampled together.
pub fn interleave(
    entrants: &[Entrant],
    rounds: u16,
    mut run: impl FnMut(&Entrant) -> Result<Vec<f64>, Failure>,
) -> Result<Vec<Sample>, Failure> {
    let rounds = usize::from(rounds);
    let mut times = vec![Vec::new(); entrants.len()];
    for round in 0..rounds {
        for turn in 0..entrants.len() {
            let index = (round + turn) % entrants.len();
            let entrant = &entrants[index];
            let parts =
                run(entrant).map_err(|failure| format!("{}: {failure}", entrant.contender.name))?;
            times[index].extend(parts);
        }
    }
    Ok(times.into_iter().map(Sample::of).collect())
}

/// What one case has shown, for the file.
pub fn entries(
    work: &str,
    case: impl Display,
    entrants: &[Entrant],
    samples: &[Sample],
) -> Vec<Entry> {
    let entry = |(Entrant { contender, .. }, sample): (&Entrant, &Sample)| Entry {
        work: work.into(),
        case: case.to_string(),
        contender: contender.name.into(),
        standing: contender.standing,
        sample: *sample,
    };
    entrants.iter().zip(samples).map(entry).collect()
}

/// A run, in parts of so many messages: the server's CPU time per message in each, in nanoseconds.
pub fn in_parts(
    server: &Server,
    messages: usize,
    mut act: impl FnMut() -> Result<(), Failure>,
) -> Result<Vec<f64>, Failure> {
    let part = |_| Ok(cpu_time(server, &mut act)?.as_nanos() as f64 / messages as f64);
    (0..PARTS).map(part).collect()
}

/// What a server's CPU does meanwhile.
pub fn cpu_time(
    server: &Server,
    act: impl FnOnce() -> Result<(), Failure>,
) -> Result<Duration, Failure> {
    sleep(REST);
    let before = total_cpu_time(server)?;
    act()?;
    sleep(REST);
    Ok(total_cpu_time(server)?.checked_sub(before).ok_or("a thread of the server has ended")?)
}

/// Of all threads of the server.
pub fn total_cpu_time(server: &Server) -> Result<Duration, Failure> {
    let mut time = Duration::ZERO;
    for thread in fs::read_dir(server.proc("task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        let nanoseconds = statistics.split_whitespace().next().ok_or("no CPU time")?;
        time += Duration::from_nanos(nanoseconds.parse()?);
    }
    Ok(time)
}
