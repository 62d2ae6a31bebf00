//! What all benches report alike: the environment, a table for people, a file for machines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use serde_json::{Map, Value};

/// What the numbers depend on, with the versions of the packages that are compared.
///
/// To be asked before the process is bound to a CPU, since it counts those that it may use.
pub fn environment(packages: &[&str]) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown CPU", |(_, model)| model);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let rustc = Command::new(rustc).arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{model} x{threads}, {}-{}; {}; {}",
        env::consts::ARCH,
        env::consts::OS,
        rustc.unwrap_or_else(|_| "unknown rustc".into()),
        versions(packages),
    )
}

/// As locked, since the manifest gives only lower bounds.
fn versions(packages: &[&str]) -> String {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find_map(|directory| fs::read_to_string(directory.join("Cargo.lock")).ok())
        .unwrap_or_default();
    let version = |package: &&str| {
        let entry = format!("name = \"{package}\"\nversion = \"");
        let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
        format!("{package} {}", version.map_or("?", |(version, _)| version))
    };
    packages.iter().map(version).collect::<Vec<_>>().join(", ")
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

/// Writes what a bench has measured, one flat object with `work/case/contender` as keys.
pub fn write_json(bench: &str, measured: &Map<String, Value>) -> io::Result<PathBuf> {
    let directory = target_directory().join("bench");
    fs::create_dir_all(&directory)?;
    let path = directory.join(format!("{bench}.json"));
    fs::write(&path, serde_json::to_string_pretty(measured)? + "\n")?;
    Ok(path)
}

/// Cargo's directory for temporary files is in the target directory, wherever this is.
pub fn target_directory() -> &'static Path {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary)
}
