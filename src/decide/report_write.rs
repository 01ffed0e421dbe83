//! When a write is told: its failure, its proof, and, until a person has taken note of it, an
//! outcome that nobody can prove.
//!
//! In: records and notes after everything else was decided. Out: sections.
//! Invariant: nothing here changes a state or starts anything.

use super::ledger::{Ledger, WriteNote};
use super::news::{Anomaly, AnomalyKind, Section, Why};
use super::section::section_of;

use crate::base::{JobId, RunId, limits};
use crate::journal::{JobRecord, Told};
use crate::machine::{State, WriteState};

/// Tells every write that there is something to tell of.
pub(super) fn tell_writes(ledger: &mut Ledger<'_>) {
    let writes: Vec<(JobId, JobRecord)> = ledger
        .world()
        .snapshot
        .jobs
        .iter()
        .filter(|(_, record)| matches!(record.state, State::Write(_)))
        .map(|(id, record)| (id.clone(), record.clone()))
        .collect();
    for (id, record) in writes {
        tell_write(ledger, &id, &record);
    }
}

fn tell_write(ledger: &mut Ledger<'_>, id: &JobId, record: &JobRecord) {
    let State::Write(state) = record.state else { return };
    let mut notes = ledger.notes(id).clone();
    let now = ledger.now().at.clone();
    let news = notes.told.state != Some(record.state) || ended_again(state, record, &notes.told);
    let alarm = match state {
        WriteState::Unverified => Some(AnomalyKind::Unverified),
        WriteState::Unknown => Some(AnomalyKind::WriteUnknown),
        WriteState::Failed => Some(AnomalyKind::WriteFailed),
        WriteState::Blocked
        | WriteState::Approved
        | WriteState::Running
        | WriteState::Verifying
        | WriteState::Verified => None,
    };
    let lasting = matches!(state, WriteState::Unverified | WriteState::Unknown);
    let told = notes.told.anomaly_at.as_ref();
    // Once a day, in a person's days: a laptop that sleeps at night has those too.
    let repeat = lasting && told.is_none_or(|told| now.age_of(told) >= limits::REMIND_EVERY);
    let why = match alarm {
        Some(_) if news => Some(Why::Anomaly),
        Some(_) if repeat => Some(Why::AnomalyRepeated),
        None if news && state == WriteState::Verified => Some(Why::StateChanged),
        Some(_) | None => None,
    };
    let Some(why) = why else {
        if news {
            notes.told.state = Some(record.state);
            notes.told.anomaly_at = None;
            ledger.set_notes(id, notes);
        }
        return;
    };
    notes.told.state = Some(record.state);
    notes.told.at = Some(now.clone());
    notes.told.run = last_run(record).cloned();
    notes.told.anomaly_at = alarm.map(|_| now);
    ledger.set_notes(id, notes);
    let anomalies: Vec<Anomaly> =
        alarm.map(|kind| Anomaly { kind, detail: None }).into_iter().collect();
    let WriteNote { run, plan, unsandboxed } = ledger.take_write_note(id);
    let section = match ledger.compiled().job(id) {
        Some(job) => section_of(ledger, job, why),
        None => Some(Section { why, ..Section::gone(id, record, None) }),
    };
    if let Some(section) = section {
        let plan = plan.or_else(|| section.plan.clone());
        ledger.tell_section(Section { anomalies, run, plan, unsandboxed, ..section });
    }
}

/// Did another run end in the state that was told? A write may fail, be approved anew and fail again
/// before a tick comes.
fn ended_again(state: WriteState, record: &JobRecord, told: &Told) -> bool {
    let ended = match state {
        WriteState::Verified
        | WriteState::Failed
        | WriteState::Unverified
        | WriteState::Unknown => true,
        WriteState::Blocked
        | WriteState::Approved
        | WriteState::Running
        | WriteState::Verifying => false,
    };
    ended && told.run.is_some() && told.run.as_ref() != last_run(record)
}

fn last_run(record: &JobRecord) -> Option<&RunId> {
    record.last_run.as_ref()?.run.as_ref()
}
