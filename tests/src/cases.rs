//! How many cases a property is tried with.

use std::env;

/// `usual`, unless `PROPTEST_CASES` says otherwise: fewer under an interpreter, more over night.
#[must_use]
pub fn cases(usual: u32) -> u32 {
    match env::var("PROPTEST_CASES") {
        Ok(wanted) => wanted.parse().expect("PROPTEST_CASES is a number"),
        Err(_) => usual,
    }
}
