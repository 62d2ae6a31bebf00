//! The files of the other benches.

use std::fs;
use std::io::ErrorKind;

use crate::common::{Results, target_directory};

/// A bench that has left nothing to tell.
pub struct Missing {
    pub bench: &'static str,
    pub why: String,
}

/// In the order in which the benches run.
pub fn read() -> (Vec<Results>, Vec<Missing>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for bench in benches() {
        match results(bench) {
            Ok(results) => found.push(results),
            Err(why) => missing.push(Missing { bench, why }),
        }
    }
    (found, missing)
}

/// All that the package has, but this one.
fn benches() -> Vec<&'static str> {
    let manifest = include_str!("../../Cargo.toml");
    let name = |bench: &'static str| bench.split('"').next();
    let sections = manifest.split("[[bench]]\nname = \"").skip(1);
    let mut benches: Vec<_> = sections.filter_map(name).collect();
    benches.sort_unstable();
    benches.retain(|&bench| bench != env!("CARGO_CRATE_NAME"));
    benches
}

fn results(bench: &str) -> Result<Results, String> {
    let path = target_directory().join("bench").join(format!("{bench}.json"));
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "was not run".into(),
        _ => format!("has left what can't be read ({error})"),
    })?;
    serde_json::from_str(&text).map_err(|error| format!("has left another format ({error})"))
}
