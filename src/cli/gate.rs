//! `opsfsm request`, `deny`, `revoke`, `acknowledge` and `approvals`: what is said at the gate, but
//! for the approval itself.

use super::args::{AcknowledgeArgs, ApprovalsArgs, DenyArgs, Format, RequestArgs, RevokeArgs};
use super::context::{Context, Failure, LoadedConfig};
use super::{io, orders};
use crate::adapters::evidence;
use crate::adapters::file_facts::OsFileFacts;
use crate::adapters::flight_lock;
use crate::adapters::sqlite::SqliteStore;
use crate::approval::Evidence;
use crate::base::Exit;
use crate::compile::CompiledJob;
use crate::decide::{GateRefused, Requested};
use crate::model::Planned;
use crate::ports::StoreError;
use crate::render::{self, shell_quote};
use crate::tick::RunPorts;
use crate::writes::{acknowledge_write, deny_write, plan_now, request_write, revoke_write};

/// Gives an order about one write and turns a refusal into its message.
pub(super) fn order<T>(
    context: &Context,
    config: &LoadedConfig,
    store: &mut SqliteStore,
    job: &CompiledJob,
    order: impl FnOnce(&mut RunPorts<'_>) -> Result<Result<T, GateRefused>, StoreError>,
) -> Result<T, Failure> {
    let language = config.compiled.report().language;
    let id = &job.job().id;
    let answer = orders::give(context, store, language, format!("recording {id}"), order)?;
    answer.map_err(|refused| refusal(context, job, &refused))
}

/// Plans a write as it is now.
pub(super) fn planned(config: &LoadedConfig, job: &CompiledJob) -> Result<Planned, Failure> {
    let _waiting = io::waiting(format!("hashing the files of {}", job.job().id));
    plan_now(&config.compiled, job, &OsFileFacts)
        .map_err(|fault| Failure::refused(fault.to_string()))
}

pub(super) fn somebody(by: Option<&str>) -> Result<Evidence, Failure> {
    evidence::gather(by, io::typed_into()).map_err(Failure::refused)
}

/// `opsfsm request JOB`.
pub(super) fn request(context: &Context, options: &RequestArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let planned = planned(&config, job)?;
    let mut store = context.open_store(&config.compiled)?;
    let reason = options.reason.as_deref();
    let asked = order(context, &config, &mut store, job, |ports| {
        request_write(&config.compiled, job, (&planned, reason), ports)
    })?;
    let (id, call) = (shell_quote(job.job().id.as_str()), &context.invocation);
    let before = match asked {
        Requested::Now => "requested",
        Requested::Before => "requested already",
    };
    let short = planned.digest.short();
    say(&format!("{id}: {before}, plan {short}; a person approves it with: {call} approve {id}\n"));
    Ok(Exit::Done)
}

/// `opsfsm deny JOB`.
pub(super) fn deny(context: &Context, options: &DenyArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let evidence = somebody(options.by.as_deref())?;
    let mut store = context.open_store(&config.compiled)?;
    order(context, &config, &mut store, job, |ports| {
        deny_write(&config.compiled, job, (&evidence, options.reason.as_deref()), ports)
    })?;
    say(&format!("{}: denied; it stays blocked\n", job.job().id));
    Ok(Exit::Done)
}

/// `opsfsm revoke JOB`.
pub(super) fn revoke(context: &Context, options: &RevokeArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let mut store = context.open_store(&config.compiled)?;
    order(context, &config, &mut store, job, |ports| revoke_write(&config.compiled, job, ports))?;
    say(&format!("{}: the approval is taken back; it is blocked again\n", job.job().id));
    Ok(Exit::Done)
}

/// `opsfsm acknowledge JOB`.
pub(super) fn acknowledge(context: &Context, options: &AcknowledgeArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    let evidence = somebody(options.by.as_deref())?;
    let mut store = context.open_store(&config.compiled)?;
    let was = order(context, &config, &mut store, job, |ports| {
        let said = (&evidence, options.note.as_deref());
        acknowledge_write(&config.compiled, job, said, ports)
    })?;
    say(&format!("{}: was {was}, acknowledged; it is blocked until approved anew\n", job.job().id));
    Ok(Exit::Done)
}

/// `opsfsm approvals`.
pub(super) fn approvals(context: &Context, options: &ApprovalsArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    let now = context.now();
    say(&match options.format {
        Format::Text => render::render_approvals(&world.snapshot, &now),
        Format::Json => render::render_approvals_json(&world.snapshot, &now),
    });
    Ok(Exit::Done)
}

pub(super) fn say(text: &str) {
    // The exit code says it too.
    let _ = io::out(text);
}

fn unapproved(why: Option<String>, way: &str) -> String {
    let why = why.unwrap_or_else(|| "it has no approval".to_owned());
    format!(
        "{why}; nothing was run. Its plan is requested: a person reads and approves it with `{way}`"
    )
}

/// Something of it still runs, or that can't be told, which counts as much and is mended otherwise.
fn in_flight(context: &Context, job: &CompiledJob) -> (Exit, String) {
    let flights = context.processes.flights.as_ref();
    match flights.and_then(|folder| flight_lock::fault(folder, &job.job().id)) {
        Some(why) => (
            Exit::Refused,
            format!("whether an earlier run of it still runs can't be told: {why}; mend that"),
        ),
        None => (
            Exit::Busy,
            "a process that an earlier run of it started still runs; wait for its end, or end it"
                .to_owned(),
        ),
    }
}

/// What a refusal at the gate says, and its exit code.
pub(super) fn refusal(context: &Context, job: &CompiledJob, refused: &GateRefused) -> Failure {
    let declared = job.job();
    let (id, call) = (shell_quote(declared.id.as_str()), &context.invocation);
    let (exit, why) = match refused {
        GateRefused::NotAWrite => (
            Exit::Refused,
            format!("it is a {}: only a one_shot_write is approved", declared.kind().as_str()),
        ),
        GateRefused::Disabled => {
            (Exit::Refused, "its config says `enabled: false`; enable it first".to_owned())
        }
        GateRefused::NoApproval(_) | GateRefused::PlanChanged(_) => {
            (Exit::ApprovalNeeded, unapproved(refused.words(), &format!("{call} approve {id}")))
        }
        GateRefused::LevelTooLow { least } => (
            Exit::Refused,
            format!(
                "it asks for an approval of the level {}, which this way can't give",
                least.as_str()
            ),
        ),
        GateRefused::Unsettled(state) => (
            Exit::ApprovalNeeded,
            format!(
                "it is {state}: how the last run came out is not settled. See `{call} history {id}`; \
                 then `{call} verify {id}`, or take note of it with `{call} acknowledge {id}`"
            ),
        ),
        GateRefused::Busy { purpose, pid } => (
            Exit::Busy,
            format!("another process (pid {pid}) is at its {}; try again later", purpose.as_str()),
        ),
        GateRefused::InFlight => in_flight(context, job),
        GateRefused::NoClock => (
            Exit::Refused,
            "this host's clock was never set, or it does not name its boots: an approval could \
             not be told from an old one"
                .to_owned(),
        ),
        GateRefused::NoRequest => (Exit::Refused, "nobody asks for it".to_owned()),
        GateRefused::NotNow(state) => (
            Exit::Refused,
            format!("it is {state}: there is no unproved outcome to verify or acknowledge"),
        ),
        GateRefused::NotMarked => {
            (Exit::Refused, "it is declared a one_shot_write today, or never was one".to_owned())
        }
    };
    Failure { exit, message: format!("`{id}`: {why}") }
}
