//! What is measured: one case after another.

use std::fmt;

use crate::common::Sample;
use crate::load::Load;
use crate::rounds::{Entrant, PARTS, in_parts, interleave};
use crate::servers::Failure;

/// How often each connection's messages precede a run at the least, so that both sides are warm.
const WARM_UP: usize = 2;

#[derive(Clone, Copy)]
pub struct Case {
    pub connections: usize,
    /// On each connection.
    pub in_flight: u8,
    /// In each run, on all connections together; as many for each of its parts, and a multiple of
    /// `in_flight` for each.
    pub messages: usize,
}

impl Case {
    /// In each part of a run.
    fn messages(self) -> usize {
        self.messages / PARTS
    }

    /// How often a connection's messages are sent in each part of a run.
    fn times(self) -> usize {
        self.messages() / usize::from(self.in_flight)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.connections, self.in_flight)
    }
}

/// What one case has shown, with a sample for each server.
pub struct Column {
    pub case: Case,
    pub samples: Vec<Sample>,
}

pub fn measure(entrants: &[Entrant], case: Case, rounds: u16) -> Result<Column, Failure> {
    let samples = interleave(entrants, rounds, |entrant| run(entrant, case))
        .map_err(|failure| format!("{case}: {failure}"))?;
    Ok(Column { case, samples })
}

/// The server's CPU time per message, in nanoseconds, in each part of a run.
///
/// Connections are opened for each run, so that no server has to care for them in between.
fn run(Entrant { contender, server }: &Entrant, case: Case) -> Result<Vec<f64>, Failure> {
    let mut load = Load::open(contender, server, case)?;
    load.run((case.times() / 2).max(WARM_UP * case.connections))?;
    in_parts(server, case.messages(), || load.run(case.times()))
}
