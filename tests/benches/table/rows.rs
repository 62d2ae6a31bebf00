//! The table: a row for each work and case.

use std::collections::BTreeSet;

use crate::common::{Entry, Results, Sample, Standing, Unit, align};
use crate::figure::figure;

const NONE: &str = "-";

const LEGEND: &str = "Medians; less is better. The limit is what nobody can do without, such as the \
    system calls; a peer is as its documentation has it, or tuned as far as we could. The ratio is of \
    the fastest of all peers, tuned or not, to Socker: above 1, Socker is faster. The second ratio is \
    that of each one's minimum, whose fastest peer may be another. Spread: between the quartiles, the \
    largest of a row.";

pub struct Table {
    /// The first is the head.
    lines: Vec<Vec<String>>,
}

pub struct Row<'a> {
    unit: Unit,
    pub work: &'a str,
    pub case: &'a str,
    pub entries: Vec<&'a Entry>,
}

impl Table {
    pub fn new(all: &[Results]) -> Self {
        let rows: Vec<_> = all.iter().flat_map(rows).collect();
        let entries = rows.iter().flat_map(|row| &row.entries);
        let ours = entries.filter(|entry| entry.standing == Standing::Ours);
        let ours: BTreeSet<_> = ours.map(|entry| entry.contender.as_str()).collect();

        let mut head = vec!["work", "case", "unit", "limit"];
        head.extend(&ours);
        head.extend(["fastest peer", "fastest tuned peer", "peer / Socker", "of minima", "spread"]);
        let mut lines = vec![head.into_iter().map(String::from).collect()];
        lines.extend(rows.iter().map(|row| row.line(&ours)));
        Self { lines }
    }

    pub fn text(&self) -> String {
        format!("{LEGEND}\n\n{}", align(&self.lines))
    }

    pub fn markdown(&self) -> String {
        let line = |cells: &Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = format!("{LEGEND}\n\n{}", line(&self.lines[0]));
        // The work is a word, all else are numbers.
        out += &format!("|---{}|\n", "|--:".repeat(self.lines[0].len() - 1));
        out.extend(self.lines[1..].iter().map(line));
        out
    }
}

/// Two digits at least, however small it is.
fn ratio(ratio: f64) -> String {
    let decimals = match ratio {
        0.1.. => 2,
        0.01.. => 3,
        0.001.. => 4,
        _ => 5,
    };
    format!("{ratio:.decimals$}")
}

fn median(sample: &Sample) -> f64 {
    sample.median
}

/// The entries of a bench by work and case, in the order of the first of each.
pub fn rows(results: &Results) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for entry in &results.entries {
        let Entry { work, case, .. } = entry;
        match rows.iter_mut().find(|row| row.work == work && row.case == case) {
            Some(row) => row.entries.push(entry),
            None => rows.push(Row { unit: results.unit, work, case, entries: vec![entry] }),
        }
    }
    rows
}

impl Row<'_> {
    fn line(&self, ours: &BTreeSet<&str>) -> Vec<String> {
        let unit = match self.unit {
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "B",
        };
        let mut line = [self.work, self.case, unit].map(String::from).to_vec();
        line.push(self.limits());
        line.extend(ours.iter().map(|name| {
            let entry = self.entries.iter().find(|entry| entry.contender == *name);
            entry.map_or(NONE.into(), |entry| figure(entry.sample.median))
        }));
        line.extend([Standing::Peer, Standing::Tuned].map(|standing| {
            self.fastest(&[standing], median).map_or(NONE.into(), |entry| {
                format!("{} {}", entry.contender, figure(entry.sample.median))
            })
        }));
        let spread = self.spread();
        // A single run is its own minimum.
        let of_minima = spread.as_ref().map(|_| self.ratios(|sample| sample.minimum));
        line.push(self.ratios(median));
        line.extend([of_minima, spread].map(|cell| cell.unwrap_or(NONE.into())));
        line
    }

    /// By name if there are more.
    fn limits(&self) -> String {
        let floors = self.entries.iter().filter(|entry| entry.standing == Standing::Floor);
        match &floors.collect::<Vec<_>>()[..] {
            [] => NONE.into(),
            [floor] => figure(floor.sample.median),
            floors => {
                let named = floors
                    .iter()
                    .map(|floor| format!("{} {}", floor.contender, figure(floor.sample.median)));
                named.collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn fastest(&self, standings: &[Standing], of: fn(&Sample) -> f64) -> Option<&Entry> {
        let entries = self.entries.iter().filter(|entry| standings.contains(&entry.standing));
        entries.copied().min_by(|a, b| of(&a.sample).total_cmp(&of(&b.sample)))
    }

    /// One for each of ours, by name if there are more.
    fn ratios(&self, of: fn(&Sample) -> f64) -> String {
        let Some(peer) = self.fastest(&[Standing::Peer, Standing::Tuned], of) else {
            return NONE.into();
        };
        let ours = self.entries.iter().filter(|entry| entry.standing == Standing::Ours);
        let ratios: Vec<_> = ours
            .map(|Entry { contender, sample, .. }| {
                let name = contender.strip_prefix("socker-").unwrap_or(contender);
                (name, ratio(of(&peer.sample) / of(sample)))
            })
            .collect();
        match &ratios[..] {
            [] => NONE.into(),
            [(_, ratio)] => ratio.clone(),
            _ => {
                let named = ratios.iter().map(|(name, ratio)| format!("{name} {ratio}"));
                named.collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// `None` where each ran once.
    fn spread(&self) -> Option<String> {
        let share = |entry: &&Entry| entry.sample.spread / entry.sample.median;
        let largest = self.entries.iter().max_by(|a, b| share(a).total_cmp(&share(b)))?;
        (largest.sample.spread > 0.0).then(|| largest.sample.percent())
    }
}
