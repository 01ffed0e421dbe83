//! What a person, or an executor, does: start, stop and run a job, begin and end a claimed run.
//!
//! In: config, world, facts, and what was asked. Out: a [`Decision`], or why it is refused.
//! Invariant: a person's word starts read jobs only; a write is refused here.

use super::ledger::Ledger;
use super::settle::{self, Settling};
use super::{Decision, Facts, declare_jobs, hidden_writes, verify, watch, write};
use crate::base::{JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Cause, CauseKind, ReplayFault, RunPhase, RunRow, World};
use crate::machine::{CheckInput, CheckState, Input, State, WatchInput, WatchState};
use crate::model::{Command, Observation, Observed, Outcome, ProcessId, Purpose, RunSpec, Work};

/// Why a job is not started or run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartRefused {
    /// It runs already, with this pid if it says so.
    AlreadyRunning {
        /// Its pid.
        pid: Option<u32>,
        /// It was recorded as stopped by a person, and is watched again.
        unpaused: bool,
    },
    /// Its status can't be read, and it ran when it last could.
    MayRun,
    /// Another process starts, stops or runs it right now.
    Busy {
        /// What it does.
        purpose: Purpose,
        /// The process.
        pid: u32,
    },
    /// It is not of the kind, or risk, that this can be done to.
    NotThisKind,
    /// It bears the id or a command of what was declared a write.
    HiddenWrite {
        /// That write.
        write: JobId,
    },
}

/// Why a claimed run does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunRefused {
    /// Nobody claimed it, or somebody has begun it already.
    NotClaimed,
    /// The job is not in the state any more that it was claimed in.
    Overtaken,
}

/// What stopping a job comes to.
#[derive(Clone, Debug)]
pub struct StopPlan {
    /// The claimed stop command; `None`: the job has none.
    pub spec: Option<RunSpec>,
    /// The state that it was found in.
    pub was: Option<State>,
}

type Answer<T, E> = Result<(Decision, Result<T, E>), ReplayFault>;

/// Claims and begins a watched job's start, unless it is seen running.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer.
pub fn claim_start(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    observation: Option<&Observation>,
    facts: &Facts<'_>,
) -> Answer<RunSpec, StartRefused> {
    let id = &job.job().id;
    let mut ledger = begin_order(compiled, world, observation.map(|o| (job, o)), facts)?;
    let Work::Watch { start, .. } = &job.job().work else {
        return Ok((ledger.into_decision(), Err(StartRefused::NotThisKind)));
    };
    if !job.job().is_read_only() {
        return Ok((ledger.into_decision(), Err(StartRefused::NotThisKind)));
    }
    if let Some(pid) = observation.and_then(running_pid) {
        // Started again by the word of whoever stopped it, though it never ceased to run; but who looked
        // before the stop has not seen that.
        let stale = observation.is_some_and(|seen| watch::is_stale(&ledger, seen));
        let unpaused = !stale
            && is_paused(&ledger, id)
            && ledger.step(job, Input::Watch(WatchInput::Started), None)?.is_some();
        let refused = StartRefused::AlreadyRunning { pid, unpaused };
        return Ok((ledger.into_decision(), Err(refused)));
    }
    if may_still_run(&ledger, id, observation) {
        return Ok((ledger.into_decision(), Err(StartRefused::MayRun)));
    }
    claim_and_begin(ledger, job, Purpose::Start, start)
}

/// What every order of a person begins with: jobs have records, what ended is settled, and what
/// was just seen is taken in.
pub(super) fn begin_order<'a>(
    compiled: &'a Compiled,
    world: World,
    seen: Option<(&CompiledJob, &Observation)>,
    facts: &'a Facts<'a>,
) -> Result<Ledger<'a>, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    ledger.allow_starts(false);
    declare_jobs(&mut ledger)?;
    settle::settle_runs(&mut ledger)?;
    write::tend_writes(&mut ledger)?;
    if let Some((job, observation)) = seen {
        watch::observe_job(&mut ledger, job, observation)?;
    }
    Ok(ledger)
}

/// The same for an order about one write. Without a config, because it is broken or says nothing of
/// any job, only what is this write's own is looked after: the end of another job's run means
/// something that a config has to say.
pub(super) fn begin_order_of<'a>(
    compiled: &'a Compiled,
    world: World,
    id: &JobId,
    facts: &'a Facts<'a>,
) -> Result<Ledger<'a>, ReplayFault> {
    if !compiled.is_empty() {
        return begin_order(compiled, world, None, facts);
    }
    let mut ledger = Ledger::new(compiled, world, facts);
    ledger.allow_starts(false);
    settle::settle_runs_of_write(&mut ledger, id)?;
    write::tend_write(&mut ledger, id)?;
    Ok(ledger)
}

fn is_paused(ledger: &Ledger<'_>, id: &JobId) -> bool {
    ledger.job_record(id).map(|r| r.state) == Some(State::Watch(WatchState::Paused))
}

/// Its status is broken, and when it last was not, the job ran: a start could make a second one.
fn may_still_run(ledger: &Ledger<'_>, id: &JobId, seen: Option<&Observation>) -> bool {
    let broken = seen.is_some_and(|o| matches!(o.observed, Observed::Broken(_)));
    let Some(record) = ledger.job_record(id).filter(|_| broken) else { return false };
    match record.state {
        State::Watch(WatchState::Running | WatchState::Resuming) => true,
        State::Watch(WatchState::Stalled) => {
            record.cause.as_ref().is_some_and(|c| c.kind == CauseKind::NoProgress)
        }
        State::Watch(
            WatchState::Idle | WatchState::Paused | WatchState::Completed | WatchState::Failed,
        )
        | State::Check(_)
        | State::Write(_) => false,
    }
}

/// The pid of a job that is seen running; `None` inside where it does not say.
#[expect(clippy::option_option, reason = "running without a pid is not the same as not running")]
fn running_pid(observation: &Observation) -> Option<Option<u32>> {
    match &observation.observed {
        Observed::Status(s) if s.running && !s.completed => Some(s.pid),
        Observed::Status(_) | Observed::Broken(_) => None,
    }
}

/// Claims and begins a run of a read-only one_shot_read.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer.
pub fn claim_check(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    facts: &Facts<'_>,
) -> Answer<RunSpec, StartRefused> {
    let ledger = begin_order(compiled, world, None, facts)?;
    match &job.job().work {
        Work::Check { run, .. } if job.job().is_runnable_read() => {
            claim_and_begin(ledger, job, Purpose::Check, run)
        }
        Work::Check { .. } | Work::Watch { .. } | Work::Write { .. } => {
            Ok((ledger.into_decision(), Err(StartRefused::NotThisKind)))
        }
    }
}

fn claim_and_begin(
    mut ledger: Ledger<'_>,
    job: &CompiledJob,
    purpose: Purpose,
    command: &Command,
) -> Answer<RunSpec, StartRefused> {
    let hidden = hidden_writes(ledger.compiled(), &ledger.world().snapshot);
    if let Some(hidden) = hidden.into_iter().find(|h| h.job == job.job().id) {
        let refused = StartRefused::HiddenWrite { write: hidden.write };
        return Ok((ledger.into_decision(), Err(refused)));
    }
    if let Some(row) = ledger.is_busy(&job.job().id) {
        let refused = StartRefused::Busy { purpose: row.spec.purpose, pid: at_work(row) };
        return Ok((ledger.into_decision(), Err(refused)));
    }
    let spec = ledger.claim(job, purpose, command, None)?;
    flip(&mut ledger, &spec)?;
    Ok((ledger.into_decision(), Ok(spec)))
}

pub(super) fn at_work(row: &RunRow) -> u32 {
    match &row.phase {
        RunPhase::Executing { executor, .. } => executor.pid,
        RunPhase::Claimed | RunPhase::Done { .. } => row.claimer.pid,
    }
}

/// Records a person's stop, and claims and begins the stop command if there is one. What a person
/// stopped stays so, whatever the command then does.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer.
pub fn request_stop(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    observation: Option<&Observation>,
    facts: &Facts<'_>,
) -> Answer<StopPlan, StartRefused> {
    let id = &job.job().id;
    let mut ledger = begin_order(compiled, world, observation.map(|o| (job, o)), facts)?;
    let Work::Watch { stop, .. } = &job.job().work else {
        return Ok((ledger.into_decision(), Err(StartRefused::NotThisKind)));
    };
    if let Some(row) = ledger.is_busy(id) {
        let refused = StartRefused::Busy { purpose: row.spec.purpose, pid: at_work(row) };
        return Ok((ledger.into_decision(), Err(refused)));
    }
    let was = ledger.job_record(id).map(|r| r.state);
    let cause = Cause::plain(CauseKind::ByPerson);
    ledger.step(job, Input::Watch(WatchInput::Stop), Some(cause))?;
    // Also where it was paused before: what was seen stopped since an earlier stop may run again.
    if is_paused(&ledger, id) {
        let mut notes = ledger.notes(id).clone();
        notes.stopped_since_stop = false;
        ledger.set_notes(id, notes);
    }
    // A completion is believed only if the job has just confirmed it.
    let seen_well = observation.is_some_and(|o| matches!(o.observed, Observed::Status(_)));
    let spec = match stop {
        Some(stop) if !(was == Some(State::Watch(WatchState::Completed)) && seen_well) => {
            let spec = ledger.claim(job, Purpose::Stop, stop, None)?;
            flip(&mut ledger, &spec)?;
            Some(spec)
        }
        Some(_) | None => None,
    };
    Ok((ledger.into_decision(), Ok(StopPlan { spec, was })))
}

/// The executor's durable flip from claimed to executing. Whoever gets it may start the command;
/// everybody else may not.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer.
pub fn begin_run(
    compiled: &Compiled,
    world: World,
    run: &RunId,
    facts: &Facts<'_>,
) -> Answer<RunSpec, RunRefused> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let row = ledger.world().runs.get(run).cloned();
    let Some(row) = row.filter(|row| row.phase == RunPhase::Claimed) else {
        return Ok((ledger.into_decision(), Err(RunRefused::NotClaimed)));
    };
    if !is_still_wanted(&ledger, &row.spec) {
        settle::drop_run(&mut ledger, &row.spec)?;
        return Ok((ledger.into_decision(), Err(RunRefused::Overtaken)));
    }
    flip(&mut ledger, &row.spec)?;
    Ok((ledger.into_decision(), Ok(row.spec)))
}

/// A job that a person stopped, or that has moved on, is not started by an old claim.
fn is_still_wanted(ledger: &Ledger<'_>, spec: &RunSpec) -> bool {
    let state = ledger.job_record(&spec.job).map(|r| r.state);
    match spec.purpose {
        Purpose::Resume => state == Some(State::Watch(WatchState::Resuming)),
        Purpose::RestartStop => state == Some(State::Watch(WatchState::Stalled)),
        Purpose::Check => matches!(
            state,
            Some(State::Check(
                CheckState::Idle | CheckState::Queued | CheckState::Completed | CheckState::Failed
            ))
        ),
        Purpose::Start | Purpose::Stop => true,
        Purpose::Verify => verify::is_verification_wanted(ledger, spec),
        // A write begins by its own door, with an approval.
        Purpose::Write => false,
    }
}

fn flip(ledger: &mut Ledger<'_>, spec: &RunSpec) -> Result<(), ReplayFault> {
    let executor: ProcessId = ledger.facts().claimer.clone();
    let at = ledger.now().at.clone();
    if spec.purpose == Purpose::Check {
        ledger.step_of(&spec.job, Input::Check(CheckInput::Begin), None)?;
    }
    if let Some(mut row) = ledger.world().runs.get(&spec.run).cloned() {
        row.phase = RunPhase::Executing { executor, at };
        ledger.put_run(row);
    }
    Ok(())
}

/// Records how a run ended. The executor of a tick leaves the rest to the next tick; an order settles
/// it on the spot.
///
/// # Errors
/// [`ReplayFault`], as everywhere.
pub fn record_outcome(
    compiled: &Compiled,
    world: World,
    run: &RunId,
    outcome: &Outcome,
    settling: Settling,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    if let Some(mut row) = ledger.world().runs.get(run).cloned() {
        row.phase = RunPhase::Done { outcome: outcome.clone() };
        ledger.put_run(row);
        settle::settle_ordered(&mut ledger, run, settling)?;
    }
    Ok(ledger.into_decision())
}
