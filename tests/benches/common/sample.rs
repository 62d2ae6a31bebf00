//! What some runs of one contender have shown.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Sample {
    pub median: f64,
    /// Between the quartiles; zero if there was one run.
    pub spread: f64,
    /// Of the run that others on the machine disturbed least, as a rule. More and shorter runs have a
    /// lower one.
    pub minimum: f64,
}

impl Sample {
    /// Of one run at the least.
    pub fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        let last = runs.len() - 1;
        // Between two runs, as far from each as the quarter is.
        let at = |quarter: usize| {
            let (below, rest) = (last * quarter / 4, last * quarter % 4);
            let above = runs[(below + 1).min(last)];
            runs[below] + (above - runs[below]) * rest as f64 / 4.0
        };
        Self { median: at(2), spread: at(3) - at(1), minimum: at(0) }
    }

    /// The spread, for people.
    pub fn percent(&self) -> String {
        format!("±{:.1}%", self.spread / self.median * 100.0)
    }
}
