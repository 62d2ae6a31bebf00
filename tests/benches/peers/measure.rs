//! Runs all contenders in turn.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::common::Sample;
use crate::contender::Run;
use crate::feed::Count;

/// How long one run takes, about.
const RUN: Duration = Duration::from_micros(7_500);

/// A run that takes this long tells how many passes make up a whole one.
const CALIBRATION: Duration = Duration::from_millis(2);

/// One contender in one case.
pub struct Entrant<'a> {
    pub run: Run<'a>,
    /// What one pass has to deliver.
    pub expected: Count,
}

#[derive(Clone, Copy)]
pub struct Measured {
    /// Nanoseconds per message.
    pub sample: Sample,
    /// Into the sink, per pass.
    pub writes: u64,
}

/// In each round all contenders run once, in rotating order: whatever disturbs the machine for
/// a while then disturbs all of them.
pub fn measure(mut entrants: Vec<Entrant<'_>>, rounds: usize) -> Vec<Measured> {
    let plan: Vec<_> = entrants.iter_mut().map(calibrate).collect();
    let mut times = vec![Vec::with_capacity(rounds); entrants.len()];
    for round in 0..rounds {
        for turn in 0..entrants.len() {
            let index = (round + turn) % entrants.len();
            let entrant = &mut entrants[index];
            let passes = plan[index].passes;
            let (time, count) = timed(entrant, passes);
            times[index].push(time.as_nanos() as f64 / count.messages as f64);
        }
    }
    let samples = times.into_iter().map(Sample::of);
    samples.zip(plan).map(|(sample, plan)| Measured { sample, writes: plan.writes }).collect()
}

struct Plan {
    passes: usize,
    /// Per pass.
    writes: u64,
}

/// Finds the number of passes for a run, which also warms up.
fn calibrate(entrant: &mut Entrant<'_>) -> Plan {
    let mut passes = 1;
    loop {
        let (time, count) = timed(entrant, passes);
        if time >= CALIBRATION {
            let scale = RUN.as_secs_f64() / time.as_secs_f64();
            let writes = count.writes / passes as u64;
            let passes = ((passes as f64 * scale) as usize).max(1);
            return Plan { passes, writes };
        }
        passes *= 2;
    }
}

fn timed(entrant: &mut Entrant<'_>, passes: usize) -> (Duration, Count) {
    let start = thread_time();
    let count = (entrant.run)(passes);
    let time = thread_time() - start;
    let expected = entrant.expected.times(passes);
    assert_eq!(count.delivered(), expected.delivered(), "not what was to be delivered");
    (time, count)
}

/// The CPU time of this thread, which stands still while others have the CPU.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
