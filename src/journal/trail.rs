//! How far a watched job came, and when: what a plot of its progress is drawn from.
//!
//! In: a figure at a moment. Out: at most [`limits::TRAIL_POINTS`] of them, spread over the time since
//! the job last began anew.
//! Invariant: times rise, two neighbours differ, the first is never dropped, and the last is how far the job is.

use serde::{Deserialize, Serialize};

use crate::base::limits;

/// How far a job is: so many, of so many if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What is done.
    pub done: u64,
    /// The whole; never zero, and never less than what is done.
    pub whole: Option<u64>,
}

impl Figure {
    /// What the fields of a progress tell: a part and its whole, a percentage, or a part alone; else
    /// the one number in it.
    #[must_use]
    pub fn of(fields: &[(String, String)]) -> Option<Self> {
        let named = |names: &[&str]| {
            let is_one = |key: &str| names.iter().any(|name| key.eq_ignore_ascii_case(name));
            fields.iter().find(|(key, _)| is_one(key)).map(|(_, value)| value.as_str())
        };
        let number = |text: &str| text.parse::<u64>().ok();
        let done = named(&["done", "completed", "processed", "current"]).and_then(number);
        let whole = named(&["total", "all", "count"]).and_then(number).filter(|whole| *whole > 0);
        if let Some(done) = done {
            return Some(Self { done, whole: whole.filter(|whole| done <= *whole) });
        }
        if let Some(done) = named(&["percent", "pct"]).and_then(per_mille) {
            return Some(Self { done, whole: Some(1000) });
        }
        let mut numbers = fields.iter().filter_map(|(_, value)| number(value));
        let only = numbers.next().filter(|_| numbers.next().is_none());
        only.map(|done| Self { done, whole: None })
    }

    /// The thousandths of the whole that are done.
    #[must_use]
    pub fn thousandths(self) -> Option<u64> {
        let share = u128::from(self.done) * 1000 / u128::from(self.whole?.max(1));
        Some(u64::try_from(share).unwrap_or(1000).min(1000))
    }
}

/// The thousandths that a percentage means, as far as its first digit behind the point.
fn per_mille(percent: &str) -> Option<u64> {
    let (full, part) = percent.split_once('.').unwrap_or((percent, "0"));
    let digit = part.get(..1).filter(|_| part.bytes().all(|b| b.is_ascii_digit()))?;
    let all = full.parse::<u64>().ok()?.checked_mul(10)?.checked_add(digit.parse().ok()?)?;
    Some(all).filter(|all| *all <= 1000)
}

/// Figures of one job, oldest first. Each stands until the next: how far the job was between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The whole, as it was last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<u64>,
    /// Unix seconds, and what was done then.
    points: Vec<(i64, u64)>,
}

impl Trail {
    /// Takes a figure of this moment, in Unix seconds. One that falls back by half or more begins a
    /// trail anew, as does one that gains or loses its whole: that is another run.
    pub fn add(&mut self, at: i64, figure: Figure) {
        let Figure { done, whole } = figure;
        let last = self.points.last().map(|(_, last)| *last);
        let anew = last.is_some_and(|last| done < last.div_ceil(2))
            || whole.is_some() != self.whole.is_some();
        if anew {
            self.points.clear();
        }
        self.whole = whole;
        if last == Some(done) && !anew {
            return;
        }
        // What a clock showed that was put back since is not drawn.
        self.points.retain(|(then, _)| *then < at);
        if self.points.last().is_some_and(|(_, last)| *last == done) {
            return;
        }
        self.points.push((at, done));
        if self.points.len() > limits::TRAIL_POINTS {
            self.thin();
        }
    }

    /// Drops the points that stand closest: as many are left as there are steps in half the bound.
    fn thin(&mut self) {
        let (Some((first, _)), Some(last)) = (self.points.first(), self.points.last().copied())
        else {
            return;
        };
        let steps = i64::try_from(limits::TRAIL_POINTS / 2).unwrap_or(i64::MAX);
        let step = last.0.saturating_sub(*first) / steps;
        let mut before = None;
        self.points.retain(|(at, _)| {
            let kept = *at == last.0 || before.is_none_or(|b: i64| at.saturating_sub(b) >= step);
            if kept {
                before = Some(*at);
            }
            kept
        });
        // What lay between two equal ones may be gone.
        self.points.dedup_by_key(|(_, done)| *done);
    }

    /// Is there nothing to draw?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The figures and their moments in Unix seconds, oldest first.
    #[must_use]
    pub fn figures(&self) -> impl DoubleEndedIterator<Item = (i64, Figure)> + '_ {
        let whole = self.whole;
        let figure = move |(at, done): &(i64, u64)| {
            // The whole is the latest: an earlier figure may lie beyond it.
            (*at, Figure { done: *done, whole: whole.map(|whole| whole.max(*done)) })
        };
        self.points.iter().map(figure)
    }

    /// How high it stood in each of so many equal parts of the time from its beginning to `until`, in
    /// thousandths as above.
    #[must_use]
    pub fn spread(&self, cells: usize, until: i64) -> Vec<u64> {
        let heights = self.heights();
        let (Some((first, _)), Some((last, _))) = (heights.first(), heights.last()) else {
            return Vec::new();
        };
        let span = i128::from(until.max(*last)) - i128::from(*first);
        let count = i128::try_from(cells).unwrap_or(1).max(1);
        let end_of = |cell: usize| {
            i128::from(*first) + span * (i128::try_from(cell).unwrap_or(0) + 1) / count
        };
        let stood = |cell: usize| {
            let before = heights.iter().take_while(|(at, _)| i128::from(*at) <= end_of(cell));
            before.last().map_or(0, |(_, height)| *height)
        };
        (0..cells).map(stood).collect()
    }

    /// How high each figure stands, in thousandths of the whole or, without one, of the highest.
    #[must_use]
    pub fn heights(&self) -> Vec<(i64, u64)> {
        let highest = self.points.iter().map(|(_, done)| *done).max().unwrap_or(0);
        let whole = Some(self.whole.unwrap_or(highest).max(highest).max(1));
        let height = |(at, done): &(i64, u64)| {
            (*at, Figure { done: *done, whole }.thousandths().unwrap_or(0))
        };
        self.points.iter().map(height).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(done: u64, whole: u64) -> Figure {
        Figure { done, whole: Some(whole) }
    }

    fn points(trail: &Trail) -> Vec<(i64, u64)> {
        trail.figures().map(|(at, figure)| (at, figure.done)).collect()
    }

    #[test]
    fn a_figure_is_a_part_and_its_whole_a_percentage_or_the_only_number() {
        let figure = |fields: &[(&str, &str)]| {
            let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            let fields: Vec<(String, String)> = fields.iter().map(own).collect();
            Figure::of(&fields).map(|figure| (figure.done, figure.whole))
        };
        assert_eq!(figure(&[("Done", "4"), ("TOTAL", "9")]), Some((4, Some(9))));
        assert_eq!(figure(&[("done", "10"), ("total", "9")]), Some((10, None)));
        assert_eq!(figure(&[("done", "0"), ("total", "0")]), Some((0, None)));
        for (text, thousandths) in [("37", 370), ("37.5", 375), ("37.56", 375), ("100.0", 1000)] {
            assert_eq!(figure(&[("percent", text)]), Some((thousandths, Some(1000))), "{text}");
        }
        for text in ["100.1", "101", "-1", "1e1", "5.", "5.é", "NaN", "18446744073709551615"] {
            assert_eq!(figure(&[("pct", text), ("a", "b")]).and_then(|(_, whole)| whole), None);
        }
        assert_eq!(figure(&[("errors", "0"), ("n", "7")]), None, "which of the two?");
        assert_eq!(figure(&[("folder", "a"), ("n", "7")]), Some((7, None)));
        assert_eq!(figure(&[]), None);
    }

    #[test]
    fn what_did_not_move_adds_nothing() {
        let mut trail = Trail::default();
        trail.add(10, of(1, 9));
        let before = trail.clone();
        trail.add(70, of(1, 9));
        assert_eq!(trail, before);
    }

    #[test]
    fn another_run_begins_anew_and_a_small_step_back_does_not() {
        let mut trail = Trail::default();
        for (at, done) in [(1, 40), (2, 80), (3, 79), (4, 39)] {
            trail.add(at, of(done, 100));
        }
        assert_eq!(points(&trail), [(4, 39)]);
        trail.add(5, of(20, 100));
        assert_eq!(points(&trail), [(4, 39), (5, 20)]);
        trail.add(6, Figure { done: 20, whole: None });
        assert_eq!(points(&trail), [(6, 20)], "a whole that is gone");
        trail.add(7, Figure { done: 0, whole: None });
        assert_eq!(points(&trail), [(7, 0)]);
    }

    #[test]
    fn a_clock_that_was_put_back_leaves_no_point_in_the_future() {
        let mut trail = Trail::default();
        for (at, done) in [(100, 1), (200, 2), (150, 3)] {
            trail.add(at, of(done, 9));
        }
        assert_eq!(points(&trail), [(100, 1), (150, 3)]);
    }

    #[test]
    fn neighbours_differ_whatever_was_between_them() {
        let mut trail = Trail::default();
        for (at, done) in [(100, 1), (200, 2), (150, 1)] {
            trail.add(at, of(done, 9));
        }
        assert_eq!(points(&trail), [(100, 1)], "put back to before the second");
        for n in 0..1000_u64 {
            trail.add(200 + i64::try_from(n).unwrap(), of(5 + n % 2, 9));
            let kept = points(&trail);
            assert!(kept.windows(2).all(|two| two[0].1 != two[1].1), "{kept:?}");
            assert_eq!(kept.last().unwrap().1, 5 + n % 2);
        }
    }

    #[test]
    fn a_year_of_minutes_is_bounded_and_spread() {
        let mut trail = Trail::default();
        let minutes = 365 * 24 * 60_u64;
        for n in 0..minutes {
            trail.add(i64::try_from(n).unwrap() * 60, of(n, minutes));
            assert!(trail.points.len() <= limits::TRAIL_POINTS);
        }
        let kept = points(&trail);
        assert_eq!((kept[0].1, kept.last().unwrap().1), (0, minutes - 1));
        assert!(kept.len() >= limits::TRAIL_POINTS / 2, "{}", kept.len());
        let gap = kept.windows(2).map(|w| w[1].0 - w[0].0).max().unwrap();
        assert!(gap <= 365 * 24 * 3600 / 6, "no gap of over a sixth: {gap}");
    }

    #[test]
    fn nothing_is_dropped_before_there_are_too_many() {
        let mut trail = Trail::default();
        let most = u64::try_from(limits::TRAIL_POINTS).unwrap();
        for n in 1..=most {
            trail.add(i64::try_from(n).unwrap() * 60, of(n, 1000));
        }
        assert_eq!(points(&trail).len(), limits::TRAIL_POINTS);
        trail.add(10_000, of(most + 1, 1000));
        assert!(points(&trail).len() < limits::TRAIL_POINTS);
    }

    #[test]
    fn moments_at_the_ends_of_time_and_huge_figures_are_taken() {
        let mut trail = Trail::default();
        for (n, at) in [i64::MIN, 0, i64::MAX].into_iter().enumerate() {
            trail.add(at, of(u64::MAX - 9 + n as u64, u64::MAX));
        }
        for n in 0..100_u64 {
            trail.add(i64::MAX, of(n, u64::MAX));
        }
        assert!(trail.points.len() <= limits::TRAIL_POINTS);
        assert!(trail.heights().iter().all(|(_, height)| *height <= 1000));
        assert_eq!(trail.spread(3, i64::MIN).len(), 3);
    }

    #[test]
    fn a_spread_shows_what_stood_at_the_end_of_each_part() {
        let mut trail = Trail::default();
        for (at, done) in [(0, 1), (50, 2), (60, 4)] {
            trail.add(at, of(done, 4));
        }
        assert_eq!(trail.spread(5, 100), [250, 250, 1000, 1000, 1000]);
        assert_eq!(trail.spread(1, 0), [1000], "never before its last figure");
        assert!(trail.spread(0, 100).is_empty());
        assert!(Trail::default().spread(5, 100).is_empty());
    }

    #[test]
    fn heights_are_thousandths_of_the_whole_or_of_the_highest() {
        let mut trail = Trail::default();
        trail.add(1, of(1, 4));
        trail.add(2, of(2, 4));
        assert_eq!(trail.heights(), [(1, 250), (2, 500)]);
        let mut counted = Trail::default();
        counted.add(1, Figure { done: 0, whole: None });
        assert_eq!(counted.heights(), [(1, 0)]);
        counted.add(2, Figure { done: 8, whole: None });
        assert_eq!(counted.heights(), [(1, 0), (2, 1000)]);
    }
}
