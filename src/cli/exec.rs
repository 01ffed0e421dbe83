//! `opsfsm __exec RUN`: the executor of one claimed run. Called by a tick, never by a person.
//!
//! It believes nothing in its argv but the run's id and the store's path: what to run is in the
//! store, and the store decides whether this process may.

use super::args::ExecArgs;
use super::context::{Context, Failure};
use super::orders;
use crate::adapters::sqlite::{NewStore, SqliteStore};
use crate::base::{Exit, RunId};
use crate::decide::RunRefused;
use crate::tick::execute_run;

/// Executes a claimed run.
pub(super) fn exec(context: &Context, options: &ExecArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        return Err(Failure::refused(format!("there is no store {}", place.path.display())));
    }
    let (now, seed) = (context.now(), context.seed()?);
    let mut store = SqliteStore::open(&place.path, &NewStore { seed, now: &now.at })?;
    let run = RunId::new(options.run.as_str());
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
