//! Quiet hours: what they hold back, and the digest after them.
//!
//! In: what would be told now, and what was held back before. Out: notes while it is quiet, and
//! afterwards a section that tells all of it.
//! Invariant: what is held back stays noted until a section tells it, and none does in quiet hours.

use super::ledger::Ledger;
use super::news::{Section, Why};
use super::section::section_of;
use crate::base::{JobId, Now, limits};
use crate::compile::CompiledJob;
use crate::journal::{Held, HeldItem, HeldNews, Notes};
use crate::machine::State;

/// Is it quiet for this job now?
pub(super) fn is_quiet(ledger: &Ledger<'_>, job: &CompiledJob) -> bool {
    let Now { at, local } = ledger.now();
    let second = local.furthest_second_of_day(at.wall_ms);
    job.job().policy.quiet_hours.is_some_and(|hours| hours.contains(second))
}

/// Notes what happened to a watched job that quiet hours keep from being told.
pub(super) fn hold_watch(
    notes: &mut Notes,
    state: State,
    (recovered, routine): (bool, bool),
    now: &Now,
) {
    if recovered {
        hold(&mut notes.held, HeldNews::Recovered, now);
    }
    let before = notes.held.state.or(notes.told.state);
    if before != Some(state) {
        notes.held.state = Some(state);
        hold(&mut notes.held, HeldNews::State { state }, now);
    } else if routine && !notes.held.items.iter().any(|i| i.what == HeldNews::Routine) {
        hold(&mut notes.held, HeldNews::Routine, now);
    }
    let warning = notes.seen.as_ref().filter(|seen| seen.warn && notes.broken.is_none());
    if let Some(message) = warning.map(|seen| seen.message.clone()) {
        hold_warning(&mut notes.held, message, now);
    }
}

/// The last words of a warning count, and the time of the first.
fn hold_warning(held: &mut Held, message: Option<String>, now: &Now) {
    let warned = held.items.iter_mut().find_map(|item| match &mut item.what {
        HeldNews::Warned { message } => Some(message),
        HeldNews::State { .. } | HeldNews::Recovered | HeldNews::Routine => None,
    });
    match warned {
        Some(last) => *last = message,
        None => hold(held, HeldNews::Warned { message }, now),
    }
}

/// Holds one thing back.
pub(super) fn hold(held: &mut Held, what: HeldNews, now: &Now) {
    let mut clock = now.clock_text();
    clock.truncate("HH:MM".len());
    held.items.push(HeldItem { what, clock });
    if held.items.len() > limits::HELD_KEPT {
        held.items.remove(0);
        held.dropped = held.dropped.saturating_add(1);
    }
}

/// Tells what was held back of every job that nothing else has told in this decision: checks, jobs
/// that a tick does not watch any more, and those that are gone.
pub(super) fn tell_held(ledger: &mut Ledger<'_>) {
    let holding = |notes: &Notes| !notes.held.items.is_empty();
    let notes = &ledger.world().notes;
    let ids: Vec<JobId> =
        notes.iter().filter(|(_, n)| holding(n)).map(|(id, _)| id.clone()).collect();
    for id in ids {
        tell_held_of(ledger, &id);
    }
}

/// The same for one job.
pub(super) fn tell_held_of(ledger: &mut Ledger<'_>, id: &JobId) {
    let compiled = ledger.compiled();
    let job = compiled.job(id);
    let mut notes = ledger.notes(id).clone();
    if notes.held.items.is_empty() || job.is_some_and(|job| is_quiet(ledger, job)) {
        return;
    }
    let held = std::mem::take(&mut notes.held);
    let Some(record) = ledger.job_record(id).cloned() else {
        ledger.set_notes(id, notes);
        return;
    };
    let well = notes.told.anomaly.is_none();
    let recovered = well && held.items.iter().any(|item| item.what == HeldNews::Recovered);
    notes.told.state = Some(record.state);
    notes.told.at = Some(ledger.now().at.clone());
    notes.told.recovery_owed = false;
    ledger.set_notes(id, notes);
    let Some(held) = ledger.add_held(id, held) else { return };
    let section = match job {
        Some(job) => section_of(ledger, job, Why::Digest),
        None => Some(Section { why: Why::Digest, ..Section::gone(id, &record, None) }),
    };
    if let Some(section) = section {
        ledger.tell_section(Section { recovered, held, ..section });
    }
}
