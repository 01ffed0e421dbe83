//! Serving the queue: what is due is launched, asked for, or told.
//!
//! In: the ledger. Out: launches of read-only checks and of verifications, requests, sections.
//! Invariant: nothing but a read_only one_shot_read is launched from the queue; a write becomes a
//! request, any other job is told to a person.

use std::time::Duration;

use super::ledger::Ledger;
use super::news::{Section, Why};
use super::queue::{is_waiting, mark_queued};
use super::request::request_write;
use super::section::section_of;
use super::verify::serve_verification;
use crate::base::{ItemId, JobId};
use crate::compile::CompiledJob;
use crate::journal::{EventKind, ItemEnd, ItemState, Origin, Queued, ReplayFault};
use crate::machine::{CheckInput, CheckState, Input, State};
use crate::model::{Kind, Purpose, Work};

/// Serves every pending item whose time has come, oldest first.
pub(super) fn serve_queue(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    for (item, queued) in due_items(ledger) {
        if let Origin::Verification { .. } = &queued.origin {
            serve_verification(ledger, &item, &queued)?;
            continue;
        }
        match ledger.compiled().job(&queued.job) {
            Some(job) => serve_item(ledger, job, &item, &queued)?,
            None => drop_item(ledger, &item, &queued)?,
        }
    }
    Ok(())
}

/// The same for the verifications of one write, and nothing else.
pub(super) fn serve_verifications_of(
    ledger: &mut Ledger<'_>,
    write: &JobId,
) -> Result<(), ReplayFault> {
    for (item, queued) in due_items(ledger) {
        if matches!(&queued.origin, Origin::Verification { job, .. } if job == write) {
            serve_verification(ledger, &item, &queued)?;
        }
    }
    Ok(())
}

fn due_items(ledger: &Ledger<'_>) -> Vec<(ItemId, Queued)> {
    let now = &ledger.now().at;
    let mut due: Vec<(ItemId, Queued)> = ledger
        .world()
        .snapshot
        .queue
        .iter()
        .filter(|(_, q)| q.state == ItemState::Pending)
        .filter(|(_, q)| now.delay_since(&q.at) >= Duration::from_millis(q.delay_ms))
        .map(|(id, q)| (id.clone(), q.clone()))
        .collect();
    due.sort_by(|a, b| (a.1.at.wall_ms, &a.0).cmp(&(b.1.at.wall_ms, &b.0)));
    due
}

fn serve_item(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    item: &ItemId,
    queued: &Queued,
) -> Result<(), ReplayFault> {
    let declared = job.job();
    if let (true, Work::Check { run, .. }) = (declared.is_runnable_read(), &declared.work) {
        let open = ledger.may_start() && ledger.has_launch_room();
        if open && ledger.is_busy(&declared.id).is_none() {
            mark_queued(ledger, &declared.id)?;
            ledger.launch(job, Purpose::Check, run, Some(item.clone()))?;
        }
        return Ok(());
    }
    let how = EventKind::ItemSettled { item: item.clone(), how: ItemEnd::Blocked };
    ledger.record(Some(&declared.id), how)?;
    unmark_queued(ledger, &declared.id)?;
    if declared.kind() == Kind::OneShotWrite && declared.enabled {
        return request_write(ledger, job, &queued.origin);
    }
    let section = section_of(ledger, job, Why::Blocked);
    if let Some(section) = section {
        ledger.tell_section(Section { blocked: Some(queued.origin.clone()), ..section });
    }
    Ok(())
}

/// An item whose job is gone from the config is over, and told.
fn drop_item(ledger: &mut Ledger<'_>, item: &ItemId, queued: &Queued) -> Result<(), ReplayFault> {
    let how = EventKind::ItemSettled { item: item.clone(), how: ItemEnd::Dropped };
    ledger.record(Some(&queued.job), how)?;
    unmark_queued(ledger, &queued.job)?;
    let Some(record) = ledger.job_record(&queued.job) else {
        return Ok(());
    };
    let section = Section::gone(&queued.job, record, Some(queued.origin.clone()));
    ledger.tell_section(section);
    Ok(())
}

/// Nothing waits for the check any more. Its config may have left it no edge by then: what it says of
/// the check was the reason.
fn unmark_queued(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let queued = ledger.job_record(id).map(|r| r.state) == Some(State::Check(CheckState::Queued));
    if queued && !is_waiting(ledger, id) {
        ledger.step_of(id, Input::Check(CheckInput::Drop), None)?;
    }
    Ok(())
}
