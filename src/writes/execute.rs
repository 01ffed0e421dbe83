//! The order of one claimed write: plan anew, prepare, spend the approval and begin, run, record.
//!
//! In: the id of a run that somebody claimed, and today's config. Out: how it ended, in the store.
//! Invariant: the runner is called in one place, with a permit that was paid for in this process.

use super::plan::plan_now;
use crate::approval::{ConsumeOnce, Permit, SealedWrite, WriteCommand, redeem};
use crate::base::RunId;
use crate::compile::Compiled;
use crate::decide::{self, BeginFacts, Settling};
use crate::journal::{RunPhase, World};
use crate::model::{Outcome, Plan, Planned, ProcessId, Purpose, RunSpec};
use crate::ports::{
    Clock, CommandRunner, Commit, Decide, Entropy, FileFacts, Processes, Store, StoreError,
    WriteRunner,
};
use crate::render::Style;
use crate::tick::{RunPorts, disagreement, facts_of, record_end, reports_of, while_held};

/// What the executor of a write needs of the world outside. Its store is named, not hidden behind
/// a trait object: it is the one that spends approvals.
pub struct WritePorts<'a, S> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub entropy: &'a dyn Entropy,
    /// Processes of this machine.
    pub processes: &'a dyn Processes,
    /// Files, for the plan of this moment.
    pub files: &'a dyn FileFacts,
    /// Runs the write.
    pub runner: &'a mut dyn WriteRunner,
    /// Runs no write: for the orders that record.
    pub commands: &'a mut dyn CommandRunner,
    /// Keeps everything.
    pub store: &'a mut S,
    /// How a report is written.
    pub style: &'a Style,
}

impl<S: Store> WritePorts<'_, S> {
    fn run_ports(&mut self) -> RunPorts<'_> {
        RunPorts {
            clock: self.clock,
            entropy: self.entropy,
            processes: self.processes,
            files: self.files,
            runner: &mut *self.commands,
            store: &mut *self.store,
            style: self.style,
        }
    }
}

/// Executes a write that was claimed. The inner error says in a sentence why nothing was started.
///
/// # Errors
/// [`StoreError`]: before the command it means that nothing was started.
pub fn execute_write<S>(
    run: &RunId,
    compiled: &Compiled,
    ports: &mut WritePorts<'_, S>,
) -> Result<Result<Outcome, String>, StoreError>
where
    S: Store + for<'d> ConsumeOnce<Decide<'d> = Decide<'d>, Error = StoreError>,
{
    // Each attempt plans anew: a plan that had to wait is none of this moment.
    let (spec, permit) = match while_held(ports.clock, || begin(run, compiled, ports))? {
        Ok(paid) => paid,
        Err(why) => return Ok(Err(why)),
    };
    let mut began = None;
    let outcome = {
        let WritePorts { clock, entropy, processes, files, runner, commands, store, style } = ports;
        let mut ports = RunPorts {
            clock: *clock,
            entropy: *entropy,
            processes: *processes,
            files: *files,
            runner: &mut **commands,
            store: &mut **store,
            style,
        };
        runner.run_write(permit, &mut |process| {
            began = note_started(compiled, &spec, &process, &mut ports).err();
        })
    };
    // Who it became is for `stop`; its lock says all the same that it runs.
    drop(began);
    record_end(compiled, &spec, &outcome, Settling::Later, &mut ports.run_ports())?;
    // What it means is settled at once where that can be; else by whoever comes next.
    let settled = ports.run_ports().decide(|world, facts| {
        decide::decide_settled(compiled, world, facts).map(|decision| (decision, ()))
    });
    drop(settled);
    Ok(Ok(outcome))
}

/// Plans and prepares a claimed write, and pays its approval for a permit.
fn begin<S>(
    run: &RunId,
    compiled: &Compiled,
    ports: &mut WritePorts<'_, S>,
) -> Result<Result<(RunSpec, Permit), String>, StoreError>
where
    S: Store + for<'d> ConsumeOnce<Decide<'d> = Decide<'d>, Error = StoreError>,
{
    let world = ports.store.read()?;
    let Some(spec) = claimed(&world, run) else {
        return Ok(Err("nobody claimed it, or it has begun already".to_owned()));
    };
    let Some(plan) = approved_plan(&world, &spec) else {
        let why = "its approval is gone".to_owned();
        refuse(compiled, &spec, &why, ports)?;
        return Ok(Err(why));
    };
    let command = command_of(&plan);
    if let Err(why) = ports.runner.prepare(&spec.job, &command.program) {
        let why = why.to_string();
        refuse(compiled, &spec, &why, ports)?;
        return Ok(Err(why));
    }
    // Planned once everything is held: nobody waits between this look at the files and the start.
    let found = BeginFacts { planned: planned_now(compiled, &spec, ports.files) };
    let Ok(approved) = plan.digest() else { return Ok(Err("its plan can't be read".to_owned())) };
    let sealed = SealedWrite::seal(run.clone(), approved, command);
    let seed = ports.entropy.seed().map_err(StoreError::Failed)?;
    let (clock, processes, style) = (ports.clock, ports.processes, ports.style);
    let mut refusal = None;
    let permit = redeem(sealed, ports.store, &mut |world| {
        let now = clock.now();
        let facts = facts_of(&world, processes, &now, seed);
        let (decision, begun) = decide::begin_write(compiled, world, run, &found, &facts)
            .map_err(|fault| disagreement(&fault))?;
        refusal = begun.err();
        let reports = reports_of(&decision, &facts, style);
        Ok(Commit { change: decision.change, reports })
    })?;
    Ok(match permit {
        Some(permit) => Ok((spec, permit)),
        None => Err(refusal.unwrap_or_else(|| "no approval was spent for it".to_owned())),
    })
}

fn claimed(world: &World, run: &RunId) -> Option<RunSpec> {
    let row = world.runs.get(run)?;
    let claimed = row.phase == RunPhase::Claimed && row.spec.purpose == Purpose::Write;
    claimed.then(|| row.spec.clone())
}

/// The plan that was approved for it.
fn approved_plan(world: &World, spec: &RunSpec) -> Option<Plan> {
    let record = world.snapshot.jobs.get(&spec.job)?;
    Some((*record.write.as_ref()?.plan).clone())
}

/// What the plan says that runs, and nothing else.
fn command_of(plan: &Plan) -> WriteCommand {
    let step = &plan.step;
    WriteCommand {
        job: plan.job.clone(),
        argv: step.argv.clone(),
        // By the name that it was called by; where that leads was looked at a moment ago.
        program: step.exec.clone().into(),
        cwd: step.cwd.clone().into(),
        env: step.env.clone(),
        limit: step.limit_ms.map(std::time::Duration::from_millis),
    }
}

fn planned_now(
    compiled: &Compiled,
    spec: &RunSpec,
    files: &dyn FileFacts,
) -> Result<Planned, String> {
    let job = compiled.job(&spec.job).ok_or("it is no longer in the config")?;
    plan_now(compiled, job, files).map_err(|fault| fault.to_string())
}

fn refuse<S: Store>(
    compiled: &Compiled,
    spec: &RunSpec,
    why: &str,
    ports: &mut WritePorts<'_, S>,
) -> Result<(), StoreError> {
    ports.run_ports().decide(|world, facts| {
        decide::drop_claim(compiled, world, &spec.run, why, facts).map(|d| (d, ()))
    })
}

fn note_started(
    compiled: &Compiled,
    spec: &RunSpec,
    process: &ProcessId,
    ports: &mut RunPorts<'_>,
) -> Result<(), StoreError> {
    ports.decide(|world, facts| {
        let about = (&spec.job, &spec.run);
        decide::note_started(compiled, world, about, process, facts).map(|d| (d, ()))
    })
}
