//! The table for people and the file for machines.

use crate::common::{self, Environment, Results, Sample, Unit};
use crate::echoes::PAYLOAD;
use crate::measure::Column;
use crate::rounds::{self, Entrant, PARTS};
use crate::servers::Standing;

/// A line for each server. Each cell has the median in us per message, the spread between the
/// quartiles in percent of it, and the ratios to the best peer, as documented and tuned.
pub fn table(entrants: &[Entrant], columns: &[Column]) -> String {
    let mut lines = vec![vec!["connections x in flight".to_owned()]];
    lines[0].extend(columns.iter().map(|column| column.case.to_string()));
    for (index, entrant) in entrants.iter().enumerate() {
        let mut line = vec![entrant.contender.name.to_owned()];
        line.extend(columns.iter().map(|column| {
            let best = |standings: &[_]| best_of(entrants, column, standings);
            let all = [Standing::Peer, Standing::Tuned];
            cell(&column.samples[index], [best(&all[..1]), best(&all)])
        }));
        lines.push(line);
    }
    format!(
        "server CPU in us per echoed message of {PAYLOAD} bytes, ± interquartile range, x the \
         best peer as documented, x the best of all peers\n\n{}",
        common::align(&lines),
    )
}

fn best_of(entrants: &[Entrant], column: &Column, standings: &[Standing]) -> Option<f64> {
    entrants
        .iter()
        .zip(&column.samples)
        .filter(|(entrant, _)| standings.contains(&entrant.contender.standing))
        .map(|(_, sample)| sample.median)
        .min_by(f64::total_cmp)
}

fn cell(sample: &Sample, best: [Option<f64>; 2]) -> String {
    let (median, spread) = (sample.median, sample.percent());
    let ratio = |best: Option<f64>| best.map_or(String::new(), |b| format!("{:.2}x", median / b));
    let [documented, all] = best.map(ratio);
    format!("{:.3} {spread:>6} {documented:>6} {all:>6}", median / 1000.0)
}

pub fn results(
    entrants: &[Entrant],
    columns: &[Column],
    rounds: u16,
    environment: Environment,
) -> Results {
    let entries = columns
        .iter()
        .flat_map(|Column { case, samples }| rounds::entries("echo", case, entrants, samples));
    Results {
        bench: "echo".into(),
        measured: format!("server CPU per echoed message of {PAYLOAD} bytes"),
        cases: "connections x in flight".into(),
        unit: Unit::Nanoseconds,
        rounds: rounds.into(),
        parts: PARTS,
        environment,
        entries: entries.collect(),
    }
}
