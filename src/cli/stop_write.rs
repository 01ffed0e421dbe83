//! `opsfsm stop JOB` of a one_shot_write that runs: a signal to its process group, if it is proved
//! to be the one that its executor started.

use std::time::Duration;

use super::context::{Context, Failure};
use super::io;
use crate::adapters::process::proc::{self, EndSignal, Evidence, Reach};
use crate::adapters::sqlite::SqliteStore;
use crate::base::{Exit, JobId, limits};
use crate::journal::{RunPhase, RunRow, World, WriteCycle};
use crate::model::{ProcessId, Purpose};
use crate::ports::{Clock as _, Processes as _, Store as _};
use crate::render::shell_quote;

/// How often it is looked whether the write has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Ends a running write. What it has done by then nobody can prove: it becomes unknown.
pub(super) fn stop_write(
    context: &Context,
    store: &mut SqliteStore,
    id: &JobId,
) -> Result<Exit, Failure> {
    let world = store.read()?;
    let cycle = world.snapshot.jobs.get(id).and_then(|record| record.write.clone());
    let started = cycle.and_then(|c| c.process.clone().map(|p| (c, p)));
    let flies = context.processes.is_in_flight(id);
    let (cycle, process) = match started {
        // Whatever it left behind is no group of its own any more, but holds its lock.
        Some((_, process)) if !flies && proc::liveness(&process) == proc::Liveness::Dead => {
            return Ok(does_not_run(id));
        }
        Some(started) => started,
        None if is_about_to_start(&world, id) => return Err(about_to_start(context, id)),
        None if flies => return Err(unnamed(id)),
        None => return Ok(does_not_run(id)),
    };
    end_group(context, &cycle, &process).map_err(|why| {
        Failure::refused(format!(
            "`{id}` was started as pid {}, but that process can't be signalled: {why}. Nothing was \
             signalled; what it left behind may still run",
            process.pid
        ))
    })?;
    io::say(&format!(
        "{id}: its process group {} was ended; what it had done by then is for its verification, or \
         a person, to find out\n",
        process.pid
    ));
    Ok(Exit::Done)
}

fn does_not_run(id: &JobId) -> Exit {
    io::say(&format!("{id}: does not run\n"));
    Exit::Done
}

/// Is there a run of it whose process can still become known?
fn is_about_to_start(world: &World, id: &JobId) -> bool {
    let lives = |row: &RunRow| match &row.phase {
        RunPhase::Claimed => true,
        RunPhase::Executing { executor, .. } => proc::liveness(executor) != proc::Liveness::Dead,
        RunPhase::Done { .. } => false,
    };
    let mut runs = world.runs.values();
    runs.any(|row| row.spec.job == *id && row.spec.purpose == Purpose::Write && lives(row))
}

fn about_to_start(context: &Context, id: &JobId) -> Failure {
    Failure {
        exit: Exit::Busy,
        message: format!(
            "`{id}` is about to start; try again in a moment, or take its approval back: {} revoke {}",
            context.invocation,
            shell_quote(id.as_str())
        ),
    }
}

/// Its executor was ended between the start and the record of it, or could not record it.
fn unnamed(id: &JobId) -> Failure {
    Failure::refused(format!(
        "a process of `{id}` still runs, but which one was never recorded: its executor was ended \
         before it could. Nothing was signalled; look for it, and end it by hand"
    ))
}

fn end_group(context: &Context, cycle: &WriteCycle, process: &ProcessId) -> Result<(), String> {
    let own = |evidence: &Evidence| evidence.run.is_some() && evidence.run == cycle.run;
    let signal = |signal| proc::signal_if(process, own, Reach::Group, signal);
    signal(EndSignal::Term).map_err(|refusal| refusal.to_string())?;
    let since = context.clock.now().at;
    while context.clock.now().at.delay_since(&since) < limits::KILL_GRACE {
        if proc::liveness(process) == proc::Liveness::Dead {
            return Ok(());
        }
        context.clock.pause(LOOK_EVERY);
    }
    // One that ended in this very moment needs no second signal.
    match signal(EndSignal::Kill) {
        Ok(()) => Ok(()),
        Err(_) if proc::liveness(process) == proc::Liveness::Dead => Ok(()),
        Err(refusal) => Err(refusal.to_string()),
    }
}
