//! The lines of `opsfsm status` and the summary of `opsfsm run`.
//!
//! A status line begins with the words of ops-monitor v1 (`running pid=7`, `paused`, `lastRun
//! exit=0`), for the scripts that read them, and adds the job and its state.
//! Invariant: what is live and what is remembered are told apart.

use std::time::Duration;

use super::quote::shell_quote;
use super::report::{end_text, end_words};
use crate::base::time::{limit_text, seconds_text, span_text};
use crate::base::{JobId, Now, RunId};
use crate::decide::{clean_output, clean_text};
use crate::journal::JobRecord;
use crate::machine::{State, WatchState};
use crate::model::{BrokenCause, Command, End, Job, Kind, Observed, Outcome, Risk, SandboxFate};

/// All that one line tells.
#[derive(Clone, Debug)]
pub struct StatusLine<'a> {
    /// The job.
    pub job: &'a Job,
    /// What is remembered of it.
    pub record: Option<&'a JobRecord>,
    /// How it is now.
    pub live: LiveStatus,
    /// A write that is asked for.
    pub requested: bool,
    /// A write that has an approval which serves now, as far as can be told without its plan.
    pub approved: bool,
}

/// What waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waiting {
    /// Items of the queue.
    pub queued: usize,
    /// Reports in the outbox.
    pub reports: usize,
    /// Reports that were given up and wait for a person.
    pub given_up: usize,
}

/// How a job is now.
#[derive(Clone, Debug)]
pub enum LiveStatus {
    /// It was asked.
    Observed(Observed),
    /// It has nothing to be asked.
    None,
}

/// A write that is not settled, and no longer in the config.
#[derive(Clone, Copy, Debug)]
pub struct Orphan<'a> {
    /// Which.
    pub id: &'a JobId,
    /// What is remembered of it.
    pub record: &'a JobRecord,
    /// It has an approval which lives.
    pub approved: bool,
}

/// All that a status tells.
#[derive(Clone, Copy, Debug)]
pub struct StatusView<'a> {
    /// The jobs of the config.
    pub lines: &'a [StatusLine<'a>],
    /// Writes that have left it.
    pub orphans: &'a [Orphan<'a>],
    /// What waits.
    pub waiting: Waiting,
}

/// The words of v1, the job's id, and everything else.
type Row = (String, String, String);

/// Renders all lines and what waits.
#[must_use]
pub fn render_status(view: &StatusView<'_>, now: &Now) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for line in view.lines {
        rows.push((v1_words(line), clean_text(line.job.id.as_str()), details(line, now)));
    }
    for orphan in view.orphans {
        let words = format!("write (approved={})", orphan.approved);
        let mut parts = recorded(orphan.record.state, Some(orphan.record), now);
        parts.push("no longer in the config".to_owned());
        rows.push((words, clean_text(orphan.id.as_str()), parts.join(" ")));
    }
    let wide = |f: fn(&Row) -> &str| rows.iter().map(|r| f(r).chars().count()).max();
    let (first, second) = (wide(|r| &r.0).unwrap_or(0), wide(|r| &r.1).unwrap_or(0));
    let mut text = String::new();
    for (words, id, more) in &rows {
        text.push_str(format!("{words:first$}  {id:second$}  {more}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!("queue {}\n", view.waiting.queued));
    let (reports, given_up) = (view.waiting.reports, view.waiting.given_up);
    if reports + given_up > 0 {
        text.push_str(&format!("outbox {reports} waiting, {given_up} given up: opsfsm outbox\n"));
    }
    text
}

/// The words that ops-monitor v1 used.
fn v1_words(line: &StatusLine<'_>) -> String {
    match (line.job.kind(), &line.live) {
        (Kind::LongRunningRead, LiveStatus::Observed(Observed::Status(s))) => {
            if s.completed {
                "completed".to_owned()
            } else if s.running {
                s.pid.map_or("running".to_owned(), |pid| format!("running pid={pid}"))
            } else {
                "paused".to_owned()
            }
        }
        // A status file that nobody has written yet belongs to a job that does not run.
        (Kind::LongRunningRead, LiveStatus::Observed(Observed::Broken(broken)))
            if broken.cause == BrokenCause::FileMissing && never_started(line) =>
        {
            "paused".to_owned()
        }
        (Kind::LongRunningRead, LiveStatus::Observed(Observed::Broken(_)) | LiveStatus::None) => {
            "unknown".to_owned()
        }
        (Kind::OneShotRead, _) => {
            let last = line.record.and_then(|r| r.last_run.as_ref());
            last.map_or("never ran".to_owned(), |l| format!("lastRun {}", end_words(&l.end)))
        }
        (Kind::OneShotWrite, _) => format!("write (approved={})", line.approved),
    }
}

/// Was the job never started or seen, as far as is recorded?
fn never_started(line: &StatusLine<'_>) -> bool {
    line.record.is_none_or(|r| r.state == State::Watch(WatchState::Idle))
}

/// What is remembered, in words.
fn recorded(state: State, record: Option<&JobRecord>, now: &Now) -> Vec<String> {
    let mut parts = vec![format!("state={state}")];
    if let Some(cause) = record.and_then(|r| r.cause.as_ref()) {
        parts.push(format!("cause={}", cause.kind.as_str()));
    }
    if let Some(record) = record {
        let age = span_text(now.at.delay_since(&record.since));
        parts.push(format!("for={}", age.replace(' ', "")));
    }
    let last = record.and_then(|r| r.last_run.as_ref());
    if let Some(End::NotStarted { detail, .. }) = last.map(|l| &l.end) {
        parts.push(format!("({})", clean_text(detail)));
    }
    parts
}

fn details(line: &StatusLine<'_>, now: &Now) -> String {
    let machine = line.job.kind().machine().initial();
    let state = line.record.map_or(machine, |r| r.state);
    let mut parts = recorded(state, line.record, now);
    if !line.job.enabled {
        parts.push("disabled".to_owned());
    }
    if line.job.risk != Risk::ReadOnly {
        parts.push(format!("risk={}", line.job.risk.as_str()));
    }
    if line.requested {
        parts.push("requested".to_owned());
    }
    match &line.live {
        LiveStatus::Observed(Observed::Status(status)) => {
            let fields = status.progress.iter().take(crate::base::limits::PROGRESS_FIELDS);
            parts.extend(fields.map(|(k, v)| match v.as_str() {
                Some(text) => format!("{}={}", clean_text(k), clean_text(text)),
                None => format!("{}={}", clean_text(k), clean_text(&v.to_string())),
            }));
            parts.extend(status.message.as_deref().map(|m| format!("— {}", clean_text(m))));
        }
        LiveStatus::Observed(Observed::Broken(broken))
            if broken.cause == BrokenCause::FileMissing && never_started(line) =>
        {
            parts.push("— no status file yet".to_owned());
        }
        LiveStatus::Observed(Observed::Broken(broken)) => {
            let detail = clean_text(&broken.detail);
            parts.push(format!("status {}: {detail}", broken.cause.as_str()));
        }
        LiveStatus::None => {}
    }
    parts.join(" ")
}

/// Renders what `opsfsm run` would do. Of the environment only the names.
#[must_use]
pub fn render_run_plan(job: &Job, run: &Command, limit: Option<Duration>) -> String {
    let argv: Vec<String> = run.argv.iter().map(|a| shell_quote(a)).collect();
    let id = clean_text(job.id.as_str());
    let mut text = format!("{id}: would run\n  command: {}\n", argv.join(" "));
    text.push_str(&format!("  folder: {}\n", job.cwd.display()));
    for name in job.env.keys() {
        text.push_str(&format!("  environment: {name}\n"));
    }
    if let Some(limit) = limit {
        let ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        text.push_str(&format!("  limit: {}\n", limit_text(ms)));
    }
    text
}

/// Renders what a finished `opsfsm run` brought: exit, duration, both tails.
#[must_use]
pub fn render_run(job: &JobId, run: &RunId, outcome: &Outcome) -> String {
    let seconds = seconds_text(outcome.took_ms, 3);
    let attention = if outcome.attention { " attention" } else { "" };
    let leaked =
        if outcome.leaked { " leaked (a process that it left behind still runs)" } else { "" };
    let id = clean_text(job.as_str());
    let end = end_text(&outcome.end);
    let sandbox = match outcome.sandbox {
        Some(SandboxFate::Applied) => " sandboxed",
        Some(SandboxFate::Unavailable) => " unsandboxed (this system has no Landlock)",
        None => "",
    };
    let mut text =
        format!("{id}: {end} duration={seconds}s{attention}{leaked}{sandbox} run={run}\n");
    for (name, tail) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        if tail.bytes > 0 {
            let cut = if tail.cut { ", its end" } else { "" };
            text.push_str(&format!("--- {name} ({} bytes{cut})\n", tail.bytes));
            text.push_str(&clean_output(tail.text.trim_end_matches('\n')));
            text.push('\n');
        }
    }
    text
}
