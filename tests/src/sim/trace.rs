use std::{collections::VecDeque, env, fmt::Debug, hash::Hasher, str::FromStr};

use socker_core::Instant;

/// What the last so many entries of a failing run were.
const TAIL: usize = 40;

/// All that happened, as one number, and the last of it in words.
///
/// It prints the words when the run fails.
#[derive(Debug)]
pub struct Trace {
    digest: Fnv,
    entries: u64,
    tail: VecDeque<(Instant, &'static str, usize, usize)>,
}

/// FNV-1a; the standard library's hash may change with it.
#[derive(Clone, Debug)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self { digest: Fnv(0xCBF2_9CE4_8422_2325), entries: 0, tail: VecDeque::new() }
    }
}

impl Trace {
    /// The same for the same runs.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// How many things happened.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Something happened to a client.
    pub(super) fn note(&mut self, now: Instant, what: &'static str, client: usize, bytes: &[u8]) {
        let nanos = now.since(Instant::START).as_nanos().to_le_bytes();
        for part in [&nanos[..], what.as_bytes(), &client.to_le_bytes(), bytes] {
            self.digest.write(part);
        }
        self.entries += 1;
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back((now, what, client, bytes.len()));
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last of {} entries:", self.entries);
            for (now, what, client, len) in &self.tail {
                eprintln!("  {now:?}  client {client}  {what}  {len} bytes");
            }
        }
    }
}

/// Runs a suite's test for `SIM_SEEDS` seeds (default 200), or for `SIM_SEED` alone. If it fails it
/// prints how to run that one again.
pub fn for_seeds(suite: &str, test: &str, run: impl FnMut(u64)) {
    for_seeds_up_to(200, suite, test, run);
}

/// As [`for_seeds`], with fewer by default: of runs that take long.
pub fn for_few_seeds(suite: &str, test: &str, run: impl FnMut(u64)) {
    for_seeds_up_to(40, suite, test, run);
}

fn for_seeds_up_to(unless_told: u64, suite: &str, test: &str, mut run: impl FnMut(u64)) {
    let seeds = match variable("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("SIM_SEEDS").unwrap_or(unless_told),
    };
    for seed in seeds {
        let again = Again { suite, test, seed };
        run(seed);
        drop(again);
    }
}

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    Some(env::var(name).ok()?.parse().expect("a number"))
}

/// Tells how to run a seed again, if it fails.
struct Again<'n> {
    suite: &'n str,
    test: &'n str,
    seed: u64,
}

impl Drop for Again<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { suite, test, seed } = self;
            eprintln!("seed {seed} failed; run it alone with");
            eprintln!("  SIM_SEED={seed} cargo test -p socker-tests --test {suite} {test}");
        }
    }
}
