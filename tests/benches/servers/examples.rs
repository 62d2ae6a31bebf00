//! Builds Socker's own servers, which are examples of its adapters.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use super::Failure;
use crate::common::target_directory;

/// Where a package's example stays once it is built.
pub fn path(package: &str, example: &str) -> PathBuf {
    target_directory().join("bench").join(package.replace("socker", example))
}

/// Builds a package's example and puts it aside: the packages' examples have the same file
/// name, so that each overwrites the one before.
pub fn build(package: &str, example: &str) -> Result<(), Failure> {
    eprintln!("building the example {example} of {package}");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--profile", "bench", "--example", example])
        .args(["--package", package])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(target_directory())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("its example {example} can't be built").into());
    }
    let executable = String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .ok_or("cargo has built no executable")?;
    let path = path(package, example);
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::copy(executable, path)?;
    Ok(())
}
