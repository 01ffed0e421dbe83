//! `opsfsm stop JOB`: stops a long_running_read by its stop command, or by a signal to a process
//! that is proved to be its own.

use std::time::Duration;

use super::args::StopArgs;
use super::context::{Context, Failure};
use super::io;
use super::orders;
use super::recorded::{Subject, recorded};
use super::start::{last_line, refusal};
use super::status::observe_one;
use super::stop_write::stop_write;
use crate::adapters::process::proc::{self, EndSignal, Evidence, Reach};
use crate::adapters::sqlite::{SqliteStore, StartProof};
use crate::base::{Exit, JobId};
use crate::compile::Compiled;
use crate::machine::{State, WatchState};
use crate::model::{Kind, Observation, Observed};
use crate::render;
use crate::tick::{Stopped, stop_job};

/// Stops a job.
pub(super) fn stop(context: &Context, options: &StopArgs) -> Result<Exit, Failure> {
    // A write that runs can be ended whatever the config says by now.
    let config = match context.config() {
        Ok(config) => config,
        Err(broken) => return stop_recorded(context, options, Compiled::default(), broken),
    };
    let job = match context.job(&config.compiled, &options.job) {
        Ok(job) => job,
        Err(unknown) => return stop_recorded(context, options, config.compiled, unknown),
    };
    let id = &job.job().id;
    if job.job().kind() == Kind::OneShotWrite {
        let mut store = context.open_store(&config.compiled)?;
        return stop_write(context, &mut store, id);
    }
    if job.job().kind() != Kind::LongRunningRead {
        let kind = job.job().kind().as_str();
        return Err(Failure::refused(format!("`{id}` is a {kind}: it ends by itself")));
    }
    let mut store = context.open_store(&config.compiled)?;
    let observation = observe_one(context, &config.compiled, job)?;
    let limit = options.timeout_seconds.map(Duration::from_secs);
    let (compiled, language) = (&config.compiled, config.compiled.report().language);
    let stopped = orders::give(context, &mut store, language, format!("stopping {id}"), |ports| {
        stop_job(compiled, job, observation.as_ref(), limit, ports)
    })?;
    match stopped {
        Stopped::Refused(refused) => refusal(id, &refused),
        Stopped::Command { outcome, .. } if outcome.end.is_success() => {
            let said = last_line(&outcome);
            io::say(&format!("{id}: stopped{said}; it stays so until you start it\n"));
            Ok(Exit::Done)
        }
        Stopped::Command { outcome, .. } => Err(Failure {
            exit: Exit::JobFailed,
            message: format!(
                "the stop command of `{id}` failed: {}{}; no tick will start the job, but it may \
                 still run",
                render::end_text(&outcome.end),
                last_line(&outcome)
            ),
        }),
        Stopped::Recorded(Some(State::Watch(WatchState::Completed))) => {
            io::say(&format!("{id}: has completed; there is nothing to stop\n"));
            Ok(Exit::Done)
        }
        Stopped::Recorded(_) => signal_job(&store, id, observation.as_ref()),
    }
}

/// A write that the store alone knows.
fn stop_recorded(
    context: &Context,
    options: &StopArgs,
    compiled: Compiled,
    else_say: Failure,
) -> Result<Exit, Failure> {
    let Subject { id, mut store, .. } = recorded(context, &options.job, compiled, else_say)?;
    stop_write(context, &mut store, &id)
}

/// Without a stop command: a signal to the pid that the status gives, if that process is proved to
/// have been started for this job.
fn signal_job(
    store: &SqliteStore,
    id: &JobId,
    observation: Option<&Observation>,
) -> Result<Exit, Failure> {
    let pid = match observation.map(|o| &o.observed) {
        Some(Observed::Status(s)) if s.running && !s.completed => s.pid,
        Some(Observed::Status(_)) => {
            io::say(&format!("{id}: does not run; it stays so until you start it\n"));
            return Ok(Exit::Done);
        }
        Some(Observed::Broken(_)) | None => None,
    };
    let Some(pid) = pid else {
        return Err(Failure::refused(format!(
            "`{id}` has no stop command, and its status gives no pid; it is recorded as stopped, so \
             no tick will start it, but it may still run: end it by hand"
        )));
    };
    let proofs = store.starts_of(id)?;
    let Some(process) = proc::process_id(pid) else {
        return Err(unproved(id, pid, "no such process can be looked at here"));
    };
    let judge = |evidence: &Evidence| why_unproved(evidence, &proofs).is_none();
    let sent = proc::signal_if(&process, judge, Reach::Process, EndSignal::Term);
    match sent {
        Ok(()) => {
            io::say(&format!(
                "{id}: sent SIGTERM to pid {pid}, which opsfsm had started; it stays stopped until \
                 you start it\n"
            ));
            Ok(Exit::Done)
        }
        Err(refusal) => {
            let why = why_unproved(&proc::started_for(pid), &proofs);
            Err(unproved(id, pid, &why.unwrap_or_else(|| refusal.to_string())))
        }
    }
}

fn unproved(id: &JobId, pid: u32, why: &str) -> Failure {
    Failure::refused(format!(
        "`{id}` says that it runs as pid {pid}, but opsfsm can't prove that it started that process: \
         {why}. Nothing was signalled; the job is recorded as stopped, so no tick will start it. If \
         you are sure, type: kill {pid}"
    ))
}

/// What is missing for a proof that this process was started for the job; `None`: nothing.
fn why_unproved(evidence: &Evidence, proofs: &[StartProof]) -> Option<String> {
    let own = rustix::process::geteuid().as_raw();
    let boot = proc::boot_id();
    let Some(run) = &evidence.run else {
        let missing = evidence.missing.clone();
        return Some(
            missing.unwrap_or_else(|| "its environment names no run of opsfsm".to_owned()),
        );
    };
    if evidence.uid != Some(own) {
        return Some(format!("it belongs to another user than {own}"));
    }
    if !proofs.iter().any(|p| p.run == *run && p.boot == boot) {
        return Some(format!("its environment names the run {run}, which is none of this job's"));
    }
    None
}
