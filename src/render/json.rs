//! The JSON of `--format json`: documented in `docs/json.md`, stable within `version`.
//!
//! Invariant: a job's own words stand under keys of their own (`message`, `progress`, `stdout`,
//! `stderr`, `detail`), never inside a sentence of opsfsm's.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::report::end_text;
use super::status::{LiveStatus, Orphan, StatusLine, StatusView};
use crate::base::time::rfc3339;
use crate::base::{JobId, Now, RunId};
use crate::decide::{JobView, Started, TickOutcome};
use crate::journal::Cause;
use crate::machine::State;
use crate::model::{Command, End, Job, Level, Observed, Outcome};

/// The version of all shapes here.
pub(super) const VERSION: u32 = 1;

/// `opsfsm tick --format json`.
#[must_use]
pub fn render_tick_json(outcome: &TickOutcome, now: &Now, dry_run: bool) -> String {
    let jobs: Vec<Value> = outcome.jobs.iter().map(|(id, view)| job_json(id, view)).collect();
    let reports: Vec<Value> = outcome
        .reports
        .iter()
        .map(|r| json!({"id": r.id, "at": rfc3339(r.at_ms), "text": r.text}))
        .collect();
    pretty(&json!({
        "version": VERSION,
        "command": "tick",
        "at": rfc3339(now.at.wall_ms),
        "dryRun": dry_run,
        "jobs": jobs,
        "queued": outcome.queued,
        "reports": reports,
        "undelivered": outcome.undelivered,
        "givenUp": outcome.given_up,
        "launchFaults": outcome.launch_faults,
    }))
}

fn job_json(id: &JobId, view: &JobView) -> Value {
    let started: Vec<Value> = view.started.iter().map(started_json).collect();
    json!({
        "id": id,
        "name": view.name,
        "kind": view.kind.as_str(),
        "enabled": view.enabled,
        "state": view.state.as_str(),
        "cause": view.cause.as_ref().map(cause_json),
        "since": rfc3339(view.since.wall_ms),
        "reported": view.verdict.reported,
        "why": view.verdict.why.as_str(),
        "started": started,
    })
}

fn started_json(started: &Started) -> Value {
    json!({"run": started.run, "purpose": started.purpose.as_str()})
}

pub(super) fn cause_json(cause: &Cause) -> Value {
    json!({"kind": cause.kind.as_str(), "detail": cause.detail})
}

/// `opsfsm status --format json`.
#[must_use]
pub fn render_status_json(view: &StatusView<'_>, now: &Now) -> String {
    let jobs: Vec<Value> = view.lines.iter().map(line_json).collect();
    let orphans: Vec<Value> = view.orphans.iter().map(orphan_json).collect();
    pretty(&json!({
        "version": VERSION,
        "command": "status",
        "at": rfc3339(now.at.wall_ms),
        "jobs": jobs,
        "orphans": orphans,
        "queued": view.waiting.queued,
        "outbox": {"waiting": view.waiting.reports, "givenUp": view.waiting.given_up},
    }))
}

fn orphan_json(orphan: &Orphan<'_>) -> Value {
    let Orphan { id, record, approved } = orphan;
    json!({
        "id": id,
        "state": record.state.as_str(),
        "cause": record.cause.as_ref().map(cause_json),
        "since": rfc3339(record.since.wall_ms),
        "approved": approved,
    })
}

fn line_json(line: &StatusLine<'_>) -> Value {
    let job = line.job;
    let state = line.record.map_or(job.kind().machine().initial(), |r| r.state);
    let last = line.record.and_then(|r| r.last_run.as_ref());
    json!({
        "id": job.id,
        "name": job.name,
        "kind": job.kind().as_str(),
        "risk": job.risk.as_str(),
        "enabled": job.enabled,
        "state": state.as_str(),
        "cause": line.record.and_then(|r| r.cause.as_ref()).map(cause_json),
        "since": line.record.map(|r| rfc3339(r.since.wall_ms)),
        "attempts": line.record.map_or(0, |r| r.attempts),
        "requested": line.requested,
        "approved": line.approved,
        "status": live_json(&line.live),
        "lastRun": last.map(|l| json!({
            "at": rfc3339(l.at.wall_ms),
            "end": end_json(&l.end),
            "text": end_text(&l.end),
            "attention": l.attention,
        })),
    })
}

fn live_json(live: &LiveStatus) -> Value {
    match live {
        LiveStatus::None => Value::Null,
        LiveStatus::Observed(Observed::Broken(broken)) => {
            json!({"broken": broken.cause.as_str(), "detail": broken.detail})
        }
        LiveStatus::Observed(Observed::Status(s)) => {
            let mut object = Map::new();
            object.insert("running".into(), s.running.into());
            object.insert("completed".into(), s.completed.into());
            object.insert("pid".into(), s.pid.into());
            object.insert("stopReason".into(), s.stop_reason.clone().into());
            object.insert("progress".into(), Value::Object(s.progress.clone()));
            object.insert("progressKey".into(), s.progress_key.clone().into());
            object.insert("level".into(), level_word(s.level).into());
            object.insert("message".into(), s.message.clone().into());
            Value::Object(object)
        }
    }
}

/// `opsfsm run --format json`; `state` is how the job stands after it.
#[must_use]
pub fn render_run_json(
    job: &JobId,
    run: &RunId,
    outcome: &Outcome,
    state: Option<State>,
) -> String {
    let tail =
        |t: &crate::model::StreamTail| json!({"text": t.text, "bytes": t.bytes, "cut": t.cut});
    pretty(&json!({
        "version": VERSION,
        "command": "run",
        "job": job,
        "run": run,
        "dryRun": false,
        "end": end_json(&outcome.end),
        "text": end_text(&outcome.end),
        "durationMs": outcome.took_ms,
        "attention": outcome.attention,
        "leaked": outcome.leaked,
        "sandbox": outcome.sandbox,
        "state": state.map(State::as_str),
        "stdout": tail(&outcome.stdout),
        "stderr": tail(&outcome.stderr),
    }))
}

/// `opsfsm run --dry-run --format json`: what would run. Of the environment only the names.
#[must_use]
pub fn render_run_plan_json(job: &Job, run: &Command, limit: Option<Duration>) -> String {
    let limit_ms = limit.map(|l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX));
    pretty(&json!({
        "version": VERSION,
        "command": "run",
        "job": job.id,
        "dryRun": true,
        "argv": run.argv,
        "cwd": job.cwd,
        "environment": job.env.keys().collect::<Vec<_>>(),
        "limitMs": limit_ms,
    }))
}

/// How a command ended. The store has words of its own for it, which may change without this.
fn end_json(end: &End) -> Value {
    match end {
        End::Exited { code } => json!({"how": "exited", "code": code}),
        End::Signaled { signal } => json!({"how": "signaled", "signal": signal}),
        End::TimedOut { limit_ms } => json!({"how": "timed_out", "limitMs": limit_ms}),
        End::Cancelled => json!({"how": "cancelled"}),
        End::Unkillable { pid } => json!({"how": "unkillable", "pid": pid}),
        End::NotStarted { fault, detail } => {
            json!({"how": "not_started", "fault": fault, "detail": detail})
        }
        End::Lost => json!({"how": "lost"}),
    }
}

const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Alert => "alert",
    }
}

pub(super) fn pretty(value: &Value) -> String {
    // A `Value` always has a text: its keys are strings.
    format!("{value:#}\n")
}
