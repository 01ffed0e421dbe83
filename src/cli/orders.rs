//! The ports of an order that runs a command: start, stop, run, and an executor's.
//!
//! In: the context and an open store. Out: what came of the order.
//! Invariant: every order runs its command the same way, whoever gives it.

use std::path::PathBuf;

use super::context::{Context, Failure};
use super::io;
use crate::adapters::file_facts::OsFileFacts;
use crate::adapters::file_name::beside;
use crate::adapters::runner::OsCommandRunner;
use crate::adapters::sqlite::SqliteStore;
use crate::base::JobId;
use crate::compile::Compiled;
use crate::machine::State;
use crate::model::Language;
use crate::ports::{Store as _, StoreError};
use crate::tick::RunPorts;

/// Gives the order its ports; `doing` is what a person at a terminal then waits for.
pub(super) fn give<T>(
    context: &Context,
    store: &mut SqliteStore,
    language: Option<Language>,
    doing: String,
    order: impl FnOnce(&mut RunPorts<'_>) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let _waiting = io::waiting(doing);
    let mut runner = command_runner(context)?;
    let mut ports = RunPorts {
        clock: &context.clock,
        entropy: &context.entropy,
        processes: &context.processes,
        files: &OsFileFacts,
        runner: &mut runner,
        store,
        style: &context.style(language),
    };
    Ok(order(&mut ports)?)
}

/// How a job stands now. What has ended, and could not be settled yet, counts.
pub(super) fn state_of(
    context: &Context,
    compiled: &Compiled,
    (store, id): (&mut SqliteStore, &JobId),
) -> Result<Option<State>, Failure> {
    let world = context.settled(compiled, store.read()?)?;
    Ok(world.snapshot.jobs.get(id).map(|record| record.state))
}

/// Runs the commands of read jobs.
pub(super) fn command_runner(context: &Context) -> Result<OsCommandRunner<'_>, Failure> {
    let cancel = context.interrupt.as_ref();
    let scratch = beside(&context.store_place()?.path, "scratch");
    let program = own_program()?;
    Ok(OsCommandRunner { logs: context.logs_folder()?, scratch, program, cancel })
}

/// This very program, to be started as a child of this process. Linux has a path for it that holds
/// even after its file was replaced or moved.
pub(super) fn own_program() -> Result<PathBuf, Failure> {
    if cfg!(target_os = "linux") {
        return Ok(PathBuf::from("/proc/self/exe"));
    }
    std::env::current_exe()
        .map_err(|e| Failure::refused(format!("opsfsm can't find its own program: {e}")))
}
