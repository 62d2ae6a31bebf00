//! The table for people and the file for machines.

use crate::common::{self, Entry, Environment, Results, Standing, Unit};
use crate::measure::Measured;

/// The packages of the peers, whose versions the report states.
pub const PACKAGES: [&str; 4] = ["tungstenite", "fastwebsockets", "tokio-websockets", "sockudo-ws"];

/// The contender whose ratio to the fastest peer gets a column.
const OURS: &str = "socker-core";

pub struct Column {
    pub name: &'static str,
    pub standing: Standing,
}

pub struct Row {
    pub work: &'static str,
    pub payload: usize,
    /// One per column; `None` where the contender sits out.
    pub samples: Vec<Option<Measured>>,
}

impl Row {
    fn fastest_peer(&self, columns: &[Column]) -> Option<f64> {
        columns
            .iter()
            .zip(&self.samples)
            .filter(|(column, _)| matches!(column.standing, Standing::Peer | Standing::Tuned))
            .filter_map(|(_, measured)| measured.map(|measured| measured.sample.median))
            .min_by(f64::total_cmp)
    }
}

/// A table per work. Each cell has the median in ns per message, the spread between the
/// quartiles in percent of it, and the ratio to the fastest peer.
pub fn table(columns: &[Column], rows: &[Row]) -> String {
    let mut out = String::from("ns per message, ± interquartile range, x fastest peer\n");
    for rows in rows.chunk_by(|a, b| a.work == b.work) {
        let used: Vec<_> = (0..columns.len())
            .filter(|&index| rows.iter().any(|row| row.samples[index].is_some()))
            .collect();
        let ours = used.iter().copied().find(|&index| columns[index].name == OURS);

        let mut lines = vec![vec![rows[0].work.to_owned()]];
        lines[0].extend(used.iter().map(|&index| columns[index].name.to_owned()));
        lines[0].extend(ours.map(|_| format!("{OURS} / fastest peer")));
        for row in rows {
            let fastest = row.fastest_peer(columns);
            let mut line = vec![size(row.payload)];
            line.extend(used.iter().map(|&index| cell(row.samples[index], fastest)));
            line.extend(ours.map(|index| ratio(row.samples[index], fastest)));
            lines.push(line);
            lines.extend(writes(row, &used, lines[0].len()));
        }
        out.push('\n');
        out += &common::align(&lines);
    }
    out
}

fn cell(measured: Option<Measured>, fastest: Option<f64>) -> String {
    let Some(Measured { sample, .. }) = measured else {
        return "-".into();
    };
    let median = sample.median;
    let precision = match median {
        0.0..100.0 => 2,
        100.0..1000.0 => 1,
        _ => 0,
    };
    let (percent, ratio) = (sample.percent(), ratio(measured, fastest));
    format!("{median:.precision$} {percent:>5} {ratio:>6}")
}

/// How often each has written to send a batch. A sink that costs nothing flatters those which
/// write often, so the table shows it.
fn writes(row: &Row, used: &[usize], width: usize) -> Option<Vec<String>> {
    let writes = |&index: &usize| row.samples[index].map_or(0, |measured| measured.writes);
    if used.iter().all(|index| writes(index) == 0) {
        return None;
    }
    let mut line = vec!["  writes per batch".to_owned()];
    line.extend(used.iter().map(|index| writes(index).to_string()));
    line.resize(width, String::new());
    Some(line)
}

fn ratio(measured: Option<Measured>, fastest: Option<f64>) -> String {
    match (measured, fastest) {
        (Some(measured), Some(fastest)) => format!("{:.2}x", measured.sample.median / fastest),
        _ => String::new(),
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..0x400 => format!("{bytes} B"),
        0x400..0x10_0000 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

pub fn results(
    columns: &[Column],
    rows: &[Row],
    rounds: usize,
    environment: Environment,
) -> Results {
    let mut entries = Vec::new();
    for Row { work, payload, samples } in rows {
        for (column, measured) in columns.iter().zip(samples) {
            entries.extend(measured.map(|Measured { sample, .. }| Entry {
                work: (*work).into(),
                case: payload.to_string(),
                contender: column.name.into(),
                standing: column.standing,
                sample,
            }));
        }
    }
    Results {
        bench: "peers".into(),
        measured: "CPU per message, in memory".into(),
        cases: "bytes of the payload".into(),
        unit: Unit::Nanoseconds,
        rounds,
        parts: 1,
        environment,
        entries,
    }
}
