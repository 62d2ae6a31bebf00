//! The tables for people and the file for machines.

use crate::Arguments;
use crate::common::{self, Entry, Environment, Results, Sample, Standing, Unit};
use crate::load::{Arrival, Tally};
use crate::message::SIZE;
use crate::rounds::{self, Entrant};

/// Of one way in which messages come, with a sample and a tally for each server.
pub struct Column {
    pub arrival: Arrival,
    pub samples: Vec<Sample>,
    pub tallies: Vec<Tally>,
}

/// What each side of the same traffic costs in memory.
pub struct Memory {
    pub bare: Sample,
    pub endpoint: Sample,
}

/// A line for each server. Each cell has the median in us, the spread between the quartiles in percent
/// of it, and the ratio to the floor.
pub fn table(entrants: &[Entrant], arguments: &Arguments, columns: &[Column]) -> String {
    let mut lines = vec![vec!["players speak".to_owned()]];
    lines[0].extend(columns.iter().map(|column| column.arrival.name().to_owned()));
    for (index, entrant) in entrants.iter().enumerate() {
        let mut line = vec![entrant.contender.name.to_owned()];
        line.extend(columns.iter().map(|Column { samples, .. }| {
            let (median, spread) = (samples[index].median, samples[index].percent());
            let floor = floor(entrants, samples);
            let ratio = floor.map_or(String::new(), |floor| format!("{:.2}x", median / floor));
            format!("{:.3} {spread:>6} {ratio:>6}", median / 1000.0)
        }));
        lines.push(line);
    }
    let Arguments { peers, rate, .. } = arguments;
    format!(
        "server CPU in us per message of {SIZE} bytes each way, {peers} players x {rate} a second, ± \
         interquartile range, x the floor\n\n{}",
        common::align(&lines),
    )
}

fn floor(entrants: &[Entrant], samples: &[Sample]) -> Option<f64> {
    let mut all = entrants.iter().zip(samples);
    let floor = all.find(|(entrant, _)| entrant.contender.standing == Standing::Floor);
    floor.map(|(_, sample)| sample.median)
}

/// Whether the load kept up, and what was on the way.
pub fn tallies(entrants: &[Entrant], columns: &[Column]) -> String {
    let titles =
        ["", "sent", "late", "again", "heard", "answers", "load busy", "in", "out", "bytes"];
    let mut lines = vec![titles.map(str::to_owned).to_vec()];
    for Column { arrival, tallies, .. } in columns {
        for (entrant, tally) in entrants.iter().zip(tallies) {
            let percent = |part: u64| format!("{:.2}%", part as f64 / tally.due as f64 * 100.0);
            let datagrams = |count: u64| format!("{:.3}", count as f64 / tally.due as f64);
            let all = (tally.datagrams_sent + tally.datagrams_received) as f64;
            lines.push(vec![
                format!("{}, {}", entrant.contender.name, arrival.name()),
                percent(tally.sent),
                percent(tally.late),
                tally.again.to_string(),
                percent(tally.heard),
                percent(tally.answers),
                format!("{:.0}%", tally.busy.as_secs_f64() / tally.time.as_secs_f64() * 100.0),
                datagrams(tally.datagrams_sent),
                datagrams(tally.datagrams_received),
                format!("{:.0}", tally.bytes as f64 / all),
            ]);
        }
    }
    format!(
        "of the messages that were due: said, and said a tick late, and runs that were repeated as something \
         disturbed them; heard by the server, and its \
         answers; then datagrams to and from the server per message each way, and bytes of each\n\n{}",
        common::align(&lines),
    )
}

/// What is not as it was meant to be.
pub fn warnings(entrants: &[Entrant], columns: &[Column]) -> String {
    let mut warnings = String::new();
    for Column { arrival, tallies, .. } in columns {
        for (entrant, tally) in entrants.iter().zip(tallies) {
            let name = format!("{}, {}", entrant.contender.name, arrival.name());
            if !tally.is_in_time() {
                warnings += &format!("WARNING: {name}: the load does not keep up\n");
            }
            if !tally.is_heard() {
                warnings += &format!("WARNING: {name}: the server does not keep up\n");
            }
        }
    }
    warnings
}

/// Of what a message's costs consist.
pub fn shares(entrants: &[Entrant], columns: &[Column], memory: &Memory) -> String {
    let mut lines = vec![
        ["us per message each way", "all", "str0m", "system calls", "the rest"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let us = |time: f64| format!("{:.2}", time / 1000.0);
    let Memory { bare, endpoint } = memory;
    let rest = us(endpoint.median - bare.median);
    let all = format!("{} {}", us(endpoint.median), endpoint.percent());
    lines.push(vec!["socker-rtc in memory".into(), all, us(bare.median), String::new(), rest]);
    for Column { arrival, samples, .. } in columns {
        let Some(floor) = floor(entrants, samples) else { continue };
        for (entrant, Sample { median, .. }) in entrants.iter().zip(samples) {
            if entrant.contender.standing == Standing::Ours {
                let rest = median - bare.median - floor;
                let title = format!("{}, {}", entrant.contender.name, arrival.name());
                lines.push(vec![title, us(*median), us(bare.median), us(floor), us(rest)]);
            }
        }
    }
    common::align(&lines)
}

pub fn results(
    entrants: &[Entrant],
    Arguments { peers, rate, rounds, .. }: &Arguments,
    columns: &[Column],
    Memory { bare, endpoint }: &Memory,
    environment: Environment,
) -> Results {
    let mut entries = Vec::new();
    for Column { arrival, samples, .. } in columns {
        let case = format!("{peers}x{rate}, {}", arrival.name());
        entries.extend(rounds::entries("channels", case, entrants, samples));
    }
    let in_memory = [("str0m", Standing::Floor, bare), ("socker-rtc", Standing::Ours, endpoint)];
    entries.extend(in_memory.map(|(contender, standing, sample)| Entry {
        work: "channels".into(),
        case: format!("{peers}x{rate}, in memory"),
        contender: contender.into(),
        standing,
        sample: *sample,
    }));
    Results {
        bench: "channels".into(),
        measured: format!("server CPU per message of {SIZE} bytes each way on a data channel"),
        cases: "players x messages a second, and how they come".into(),
        unit: Unit::Nanoseconds,
        rounds: (*rounds).into(),
        parts: 1,
        environment,
        entries,
    }
}
