//! What must not grow: the peak of a tick's memory, the store, what is open, what is left.
//!
//! In: a sample of each round. Out: a panic where the last third is worse than the first.
//! Invariant: a limit is a ratio of two numbers of the same run, never a number of this machine.

use std::fmt::Write as _;

/// Rounds until everything has happened once.
const WARM_UP: usize = 6;
/// Fewer samples than that say nothing of a trend.
const LEAST: usize = 9;

/// One number of each round.
pub(crate) struct Series {
    name: &'static str,
    samples: Vec<u64>,
}

/// The medians of the first and the last third, and the largest of all.
#[derive(Debug)]
struct Thirds {
    first: u64,
    last: u64,
    most: u64,
}

impl Series {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, samples: Vec::new() }
    }

    pub(crate) fn push(&mut self, sample: u64) {
        self.samples.push(sample);
    }

    fn thirds(&self) -> Option<Thirds> {
        let after = self.samples.get(WARM_UP..).filter(|after| after.len() >= LEAST)?;
        let third = after.len() / 3;
        let (first, last) = (median(&after[..third]), median(&after[after.len() - third..]));
        Some(Thirds { first, last, most: *after.iter().max()? })
    }

    /// The last third is at most so many per cent of the first.
    pub(crate) fn stays_below(&self, percent: u64) {
        if let Some(thirds) = self.thirds() {
            let bound = thirds.first * percent / 100;
            assert!(thirds.last <= bound, "{} grows: {thirds:?}, {:?}", self.name, self.samples);
        }
    }

    /// In words, for whoever reads the figures.
    pub(crate) fn told(&self) -> String {
        let mut text = format!("{}: {} samples", self.name, self.samples.len());
        if let Some(Thirds { first, last, most }) = self.thirds() {
            let _ = write!(text, ", first third {first}, last third {last}, most {most}");
        }
        text
    }
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[test]
fn what_grows_is_noticed_and_what_wavers_is_not() {
    let series = |sample: fn(u64) -> u64| {
        let mut series = Series::new("n");
        (0..60).for_each(|n| series.push(sample(n)));
        series
    };
    series(|n| 1000 + n * 7 % 13).stays_below(102);
    let grows = std::panic::catch_unwind(|| series(|n| 1000 + n).stays_below(102));
    assert!(grows.is_err());
}
