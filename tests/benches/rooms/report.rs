//! The table for people and the file for machines.

use crate::common::{self, Environment, Results, Sample, Standing, Unit};
use crate::rounds::{self, Entrant, PARTS};
use crate::{ACTION, Arguments};

/// Actions in one write, with a sample for each server.
type Column = (usize, Vec<Sample>);

/// A line for each server. Each cell has the median in us per delivered action, the spread between
/// the quartiles in percent of it, and the ratio to the floor.
pub fn table(entrants: &[Entrant], members: u16, columns: &[Column]) -> String {
    let mut lines = vec![vec!["actions at a time".to_owned()]];
    lines[0].extend(columns.iter().map(|(burst, _)| burst.to_string()));
    for (index, entrant) in entrants.iter().enumerate() {
        let mut line = vec![entrant.contender.name.to_owned()];
        line.extend(columns.iter().map(|(_, samples)| {
            let floor = entrants.iter().zip(samples).find_map(|(entrant, sample)| {
                (entrant.contender.standing == Standing::Floor).then_some(sample.median)
            });
            cell(&samples[index], floor)
        }));
        lines.push(line);
    }
    format!(
        "server CPU in us per action of {ACTION} bytes that is delivered to one of {members} \
         members, ± interquartile range, x the floor\n\n{}",
        common::align(&lines),
    )
}

fn cell(sample: &Sample, floor: Option<f64>) -> String {
    let (median, spread) = (sample.median, sample.percent());
    let ratio = floor.map_or(String::new(), |floor| format!("{:.2}x", median / floor));
    format!("{:.3} {spread:>6} {ratio:>6}", median / 1000.0)
}

pub fn results(
    entrants: &[Entrant],
    Arguments { members, rounds, .. }: &Arguments,
    columns: &[Column],
    environment: Environment,
) -> Results {
    let entries = columns.iter().flat_map(|(burst, samples)| {
        rounds::entries("rooms", format_args!("{members}x{burst}"), entrants, samples)
    });
    Results {
        bench: "rooms".into(),
        measured: format!("server CPU per action of {ACTION} bytes that a member gets"),
        cases: "members x actions at a time".into(),
        unit: Unit::Nanoseconds,
        rounds: (*rounds).into(),
        parts: PARTS,
        environment,
        entries: entries.collect(),
    }
}
