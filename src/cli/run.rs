//! `opsfsm run JOB`: runs a one_shot_read once and shows what it says; a write goes to `run_write`.

use std::time::Duration;

use super::args::{Format, PlanArgs, RunArgs};
use super::context::{Context, Failure, LoadedConfig};
use super::io;
use super::routes::{self, Asked};
use super::run_write::run_write;
use super::start::refusal;
use super::{orders, places};
use crate::adapters::sqlite::SqliteStore;
use crate::base::{Exit, limits};
use crate::compile::CompiledJob;
use crate::decide::Settling;
use crate::model::{Job, Kind, Outcome, ReportSettings, Risk, Work};
use crate::ports::{Parcels, Store as _};
use crate::render;
use crate::tick::{Ran, Round, deliver_pending, run_check};

/// Runs a check.
pub(super) fn run(context: &Context, options: &RunArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    if job.job().kind() == Kind::OneShotWrite {
        return run_a_write(context, &config, job, options);
    }
    refuse_other_kinds(context, job)?;
    if options.dry_run {
        io::answer(&plan_text(job.job(), options))?;
        return Ok(Exit::Done);
    }
    let mut store = context.open_store(&config.compiled)?;
    places::warn(context, &config);
    let limit = options.timeout_seconds.map(Duration::from_secs);
    let settling = if options.report { Settling::Told } else { Settling::Shown };
    let id = &job.job().id;
    let (compiled, language) = (&config.compiled, config.compiled.report().language);
    let ran = orders::give(context, &mut store, language, format!("running {id}"), |ports| {
        run_check(compiled, job, limit, settling, ports)
    })?;
    match ran {
        Ran::Refused(refused) => refusal(id, &refused),
        Ran::Command { outcome, .. } if options.report => {
            deliver(context, compiled.report(), &mut store)?;
            Ok(exit_of(&outcome))
        }
        Ran::Command { spec, outcome } => {
            let text = match options.format {
                Format::Text => render::render_run(id, &spec.run, &outcome),
                Format::Json => {
                    let state = orders::state_of(context, compiled, (&mut store, id))?;
                    render::render_run_json(id, &spec.run, &outcome, state)
                }
            };
            let told = io::answer(&text);
            // How the job ended is the worse news.
            if outcome.end.is_success() { told.map(|()| Exit::Done) } else { Ok(Exit::JobFailed) }
        }
    }
}

fn exit_of(outcome: &Outcome) -> Exit {
    if outcome.end.is_success() { Exit::Done } else { Exit::JobFailed }
}

/// Delivers what waits in the outbox, as a tick does: where checks are run by cron, there may be no
/// tick. A report that does not arrive is the worse news: it goes before the check's own exit code.
fn deliver(
    context: &Context,
    settings: &ReportSettings,
    store: &mut SqliteStore,
) -> Result<(), Failure> {
    let undelivered = |why: &str| Failure {
        exit: Exit::Undelivered,
        message: format!(
            "a report could not be delivered and is kept for the next tick, or the next run with \
             --report: {why}"
        ),
    };
    if store.parcels(Parcels::Waiting)?.is_empty() {
        return Ok(());
    }
    let Some(_lock) = routes::lock_outbox(context, store.path(), limits::OUTBOX_PATIENCE)? else {
        return Err(undelivered("another opsfsm is at work and does not end"));
    };
    let mut notifier = routes::notifier_of(context, settings, Asked::default());
    let round = deliver_pending(store, &mut *notifier, &context.clock, Round::default())?;
    for note in notifier.take_notes() {
        io::note(&note);
    }
    round.undelivered.map_or(Ok(()), |why| Err(undelivered(&why)))
}

fn refuse_other_kinds(context: &Context, job: &CompiledJob) -> Result<(), Failure> {
    let declared = job.job();
    let (id, call) = (render::shell_quote(declared.id.as_str()), &context.invocation);
    match (declared.kind(), declared.risk) {
        // A write runs by its own door.
        (Kind::OneShotRead, Risk::ReadOnly) | (Kind::OneShotWrite, _) => Ok(()),
        (Kind::OneShotRead, risk) => Err(Failure::refused(format!(
            "`{id}` is a one_shot_read with the risk {}: opsfsm runs read_only ones only. Declare \
             it one_shot_write",
            risk.as_str()
        ))),
        (Kind::LongRunningRead, _) => Err(Failure::refused(format!(
            "`{id}` is a long_running_read: it is started and watched; see `{call} start {id}`"
        ))),
    }
}

/// A write runs as approved: what would be other in this call is refused, or only shown.
fn run_a_write(
    context: &Context,
    config: &LoadedConfig,
    job: &CompiledJob,
    options: &RunArgs,
) -> Result<Exit, Failure> {
    if options.report {
        return Err(Failure::refused(
            "--report is for checks: of a write the ticks report what comes of it, always",
        ));
    }
    if options.dry_run {
        let plan = PlanArgs { job: options.job.clone(), format: options.format };
        return super::plan::plan(context, &plan);
    }
    if options.timeout_seconds.is_some() {
        return Err(Failure::refused(
            "the time limit of a write is part of its plan: set timeoutSeconds in the config, and \
             have that approved",
        ));
    }
    run_write(context, config, job, options)
}

fn plan_text(job: &Job, options: &RunArgs) -> String {
    let Work::Check { run, .. } = &job.work else { return String::new() };
    let limit = options.timeout_seconds.map(Duration::from_secs).or(run.limit);
    match options.format {
        Format::Text => render::render_run_plan(job, run, limit),
        Format::Json => render::render_run_plan_json(job, run, limit),
    }
}
