//! `opsfsm status`: how every job is now. Runs status commands and records nothing.

use std::collections::BTreeMap;

use super::args::{Format, StatusArgs};
use super::context::{Context, Failure};
use super::{io, places};
use crate::adapters::status::OsStatusRunner;
use crate::approval::judge_alive;
use crate::base::{Exit, JobId, Now};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Answer, GrantFate, ItemState, ParcelState, Snapshot};
use crate::model::Observation;
use crate::ports::{Parcels, StatusAsk, StatusRunner as _, Store as _, StoreError};
use crate::render::{self, LiveStatus, Orphan, StatusLine, StatusView, Waiting};

/// Prints one line a job.
pub(super) fn status(context: &Context, options: &StatusArgs) -> Result<Exit, Failure> {
    let config = context.config()?;
    let world = context.read_settled_world(&config.compiled)?;
    places::warn(context, &config);
    let observed = {
        let jobs = config.compiled.len();
        let _waiting = io::waiting(format!("asking {jobs} jobs"));
        observe_all(context, &config.compiled)?
    };
    let line = |job: &'_ CompiledJob| {
        let id = &job.job().id;
        observed.get(id).map_or(LiveStatus::None, |o| LiveStatus::Observed(o.observed.clone()))
    };
    // What is remembered of a job of another kind says nothing of this one: the next tick begins anew.
    let record = |job: &CompiledJob| {
        let record = world.snapshot.jobs.get(&job.job().id);
        record.filter(|r| r.state.machine() == job.machine())
    };
    let now = context.now();
    let lines: Vec<StatusLine<'_>> = config
        .compiled
        .jobs()
        .map(|job| StatusLine {
            job: job.job(),
            record: record(job),
            live: line(job),
            requested: is_requested(&world.snapshot, &job.job().id),
            approved: is_approved(&world.snapshot, &job.job().id, &now),
        })
        .collect();
    let pending = |s: &ItemState| *s == ItemState::Pending;
    let queued = world.snapshot.queue.values().filter(|q| pending(&q.state)).count();
    let waiting = Waiting { queued, ..reports_waiting(context)? };
    let orphans = orphans_of(&config.compiled, &world.snapshot, &now);
    let view = StatusView { lines: &lines, orphans: &orphans, waiting };
    let text = match options.format {
        Format::Text => render::render_status(&view, &now),
        Format::Json => render::render_status_json(&view, &now),
    };
    io::answer(&text)?;
    Ok(Exit::Done)
}

/// How much waits in the outbox.
fn reports_waiting(context: &Context) -> Result<Waiting, Failure> {
    if !context.store_place()?.path.exists() {
        return Ok(Waiting::default());
    }
    let parcels = context.open_any_store()?.parcels(Parcels::Unsettled)?;
    let reports = parcels.iter().filter(|p| p.state == ParcelState::Pending).count();
    Ok(Waiting { reports, given_up: parcels.len() - reports, ..Waiting::default() })
}

/// Writes that have left the config, and are approved, at work, or not settled.
fn orphans_of<'a>(compiled: &Compiled, snapshot: &'a Snapshot, now: &Now) -> Vec<Orphan<'a>> {
    let jobs = snapshot.jobs.iter();
    jobs.filter(|(id, record)| record.write.is_some() && compiled.job(id).is_none())
        .map(|(id, record)| Orphan { id, record, approved: is_approved(snapshot, id, now) })
        .collect()
}

fn is_requested(snapshot: &Snapshot, id: &JobId) -> bool {
    snapshot.requests.get(id).is_some_and(|request| request.answer == Answer::Pending)
}

/// Judged anew: what is recorded as approved may have run out since.
fn is_approved(snapshot: &Snapshot, id: &JobId, now: &Now) -> bool {
    let epoch = snapshot.epoch.as_deref().unwrap_or_default();
    let mut grants = snapshot.grants.values().filter(|g| g.grant.job == *id);
    grants.any(|g| g.fate == GrantFate::Live && judge_alive(&g.grant, epoch, &now.at).is_ok())
}

/// Asks every watched job, enabled or not.
fn observe_all(
    context: &Context,
    compiled: &Compiled,
) -> Result<BTreeMap<JobId, Observation>, Failure> {
    let asks: Vec<StatusAsk<'_>> =
        compiled.jobs().filter_map(|job| StatusAsk::of(job.job())).collect();
    let all = observe(context, compiled, &asks)?;
    Ok(all.into_iter().map(|o| (o.job.clone(), o)).collect())
}

/// Asks jobs. Once a signal has come, no answer is an answer.
fn observe(
    context: &Context,
    compiled: &Compiled,
    asks: &[StatusAsk<'_>],
) -> Result<Vec<Observation>, Failure> {
    let mut runner = OsStatusRunner { clock: &context.clock, cancel: context.interrupt.as_ref() };
    let all = runner.observe(asks, compiled.tick_limit());
    if runner.was_interrupted() {
        return Err(StoreError::Interrupted.into());
    }
    Ok(all)
}

/// Asks one watched job.
pub(super) fn observe_one(
    context: &Context,
    compiled: &Compiled,
    job: &CompiledJob,
) -> Result<Option<Observation>, Failure> {
    let Some(ask) = StatusAsk::of(job.job()) else { return Ok(None) };
    let _waiting = io::waiting(format!("asking {}", job.job().id));
    Ok(observe(context, compiled, &[ask])?.pop())
}
