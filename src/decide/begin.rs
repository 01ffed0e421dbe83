//! The start of a write: claimed by whoever runs it, begun by its executor.
//!
//! In: config, world, facts, the plan of this moment. Out: a [`Decision`], or
//! why it is refused.
//! Invariant: an approval is judged by `approval::judge`, at the claim and again at the beginning,
//! and spent in [`begin_write`] only.

use super::gate::{Answered, GateRefused, check_job, live_grant, refuse, state_of};
use super::ledger::Ledger;
use super::person::{at_work, begin_order};
use super::request::ask;
use super::{Decision, Facts, settle, write};
use crate::approval::{Terms, Unfit, judge};
use crate::base::{JobId, RunId, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{EventKind, Origin, ReplayFault, RunPhase, Voided, World};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::{Planned, ProcessId, Purpose, RunSpec};

/// Claims a start of the approved plan. Nothing moves and nothing is spent: the executor begins.
/// Without an approval that serves, the plan is requested.
///
/// # Errors
/// As above.
pub fn claim_write(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    planned: &Planned,
    facts: &Facts<'_>,
) -> Answered<RunSpec> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    let id = &job.job().id;
    if let Err(why) = check_job(job) {
        return refuse(ledger, why);
    }
    if let Some(row) = ledger.is_busy(id) {
        let why = GateRefused::Busy { purpose: row.spec.purpose, pid: at_work(row) };
        return refuse(ledger, why);
    }
    if let state @ State::Write(
        WriteState::Running | WriteState::Verifying | WriteState::Unverified | WriteState::Unknown,
    ) = state_of(&ledger, id)
    {
        return refuse(ledger, GateRefused::Unsettled(state));
    }
    if let Err(why) = judge_live(&mut ledger, job, planned)? {
        if why == GateRefused::NoClock {
            return refuse(ledger, why);
        }
        ask(&mut ledger, job, (&planned.digest, &Origin::Person), None)?;
        return refuse(ledger, why);
    }
    if ledger.facts().in_flight.contains(id) {
        return refuse(ledger, GateRefused::InFlight);
    }
    let Some(cycle) = ledger.job_record(id).and_then(|r| r.write.as_ref()) else {
        return refuse(ledger, GateRefused::NoApproval(None));
    };
    let step = cycle.plan.step.clone();
    let spec = RunSpec {
        run: ledger.new_run(),
        job: id.clone(),
        purpose: Purpose::Write,
        item: None,
        argv: step.argv,
        cwd: step.cwd.into(),
        env: step.env,
        limit_ms: step.limit_ms,
        sandboxed: false,
        verifies: None,
    };
    ledger.claim_spec(&spec)?;
    Ok((ledger.into_decision(), Ok(spec)))
}

/// Judges the live approval of a write for the plan of this moment. One that does not serve is
/// void from then on: whoever changes a plan back does not get it back.
fn judge_live(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    planned: &Planned,
) -> Result<Result<(), GateRefused>, ReplayFault> {
    let id = &job.job().id;
    let Some(record) = live_grant(ledger, id) else {
        // One that this very order found expired is still the reason.
        return Ok(Err(GateRefused::NoApproval(ledger.voided(id))));
    };
    let terms = Terms {
        job: id,
        digest: &planned.digest,
        epoch: ledger.world().snapshot.epoch.as_deref().unwrap_or_default(),
        least: job.job().approval.least_level(),
    };
    let Err(unfit) = judge(&record.grant, &terms, &ledger.now().at) else { return Ok(Ok(())) };
    let voided = Voided::Unfit(unfit);
    if !unfit.is_of_the_grant() {
        return Ok(Err(GateRefused::NoClock));
    }
    if unfit != Unfit::OtherPlan {
        write::void_grant(ledger, id, voided, None)?;
        return Ok(Err(GateRefused::NoApproval(Some(voided))));
    }
    let approved = ledger.job_record(id).and_then(|r| r.write.as_ref()).map(|c| &c.plan);
    let changes = approved.map_or_else(String::new, |plan| plan.changes_to(&planned.plan));
    let changes = super::clean_text(&changes);
    write::void_grant(ledger, id, voided, Some(changes.clone()))?;
    Ok(Err(GateRefused::PlanChanged(changes)))
}

/// What an executor has found out before it asks to begin.
#[derive(Clone, Debug)]
pub struct BeginFacts {
    /// What would run now, or why there is no plan.
    pub planned: Result<Planned, String>,
}

/// The executor's durable flip: the approval is judged again and spent, and the write runs. All
/// in one transaction, which has to be committed by `ConsumeOnce::consume_once`. Whatever is
/// refused here drops the claim; the approval lives on unless it is itself unfit.
///
/// # Errors
/// As above; the refusal is a sentence.
pub fn begin_write(
    compiled: &Compiled,
    world: World,
    run: &RunId,
    found: &BeginFacts,
    facts: &Facts<'_>,
) -> Result<(Decision, Result<(), String>), ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let row = ledger.world().runs.get(run).cloned();
    let claimed = row.filter(|r| r.phase == RunPhase::Claimed && r.spec.purpose == Purpose::Write);
    let Some(mut row) = claimed else {
        let why = "nobody claimed it, or it has begun already".to_owned();
        return Ok((ledger.into_decision(), Err(why)));
    };
    let id = row.spec.job.clone();
    if let Err(why) = may_begin(&mut ledger, &id, found)? {
        settle::drop_run(&mut ledger, &row.spec)?;
        let refusal = EventKind::WriteRefused { why: why.clone(), run: Some(run.clone()) };
        ledger.record(Some(&id), refusal)?;
        return Ok((ledger.into_decision(), Err(why)));
    }
    let Some(grant) = live_grant(&ledger, &id).map(|g| g.grant.id.clone()) else {
        let why = "its approval is gone".to_owned();
        return Ok((ledger.into_decision(), Err(why)));
    };
    ledger.record(Some(&id), EventKind::GrantSpent { grant, run: run.clone() })?;
    ledger.step_of(&id, Input::Write(WriteInput::Begin), None)?;
    row.phase = RunPhase::Executing {
        executor: ledger.facts().claimer.clone(),
        at: ledger.now().at.clone(),
    };
    ledger.put_run(row);
    Ok((ledger.into_decision(), Ok(())))
}

fn may_begin(
    ledger: &mut Ledger<'_>,
    id: &JobId,
    found: &BeginFacts,
) -> Result<Result<(), String>, ReplayFault> {
    let Some(job) = ledger.compiled().job(id) else {
        return Ok(Err("it is no longer in the config".to_owned()));
    };
    if let Err(why) = check_job(job) {
        return Ok(Err(format!("the config does not allow it any more ({why:?})")));
    }
    if state_of(ledger, id) != State::Write(WriteState::Approved) {
        return Ok(Err(format!("it is {}, not approved", state_of(ledger, id))));
    }
    if ledger.now().at.wall_ms < limits::CLOCK_FLOOR_MS {
        return Ok(Err("the clock was never set".to_owned()));
    }
    let planned = match &found.planned {
        Ok(planned) => planned,
        Err(why) => return Ok(Err(why.clone())),
    };
    // The stored plan is what runs: it has to be the approved one, whatever is on disk.
    let stored = ledger.job_record(id).and_then(|r| r.write.as_ref()).map(|c| c.plan.digest());
    let approved = live_grant(ledger, id).map(|g| g.grant.digest.clone());
    if !matches!((&stored, &approved), (Some(Ok(stored)), Some(approved)) if stored == approved) {
        return Ok(Err("the stored plan is not the approved one".to_owned()));
    }
    let judged = judge_live(ledger, job, planned)?;
    Ok(judged.map_err(|why| why.words().unwrap_or_else(|| "it has no approval".to_owned())))
}

/// Records that the command of a begun write was started, as this process.
///
/// # Errors
/// [`ReplayFault`].
pub fn note_started(
    compiled: &Compiled,
    world: World,
    (id, run): (&JobId, &RunId),
    process: &ProcessId,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let kind = EventKind::WriteStarted { run: run.clone(), process: process.clone() };
    ledger.record(Some(id), kind)?;
    Ok(ledger.into_decision())
}

/// Records that somebody tried to approve and was refused before the gate was even asked.
///
/// # Errors
/// [`ReplayFault`].
pub fn note_refusal(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    why: &str,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    refused(&mut ledger, id, why, None)?;
    Ok(ledger.into_decision())
}

/// Drops the claim of an executor that can't begin, and records why. The approval lives.
///
/// # Errors
/// [`ReplayFault`].
pub fn drop_claim(
    compiled: &Compiled,
    world: World,
    run: &RunId,
    why: &str,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let row = ledger.world().runs.get(run).cloned();
    if let Some(row) = row.filter(|row| row.phase == RunPhase::Claimed) {
        settle::drop_run(&mut ledger, &row.spec)?;
        refused(&mut ledger, &row.spec.job, why, Some(run))?;
    }
    Ok(ledger.into_decision())
}

fn refused(
    ledger: &mut Ledger<'_>,
    id: &JobId,
    why: &str,
    run: Option<&RunId>,
) -> Result<(), ReplayFault> {
    if ledger.job_record(id).is_none() {
        return Ok(());
    }
    let why = super::clean_text(why);
    ledger.record(Some(id), EventKind::WriteRefused { why, run: run.cloned() })
}
