//! `opsfsm run JOB` of a one_shot_write: redeems its approval, and shows how it ended.

use std::time::Duration;

use super::args::{Format, RunArgs};
use super::context::{Context, Failure, LoadedConfig};
use super::gate::{order, planned, say};
use super::{io, orders};
use crate::adapters::executors::OsLauncher;
use crate::adapters::sqlite::{EventFilter, SqliteStore};
use crate::base::{Exit, RunId};
use crate::compile::CompiledJob;
use crate::journal::{EventKind, GrantFate};
use crate::machine::{State, WriteState};
use crate::model::Outcome;
use crate::ports::{Launcher as _, Store as _};
use crate::render::{self, shell_quote};
use crate::writes::{claim_write, wait_until_settled};

/// How a write stands of which the store knows nothing.
const BLOCKED: State = State::Write(WriteState::Blocked);

/// Runs an approved write in an executor of its own, which outlives this call.
pub(super) fn run_write(
    context: &Context,
    config: &LoadedConfig,
    job: &CompiledJob,
    options: &RunArgs,
) -> Result<Exit, Failure> {
    let id = &job.job().id;
    let planned = planned(config, job)?;
    let mut store = context.open_store(&config.compiled)?;
    let spec = order(context, config, &mut store, job, |ports| {
        claim_write(&config.compiled, job, &planned, ports)
    })?;
    let outcome = execute(context, &mut store, job, &spec.run)?;
    // A person sees how it ended before its verification; a program gets one answer for both.
    let text = options.format == Format::Text;
    if text {
        say(&render::render_run(id, &spec.run, &outcome));
    }
    let state = if options.wait {
        settled(context, config, &mut store, job)?
    } else {
        orders::state_of(&mut store, job)?.unwrap_or(BLOCKED)
    };
    say(&match (text, options.wait) {
        (true, true) => format!("{id}: {state}\n"),
        (true, false) => what_next(context, job, state),
        (false, _) => render::render_run_json(id, &spec.run, &outcome, Some(state)),
    });
    let ended_well = outcome.end.is_success() && !outcome.leaked;
    let done = if options.wait { is_verified(state) } else { ended_well };
    Ok(if done { Exit::Done } else { Exit::JobFailed })
}

/// Starts the executor and waits for it. Says how the write ended, or why it was not begun.
fn execute(
    context: &Context,
    store: &mut SqliteStore,
    job: &CompiledJob,
    run: &RunId,
) -> Result<Outcome, Failure> {
    let faults = {
        let id = &job.job().id;
        let _waiting = io::waiting(format!("running {id}; Ctrl-C leaves it running"));
        launcher(context, store)?.launch(std::slice::from_ref(run), Duration::MAX)
    };
    if let Some(fault) = faults.first() {
        return Err(Failure { exit: Exit::JobFailed, message: fault.detail.clone() });
    }
    if is_interrupted(context) {
        return Err(detached(context, job));
    }
    match store.outcome_of(run)? {
        Some(outcome) => Ok(outcome),
        None if has_begun(store, run)? => Err(unproved(context, job)),
        None => Err(not_begun(store, job, run)),
    }
}

fn has_begun(store: &mut SqliteStore, run: &RunId) -> Result<bool, Failure> {
    let world = store.read()?;
    let spent = |fate: &GrantFate| matches!(fate, GrantFate::Spent { run: of } if of == run);
    Ok(world.snapshot.grants.values().any(|grant| spent(&grant.fate)))
}

/// The executor has gone without a word, after the write began.
fn unproved(context: &Context, job: &CompiledJob) -> Failure {
    let (id, call) = (shell_quote(job.job().id.as_str()), &context.invocation);
    Failure {
        exit: Exit::JobFailed,
        message: format!(
            "`{id}` has begun, and its executor died: nobody can prove what it did. The next tick \
             verifies it, once nothing of it runs any more; see `{call} status`"
        ),
    }
}

fn is_verified(state: State) -> bool {
    state == State::Write(WriteState::Verified)
}

fn launcher<'a>(context: &'a Context, store: &SqliteStore) -> Result<OsLauncher<'a>, Failure> {
    let program = std::env::current_exe()
        .map_err(|e| Failure::refused(format!("opsfsm can't find its own program: {e}")))?;
    let path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
    Ok(OsLauncher { program, store: path, cancel: context.interrupt.as_ref() })
}

fn is_interrupted(context: &Context) -> bool {
    context.interrupt.as_ref().is_some_and(|interrupt| interrupt.received().is_some())
}

/// The caller has gone, the write goes on.
fn detached(context: &Context, job: &CompiledJob) -> Failure {
    let (id, call) = (shell_quote(job.job().id.as_str()), &context.invocation);
    Failure {
        exit: Exit::Busy,
        message: format!(
            "interrupted; `{id}` was left to its executor, which records how it ends. See \
             `{call} status`; end it with `{call} stop {id}`"
        ),
    }
}

/// The executor began nothing; the journal says why.
fn not_begun(store: &SqliteStore, job: &CompiledJob, run: &RunId) -> Failure {
    let id = &job.job().id;
    let filter = EventFilter { job: Some(id), ..EventFilter::default() };
    let events = store.last_events(&filter, 20).unwrap_or_default();
    let mut why = None;
    for (_, event) in &events {
        if let EventKind::WriteRefused { why: said, run: Some(of) } = &event.kind
            && of == run
        {
            why = Some(said.clone());
        }
    }
    let why = why.unwrap_or_else(|| "its executor ended without a word".to_owned());
    Failure {
        exit: Exit::ApprovalNeeded,
        message: format!("`{id}` was not started: {why}; nothing was run"),
    }
}

fn what_next(context: &Context, job: &CompiledJob, state: State) -> String {
    let (id, call) = (shell_quote(job.job().id.as_str()), &context.invocation);
    if state == State::Write(WriteState::Verifying) {
        return format!(
            "{id}: not done before it is verified; the next tick does that, or: {call} verify {id} \
             --wait\n"
        );
    }
    if state == State::Write(WriteState::Unknown) {
        return format!(
            "{id}: nobody can prove how it came out; it is verified by the next tick, and never \
             run again by itself\n"
        );
    }
    format!("{id}: {state}\n")
}

/// Runs the verifications as they become due, and waits for them.
fn settled(
    context: &Context,
    config: &LoadedConfig,
    store: &mut SqliteStore,
    job: &CompiledJob,
) -> Result<State, Failure> {
    let id = &job.job().id;
    let mut launcher = launcher(context, store)?;
    let language = config.compiled.report().language;
    let state = orders::give(context, store, language, format!("verifying {id}"), |ports| {
        let enough = || is_interrupted(context);
        wait_until_settled(&config.compiled, id, &mut launcher, &enough, ports)
    })?;
    if is_interrupted(context) {
        return Err(detached(context, job));
    }
    Ok(state.unwrap_or(BLOCKED))
}

/// Waits for a verification that is queued, and says how the write stands then.
pub(super) fn wait(
    context: &Context,
    config: &LoadedConfig,
    store: &mut SqliteStore,
    job: &CompiledJob,
) -> Result<Exit, Failure> {
    let state = settled(context, config, store, job)?;
    say(&format!("{}: {state}\n", job.job().id));
    Ok(if is_verified(state) { Exit::Done } else { Exit::JobFailed })
}
