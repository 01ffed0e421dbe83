//! Times of commands in turn, their medians and spread, and the limits they have to keep.

use std::process::Command;
use std::time::Instant;

use crate::site::run;

/// How long it took, in seconds.
pub(crate) fn time(command: &mut Command) -> f64 {
    let begun = Instant::now();
    run(command);
    begun.elapsed().as_secs_f64()
}

/// The median.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of them lies.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in a list of some dozens"
)]
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len().saturating_sub(1)) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

/// Each of one list by its fellow of the other.
pub(crate) fn ratios(above: &[f64], below: &[f64]) -> Vec<f64> {
    above.iter().zip(below).map(|(a, b)| a / b).collect()
}

/// What a number counts.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Times,
    Seconds,
    Percent,
    Megabytes,
    Exponent,
}

/// A limit.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    None,
}

/// One line of the table.
pub(crate) struct Line {
    what: &'static str,
    values: Vec<f64>,
    unit: Unit,
    limit: Limit,
}

impl Line {
    pub(crate) const HEAD: &str = "| row | measure | median | middle half | limit | kept |\n\
        |---|---|---|---|---|---|";

    pub(crate) fn new(what: &'static str, values: Vec<f64>, unit: Unit, limit: Limit) -> Self {
        Self { what, values, unit, limit }
    }

    /// A ratio.
    pub(crate) fn ratio(what: &'static str, above: &[f64], below: &[f64], limit: Limit) -> Self {
        Self::new(what, ratios(above, below), Unit::Times, limit)
    }

    /// A time without a limit.
    pub(crate) fn seconds(what: &'static str, values: &[f64]) -> Self {
        Self::new(what, values.to_vec(), Unit::Seconds, Limit::None)
    }

    pub(crate) fn row(&self, name: &str) -> String {
        let say = |value| self.unit.say(value);
        let middle = median(&self.values);
        let (low, high) = (quantile(&self.values, 0.25), quantile(&self.values, 0.75));
        let (limit, kept) = match self.limit {
            Limit::AtMost(most) => (format!("≤ {}", say(most)), yes_or_no(middle <= most)),
            Limit::AtLeast(least) => (format!("≥ {}", say(least)), yes_or_no(middle >= least)),
            Limit::None => (String::new(), ""),
        };
        let spread = format!("{} – {}", say(low), say(high));
        format!("| {name} | {} | {} | {spread} | {limit} | {kept} |", self.what, say(middle))
    }
}

fn yes_or_no(kept: bool) -> &'static str {
    if kept { "yes" } else { "**no**" }
}

impl Unit {
    fn say(self, value: f64) -> String {
        match self {
            Self::Times if value >= 10.0 => format!("{value:.1} ×"),
            Self::Times => format!("{value:.3} ×"),
            Self::Seconds if value < 1.0 => format!("{:.2} ms", value * 1000.0),
            Self::Seconds => format!("{value:.3} s"),
            Self::Percent => format!("{:.2} %", value * 100.0),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Exponent => format!("{value:.3}"),
        }
    }
}
