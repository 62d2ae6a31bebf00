//! The table for people and the file for machines.

use crate::common::{self, Environment, Results, Sample, Standing, Unit};
use crate::rounds::{self, Entrant, PARTS};

/// A line for each server: the median in us, the spread between the quartiles in percent of it, and the
/// ratio to the best peer.
pub fn table(entrants: &[Entrant], samples: &[Sample]) -> String {
    let peers =
        entrants.iter().zip(samples).filter(|(e, _)| e.contender.standing == Standing::Peer);
    let best = peers.map(|(_, sample)| sample.median).min_by(f64::total_cmp);
    let mut lines = vec![["", "us", "spread", "x best peer"].map(String::from).to_vec()];
    lines.extend(entrants.iter().zip(samples).map(|(entrant, sample)| {
        vec![
            entrant.contender.name.to_owned(),
            format!("{:.2}", sample.median / 1000.0),
            sample.percent(),
            best.map_or(String::new(), |best| format!("{:.2}x", sample.median / best)),
        ]
    }));
    format!("server CPU per connection that is opened and reset\n\n{}", common::align(&lines))
}

pub fn results(
    entrants: &[Entrant],
    samples: &[Sample],
    rounds: u16,
    environment: Environment,
) -> Results {
    Results {
        bench: "opening".into(),
        measured: "server CPU per connection that is accepted, upgraded and reset".into(),
        cases: "what a client sends".into(),
        unit: Unit::Nanoseconds,
        rounds: rounds.into(),
        parts: PARTS,
        environment,
        entries: rounds::entries("opening", "handshake", entrants, samples),
    }
}
