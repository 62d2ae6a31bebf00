//! What the numbers are, and what they depend on.

use crate::common::{Environment, Results};

/// A line for each bench, and one for each environment: more than one where benches have run in
/// different ones, which should not be compared.
pub fn lines(all: &[Results]) -> Vec<String> {
    let what = |results: &Results| {
        let Results { bench, measured, cases, .. } = results;
        format!("{bench}: {measured}; case: {cases}; {}", runs_of(results))
    };
    let mut lines: Vec<_> = all.iter().map(what).collect();
    let merged = merged(all);
    lines.extend(merged.iter().map(|(benches, environment)| match merged.len() {
        1 => environment.to_string(),
        _ => format!("{} in: {environment}", benches.join(", ")),
    }));
    lines
}

pub fn runs_of(Results { rounds, parts, .. }: &Results) -> String {
    match (rounds, parts) {
        (1, 1) => "one run".into(),
        (_, 1) => format!("medians of {rounds} runs"),
        _ => format!("medians of {rounds} runs in {parts} parts"),
    }
}

/// Those in which the benches have run, each with the packages of all of its benches.
fn merged(all: &[Results]) -> Vec<(Vec<&str>, Environment)> {
    let mut merged: Vec<(Vec<&str>, Environment)> = Vec::new();
    for Results { bench, environment, .. } in all {
        match merged.iter_mut().find(|(_, other)| are_alike(other, environment)) {
            Some((benches, other)) => {
                benches.push(bench);
                other.packages.extend(environment.packages.clone());
                other.kernel = other.kernel.take().or_else(|| environment.kernel.clone());
            }
            None => merged.push((vec![bench], environment.clone())),
        }
    }
    merged
}

fn are_alike(one: &Environment, other: &Environment) -> bool {
    let kernels = one.kernel.as_ref().zip(other.kernel.as_ref());
    let versions = |(name, version)| other.packages.get(name).is_none_or(|other| other == version);
    one.machine == other.machine
        && one.rustc == other.rustc
        && kernels.is_none_or(|(one, other)| one == other)
        && one.packages.iter().all(versions)
}
