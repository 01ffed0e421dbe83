//! `opsfsm __exec RUN`: the executor of one claimed run. Called by a tick, never by a person.
//!
//! It believes nothing in its argv but the run's id and the store's path: what to run is in the
//! store, and the store decides whether this process may.

use super::args::ExecArgs;
use super::context::{Context, Failure};
use crate::adapters::runner::OsCommandRunner;
use crate::adapters::sqlite::{NewStore, SqliteStore};
use crate::base::{Exit, RunId};
use crate::tick::{RunPorts, execute_run};

/// Executes a claimed run.
pub(super) fn exec(context: &Context, options: &ExecArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        return Err(Failure::refused(format!("there is no store {}", place.path.display())));
    }
    let (now, seed) = (context.now(), context.seed()?);
    let mut store = SqliteStore::open(&place.path, &NewStore { seed, now: &now.at })?;
    let cancel = context.interrupt.as_ref();
    let mut runner = OsCommandRunner { logs: context.logs_folder()?, cancel };
    let mut ports = RunPorts {
        clock: &context.clock,
        entropy: &context.entropy,
        processes: &context.processes,
        runner: &mut runner,
        store: &mut store,
        style: &context.style(None),
    };
    match execute_run(&RunId::new(options.run.as_str()), &mut ports)? {
        Ok(_) => Ok(Exit::Done),
        Err(refused) => Err(Failure {
            exit: Exit::Busy,
            message: format!("run {} does not begin: {refused:?}", options.run),
        }),
    }
}
