//! How a game server reaches its directory: where that is, and when to try again.

use std::time::Duration;

use crate::seed::{Draw, Seed};

/// What is meant by a directory's address without a path.
const PATH: &str = "/directory/servers";

/// The wait before the first new attempt, which doubles with each, and the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// Where game servers connect to a directory: its own URL, or one without a path, by which
/// `/directory/servers` is meant.
///
/// ```
/// use socker_core::directory::servers_url;
///
/// assert_eq!(servers_url("ws://localhost:8080"), "ws://localhost:8080/directory/servers");
/// assert_eq!(servers_url("ws://localhost/?key=7"), "ws://localhost/directory/servers?key=7");
/// assert_eq!(servers_url("ws://localhost/enslavism/slaves"), "ws://localhost/enslavism/slaves");
/// ```
#[must_use]
pub fn servers_url(directory: &str) -> String {
    let (rest, query) = directory.split_at(directory.find('?').unwrap_or(directory.len()));
    let (scheme, rest) = rest.split_at(rest.find("://").map_or(0, |at| at + "://".len()));
    match rest.split_once('/') {
        None => format!("{scheme}{rest}{PATH}{query}"),
        Some((authority, "")) => format!("{scheme}{authority}{PATH}{query}"),
        Some(_) => directory.to_owned(),
    }
}

/// How long a game server waits before it connects to its directory again: 0.5 s, which doubles with
/// each failure in a row up to 8 s, less up to a quarter, so that many servers do not come back all at
/// once.
///
/// ```
/// use socker_core::{Seed, directory::Backoff};
/// use std::time::Duration;
///
/// let mut backoff = Backoff::new(Seed::from([7; 16]));
/// assert!(backoff.failed() <= Duration::from_millis(500));
/// assert!(backoff.failed() > Duration::from_millis(500));
/// backoff.succeeded();
/// assert!(backoff.failed() <= Duration::from_millis(500));
/// ```
#[derive(Debug)]
pub struct Backoff {
    random: Draw,
    /// In a row.
    failures: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { random: Draw::new(seed), failures: 0 }
    }

    /// An attempt has failed, or the connection has ended: how long to wait.
    pub fn failed(&mut self) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let part = u32::from_ne_bytes(self.random.mask());
        wait.mul_f64(1.0 - f64::from(part) / f64::from(u32::MAX) / 4.0)
    }

    /// The directory has said something. That it takes connections is not enough: it may drop them.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_path() {
        for (url, full) in [
            ("ws://a", "ws://a/directory/servers"),
            ("ws://a:80/", "ws://a:80/directory/servers"),
            ("ws://a/enslavism/slaves", "ws://a/enslavism/slaves"),
            ("ws://a/x?y=/", "ws://a/x?y=/"),
            ("a", "a/directory/servers"),
            ("wss://a/", "wss://a/directory/servers"),
        ] {
            assert_eq!(servers_url(url), full);
        }
    }

    #[test]
    fn waits_double_and_have_a_bound() {
        let mut backoff = Backoff::new(Seed::from([1; 16]));
        for longest in [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000] {
            let (wait, longest) = (backoff.failed(), Duration::from_millis(longest));
            assert!(wait <= longest && wait >= longest * 3 / 4, "{wait:?} of {longest:?}");
        }
        for _ in 0..1_000 {
            assert!(backoff.failed() <= LONGEST);
        }
    }

    #[test]
    fn a_success_begins_anew() {
        let mut backoff = Backoff::new(Seed::from([1; 16]));
        for _ in 0..5 {
            backoff.failed();
        }
        backoff.succeeded();
        assert!(backoff.failed() <= FIRST);
    }

    #[test]
    fn servers_do_not_come_back_all_at_once() {
        let mut waits: Vec<_> =
            (0..20).map(|seed| Backoff::new(Seed::from([seed; 16])).failed()).collect();
        waits.sort();
        waits.dedup();
        assert_eq!(waits.len(), 20);
        let again = Backoff::new(Seed::from([7; 16])).failed();
        assert_eq!(
            again,
            Backoff::new(Seed::from([7; 16])).failed(),
            "the same from the same seed"
        );
    }
}
