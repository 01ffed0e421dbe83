//! The ports of an order that runs a command: start, stop, run, and an executor's.
//!
//! In: the context and an open store. Out: what came of the order.
//! Invariant: every order runs its command the same way, whoever gives it.

use super::context::{Context, Failure};
use super::io;
use crate::adapters::runner::OsCommandRunner;
use crate::adapters::sqlite::SqliteStore;
use crate::model::Language;
use crate::ports::StoreError;
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
    let cancel = context.interrupt.as_ref();
    let mut runner = OsCommandRunner { logs: context.logs_folder()?, cancel };
    let mut ports = RunPorts {
        clock: &context.clock,
        entropy: &context.entropy,
        processes: &context.processes,
        runner: &mut runner,
        store,
        style: &context.style(language),
    };
    Ok(order(&mut ports)?)
}
