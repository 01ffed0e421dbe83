//! `opsfsm verify JOB`: queues the verification of a write once more, and waits for it if asked to.

use super::args::VerifyArgs;
use super::context::{Context, Failure};
use super::gate::{order, say};
use super::run_write::wait;
use crate::base::Exit;
use crate::writes::reverify_write;

/// `opsfsm verify JOB`.
pub(super) fn verify(context: &Context, options: &VerifyArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let mut store = context.open_store(&config.compiled)?;
    order(context, &config, &mut store, job, |ports| reverify_write(&config.compiled, job, ports))?;
    if options.wait {
        return wait(context, &config, &mut store, job);
    }
    say(&format!("{}: its verification is queued; the next tick runs it\n", job.job().id));
    Ok(Exit::Done)
}
