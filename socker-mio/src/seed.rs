use std::io;

use socker_core::Seed;

/// Unpredictable bytes from the operating system, for a service that draws from them, say one of
/// rooms. Use each for one thing only.
///
/// # Errors
/// The system has no random source.
pub fn random_seed() -> io::Result<Seed> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(bytes.into())
}
