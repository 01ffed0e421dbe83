//! Runs that ended: what their end means for the job, its queue item and its chain.
//!
//! In: the world's unsettled runs, and which of their executors are proved dead. Out: inputs to
//! the machines, settled items, fired links, sections.
//! Invariant: a run without a recorded outcome is never taken for a success.

use super::digest::tell_held_of;
use super::ledger::Ledger;
use super::news::{Anomaly, AnomalyKind, Section, Why};
use super::report::{note_state_told, tell_check};
use super::section::{check_failure_text, failure_text, section_of};
use super::{queue, verify, watch, write};
use crate::base::{JobId, RunId};
use crate::compile::CompiledJob;
use crate::journal::{Cause, CauseKind, EventKind, ItemEnd, ReplayFault, RunPhase, RunRow};
use crate::machine::{CheckInput, Input, WatchInput};
use crate::model::{End, Outcome, Purpose, RunSpec};

/// What becomes of a run's end when it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settling {
    /// A tick will settle it, and tell whom it concerns.
    Later,
    /// It is settled on the spot, and shown to whoever gave the order: nobody else is told.
    Shown,
    /// It is settled on the spot, and told as that of a scheduled check is.
    Told,
}

/// Who is told of a run that is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    /// Nobody: somebody watches it.
    Nobody,
    /// Whoever reads the reports, by what it was run for.
    ByOrigin,
    /// The same, as for a check that is run again and again.
    AsScheduled,
}

/// Settles every run that is done, or whose process is proved dead.
pub(super) fn settle_runs(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let rows: Vec<RunRow> = ledger.world().runs.values().cloned().collect();
    for row in rows {
        settle_row(ledger, row, Telling::ByOrigin)?;
    }
    Ok(())
}

/// The same for the runs of one write and of its verifications, and no others.
pub(super) fn settle_runs_of_write(
    ledger: &mut Ledger<'_>,
    write: &JobId,
) -> Result<(), ReplayFault> {
    let own = |row: &&RunRow| match row.spec.purpose {
        Purpose::Write => row.spec.job == *write,
        Purpose::Verify => row.spec.verifies.as_ref().is_some_and(|v| v.write == *write),
        Purpose::Start
        | Purpose::Resume
        | Purpose::Stop
        | Purpose::RestartStop
        | Purpose::Check => false,
    };
    let rows: Vec<RunRow> = ledger.world().runs.values().filter(own).cloned().collect();
    for row in rows {
        settle_row(ledger, row, Telling::ByOrigin)?;
    }
    Ok(())
}

/// Settles one run for whoever gave its order: what they watched is told nobody else.
pub(super) fn settle_ordered(
    ledger: &mut Ledger<'_>,
    run: &RunId,
    settling: Settling,
) -> Result<(), ReplayFault> {
    let telling = match settling {
        Settling::Later => return Ok(()),
        Settling::Shown => Telling::Nobody,
        Settling::Told => Telling::AsScheduled,
    };
    let Some(row) = ledger.world().runs.get(run).cloned() else { return Ok(()) };
    let job = row.spec.job.clone();
    settle_row(ledger, row, telling)?;
    if settling == Settling::Told {
        // Nothing else may ever look: there need be no ticks.
        tell_held_of(ledger, &job);
    }
    Ok(())
}

fn settle_row(ledger: &mut Ledger<'_>, row: RunRow, tell: Telling) -> Result<(), ReplayFault> {
    let dead = ledger.facts().dead.contains(&row.spec.run);
    match row.phase {
        RunPhase::Done { outcome } => settle_done(ledger, &row.spec, &outcome, tell),
        RunPhase::Executing { .. } if dead => {
            settle_done(ledger, &row.spec, &Outcome::without_output(End::Lost), tell)
        }
        RunPhase::Claimed if dead => drop_run(ledger, &row.spec),
        RunPhase::Claimed | RunPhase::Executing { .. } => Ok(()),
    }
}

/// A claim that nobody began: nothing was started, so a queued check waits again.
pub(super) fn drop_run(ledger: &mut Ledger<'_>, spec: &RunSpec) -> Result<(), ReplayFault> {
    ledger.settle_run(&spec.run);
    if ledger.job_record(&spec.job).is_none() {
        return Ok(());
    }
    let (run, purpose) = (spec.run.clone(), spec.purpose);
    ledger.record(Some(&spec.job), EventKind::RunDropped { run, purpose })?;
    if let Some(item) = spec.item.clone().filter(|i| ledger.world().snapshot.queue.contains_key(i))
    {
        ledger.record(Some(&spec.job), EventKind::ItemReturned { item })?;
    }
    if let (Purpose::Resume, Some(job)) = (spec.purpose, ledger.compiled().job(&spec.job)) {
        let detail = Some("the start was never begun".to_owned());
        let cause = Cause { kind: CauseKind::ResumeFailed, detail };
        watch::enter(ledger, job, WatchInput::ResumeFailed, Some(cause))?;
    }
    Ok(())
}

fn settle_done(
    ledger: &mut Ledger<'_>,
    spec: &RunSpec,
    outcome: &Outcome,
    tell: Telling,
) -> Result<(), ReplayFault> {
    ledger.settle_run(&spec.run);
    if ledger.job_record(&spec.job).is_none() {
        return Ok(());
    }
    ledger.record(
        Some(&spec.job),
        EventKind::RunEnded {
            run: spec.run.clone(),
            purpose: spec.purpose,
            end: outcome.end.clone(),
            attention: outcome.attention,
        },
    )?;
    match spec.purpose {
        Purpose::Write => return write::settle_write(ledger, spec, outcome),
        Purpose::Verify => return verify::settle_verification(ledger, spec, outcome),
        Purpose::Start
        | Purpose::Resume
        | Purpose::Stop
        | Purpose::RestartStop
        | Purpose::Check => settle_item(ledger, spec, outcome)?,
    }
    let Some(job) = ledger.compiled().job(&spec.job) else {
        return settle_gone(ledger, spec, outcome);
    };
    match spec.purpose {
        Purpose::Check => settle_check(ledger, job, spec, outcome, tell),
        // Settled above.
        Purpose::Verify | Purpose::Write => Ok(()),
        Purpose::Start if outcome.end.is_success() => {
            watch::enter(ledger, job, WatchInput::Started, None)
        }
        Purpose::Start => {
            tell_failed_command(ledger, job, spec, outcome, tell);
            Ok(())
        }
        Purpose::Resume if outcome.end.is_success() => Ok(()),
        Purpose::Resume => {
            let cause =
                Cause { kind: CauseKind::ResumeFailed, detail: Some(failure_text(outcome)) };
            watch::enter(ledger, job, WatchInput::ResumeFailed, Some(cause))
        }
        Purpose::RestartStop | Purpose::Stop => {
            if !outcome.end.is_success() {
                tell_failed_command(ledger, job, spec, outcome, tell);
            }
            Ok(())
        }
    }
}

fn settle_item(
    ledger: &mut Ledger<'_>,
    spec: &RunSpec,
    outcome: &Outcome,
) -> Result<(), ReplayFault> {
    let known = |item: &_| ledger.world().snapshot.queue.contains_key(item);
    let Some(item) = spec.item.clone().filter(known) else { return Ok(()) };
    let how = if outcome.end.is_success() { ItemEnd::Done } else { ItemEnd::Failed };
    ledger.record(Some(&spec.job), EventKind::ItemSettled { item, how })
}

fn settle_check(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    spec: &RunSpec,
    outcome: &Outcome,
    tell: Telling,
) -> Result<(), ReplayFault> {
    let (input, cause) = check_end(outcome);
    // A run that was called off has neither succeeded nor failed: nothing follows from it.
    let called_off = outcome.end == End::Cancelled;
    if ledger.step(job, input, cause)?.is_some() && !called_off {
        queue::fire_links(ledger, job, outcome.end.is_success(), Some(&spec.run))?;
    }
    if queue::is_waiting(ledger, &spec.job) {
        queue::mark_queued(ledger, &spec.job)?;
    }
    match tell {
        Telling::Nobody => {}
        Telling::ByOrigin => tell_check(ledger, job, spec, outcome, false),
        Telling::AsScheduled => tell_check(ledger, job, spec, outcome, true),
    }
    Ok(())
}

/// A check that has left the config ends all the same: it would count as running when it is back.
/// A watched job will say itself how it is.
fn settle_gone(
    ledger: &mut Ledger<'_>,
    spec: &RunSpec,
    outcome: &Outcome,
) -> Result<(), ReplayFault> {
    if spec.purpose == Purpose::Check {
        let (input, cause) = check_end(outcome);
        ledger.step_of(&spec.job, input, cause)?;
    }
    Ok(())
}

/// What the end of a check's run is to its machine.
fn check_end(outcome: &Outcome) -> (Input, Option<Cause>) {
    let (input, cause) = match &outcome.end {
        End::Exited { code: 0 } => (CheckInput::ExitedOk, None),
        End::Lost => (CheckInput::Lost, Some(Cause::plain(CauseKind::Lost))),
        End::Exited { .. }
        | End::Signaled { .. }
        | End::TimedOut { .. }
        | End::Cancelled
        | End::Unkillable { .. }
        | End::NotStarted { .. } => {
            let detail = Some(check_failure_text(outcome));
            (CheckInput::ExitedErr, Some(Cause { kind: CauseKind::RunFailed, detail }))
        }
    };
    (Input::Check(input), cause)
}

/// A start or stop command failed while nobody was looking.
fn tell_failed_command(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    spec: &RunSpec,
    outcome: &Outcome,
    tell: Telling,
) {
    if tell == Telling::Nobody {
        return;
    }
    let Some(section) = section_of(ledger, job, Why::Anomaly) else { return };
    let kind = match spec.purpose {
        Purpose::RestartStop | Purpose::Stop => AnomalyKind::StopFailed,
        Purpose::Start | Purpose::Resume | Purpose::Check | Purpose::Verify | Purpose::Write => {
            AnomalyKind::StartFailed
        }
    };
    let anomalies = vec![Anomaly { kind, detail: Some(failure_text(outcome)) }];
    note_state_told(ledger, &spec.job, section.state);
    ledger.tell_section(Section { anomalies, ..section });
}
