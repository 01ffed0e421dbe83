//! The verification of a write: queued when nothing of it runs any more, run as it was approved.
//!
//! In: the ledger, and runs that ended. Out: queue items, launches, inputs to the write machine.
//! Invariant: nothing is verified but by the checks of the approved plan, run for this very run.

use std::time::Duration;

use super::ledger::Ledger;
use super::queue;
use super::section::{check_failure_text, run_news};
use crate::base::{ItemId, JobId};
use crate::journal::{
    Cause, CauseKind, EventKind, ItemEnd, ItemState, JobRecord, Origin, Queued, ReplayFault,
    Verification, WriteCycle,
};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::{End, LinkWhen, Outcome, Purpose, RunSpec, Verifies};

pub(super) fn cycle_of<'a>(ledger: &'a Ledger<'_>, id: &JobId) -> Option<&'a WriteCycle> {
    ledger.job_record(id).and_then(|r| r.write.as_ref())
}

/// The short digest of the approved plan.
pub(super) fn plan_of(ledger: &Ledger<'_>, id: &JobId) -> Option<String> {
    let digest = cycle_of(ledger, id)?.plan.digest().ok()?;
    Some(digest.short().to_owned())
}

pub(super) fn state_is(ledger: &Ledger<'_>, id: &JobId, wanted: &[WriteState]) -> bool {
    let state = ledger.job_record(id).map(|r| r.state);
    wanted.iter().any(|w| state == Some(State::Write(*w)))
}

/// Queues the verification once nothing of the write runs any more; then it has its time.
pub(super) fn tend_verification(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    if ledger.facts().in_flight.contains(id) {
        return Ok(());
    }
    let Some(cycle) = cycle_of(ledger, id) else { return Ok(()) };
    let Some(verification) = &cycle.verification else {
        return queue_verification(ledger, id);
    };
    if is_overdue(cycle, verification, ledger) {
        let cause = Cause::plain(CauseKind::NotVerifiedInTime);
        ledger.step_of(id, Input::Write(WriteInput::VerifyOverdue), Some(cause))?;
    }
    Ok(())
}

fn is_overdue(cycle: &WriteCycle, verification: &Verification, ledger: &Ledger<'_>) -> bool {
    let from = verification.timed_from.as_ref().unwrap_or(&verification.since);
    let age = ledger.now().at.delay_since(from);
    let late = |delay_ms: u64| {
        age >= Duration::from_millis(delay_ms.saturating_add(cycle.plan.verify_within_ms))
    };
    let open = |index: &usize| !verification.passed.contains(index);
    let checks = cycle.plan.verifications.iter().enumerate();
    checks.filter(|(index, _)| open(index)).any(|(_, check)| late(check.delay_ms))
}

/// Queues every verification of the plan, as a new round.
pub(super) fn queue_verification(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let Some(cycle) = cycle_of(ledger, id).cloned() else { return Ok(()) };
    let Some(run) = cycle.run else { return Ok(()) };
    let round = cycle.verification.map_or(1, |v| v.round.saturating_add(1));
    ledger.record(Some(id), EventKind::VerificationQueued { run: run.clone(), round })?;
    for (index, check) in cycle.plan.verifications.iter().enumerate() {
        let origin = Origin::Verification { job: id.clone(), run: run.clone(), index, round };
        let delay = Duration::from_millis(check.delay_ms);
        queue::enqueue_verification(ledger, &check.job, &origin, delay)?;
    }
    Ok(())
}

/// Is this round of this run still to be verified?
fn is_open(ledger: &Ledger<'_>, origin: &Origin) -> bool {
    let Origin::Verification { job, run, round, .. } = origin else { return false };
    let wanted = [WriteState::Verifying, WriteState::Unknown, WriteState::Unverified];
    let cycle = cycle_of(ledger, job);
    let same = cycle.is_some_and(|c| {
        c.run.as_ref() == Some(run) && c.verification.as_ref().is_some_and(|v| v.round == *round)
    });
    same && state_is(ledger, job, &wanted)
}

/// Is there anything to wait for in the last round? Whoever asks again for a verification waits for
/// it although nothing has moved; once one check of it has failed, the others change nothing.
pub(super) fn is_being_verified(ledger: &Ledger<'_>, id: &JobId) -> bool {
    let items = ledger.world().snapshot.queue.values();
    let round: Vec<&ItemState> = items
        .filter(|item| matches!(&item.origin, Origin::Verification { job, .. } if job == id))
        .filter(|item| is_open(ledger, &item.origin))
        .map(|item| &item.state)
        .collect();
    let waits = |state: &&ItemState| !matches!(state, ItemState::Settled(_));
    let failed = |state: &&ItemState| **state == ItemState::Settled(ItemEnd::Failed);
    round.iter().any(waits) && !round.iter().any(failed)
}

/// Launches a due verification, exactly as the approved plan has it.
pub(super) fn serve_verification(
    ledger: &mut Ledger<'_>,
    item: &ItemId,
    queued: &Queued,
) -> Result<(), ReplayFault> {
    let Origin::Verification { job: id, run, index, .. } = &queued.origin else { return Ok(()) };
    let late = cycle_of(ledger, id)
        .and_then(|c| c.verification.as_ref().map(|v| is_overdue(c, v, ledger)))
        .unwrap_or(false);
    // One whose time is over would turn an alarm off that a person is to see.
    if late || !is_open(ledger, &queued.origin) {
        let how = EventKind::ItemSettled { item: item.clone(), how: ItemEnd::Dropped };
        return ledger.record(Some(&queued.job), how);
    }
    let ready = ledger.may_start()
        && ledger.has_launch_room()
        && ledger.is_busy(&queued.job).is_none()
        && !ledger.facts().in_flight.contains(id);
    let check = cycle_of(ledger, id).and_then(|c| c.plan.verifications.get(*index)).cloned();
    let Some(check) = check.filter(|_| ready) else { return Ok(()) };
    let verifies =
        Verifies { write: id.clone(), run: run.clone(), index: *index, step: check.step.clone() };
    let spec = RunSpec {
        run: ledger.new_run(),
        job: queued.job.clone(),
        purpose: Purpose::Verify,
        item: Some(item.clone()),
        argv: check.step.argv,
        cwd: check.step.cwd.into(),
        env: check.step.env,
        limit_ms: check.step.limit_ms,
        sandboxed: check.sandboxed,
        verifies: Some(Box::new(verifies)),
    };
    ledger.claim_spec(&spec)?;
    ledger.launch_claimed(spec);
    Ok(())
}

/// A verification that was claimed begins only if it is still asked for.
pub(super) fn is_verification_wanted(ledger: &Ledger<'_>, spec: &RunSpec) -> bool {
    let item = spec.item.as_ref().and_then(|i| ledger.world().snapshot.queue.get(i));
    item.is_some_and(|queued| is_open(ledger, &queued.origin))
}

/// Settles a verification's run. One that was lost or called off says nothing and is run again,
/// until its time is over.
pub(super) fn settle_verification(
    ledger: &mut Ledger<'_>,
    spec: &RunSpec,
    outcome: &Outcome,
) -> Result<(), ReplayFault> {
    let Some(item) = spec.item.clone() else { return Ok(()) };
    let Some(queued) = ledger.world().snapshot.queue.get(&item).cloned() else { return Ok(()) };
    if matches!(outcome.end, End::Lost | End::Cancelled) {
        return ledger.record(Some(&spec.job), EventKind::ItemReturned { item });
    }
    let passed = outcome.end.is_success() && !outcome.attention;
    let how = if passed { ItemEnd::Done } else { ItemEnd::Failed };
    let open = is_open(ledger, &queued.origin);
    ledger.record(Some(&spec.job), EventKind::ItemSettled { item, how })?;
    let Origin::Verification { job: id, run, index, .. } = &queued.origin else { return Ok(()) };
    if !open {
        return Ok(());
    }
    let detail = (!passed).then(|| failure_of(outcome));
    ledger.record(
        Some(id),
        EventKind::VerificationEnded {
            run: run.clone(),
            index: *index,
            check: spec.job.clone(),
            passed,
            detail: detail.clone(),
            sandbox: outcome.sandbox,
        },
    )?;
    let verification = cycle_of(ledger, id).and_then(|c| c.verification.as_ref());
    let unsandboxed = verification.is_some_and(|v| v.unsandboxed);
    let plan = plan_of(ledger, id);
    let run = run_news(ledger, spec, outcome);
    let note = ledger.write_note(id);
    (note.unsandboxed, note.plan) = (unsandboxed, plan);
    if !passed {
        let detail = detail.map(|d| format!("{}: {d}", spec.job));
        let cause = Cause { kind: CauseKind::VerificationFailed, detail };
        note.run = Some(run);
        ledger.step_of(id, Input::Write(WriteInput::VerifyFailed), Some(cause))?;
        return Ok(());
    }
    if all_passed(ledger, id)
        && ledger.step_of(id, Input::Write(WriteInput::VerifyPassed), None)?.is_some()
    {
        fire_after_verified(ledger, id)?;
    }
    Ok(())
}

fn failure_of(outcome: &Outcome) -> String {
    if outcome.end.is_success() {
        return "its output asks for attention".to_owned();
    }
    check_failure_text(outcome)
}

fn all_passed(ledger: &Ledger<'_>, id: &JobId) -> bool {
    cycle_of(ledger, id).is_some_and(|cycle| {
        let passed = cycle.verification.as_ref().map_or(0, |v| v.passed.len());
        !cycle.plan.verifications.is_empty() && passed == cycle.plan.verifications.len()
    })
}

/// What follows a write's success follows its proof. Its verifications have run already.
fn fire_after_verified(ledger: &mut Ledger<'_>, id: &JobId) -> Result<(), ReplayFault> {
    let Some(job) = ledger.compiled().job(id) else { return Ok(()) };
    let run =
        ledger.job_record(id).and_then(|r: &JobRecord| r.last_run.clone()).and_then(|l| l.run);
    let Some(run) = run else { return Ok(()) };
    for link in job.job().after.iter().filter(|link| link.when == LinkWhen::Success) {
        let verifies =
            ledger.compiled().job(&link.target).is_some_and(|t| t.job().is_runnable_read());
        if !verifies {
            let origin = Origin::Chain { job: id.clone(), run: run.clone() };
            queue::enqueue(ledger, &link.target, &origin, link.delay)?;
        }
    }
    Ok(())
}
