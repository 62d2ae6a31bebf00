use std::{error::Error, fs, path::Path};

use socker_core::service::{Recording, Service};

/// Tells a service all that a recording has, and compares what it answers.
///
/// # Errors
/// It is no recording, or the service answers something else: the error tells the line.
pub fn replay(text: &str, service: &mut impl Service) -> Result<(), Box<dyn Error>> {
    Ok(Recording::parse(text)?.replay(service)?)
}

/// As [`replay`], from a file that any host has written.
///
/// # Errors
/// As [`replay`], or the file can't be read.
pub fn replay_file(path: &Path, service: &mut impl Service) -> Result<(), Box<dyn Error>> {
    replay(&fs::read_to_string(path)?, service)
}
