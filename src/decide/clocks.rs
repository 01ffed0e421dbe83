//! What a tick says of its clocks: a jump, a time zone that can't be used.
//!
//! In: the present, and when a tick last was. Out: notices, at most so often, and whether the clocks
//! can be trusted.
//! Invariant: a clock that can't be trusted starts nothing.

use std::time::Duration;

use super::ledger::Ledger;
use super::news::Notice;
use crate::base::limits;

/// Notes this tick and says what is wrong with its clocks; may anything be started by them?
pub(super) fn note_clocks(ledger: &mut Ledger<'_>) -> bool {
    note_zone(ledger);
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
