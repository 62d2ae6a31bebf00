//! What some runs of one contender have shown.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Sample {
    pub median: f64,
    /// Between the quartiles; zero if there was one run.
    pub spread: f64,
    /// Of the run that was disturbed least: what else a machine does only adds.
    pub least: f64,
}

impl Sample {
    /// Of one run at the least.
    pub fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        let at = |quarter: usize| runs[(runs.len() - 1) * quarter / 4];
        Self { median: at(2), spread: at(3) - at(1), least: at(0) }
    }

    /// The spread, for people.
    pub fn percent(&self) -> String {
        format!("±{:.1}%", self.spread / self.median * 100.0)
    }
}
