//! The table for people and the file for machines.

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::common;
use crate::echoes::{PACKAGES, PAYLOAD};
use crate::measure::Column;
use crate::rounds::{self, Entrant, Sample};
use crate::servers::Standing;

/// What the numbers depend on; system calls above all.
pub fn environment() -> String {
    rounds::environment(&PACKAGES)
}

/// A line for each server. Each cell has the median in us per message, the spread between the
/// quartiles in percent of it, and the ratios to the best peer, as documented and tuned.
pub fn table(entrants: &[Entrant], columns: &[Column]) -> String {
    let mut lines = vec![vec!["connections x in flight".to_owned()]];
    lines[0].extend(columns.iter().map(|column| column.case.to_string()));
    for (index, entrant) in entrants.iter().enumerate() {
        let mut line = vec![entrant.contender.name.to_owned()];
        line.extend(columns.iter().map(|column| {
            let best = |standings: &[_]| best_of(entrants, column, standings);
            let all = [Standing::Peer { tuned: false }, Standing::Peer { tuned: true }];
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

fn cell(Sample { median, spread }: &Sample, best: [Option<f64>; 2]) -> String {
    let spread = format!("±{:.1}%", spread / median * 100.0);
    let ratio = |best: Option<f64>| best.map_or(String::new(), |b| format!("{:.2}x", median / b));
    let [documented, all] = best.map(ratio);
    format!("{:.3} {spread:>6} {documented:>6} {all:>6}", median / 1000.0)
}

/// Writes the medians of this run, in nanoseconds.
pub fn write_json(entrants: &[Entrant], columns: &[Column]) -> io::Result<PathBuf> {
    let mut medians = Map::new();
    for Column { case, samples } in columns {
        for (entrant, sample) in entrants.iter().zip(samples) {
            let key = format!("echo/{case}/{}", entrant.contender.name);
            medians.insert(key, Value::from(sample.median));
        }
    }
    common::write_json("echo", &medians)
}
