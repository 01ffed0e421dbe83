//! What a tick says of its clocks: a jump, a time zone that can't be used, that it comes late; and
//! of a store that was put back.
//!
//! In: the present, and when a tick last was. Out: notices, at most so often, and whether the clocks
//! can be trusted.
//! Invariant: a clock that can't be trusted starts nothing.

use std::time::Duration;

use super::ledger::Ledger;
use super::news::Notice;
use crate::base::{Stamp, limits};
use crate::journal::World;

/// Notes this tick and says what is wrong with its clocks; may anything be started by them?
pub(super) fn note_clocks(ledger: &mut Ledger<'_>) -> bool {
    note_epoch(ledger);
    note_zone(ledger);
    note_gap(ledger);
    note_jump(ledger)
}

/// A wall clock that jumped, or was never set, starts nothing. Told at most once an hour.
fn note_jump(ledger: &mut Ledger<'_>) -> bool {
    let now = &ledger.now().at.clone();
    let last = ledger.world().meta.last_tick.as_ref();
    let drift = last.map_or(Duration::ZERO, |last| now.drift_since(last));
    let unset = now.wall_ms < limits::CLOCK_FLOOR_MS;
    let suspect = unset || drift > limits::CLOCK_DRIFT;
    let meta = ledger.meta_mut();
    meta.last_tick = Some(now.clone());
    let told = meta.clock_alert.as_ref();
    if suspect && told.is_none_or(|t| now.delay_since(t) >= limits::ALERT_EVERY) {
        meta.clock_alert = Some(now.clone());
        ledger.tell(Notice::ClockSuspect { drift, unset });
    }
    suspect
}

/// A store that was put back is told once.
fn note_epoch(ledger: &mut Ledger<'_>) {
    let epoch = ledger.world().snapshot.epoch.clone();
    let known = std::mem::replace(&mut ledger.meta_mut().epoch, epoch.clone());
    if known.is_some() && known != epoch {
        ledger.tell(Notice::PutBack);
    }
}

/// Quiet hours by another clock than the one that was meant are told, once a day.
fn note_zone(ledger: &mut Ledger<'_>) {
    let now = ledger.now();
    let name = ledger.compiled().timezone().map(|zone| zone.name.clone());
    let meta = ledger.meta_mut();
    let Some(fault) = now.local.fault else {
        meta.zone_alert = None;
        return;
    };
    let told = meta.zone_alert.as_ref();
    if told.is_none_or(|told| now.at.age_of(told) >= limits::REMIND_EVERY) {
        meta.zone_alert = Some(now.at.clone());
        ledger.tell(Notice::ZoneUnusable { fault, name });
    }
}

/// Notes how long ago the last tick was, and tells a gap. Suspend counts: nobody was watched in it.
///
/// What is long goes by the median of the last times between ticks, which one gap does not move. A
/// gap no longer than three times the last one is none: whoever calls ticks less often from now on
/// hears of it once.
fn note_gap(ledger: &mut Ledger<'_>) {
    let now = &ledger.now().at;
    let Some(last) = ledger.world().meta.last_tick.clone() else { return };
    let gap = gap_since(now, &last);
    let meta = ledger.meta_mut();
    let before = meta.tick_gaps.last().map_or(Duration::ZERO, |ms| Duration::from_millis(*ms));
    let period = median(&meta.tick_gaps);
    if gap >= limits::GAP_COUNTED {
        meta.tick_gaps.push(u64::try_from(gap.as_millis()).unwrap_or(u64::MAX));
        let over = meta.tick_gaps.len().saturating_sub(limits::GAPS_KEPT);
        meta.tick_gaps.drain(..over);
    }
    let Some(period) = period else { return };
    let expected = period.max(before).max(limits::GAP_PERIOD_MIN);
    if gap > expected * limits::GAP_PERIODS {
        let awake = now.watched_since(&last).unwrap_or(gap);
        let asleep = gap.saturating_sub(awake);
        let known = !now.boot.as_str().is_empty() && !last.boot.as_str().is_empty();
        let rebooted = known && now.boot != last.boot;
        ledger.tell(Notice::Gap { gap, period, asleep, rebooted });
    }
}

/// Across boots a wall clock that was never set, on either side, says nothing.
fn gap_since(now: &Stamp, last: &Stamp) -> Duration {
    let unset = now.wall_ms.min(last.wall_ms) < limits::CLOCK_FLOOR_MS;
    if unset && now.boot != last.boot {
        return Duration::from_millis(u64::try_from(now.up_ms).unwrap_or(0));
    }
    now.age_of(last)
}

/// How often a tick comes, from what the store has seen of them.
#[must_use]
pub fn tick_period(world: &World) -> Option<Duration> {
    median(&world.meta.tick_gaps)
}

/// The middle one; `None` where there are too few.
fn median(gaps: &[u64]) -> Option<Duration> {
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable();
    let middle = sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= limits::GAPS_LEAST);
    middle.map(|ms| Duration::from_millis(*ms))
}
