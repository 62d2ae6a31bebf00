//! The table for people and the file for machines.

use std::time::Duration;

use crate::common::{self, Entry, Environment, Results, Sample, Unit};
use crate::servers::Contender;
use crate::{Arguments, PERIOD};

/// What a server has shown.
pub struct Row {
    pub contender: &'static Contender,
    /// CPU time per echo with one connection, in nanoseconds.
    pub alone: Sample,
    /// The same with all others idle.
    pub among: Sample,
    /// CPU time of one period of pings.
    pub cpu: Duration,
    /// In that period.
    pub pings: u64,
}

impl Row {
    /// Of one core.
    fn share(&self) -> f64 {
        self.cpu.as_secs_f64() / PERIOD.as_secs_f64()
    }

    fn per_ping(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.pings.max(1) as f64
    }
}

pub fn table(rows: &[Row], Arguments { connections, .. }: &Arguments) -> String {
    let titles = ["", "of a core", "pings", "us per ping", "us per echo alone", "among all"];
    let mut lines = vec![titles.map(String::from).to_vec()];
    lines.extend(rows.iter().map(|row| {
        vec![
            row.contender.name.to_owned(),
            format!("{:.2}%", row.share() * 100.0),
            row.pings.to_string(),
            format!("{:.2}", row.per_ping() / 1000.0),
            cell(&row.alone),
            cell(&row.among),
        ]
    }));
    format!(
        "server CPU with {connections} idle connections, each pinged every {} s\n\n{}",
        PERIOD.as_secs(),
        common::align(&lines),
    )
}

fn cell(sample: &Sample) -> String {
    format!("{:.2} {}", sample.median / 1000.0, sample.percent())
}

pub fn results(
    rows: &[Row],
    Arguments { connections, rounds, .. }: &Arguments,
    environment: Environment,
) -> Results {
    let mut entries = Vec::new();
    for row in rows {
        let mut add = |case: String, sample| {
            entries.push(Entry {
                work: "pinged".into(),
                case,
                contender: row.contender.name.into(),
                standing: row.contender.standing,
                sample,
            });
        };
        add(format!("{connections}, a ping and its answer"), Sample::of(vec![row.per_ping()]));
        add("1, an echo".into(), row.alone);
        add(format!("{connections}, an echo among them"), row.among);
    }
    Results {
        bench: "pinged".into(),
        measured: format!(
            "server CPU with idle connections that are pinged every {} s",
            PERIOD.as_secs()
        ),
        cases: "connections".into(),
        unit: Unit::Nanoseconds,
        rounds: (*rounds).into(),
        parts: 1,
        environment,
        entries,
    }
}
