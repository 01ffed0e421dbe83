//! `opsfsm run JOB`: runs a one_shot_read once and shows what it says.

use std::time::Duration;

use super::args::{Format, RunArgs};
use super::context::{Context, Failure};
use super::io;
use super::orders;
use super::start::refusal;
use crate::base::Exit;
use crate::compile::CompiledJob;
use crate::model::{Job, Kind, Risk, Work};
use crate::render;
use crate::tick::{Ran, run_check};

/// Runs a check.
pub(super) fn run(context: &Context, options: &RunArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    refuse_other_kinds(context, job)?;
    if options.dry_run {
        let _ = io::out(&plan_text(job.job(), options));
        return Ok(Exit::Done);
    }
    let mut store = context.open_store(&config.compiled)?;
    let limit = options.timeout_seconds.map(Duration::from_secs);
    let id = &job.job().id;
    let (compiled, language) = (&config.compiled, config.compiled.report().language);
    let ran = orders::give(context, &mut store, language, format!("running {id}"), |ports| {
        run_check(compiled, job, limit, ports)
    })?;
    match ran {
        Ran::Refused(refused) => refusal(id, &refused),
        Ran::Command { spec, outcome } => {
            let text = match options.format {
                Format::Text => render::render_run(id, &spec.run, &outcome),
                Format::Json => render::render_run_json(id, &spec.run, &outcome),
            };
            let _ = io::out(&text);
            Ok(if outcome.end.is_success() { Exit::Done } else { Exit::JobFailed })
        }
    }
}

fn refuse_other_kinds(context: &Context, job: &CompiledJob) -> Result<(), Failure> {
    let declared = job.job();
    let (id, call) = (render::shell_quote(declared.id.as_str()), &context.invocation);
    match (declared.kind(), declared.risk) {
        (Kind::OneShotRead, Risk::ReadOnly) => Ok(()),
        (Kind::OneShotRead, risk) => Err(Failure::refused(format!(
            "`{id}` is a one_shot_read with the risk {}: opsfsm runs read_only ones only. Declare \
             it one_shot_write",
            risk.as_str()
        ))),
        (Kind::LongRunningRead, _) => Err(Failure::refused(format!(
            "`{id}` is a long_running_read: it is started and watched; see `{call} start {id}`"
        ))),
        (Kind::OneShotWrite, _) => Err(Failure {
            exit: Exit::ApprovalNeeded,
            message: format!(
                "`{id}` is a one_shot_write and stays blocked: nothing was run. A person will \
                 approve its exact plan (argv, program, folder, environment, input files) with \
                 `{call} approve {id}`; that approval lets it run once, and it is done only when its \
                 verification has passed. This version can't approve yet"
            ),
        }),
    }
}

fn plan_text(job: &Job, options: &RunArgs) -> String {
    let Work::Check { run, .. } = &job.work else { return String::new() };
    let limit = options.timeout_seconds.map(Duration::from_secs).or(run.limit);
    match options.format {
        Format::Text => render::render_run_plan(job, run, limit),
        Format::Json => render::render_run_plan_json(job, run, limit),
    }
}
