//! `opsfsm run JOB` of a one_shot_write: redeems its approval, and shows how it ended.

use std::time::Duration;

use super::args::{Format, RunArgs};
use super::context::{Context, Failure, LoadedConfig};
use super::gate::{order, planned};
use super::places::refuse_unsafe;
use super::{io, orders};
use crate::adapters::executors::OsLauncher;
use crate::adapters::sqlite::{EventFilter, SqliteStore};
use crate::base::{Exit, JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{EventKind, GrantFate};
use crate::machine::{State, WriteState};
use crate::model::Outcome;
use crate::ports::{Launcher as _, Store as _};
use crate::render::{self, shell_quote};
use crate::writes::{Cut, claim_write, refuse_claimed, wait_until_settled};

/// How a write stands of which the store knows nothing.
const BLOCKED: State = State::Write(WriteState::Blocked);

/// A write as an order knows it: the store, and which job.
type Write<'a> = (&'a mut SqliteStore, &'a JobId);

/// Runs an approved write in an executor of its own, which outlives this call.
pub(super) fn run_write(
    context: &Context,
    config: &LoadedConfig,
    job: &CompiledJob,
    options: &RunArgs,
) -> Result<Exit, Failure> {
    let (id, compiled) = (&job.job().id, &config.compiled);
    refuse_unsafe(context, config)?;
    let planned = planned(context, config, job)?;
    let mut store = context.open_store(compiled)?;
    let spec = order(context, compiled, (&mut store, id), |ports| {
        claim_write(compiled, job, &planned, ports)
    })?;
    let outcome = execute(context, (&mut store, id), &spec.run)?;
    // A person sees how it ended before its verification; a program gets one answer for both.
    let text = options.format == Format::Text;
    let mut told =
        if text { io::answer(&render::render_run(id, &spec.run, &outcome)) } else { Ok(()) };
    let (state, cut) = if options.wait {
        settled(context, compiled, (&mut store, id))?
    } else {
        (orders::state_of(context, compiled, (&mut store, id))?.unwrap_or(BLOCKED), None)
    };
    let answered = io::answer(&match (text, options.wait) {
        (true, true) => format!("{id}: {state}\n"),
        (true, false) => what_next(context, id, state),
        (false, _) => render::render_run_json(id, &spec.run, &outcome, Some(state)),
    });
    told = told.and(answered);
    if let Some(cut) = cut {
        return Err(cut);
    }
    let ended_well = outcome.end.is_success() && !outcome.leaked;
    let done = if options.wait { is_verified(state) } else { ended_well };
    // How the write ended is the worse news.
    if done { told.map(|()| Exit::Done) } else { Ok(Exit::JobFailed) }
}

/// Starts the executor and waits for it. Says how the write ended, or why it was not begun.
fn execute(context: &Context, (store, id): Write<'_>, run: &RunId) -> Result<Outcome, Failure> {
    let faults = {
        let _waiting = io::waiting(format!("running {id}; Ctrl-C leaves it running"));
        launcher(context, store)?.launch(std::slice::from_ref(run), Duration::MAX)
    };
    if let Some(fault) = faults.first() {
        let why = &fault.detail;
        orders::give(context, store, None, format!("recording {id}"), |ports| {
            refuse_claimed(run, why, ports)
        })?;
        let message = format!("`{id}` was not started: {why}; its approval lives");
        return Err(Failure { exit: Exit::JobFailed, message });
    }
    match store.outcome_of(run)? {
        Some(outcome) => Ok(outcome),
        None if context.is_interrupted() => Err(left_running(context, id)),
        None if has_begun(store, run)? => Err(unproved(context, id)),
        None => Err(not_begun(store, id, run)),
    }
}

fn has_begun(store: &mut SqliteStore, run: &RunId) -> Result<bool, Failure> {
    let world = store.read()?;
    let spent = |fate: &GrantFate| matches!(fate, GrantFate::Spent { run: of } if of == run);
    Ok(world.snapshot.grants.values().any(|grant| spent(&grant.fate)))
}

/// The executor has gone without a word, after the write began.
fn unproved(context: &Context, id: &JobId) -> Failure {
    let (id, call) = (shell_quote(id.as_str()), &context.invocation);
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
    let path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
    let cancel = context.interrupt.as_ref();
    Ok(OsLauncher { program: context.program()?, store: path, cancel })
}

/// The caller has gone, the write goes on.
fn left_running(context: &Context, id: &JobId) -> Failure {
    let (id, call) = (shell_quote(id.as_str()), &context.invocation);
    Failure {
        exit: Exit::Busy,
        message: format!(
            "interrupted; `{id}` was left to its executor, which records how it ends. See \
             `{call} status`; end it with `{call} stop {id}`"
        ),
    }
}

/// Why the verification of a write that has ended was not waited out.
fn unsettled(context: &Context, id: &JobId, state: State, cut: Cut) -> Failure {
    let (id, call) = (shell_quote(id.as_str()), &context.invocation);
    let later = format!("the next tick verifies it, or: {call} verify {id} --wait");
    let (exit, message) = match cut {
        Cut::Enough => {
            (Exit::Busy, format!("interrupted; `{id}` has ended, and is {state}: {later}"))
        }
        Cut::InFlight => (
            Exit::JobFailed,
            format!(
                "`{id}` is {state}, and a process that it left behind still runs: it is verified \
                 once that has ended. Wait for its end, or end it by hand"
            ),
        ),
        Cut::NotLaunched(why) => (
            Exit::JobFailed,
            format!("`{id}` is {state}, and its verification could not be started: {why}; {later}"),
        ),
    };
    Failure { exit, message }
}

/// The executor began nothing; the journal says why.
fn not_begun(store: &SqliteStore, id: &JobId, run: &RunId) -> Failure {
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

fn what_next(context: &Context, id: &JobId, state: State) -> String {
    let (id, call) = (shell_quote(id.as_str()), &context.invocation);
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

/// Runs the verifications as they become due, and waits for them. Says how the write stands then,
/// and why that was not waited out, if it was not.
fn settled(
    context: &Context,
    compiled: &Compiled,
    (store, id): Write<'_>,
) -> Result<(State, Option<Failure>), Failure> {
    let mut launcher = launcher(context, store)?;
    let language = compiled.report().language;
    let waited = orders::give(context, store, language, format!("verifying {id}"), |ports| {
        let enough = || context.is_interrupted();
        wait_until_settled(compiled, id, &mut launcher, &enough, ports)
    })?;
    let state = orders::state_of(context, compiled, (store, id))?.unwrap_or(BLOCKED);
    // It may have been settled in the very moment that it was given up.
    let open = matches!(state, State::Write(s) if s != WriteState::Verified);
    let cut = waited.cut.filter(|_| open).map(|cut| unsettled(context, id, state, cut));
    Ok((state, cut))
}

/// Waits for a verification that is queued, and says how the write stands then.
pub(super) fn wait(
    context: &Context,
    compiled: &Compiled,
    (store, id): Write<'_>,
) -> Result<Exit, Failure> {
    let (state, cut) = settled(context, compiled, (store, id))?;
    io::answer(&format!("{id}: {state}\n"))?;
    match cut {
        Some(cut) => Err(cut),
        None if is_verified(state) => Ok(Exit::Done),
        None => Ok(Exit::JobFailed),
    }
}
