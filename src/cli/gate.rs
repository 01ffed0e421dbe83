//! `opsfsm deny`, `revoke`, `acknowledge` and `approvals`: what is said at the gate, but for the
//! request and the approval; and what all of it begins with.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::args::{AcknowledgeArgs, ApprovalsArgs, DenyArgs, Format, RevokeArgs};
use super::context::{Context, Failure, LoadedConfig};
use super::recorded::{Subject, subject};
use super::refusal::refusal;
use super::{io, orders};
use crate::adapters::evidence;
use crate::adapters::file_facts::OsFileFacts;
use crate::adapters::sqlite::SqliteStore;
use crate::approval::Evidence;
use crate::base::{Exit, JobId};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{Denied, GateRefused};
use crate::machine::{State, WriteState};
use crate::model::Planned;
use crate::ports::StoreError;
use crate::render;
use crate::tick::RunPorts;
use crate::writes::{PlanFault, acknowledge_write, deny_write, plan_now, revoke_write};

/// Gives an order about one write and turns a refusal into its message.
pub(super) fn order<T>(
    context: &Context,
    compiled: &Compiled,
    (store, id): (&mut SqliteStore, &JobId),
    order: impl FnOnce(&mut RunPorts<'_>) -> Result<Result<T, GateRefused>, StoreError>,
) -> Result<T, Failure> {
    let language = compiled.report().language;
    let answer = orders::give(context, store, language, format!("recording {id}"), order)?;
    let kind = compiled.job(id).map(|job| job.job().kind());
    answer.map_err(|refused| refusal(context, (id, kind), &refused))
}

/// How often it is looked whether a signal has come while files are hashed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Plans a write as it is now. A signal that comes meanwhile calls it off.
pub(super) fn planned(
    context: &Context,
    config: &LoadedConfig,
    job: &CompiledJob,
) -> Result<Planned, Failure> {
    let _waiting = io::waiting(format!("hashing the files of {}", job.job().id));
    let planned = if io::stderr_is_terminal() {
        planned_beside(context, config, job)?
    } else {
        plan_now(&config.compiled, job, &OsFileFacts)
    };
    if context.is_interrupted() {
        return Err(Failure::interrupted());
    }
    planned.map_err(|fault| Failure::refused(fault.to_string()))
}

/// The same while a person waits, for whom gigabytes take their time: on a thread of its own, which
/// is left behind once a signal has come.
fn planned_beside(
    context: &Context,
    config: &LoadedConfig,
    job: &CompiledJob,
) -> Result<Result<Planned, PlanFault>, Failure> {
    let (compiled, wanted) = (config.compiled.clone(), job.clone());
    let (sender, made) = mpsc::channel();
    let plan = move || {
        // A receiver that is gone has given up on it.
        let _ = sender.send(plan_now(&compiled, &wanted, &OsFileFacts));
    };
    if std::thread::Builder::new().spawn(plan).is_err() {
        return Ok(plan_now(&config.compiled, job, &OsFileFacts));
    }
    loop {
        match made.recv_timeout(LOOK_EVERY) {
            Ok(planned) => return Ok(planned),
            Err(RecvTimeoutError::Timeout) if !context.is_interrupted() => {}
            Err(RecvTimeoutError::Timeout) => return Err(Failure::interrupted()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::refused("its plan could not be made"));
            }
        }
    }
}

pub(super) fn somebody(context: &Context, by: Option<&str>) -> Result<Evidence, Failure> {
    evidence::gather(by, io::typed_into(), context.caller()).map_err(Failure::refused)
}

/// `opsfsm deny JOB`.
pub(super) fn deny(context: &Context, options: &DenyArgs) -> Result<Exit, Failure> {
    let Subject { id, compiled, mut store } = subject(context, &options.job)?;
    let evidence = somebody(context, options.by.as_deref())?;
    let denied = order(context, &compiled, (&mut store, &id), |ports| {
        deny_write(&compiled, &id, (&evidence, options.reason.as_deref()), ports)
    })?;
    let Denied { revoked, state } = denied;
    io::say(&match state {
        _ if revoked => format!("{id}: denied; its approval is taken back, and it is blocked\n"),
        State::Write(WriteState::Blocked) => format!("{id}: denied; it stays blocked\n"),
        // What the request asked for is one thing, what has begun before another.
        State::Write(_) | State::Watch(_) | State::Check(_) => {
            format!("{id}: denied; what was approved before is {state}\n")
        }
    });
    Ok(Exit::Done)
}

/// `opsfsm revoke JOB`.
pub(super) fn revoke(context: &Context, options: &RevokeArgs) -> Result<Exit, Failure> {
    let Subject { id, compiled, mut store } = subject(context, &options.job)?;
    let about = (&mut store, &id);
    order(context, &compiled, about, |ports| revoke_write(&compiled, &id, ports))?;
    io::say(&format!("{id}: the approval is taken back; it is blocked again\n"));
    Ok(Exit::Done)
}

/// `opsfsm acknowledge JOB`.
pub(super) fn acknowledge(context: &Context, options: &AcknowledgeArgs) -> Result<Exit, Failure> {
    let Subject { id, compiled, mut store } = subject(context, &options.job)?;
    let evidence = somebody(context, options.by.as_deref())?;
    let was = order(context, &compiled, (&mut store, &id), |ports| {
        let said = (&evidence, options.note.as_deref());
        acknowledge_write(&compiled, &id, said, ports)
    })?;
    io::say(&format!("{id}: was {was}, acknowledged; it is blocked until approved anew\n"));
    Ok(Exit::Done)
}

/// `opsfsm approvals`.
pub(super) fn approvals(context: &Context, options: &ApprovalsArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    let now = context.now();
    io::answer(&match options.format {
        Format::Text => render::render_approvals(&world.snapshot, &now),
        Format::Json => render::render_approvals_json(&world.snapshot, &now),
    })?;
    Ok(Exit::Done)
}
