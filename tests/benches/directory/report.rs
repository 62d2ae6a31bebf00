//! The table for people and the file for machines.

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::rounds::{Entrant, Sample};
use crate::{Arguments, common};

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
            let Sample { median, spread } = &column.samples[index];
            format!("{:.3} ±{:.1}%", median / 1000.0, spread / median * 100.0)
        }));
        lines.push(line);
    }
    let Arguments { servers, clients, churn, .. } = arguments;
    format!(
        "{servers} servers, of which {churn} go and come back at a time; {clients} clients\n\n{}",
        common::align(&lines),
    )
}

/// Writes the medians of this run, in nanoseconds.
pub fn write_json(
    entrants: &[Entrant],
    arguments: &Arguments,
    columns: &[Column],
) -> io::Result<PathBuf> {
    let mut medians = Map::new();
    for Column { work, samples } in columns {
        for (entrant, sample) in entrants.iter().zip(samples) {
            let Arguments { servers, clients, .. } = arguments;
            let key = format!("directory/{work}, {servers}x{clients}/{}", entrant.contender.name);
            medians.insert(key, Value::from(sample.median));
        }
    }
    common::write_json("directory", &medians)
}
