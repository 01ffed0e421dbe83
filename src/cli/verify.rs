//! `opsfsm verify JOB`: queues the verification of a write once more, and waits for it if asked to.

use super::args::VerifyArgs;
use super::context::{Context, Failure};
use super::gate::order;
use super::io;
use super::recorded::{Subject, subject};
use super::run_write::wait;
use crate::base::Exit;
use crate::writes::reverify_write;

/// `opsfsm verify JOB`.
pub(super) fn verify(context: &Context, options: &VerifyArgs) -> Result<Exit, Failure> {
    let Subject { id, compiled, mut store } = subject(context, &options.job)?;
    let about = (&mut store, &id);
    order(context, &compiled, about, |ports| reverify_write(&compiled, &id, ports))?;
    if options.wait {
        return wait(context, &compiled, (&mut store, &id));
    }
    let next = if compiled.is_empty() {
        "no tick runs it before the config is whole again, `--wait` does so now"
    } else {
        "the next tick runs it"
    };
    io::say(&format!("{id}: its verification is queued; {next}\n"));
    Ok(Exit::Done)
}
