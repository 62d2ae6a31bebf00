//! The table for people and the file for machines.

use crate::common::{self, Entry, Environment, Results, Sample, Standing, Unit};
use crate::echoes::PAYLOAD;
use crate::measure::Memory;
use crate::servers::Contender;

/// One for each server.
pub type Row = (&'static Contender, Memory);

/// A line for each server: bytes, and the ratio to the best peer.
pub fn table(rows: &[Row], connections: u16) -> String {
    let best = |bytes: fn(&Memory) -> f64| {
        rows.iter()
            .filter(|(contender, _)| contender.standing == Standing::Peer)
            .map(|(_, memory)| bytes(memory))
            .min_by(f64::total_cmp)
    };
    let best_opened = best(|memory| memory.opened);
    let best_echoed = best(|memory| memory.echoed);
    let mut lines = vec![["idle since", "opening", "one echo"].map(String::from).to_vec()];
    lines.extend(rows.iter().map(|(contender, memory)| {
        vec![
            contender.name.to_owned(),
            cell(memory.opened, best_opened),
            cell(memory.echoed, best_echoed),
        ]
    }));
    format!(
        "resident bytes per connection, of {connections}, x best peer; the echo is of {PAYLOAD} \
         bytes\n\n{}",
        common::align(&lines),
    )
}

fn cell(bytes: f64, best: Option<f64>) -> String {
    let ratio = best.map_or(String::new(), |best| format!("{:.2}x", bytes / best));
    format!("{bytes:.0} {ratio:>6}")
}

pub fn results(rows: &[Row], connections: u16, environment: Environment) -> Results {
    let entries = rows.iter().flat_map(|(contender, memory)| {
        [("opened", memory.opened), ("echoed", memory.echoed)].map(|(case, bytes)| Entry {
            work: "idle".into(),
            case: case.into(),
            contender: contender.name.into(),
            standing: contender.standing,
            sample: Sample::of(vec![bytes]),
        })
    });
    Results {
        bench: "idle".into(),
        measured: format!("resident memory per idle connection, of {connections}"),
        cases: "since the opening, or since one echo".into(),
        unit: Unit::Bytes,
        rounds: 1,
        parts: 1,
        environment,
        entries: entries.collect(),
    }
}
