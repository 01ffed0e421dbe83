//! Watched jobs: an observation becomes an input, and a stopped job may be started again.
//!
//! In: a status, the job's record and notes. Out: at most one input for its machine, then the
//! resume that its policy allows.
//! Invariant: a broken status is no observation of the job; it changes no state and starts nothing.

use std::time::Duration;

use super::guard::{choose_input, is_running, is_stopped};
use super::ledger::Ledger;
use super::news::clean_text;
use super::patience::{backoff, has_resumes_left, in_grace, resume_wait};
use super::queue;
use crate::base::{JobId, Stamp, limits};
use crate::compile::CompiledJob;
use crate::journal::{Broken, Cause, CauseKind, EventKind, Figure, Notes, ReplayFault, Seen};
use crate::machine::{Input, State, WatchInput, WatchState};
use crate::model::{
    BrokenCause, BrokenStatus, Level, Observation, Observed, Purpose, Status, Work,
};

/// Takes in all observations.
pub(super) fn observe_jobs(
    ledger: &mut Ledger<'_>,
    observations: &[Observation],
) -> Result<(), ReplayFault> {
    for observation in observations {
        if let Some(job) = ledger.compiled().job(&observation.job) {
            observe_job(ledger, job, observation)?;
        }
    }
    Ok(())
}

/// Takes in one observation, then resumes or restarts the job if that is due.
pub(super) fn observe_job(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    observation: &Observation,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    if ledger.job_record(id).is_none() || is_stale(ledger, observation) {
        return Ok(());
    }
    match &observation.observed {
        Observed::Broken(broken) if is_unwritten(ledger, id, broken) => {
            take_in_and_act(ledger, job, &Status::default(), &observation.at)
        }
        Observed::Broken(broken) => {
            note_broken(ledger, job, broken);
            Ok(())
        }
        Observed::Status(status) => take_in_and_act(ledger, job, status, &observation.at),
    }
}

/// What was seen before the last event of the job says nothing about what came after it. Events of
/// this very decision came of nothing later.
pub(super) fn is_stale(ledger: &Ledger<'_>, seen: &Observation) -> bool {
    ledger.touched_before(&seen.job).is_some_and(|at| seen.at.is_before(at))
}

/// A job that nobody has ever seen has not written its status file yet: that is no fault, it is
/// what a job that does not run would say (the default status), and it may be started. Once it was seen, a file that is gone says nothing of the job.
fn is_unwritten(ledger: &Ledger<'_>, id: &JobId, broken: &BrokenStatus) -> bool {
    let state = ledger.job_record(id).map(|r| r.state);
    let seen = ledger.notes(id).seen.as_ref();
    let unseen = seen.is_none_or(|seen| *seen == seen_of(&Status::default()));
    broken.cause == BrokenCause::FileMissing
        && state == Some(State::Watch(WatchState::Idle))
        && unseen
}

/// What a status means goes by when it was seen: a tick may take long to hear of all its jobs, and has
/// not watched this one since.
fn take_in_and_act(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    status: &Status,
    seen_at: &Stamp,
) -> Result<(), ReplayFault> {
    take_in(ledger, job, status, seen_at)?;
    forget_attempts(ledger, job, seen_at)?;
    resume_if_due(ledger, job, status, seen_at)?;
    restart_if_due(ledger, job, status)
}

/// Applies a good status: notes first, then the machine.
fn take_in(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    status: &Status,
    seen_at: &Stamp,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let mut notes = ledger.notes(id).clone();
    let moved = note_status(&mut notes, status, seen_at);
    let Some(record) = ledger.job_record(id) else { return Ok(()) };
    let starting = ledger.is_busy(id).is_some_and(|row| row.spec.purpose.starts_the_job());
    let policy = &job.job().policy;
    let early = starting || in_grace(record, policy, seen_at);
    let input = choose_input(record, &notes, status, (moved, early), policy, seen_at);
    if record.state == State::Watch(WatchState::Paused) && is_stopped(status) {
        notes.stopped_since_stop = true;
    }
    ledger.set_notes(id, notes);
    match input {
        Some((input, cause)) => enter(ledger, job, input, cause),
        None => Ok(()),
    }
}

/// Gives a watched job an input, and fires its links if it thereby completes or fails.
pub(super) fn enter(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    input: WatchInput,
    cause: Option<Cause>,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    // What was complete before opsfsm saw it fires nothing.
    let idle = State::Watch(WatchState::Idle);
    if ledger.step(job, Input::Watch(input), cause)?.is_none_or(|before| before == idle) {
        return Ok(());
    }
    match ledger.job_record(id).map(|r| r.state) {
        Some(State::Watch(WatchState::Completed)) => queue::fire_links(ledger, job, true, None),
        Some(State::Watch(WatchState::Failed)) => queue::fire_links(ledger, job, false, None),
        _ => Ok(()),
    }
}

fn note_broken(ledger: &mut Ledger<'_>, job: &CompiledJob, broken: &BrokenStatus) {
    let id = &job.job().id;
    let mut notes = ledger.notes(id).clone();
    let cause = broken.cause.as_str();
    let times = notes.broken.as_ref().map_or(0, |broken| broken.times).saturating_add(1);
    let since = match notes.broken {
        Some(before) if before.cause == cause => before.since,
        Some(_) | None => ledger.now().at.clone(),
    };
    let detail = clean_text(&broken.detail);
    notes.broken = Some(Broken { since, cause: cause.to_owned(), detail, times });
    ledger.set_notes(id, notes);
}

/// Notes a good status and says whether the progress key moved.
fn note_status(notes: &mut Notes, status: &Status, seen_at: &Stamp) -> bool {
    let seen = seen_of(status);
    let moved = notes.seen.as_ref().is_none_or(|s| s.progress_key != seen.progress_key);
    let running = is_running(status);
    let same_boot = |since: &Stamp| seen_at.watched_since(since).is_some();
    notes.still_since = running
        .then(|| notes.still_since.take().filter(|s| !moved && same_boot(s)))
        .map(|since| since.unwrap_or_else(|| seen_at.clone()));
    notes.running_since = running
        .then(|| notes.running_since.take().filter(same_boot))
        .map(|since| since.unwrap_or_else(|| seen_at.clone()));
    notes.broken = None;
    if let Some(figure) = Figure::of(&seen.progress) {
        notes.trail.add(seen_at.wall_ms.div_euclid(1000), figure);
    }
    notes.seen = Some(seen);
    moved
}

fn seen_of(status: &Status) -> Seen {
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => clean_text(text),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => clean_text(&value.to_string()),
    };
    Seen {
        running: status.running,
        completed: status.completed,
        pid: status.pid,
        progress_key: status.progress_key.clone(),
        stop_reason: status.stop_reason.as_deref().map(clean_text).filter(|t| !t.is_empty()),
        message: status.message.as_deref().map(clean_text).filter(|t| !t.is_empty()),
        progress: status
            .progress
            .iter()
            .take(limits::PROGRESS_FIELDS)
            .map(|(key, value)| (clean_text(key), shown(value)))
            .collect(),
        warn: status.level == Level::Warn,
        alert: status.level == Level::Alert,
    }
}

/// Resumes are forgotten once the job has been seen running for as long as a stall takes.
fn forget_attempts(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    seen_at: &Stamp,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let Some(record) = ledger.job_record(id) else { return Ok(()) };
    if record.state != State::Watch(WatchState::Running) || record.attempts == 0 {
        return Ok(());
    }
    let since = ledger.notes(id).running_since.as_ref();
    let ran = since.and_then(|s| seen_at.watched_since(s));
    if ran >= Some(job.job().policy.stall) {
        ledger.record(Some(id), EventKind::AttemptsReset)?;
    }
    Ok(())
}

fn resume_if_due(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    status: &Status,
    seen_at: &Stamp,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let Work::Watch { start, .. } = &job.job().work else { return Ok(()) };
    if !is_stopped(status) || !job.may_resume() || ledger.is_busy(id).is_some() {
        return Ok(());
    }
    let Some(record) = ledger.job_record(id) else { return Ok(()) };
    let policy = &job.job().policy;
    let used_up = !has_resumes_left(policy, record.attempts);
    if used_up && !in_grace(record, policy, seen_at) {
        let cause = Cause { kind: CauseKind::GaveUp, detail: Some(record.attempts.to_string()) };
        return enter(ledger, job, WatchInput::GiveUp, Some(cause));
    }
    // The clocks may have been set since.
    let rested = |at: &Stamp| resume_wait(job, record, at) == Some(Duration::ZERO);
    let due = rested(seen_at) && rested(&ledger.now().at);
    if !due || !ledger.may_start() || !ledger.has_launch_room() {
        return Ok(());
    }
    let cause = record.cause.clone();
    if ledger.step(job, Input::Watch(WatchInput::Resume), cause)?.is_some() {
        ledger.launch(job, Purpose::Resume, start, None)?;
    }
    Ok(())
}

/// Stops a job that hangs, so that it can be resumed once it is seen stopped.
fn restart_if_due(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    status: &Status,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let Work::Watch { stop: Some(stop), .. } = &job.job().work else { return Ok(()) };
    let Some(record) = ledger.job_record(id) else { return Ok(()) };
    let hung = record.state == State::Watch(WatchState::Stalled)
        && record.cause.as_ref().is_some_and(|c| c.kind == CauseKind::NoProgress);
    let policy = &job.job().policy;
    let left = has_resumes_left(policy, record.attempts);
    let wait = backoff(policy, record.attempts);
    let now = &ledger.now().at;
    let rested = |at: &Option<Stamp>| at.as_ref().is_none_or(|at| now.delay_since(at) >= wait);
    let due = rested(&record.last_start) && rested(&record.last_restart_stop);
    let open = ledger.may_start() && ledger.has_launch_room() && ledger.is_busy(id).is_none();
    if job.may_restart() && is_running(status) && hung && left && due && open {
        ledger.launch(job, Purpose::RestartStop, stop, None)?;
    }
    Ok(())
}
