//! `opsfsm request JOB`: a write is asked for, and a person is told.

use super::args::RequestArgs;
use super::code::send_code;
use super::context::{Context, Failure};
use super::gate::{order, planned};
use super::io;
use crate::base::Exit;
use crate::decide::Requested;
use crate::journal::Origin;
use crate::render::shell_quote;
use crate::writes::request_write;

/// `opsfsm request JOB`.
pub(super) fn request(context: &Context, options: &RequestArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let planned = planned(context, &config, job)?;
    let mut store = context.open_store(&config.compiled)?;
    let reason = options.reason.as_deref();
    let about = (&mut store, &job.job().id);
    let origin = context.caller().map_or(Origin::Person, |caller| Origin::Account {
        user: caller.name.clone(),
        uid: caller.uid,
    });
    let asked = order(context, &config.compiled, about, |ports| {
        request_write(&config.compiled, job, (&planned, reason, &origin), ports)
    })?;
    let (id, call) = (shell_quote(job.job().id.as_str()), context.persons_call());
    let short = planned.digest.short();
    let (what, next) = match asked {
        Requested::Now => ("requested", "a person approves it with: "),
        Requested::Before => ("requested already", "a person approves it with: "),
        Requested::Approved => ("approved already", "nobody has to be asked: "),
    };
    let verb = if asked == Requested::Approved { "run" } else { "approve" };
    io::say(&format!("{id}: {what}, plan {short}; {next}{call} {verb} {id}\n"));
    if asked != Requested::Approved {
        send_code(context, &config, (job, &planned), reason, &mut store)?;
    }
    Ok(Exit::Done)
}
