//! What a bench has measured, for machines: each bench writes such a file, and the table of all benches
//! and its charts are made from them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};

use super::Sample;

/// `target/bench/<bench>.json`.
#[derive(Serialize, Deserialize)]
pub struct Results {
    pub bench: String,
    /// For people: what a number is.
    pub measured: String,
    /// For people: what a case is made of.
    pub cases: String,
    pub unit: Unit,
    /// Runs of each contender in each case.
    pub rounds: usize,
    /// Of each run; each counts by itself.
    pub parts: usize,
    pub environment: Environment,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Nanoseconds,
    Bytes,
}

/// What the numbers depend on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub machine: String,
    pub rustc: String,
    /// The packages that are compared, with their versions.
    pub packages: BTreeMap<String, String>,
    /// Where system calls are measured too.
    pub kernel: Option<String>,
}

/// One contender in one case.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pub work: String,
    pub case: String,
    pub contender: String,
    pub standing: Standing,
    #[serde(flatten)]
    pub sample: Sample,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Ours,
    /// As its documentation or its examples have it.
    Peer,
    /// A peer with what those do not have, to be as fast as we could make it.
    Tuned,
    /// The limit: what nobody can do without, such as system calls, and nothing else.
    Floor,
}

impl Results {
    pub fn write(&self) -> io::Result<PathBuf> {
        let directory = super::target_directory().join("bench");
        fs::create_dir_all(&directory)?;
        let path = directory.join(format!("{}.json", self.bench));
        fs::write(&path, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(path)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packages = self.packages.iter().map(|(name, version)| format!("{name} {version}"));
        let packages = packages.collect::<Vec<_>>().join(", ");
        write!(f, "{}; {}; {packages}", self.machine, self.rustc)?;
        match &self.kernel {
            Some(kernel) => write!(f, "; {kernel}"),
            None => Ok(()),
        }
    }
}
