//! How long a bar is.

use super::{Bar, Case};

/// Where bars are, between their labels and their figures.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 670.0;

pub struct Axis {
    kind: Kind,
    /// The value at the right end.
    end: f64,
}

enum Kind {
    Linear,
    Logarithmic {
        /// The value at the left end.
        start: f64,
    },
}

impl Axis {
    pub fn linear(case: &Case) -> Self {
        Self { kind: Kind::Linear, end: end(case) }
    }

    pub fn logarithmic(cases: &[Case]) -> Self {
        let bars = cases.iter().flat_map(|case| &case.bars);
        let limits = cases.iter().filter_map(|case| case.limit.as_ref());
        let values = bars.map(|bar| bar.figure.value).chain(limits.map(|limit| limit.value));
        let least = values.filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
        let start = if least.is_finite() { 10_f64.powf(least.log10().floor()) } else { 1.0 };
        let end = cases.iter().map(end).fold(start * 10.0, f64::max);
        Self { kind: Kind::Logarithmic { start }, end }
    }

    pub fn left(&self) -> f64 {
        LEFT
    }

    /// Where a value is.
    pub fn x(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => value / self.end,
            Kind::Logarithmic { start } => (value / start).log10() / (self.end / start).log10(),
        };
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    /// The values that get a line across all bars: powers of ten.
    pub fn grid(&self) -> Vec<f64> {
        let Kind::Logarithmic { start } = self.kind else { return Vec::new() };
        let powers = std::iter::successors(Some(start), |power| Some(power * 10.0));
        powers.take_while(|&power| power <= self.end).collect()
    }
}

/// The end of the longest bar, with its whisker.
fn end(case: &Case) -> f64 {
    let bars = case.bars.iter().map(Bar::end);
    let limit = case.limit.as_ref().map(|limit| limit.value);
    // A case without any length is drawn as well.
    bars.chain(limit).fold(f64::MIN_POSITIVE, f64::max)
}
