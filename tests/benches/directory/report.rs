//! The table for people and the file for machines.

use crate::Arguments;
use crate::common::{self, Environment, Results, Sample, Unit};
use crate::rounds::{self, Entrant, PARTS};

/// What was measured, with a sample for each directory.
pub struct Column {
    pub work: &'static str,
    pub samples: Vec<Sample>,
}

/// A line for each directory. Each cell has the median in us, and the spread between the quartiles
/// in percent of it.
pub fn table(entrants: &[Entrant], arguments: &Arguments, columns: &[Column]) -> String {
    let mut lines = vec![vec!["server CPU in us".to_owned()]];
    lines[0].extend(columns.iter().map(|column| column.work.to_owned()));
    for (index, entrant) in entrants.iter().enumerate() {
        let mut line = vec![entrant.contender.name.to_owned()];
        line.extend(columns.iter().map(|column| {
            let sample = &column.samples[index];
            format!("{:.3} {}", sample.median / 1000.0, sample.percent())
        }));
        lines.push(line);
    }
    let Arguments { servers, clients, churn, .. } = arguments;
    format!(
        "{servers} servers, of which {churn} go and come back at a time; {clients} clients\n\n{}",
        common::align(&lines),
    )
}

pub fn results(
    entrants: &[Entrant],
    arguments: &Arguments,
    columns: &[Column],
    environment: Environment,
) -> Results {
    let Arguments { servers, clients, churn, rounds, .. } = arguments;
    let case = format!("{servers}x{clients}");
    let entries = columns.iter().flat_map(|Column { work, samples }| {
        rounds::entries(&format!("directory, {work}"), &case, entrants, samples)
    });
    Results {
        bench: "directory".into(),
        measured: format!(
            "server CPU of a directory, {churn} of whose servers come or go at a time"
        ),
        cases: "servers x clients".into(),
        unit: Unit::Nanoseconds,
        rounds: (*rounds).into(),
        parts: PARTS,
        environment,
        entries: entries.collect(),
    }
}
