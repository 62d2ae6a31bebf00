//! The system's limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Failure;

/// The files that a process has open beside its connections.
const OTHER_FILES: u64 = 64;

/// Lets this process, and the servers that it starts, have so many connections.
pub fn allow_connections(connections: u64) -> Result<(), Failure> {
    let needed = connections + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })
            .map_err(|error| format!("{needed} open files are not allowed: {error}"))?;
    }
    Ok(())
}
