//! The fold: one event applied to a snapshot, the same live and on replay.
//!
//! In: a snapshot and an event. Out: the changed snapshot, or a fault that leaves it unusable.
//! Invariant: a machine's state changes in `machine::step`, called here only; an event that claims
//! another target than the table gives is refused.

use super::event::{Cause, Event, EventKind, QueueItem};
use super::fault::{ReplayFault, job_of, record_of};
use super::gate_fold;
use super::snapshot::{ItemState, JobRecord, LastRun, Queued, Snapshot};
use crate::base::{ItemId, JobId, RunId, Stamp, limits};
use crate::machine::{self, Input, State};
use crate::model::{End, Purpose};

/// Applies one event.
///
/// # Errors
/// [`ReplayFault`] where the event can't follow the ones before it.
pub fn apply(snapshot: &mut Snapshot, event: &Event) -> Result<(), ReplayFault> {
    let at = &event.at;
    match &event.kind {
        EventKind::StoreCreated { epoch } => snapshot.epoch = Some(epoch.clone()),
        EventKind::StoreRestored { epoch } => {
            snapshot.epoch = Some(epoch.clone());
            snapshot.requests.values_mut().for_each(|request| request.code = None);
        }
        EventKind::ConfigAdopted { path } => snapshot.config_path = Some(path.clone()),
        EventKind::Imported { .. } => {}
        EventKind::Declared { state } => declare(snapshot, event, *state)?,
        EventKind::Moved { input, to, cause } => {
            gate_fold::check_gate(snapshot, event, *input)?;
            let (id, record) = record_of(snapshot, event)?;
            move_state(&id, record, (*input, *to), cause.as_ref(), at)?;
            gate_fold::end_cycle(record);
        }
        EventKind::CauseChanged { cause } => {
            let (_, record) = record_of(snapshot, event)?;
            record.cause = Some(cause.clone());
            record.touched = at.clone();
        }
        EventKind::ImportedState { state, cause, last_start, last_run } => {
            declare(snapshot, event, *state)?;
            let (_, record) = record_of(snapshot, event)?;
            record.cause.clone_from(cause);
            record.last_start.clone_from(last_start);
            record.last_run = last_run.as_ref().map(|(at, end)| LastRun {
                at: at.clone(),
                run: None,
                end: end.clone(),
                attention: false,
            });
        }
        EventKind::RunClaimed { run, purpose } => {
            claim_run(record_of(snapshot, event)?.1, run, *purpose, at);
        }
        EventKind::RunEnded { run, purpose, end, attention } => {
            end_run(record_of(snapshot, event)?.1, run, *purpose, (end, *attention), at);
        }
        EventKind::RunDropped { purpose, .. } => {
            drop_run(record_of(snapshot, event)?.1, *purpose, at);
        }
        EventKind::AttemptsReset => record_of(snapshot, event)?.1.attempts = 0,
        EventKind::Enqueued { item } => enqueue(snapshot, event, item)?,
        EventKind::ItemStarted { item, run } => {
            item_of(snapshot, item)?.state = ItemState::Running(run.clone());
        }
        EventKind::ItemReturned { item } => item_of(snapshot, item)?.state = ItemState::Pending,
        EventKind::ItemSettled { item, how } => {
            item_of(snapshot, item)?.state = ItemState::Settled(*how);
            drop_oldest_settled(snapshot);
        }
        EventKind::Requested { .. }
        | EventKind::Denied { .. }
        | EventKind::CodeIssued { .. }
        | EventKind::CodeMissed
        | EventKind::CodeWithdrawn
        | EventKind::Approved { .. }
        | EventKind::GrantVoided { .. }
        | EventKind::GrantSpent { .. }
        | EventKind::WriteRefused { .. }
        | EventKind::WriteStarted { .. }
        | EventKind::VerificationQueued { .. }
        | EventKind::VerificationEnded { .. }
        | EventKind::Acknowledged { .. }
        | EventKind::WriteMarked { .. }
        | EventKind::Reclassified { .. } => gate_fold::apply(snapshot, event)?,
    }
    Ok(())
}

fn item_of<'a>(snapshot: &'a mut Snapshot, id: &ItemId) -> Result<&'a mut Queued, ReplayFault> {
    snapshot.queue.get_mut(id).ok_or_else(|| ReplayFault::Unnamed(format!("queue item {id}")))
}

/// Keeps the queue bounded: the oldest settled item beyond the limit goes.
fn drop_oldest_settled(snapshot: &mut Snapshot) {
    let settled =
        || snapshot.queue.iter().filter(|(_, q)| matches!(q.state, ItemState::Settled(_)));
    if settled().count() > limits::QUEUE_KEPT {
        let oldest = settled().min_by_key(|(id, q)| (q.at.wall_ms, *id)).map(|(id, _)| id.clone());
        if let Some(id) = oldest {
            snapshot.queue.remove(&id);
        }
    }
}

fn declare(snapshot: &mut Snapshot, event: &Event, state: State) -> Result<(), ReplayFault> {
    snapshot.jobs.insert(job_of(event)?, JobRecord::new(state, &event.at));
    Ok(())
}

fn move_state(
    id: &JobId,
    record: &mut JobRecord,
    (input, said): (Input, State),
    cause: Option<&Cause>,
    at: &Stamp,
) -> Result<(), ReplayFault> {
    let table = machine::step(record.state, input)
        .map_err(|source| ReplayFault::NoEdge { job: id.clone(), source })?;
    if table != said {
        return Err(ReplayFault::WrongTarget { job: id.clone(), input, said, table });
    }
    if record.state != table {
        record.since = at.clone();
    }
    record.state = table;
    record.cause = cause.cloned();
    record.touched = at.clone();
    Ok(())
}

fn claim_run(record: &mut JobRecord, run: &RunId, purpose: Purpose, at: &Stamp) {
    match purpose {
        Purpose::Start => {
            record.last_start = Some(at.clone());
            record.last_start_run = Some(run.clone());
        }
        Purpose::Resume => {
            record.last_start = Some(at.clone());
            record.last_start_run = Some(run.clone());
            record.attempts = record.attempts.saturating_add(1);
        }
        Purpose::RestartStop => record.last_restart_stop = Some(at.clone()),
        Purpose::Stop | Purpose::Check | Purpose::Verify | Purpose::Write => {}
    }
    record.touched = at.clone();
}

/// A resume that never began is no attempt: a tick that was killed must not use them up.
fn drop_run(record: &mut JobRecord, purpose: Purpose, at: &Stamp) {
    if purpose == Purpose::Resume {
        record.attempts = record.attempts.saturating_sub(1);
    }
    record.touched = at.clone();
}

fn end_run(
    record: &mut JobRecord,
    run: &RunId,
    purpose: Purpose,
    (end, attention): (&End, bool),
    at: &Stamp,
) {
    if matches!(purpose, Purpose::Check | Purpose::Write) {
        record.last_run =
            Some(LastRun { at: at.clone(), run: Some(run.clone()), end: end.clone(), attention });
    }
    // Grace and back-off count from when the start was over, not from when it was decided: its
    // executor may have come late, and its command may have taken its time.
    if purpose.starts_the_job() {
        record.last_start = Some(at.clone());
    }
    record.touched = at.clone();
}

fn enqueue(snapshot: &mut Snapshot, event: &Event, item: &QueueItem) -> Result<(), ReplayFault> {
    let queued = Queued {
        job: job_of(event)?,
        at: event.at.clone(),
        delay_ms: item.delay_ms,
        origin: item.origin.clone(),
        state: ItemState::Pending,
    };
    snapshot.queue.insert(item.id.clone(), queued);
    Ok(())
}
