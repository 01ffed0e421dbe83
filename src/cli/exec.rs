//! `opsfsm __exec RUN`: the executor of one claimed run. Called by a tick, never by a person.
//!
//! It believes nothing in its argv but the run's id and the store's path: what to run is in the
//! store, and the store decides whether this process may.

use super::args::ExecArgs;
use super::context::{Context, Failure};
use super::{orders, places};
use std::path::Path;

use crate::adapters::file_facts::OsFileFacts;
use crate::adapters::flight_lock;
use crate::adapters::sqlite::{NewStore, SqliteStore};
use crate::adapters::write_runner::OsWriteRunner;
use crate::base::{Exit, RunId};
use crate::decide::RunRefused;
use crate::model::Purpose;
use crate::ports::{Store as _, StoreError};
use crate::render::{Style, shell_quote};
use crate::tick::{execute_run, while_held};
use crate::writes::{WritePorts, execute_write, refuse_claimed};

/// Executes a claimed run.
pub(super) fn exec(context: &Context, options: &ExecArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        return Err(Failure::refused(format!("there is no store {}", place.path.display())));
    }
    let (now, seed) = (context.now(), context.seed()?);
    let new = NewStore { seed, now: &now.at };
    let run = RunId::new(options.run.as_str());
    // Nothing is lost while it waits for whoever has the store.
    let mut store = while_held(&context.clock, || SqliteStore::open(&place.path, &new))?;
    if while_held(&context.clock, || is_write(&mut store, &run))? {
        return exec_write(context, &mut store, &run);
    }
    let executed =
        orders::give(context, &mut store, None, format!("executing run {run}"), |ports| {
            execute_run(&run, ports)
        })?;
    let why = match executed {
        Ok(_) => return Ok(Exit::Done),
        Err(RunRefused::NotClaimed) => "nobody claimed it, or it has begun already",
        Err(RunRefused::Overtaken) => "its job has moved on since it was claimed",
    };
    Err(Failure { exit: Exit::Busy, message: format!("run {run} does not begin: {why}") })
}

fn is_write(store: &mut SqliteStore, run: &RunId) -> Result<bool, StoreError> {
    Ok(store.read()?.runs.get(run).is_some_and(|row| row.spec.purpose == Purpose::Write))
}

/// Executes a claimed write with the config that the store belongs to, as it is at this moment.
fn exec_write(context: &Context, store: &mut SqliteStore, run: &RunId) -> Result<Exit, Failure> {
    let path = store.read()?.snapshot.config_path.unwrap_or_default();
    let config = match context.load_config(Path::new(&path)) {
        Ok(config) => config,
        Err(broken) => {
            let why = format!("the config {path} is broken by now");
            orders::give(context, store, None, format!("refusing run {run}"), |ports| {
                refuse_claimed(run, &why, ports)
            })?;
            return Err(Failure::refused(Context::broken_text(Path::new(&path), &broken)));
        }
    };
    if let Some(found) = places::fault(context, &config) {
        orders::give(context, store, None, format!("refusing run {run}"), |ports| {
            refuse_claimed(run, found.what(), ports)
        })?;
        return Err(found.into_failure());
    }
    // Called with the store alone; whoever reads a report of it needs its config too.
    let mut style = context.style(config.compiled.report().language);
    if !context.is_systems() {
        let config_flag = format!("--config-file {}", shell_quote(&path));
        style = Style { invocation: format!("{} {config_flag}", context.invocation), ..style };
    }
    let mut runner = OsWriteRunner::new(flight_lock::folder_of(store.path()));
    let mut commands = orders::command_runner(context)?;
    let mut ports = WritePorts {
        clock: &context.clock,
        entropy: &context.entropy,
        processes: &context.processes,
        files: &OsFileFacts,
        runner: &mut runner,
        commands: &mut commands,
        store,
        style: &style,
    };
    match execute_write(run, &config.compiled, &mut ports)? {
        Ok(_) => Ok(Exit::Done),
        Err(why) => Err(Failure {
            exit: Exit::ApprovalNeeded,
            message: format!("run {run} does not begin: {why}"),
        }),
    }
}
