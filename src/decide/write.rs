//! The life of a write outside the gate: approvals that run out, and what the end of a run means.
//!
//! In: the ledger, and runs that ended. Out: inputs to the write machine.
//! Invariant: nothing here starts a write, and an outcome that is not proved is `unknown`.

use super::ledger::Ledger;
use super::queue;
use super::section::{end_text, failure_text, run_news, shows_output};
use super::verify::{cycle_of, plan_of, tend_verification};
use crate::approval::{Unfit, judge_alive};
use crate::base::JobId;
use crate::journal::{Cause, CauseKind, EventKind, GrantFate, ReplayFault, Voided};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::{End, Outcome, Purpose, RunSpec};

/// Looks after every write, also of those that have left the config: approvals that ran out,
/// verifications that can begin or are overdue.
pub(super) fn tend_writes(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let records = ledger.world().snapshot.jobs.iter();
    let writes = records.filter(|(_, record)| matches!(record.state, State::Write(_)));
    let ids: Vec<JobId> = writes.map(|(id, _)| id.clone()).collect();
    ids.iter().try_for_each(|id| tend_write(ledger, id))
}

/// Looks after one job, if it is a write.
pub(super) fn tend_write(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let Some(State::Write(state)) = ledger.job_record(id).map(|record| record.state) else {
        return Ok(());
    };
    match state {
        WriteState::Approved => expire_if_unfit(ledger, id),
        WriteState::Running => lose_if_gone(ledger, id),
        WriteState::Verifying | WriteState::Unknown => tend_verification(ledger, id),
        WriteState::Blocked
        | WriteState::Verified
        | WriteState::Failed
        | WriteState::Unverified => Ok(()),
    }
}

fn expire_if_unfit(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let snapshot = &ledger.world().snapshot;
    let epoch = snapshot.epoch.as_deref().unwrap_or_default();
    let record = cycle_of(ledger, id).and_then(|c| snapshot.grants.get(&c.grant));
    let Some(record) = record else { return Ok(()) };
    match judge_alive(&record.grant, epoch, &ledger.now().at) {
        Err(unfit) if unfit.is_of_the_grant() => void_grant(ledger, id, Voided::Unfit(unfit), None),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Voids the live approval of a write, and blocks it. `detail`: what about it, in words.
pub(super) fn void_grant(
    ledger: &mut Ledger<'_>,
    id: &JobId,
    why: Voided,
    detail: Option<String>,
) -> Result<(), ReplayFault> {
    let live = ledger
        .world()
        .snapshot
        .grants
        .values()
        .find(|g| g.grant.job == *id && g.fate == GrantFate::Live)
        .map(|g| g.grant.id.clone());
    let Some(grant) = live else { return Ok(()) };
    let cause = cause_of(why, detail.as_deref());
    ledger.record(Some(id), EventKind::GrantVoided { grant, why, detail })?;
    if let Some(input) = input_of(why) {
        ledger.step_of(id, Input::Write(input), Some(cause))?;
    }
    Ok(())
}

/// A write that runs without a run: its row is gone, so nobody will ever say how it ended.
fn lose_if_gone(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let runs =
        |row: &crate::journal::RunRow| row.spec.job == *id && row.spec.purpose == Purpose::Write;
    if ledger.world().runs.values().any(runs) {
        return Ok(());
    }
    let cause = Cause::plain(CauseKind::Lost);
    ledger.step_of(id, Input::Write(WriteInput::Lost), Some(cause))?;
    tend_verification(ledger, id)
}

/// What the end of a write's run is to its machine. Only an exit of its own that leaves nothing
/// behind proves anything.
fn write_end(outcome: &Outcome, failure: String) -> (WriteInput, Option<Cause>) {
    let lost = |detail: String| {
        (WriteInput::Lost, Some(Cause { kind: CauseKind::Unproved, detail: Some(detail) }))
    };
    match &outcome.end {
        End::Exited { .. } if outcome.leaked => {
            lost("it left processes behind that may still write".to_owned())
        }
        End::Exited { code: 0 } => (WriteInput::ExitedOk, None),
        End::Exited { .. } => {
            let detail = Some(failure);
            (WriteInput::ExitedErr, Some(Cause { kind: CauseKind::RunFailed, detail }))
        }
        End::NotStarted { .. } => {
            let detail = Some(failure);
            (WriteInput::NotStarted, Some(Cause { kind: CauseKind::RunFailed, detail }))
        }
        End::Lost => (WriteInput::Lost, Some(Cause::plain(CauseKind::Lost))),
        End::Signaled { .. } | End::TimedOut { .. } | End::Cancelled | End::Unkillable { .. } => {
            lost(failure)
        }
    }
}

/// Settles a write's own run.
pub(super) fn settle_write(
    ledger: &mut Ledger<'_>,
    spec: &RunSpec,
    outcome: &Outcome,
) -> Result<(), ReplayFault> {
    let shown = shows_output(ledger, spec);
    let failure = if shown { failure_text(outcome) } else { end_text(outcome) };
    let (input, cause) = write_end(outcome, failure);
    let plan = plan_of(ledger, &spec.job);
    let run = run_news(ledger, spec, outcome);
    let note = ledger.write_note(&spec.job);
    (note.run, note.plan) = (Some(run), plan);
    ledger.step_of(&spec.job, Input::Write(input), cause)?;
    match input {
        WriteInput::ExitedErr => match ledger.compiled().job(&spec.job) {
            Some(job) => queue::fire_links(ledger, job, false, Some(&spec.run)),
            None => Ok(()),
        },
        WriteInput::ExitedOk | WriteInput::Lost => tend_verification(ledger, &spec.job),
        WriteInput::Approve
        | WriteInput::Begin
        | WriteInput::Revoke
        | WriteInput::Expire
        | WriteInput::PlanChanged
        | WriteInput::NotStarted
        | WriteInput::VerifyPassed
        | WriteInput::VerifyFailed
        | WriteInput::VerifyOverdue
        | WriteInput::Acknowledge => Ok(()),
    }
}

/// The input that a voided approval is to the machine.
const fn input_of(why: Voided) -> Option<WriteInput> {
    match why {
        Voided::Revoked | Voided::Unfit(Unfit::LevelTooLow) => Some(WriteInput::Revoke),
        Voided::Replaced | Voided::Unfit(Unfit::NoBoot) => None,
        Voided::Unfit(Unfit::OtherPlan | Unfit::OtherJob) => Some(WriteInput::PlanChanged),
        Voided::Unfit(
            Unfit::Expired | Unfit::OtherBoot | Unfit::ClockWentBack | Unfit::OtherStore,
        ) => Some(WriteInput::Expire),
    }
}

/// The cause that goes with it.
fn cause_of(why: Voided, detail: Option<&str>) -> Cause {
    Cause { kind: CauseKind::ApprovalVoid, detail: Some(why.words_with(detail)) }
}
