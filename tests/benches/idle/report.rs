//! The table for people and the file for machines.

use std::io;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::common;
use crate::echoes::PAYLOAD;
use crate::measure::Memory;
use crate::servers::{Contender, Standing};

/// One for each server.
pub type Row = (&'static Contender, Memory);

/// A line for each server: bytes, and the ratio to the best peer.
pub fn table(rows: &[Row], connections: u16) -> String {
    let best = |bytes: fn(&Memory) -> f64| {
        rows.iter()
            .filter(|(contender, _)| contender.standing == Standing::Peer { tuned: false })
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

/// Writes the bytes per connection.
pub fn write_json(rows: &[Row]) -> io::Result<PathBuf> {
    let mut bytes = Map::new();
    for (contender, memory) in rows {
        for (case, value) in [("opened", memory.opened), ("echoed", memory.echoed)] {
            bytes.insert(format!("idle/{case}/{}", contender.name), Value::from(value));
        }
    }
    common::write_json("idle", &bytes)
}
