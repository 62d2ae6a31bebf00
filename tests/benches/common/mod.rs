//! What all benches report alike: the environment, a table for people, a file for machines.

mod results;
mod sample;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

pub use results::{Entry, Environment, Results, Standing, Unit};
pub use sample::Sample;

/// What the numbers depend on, with the versions of the packages that are compared.
///
/// To be asked before the process is bound to a CPU, since it counts those that it may use.
pub fn environment(packages: &[&str]) -> Environment {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown CPU", |(_, model)| model);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let rustc = Command::new(rustc).arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    Environment {
        machine: format!("{model} x{threads}, {}-{}", env::consts::ARCH, env::consts::OS),
        rustc: rustc.unwrap_or_else(|_| "unknown rustc".into()),
        packages: versions(packages),
        kernel: None,
    }
}

/// As locked, since the manifest gives only lower bounds.
fn versions(packages: &[&str]) -> BTreeMap<String, String> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find_map(|directory| fs::read_to_string(directory.join("Cargo.lock")).ok())
        .unwrap_or_default();
    let version = |package: &&str| {
        let entry = format!("name = \"{package}\"\nversion = \"");
        let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
        let version = version.map_or("?", |(version, _)| version);
        ((*package).to_owned(), version.to_owned())
    };
    packages.iter().map(version).collect()
}

/// The lines as a table, whose first column is aligned left and all others right.
pub fn align(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<_> = (0..lines[0].len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for line in lines {
        for (index, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            // Writing to a string can't fail.
            let _ = match index {
                0 => write!(out, "{cell:<width$}"),
                _ => write!(out, "   {cell:>width$}"),
            };
        }
        out.push('\n');
    }
    out
}

/// Cargo's directory for temporary files is in the target directory, wherever this is.
pub fn target_directory() -> &'static Path {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary)
}
