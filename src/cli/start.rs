//! `opsfsm start JOB`: starts a long_running_read, unless it is seen running.

use std::time::Duration;

use super::args::StartArgs;
use super::context::{Context, Failure};
use super::io;
use super::status::observe_one;
use super::{orders, places};
use crate::adapters::runner::log_path;
use crate::base::{Exit, JobId, limits};
use crate::compile::CompiledJob;
use crate::decide::{StartRefused, clean_text};
use crate::model::{Kind, Observation, Observed, Outcome, Risk};
use crate::render;
use crate::tick::{Ran, start_job};

/// Starts a job.
pub(super) fn start(context: &Context, options: &StartArgs) -> Result<Exit, Failure> {
    if options.allow_risk {
        return Err(Failure::refused(
            "--allow-risk no longer exists: no flag lets a job write. Declare the job \
             one_shot_write (it may have commands.status too): a person then approves its exact plan",
        ));
    }
    let config = context.config()?;
    let job = context.job(&config.compiled, &options.job)?;
    refuse_other_kinds(context, job)?;
    let mut store = context.open_store(&config.compiled)?;
    places::warn(context, &config);
    let observation = observe_one(context, &config.compiled, job)?;
    let limit = options.timeout_seconds.map(Duration::from_secs);
    let id = &job.job().id;
    let (compiled, language) = (&config.compiled, config.compiled.report().language);
    let ran = orders::give(context, &mut store, language, format!("starting {id}"), |ports| {
        start_job(compiled, job, observation.as_ref(), limit, ports)
    })?;
    let blind = observation.as_ref().and_then(broken_text);
    match ran {
        Ran::Command { outcome, .. } if outcome.end.is_success() => {
            let said = last_line(&outcome);
            if let Some(why) = blind {
                io::note(&format!("whether it ran before could not be told ({why})"));
            }
            let text = format!("{id}: started{said}; the next tick watches it\n");
            io::say(&text);
            warn_unwatched(job);
            Ok(Exit::Done)
        }
        Ran::Command { outcome, .. } => Err(Failure {
            exit: Exit::JobFailed,
            message: format!(
                "the start command of `{id}` failed: {}{}\n  its output is in {}",
                render::end_text(&outcome.end),
                last_line(&outcome),
                log_path(&context.logs_folder()?, id).display()
            ),
        }),
        Ran::Refused(StartRefused::MayRun) => Err(Failure::refused(format!(
            "whether `{id}` runs can't be told ({}), and it ran when it last could; nothing was \
             started. Mend its status, or stop it first: {} stop {}",
            blind.unwrap_or_default(),
            context.invocation,
            render::shell_quote(id.as_str())
        ))),
        Ran::Refused(refused) => refusal(id, &refused),
    }
}

/// Why there is no status, if there is none.
fn broken_text(observation: &Observation) -> Option<String> {
    match &observation.observed {
        Observed::Broken(broken) => {
            Some(format!("{}: {}", broken.cause.as_str(), clean_text(&broken.detail)))
        }
        Observed::Status(_) => None,
    }
}

/// A disabled job is started on a person's word, but no tick looks after it.
fn warn_unwatched(job: &CompiledJob) {
    if !job.job().enabled {
        io::note("the job is disabled: no tick watches it until `enabled = true`");
    }
}

fn refuse_other_kinds(context: &Context, job: &CompiledJob) -> Result<(), Failure> {
    let declared = job.job();
    let (id, call) = (render::shell_quote(declared.id.as_str()), &context.invocation);
    match (declared.kind(), declared.risk) {
        (Kind::LongRunningRead, Risk::ReadOnly) => Ok(()),
        (Kind::LongRunningRead, risk) => Err(Failure::refused(format!(
            "`{id}` has the risk {}: opsfsm watches it and never starts it. Declare it \
             one_shot_write to have it started after an approval",
            risk.as_str()
        ))),
        (kind @ (Kind::OneShotRead | Kind::OneShotWrite), _) => Err(Failure::refused(format!(
            "`{id}` is a {}: it is run, not started; see `{call} run {id}`",
            kind.as_str()
        ))),
    }
}

/// What a refused start, stop or run says, and its exit code.
pub(super) fn refusal(id: &JobId, refused: &StartRefused) -> Result<Exit, Failure> {
    match refused {
        StartRefused::AlreadyRunning { pid, unpaused } => {
            let pid = pid.map(|pid| format!(", pid {pid}")).unwrap_or_default();
            let again = if *unpaused { "; it counts as stopped no longer" } else { "" };
            io::say(&format!("{id}: runs already{pid}; nothing was started{again}\n"));
            Ok(Exit::Done)
        }
        StartRefused::Busy { purpose, pid } => Err(Failure {
            exit: Exit::Busy,
            message: format!(
                "`{id}` is busy: another process (pid {pid}) is at its {}; try again when it is done",
                purpose.as_str()
            ),
        }),
        StartRefused::HiddenWrite { write } => Err(Failure::refused(format!(
            "`{id}` has the id or a command of `{write}`, which was declared a one_shot_write: once a \
             write, always a write. Nothing was started; declare it one_shot_write, or, where it is \
             none, let a person say so: opsfsm approve --reclassify {write}"
        ))),
        StartRefused::MayRun | StartRefused::NotThisKind => {
            Err(Failure::refused(format!("`{id}` is of no kind that this can be done to")))
        }
    }
}

/// `: <last line of its output>`, if it said anything.
pub(super) fn last_line(outcome: &Outcome) -> String {
    let texts = [&outcome.stderr.text, &outcome.stdout.text];
    let line = texts
        .into_iter()
        .find_map(|text| text.lines().rev().map(clean_text).find(|line| !line.is_empty()));
    let line = line.map(|l| l.chars().take(limits::TEXT_CHARS).collect::<String>());
    line.map(|line| format!(": {line}")).unwrap_or_default()
}
