//! Sections: what a report says about one job, put together from what is recorded and noted.
//!
//! In: the ledger and a job. Out: a [`Section`], for its caller to add what it is about.
//! Invariant: nothing is decided here, and nothing is noted as told.

use super::ledger::Ledger;
use super::news::{RunNews, Section, Why, clean_text};
use super::patience;
use crate::base::JobId;
use crate::base::time::limit_text;
use crate::compile::CompiledJob;
use crate::journal::{Held, JobRecord, Origin};
use crate::model::{End, Outcome, Purpose, RunSpec, SandboxFate};

/// A section with what every job has; `None` for one without a record.
pub(super) fn section_of(ledger: &Ledger<'_>, job: &CompiledJob, why: Why) -> Option<Section> {
    let declared = job.job();
    let record = ledger.job_record(&declared.id)?;
    let notes = ledger.notes(&declared.id);
    let seen = notes.seen.clone().filter(|_| notes.broken.is_none()).unwrap_or_default();
    let plan = record.write.as_ref().and_then(|c| c.plan.digest().ok());
    Some(Section {
        plan: plan.map(|digest| digest.short().to_owned()),
        name: declared.name.clone(),
        kind: Some(declared.kind()),
        message: seen.message,
        progress: seen.progress,
        next_resume: patience::resume_wait(job, record, &ledger.now().at),
        ..Section::bare(&declared.id, record, why)
    })
}

impl Section {
    fn bare(id: &JobId, record: &JobRecord, why: Why) -> Self {
        Self {
            job: id.clone(),
            name: id.to_string(),
            kind: None,
            state: record.state,
            cause: record.cause.clone(),
            since: record.since.clone(),
            message: None,
            progress: Vec::new(),
            anomalies: Vec::new(),
            recovered: false,
            held: Held::default(),
            started: Vec::new(),
            next_resume: None,
            run: None,
            request: None,
            plan: None,
            reason: None,
            unsandboxed: false,
            blocked: None,
            why,
        }
    }

    /// About a job that is gone from the config.
    pub(super) fn gone(id: &JobId, record: &JobRecord, blocked: Option<Origin>) -> Self {
        Self { blocked, ..Self::bare(id, record, Why::Orphaned) }
    }
}

/// A run as a report shows it; its output only where the job's policy lets it.
pub(super) fn run_news(ledger: &Ledger<'_>, spec: &RunSpec, outcome: &Outcome) -> RunNews {
    let output = if shows_output(ledger, spec) { output_of(outcome) } else { String::new() };
    RunNews {
        run: spec.run.clone(),
        purpose: spec.purpose,
        end: outcome.end.clone(),
        took_ms: outcome.took_ms,
        attention: outcome.attention,
        sandbox: outcome.sandbox,
        output,
    }
}

/// A job that is gone from the config has said nothing about its output: then a write's is not
/// shown.
pub(super) fn shows_output(ledger: &Ledger<'_>, spec: &RunSpec) -> bool {
    let declared = ledger.compiled().job(&spec.job).map(CompiledJob::job);
    declared.map_or(spec.purpose != Purpose::Write, |job| job.policy.shows_output(job.kind()))
}

fn output_of(outcome: &Outcome) -> String {
    let mut output = outcome.stdout.text.trim_end().to_owned();
    let errors = outcome.stderr.text.trim_end();
    if !errors.is_empty() {
        if !output.is_empty() {
            output.push('\n');
        }
        output.push_str(errors);
    }
    output
}

/// How a check failed. One that ran in the sandbox may have failed by that.
pub(super) fn check_failure_text(outcome: &Outcome) -> String {
    let said = failure_text(outcome);
    match outcome.sandbox {
        Some(SandboxFate::Applied) => {
            format!("{said} (it ran in the sandbox: writing is refused there)")
        }
        Some(SandboxFate::Unavailable) | None => said,
    }
}

/// How a command failed, in one short line: `exit 3: <last line of stderr>`.
pub(super) fn failure_text(outcome: &Outcome) -> String {
    let how = end_text(outcome);
    let said = [&outcome.stderr, &outcome.stdout]
        .into_iter()
        .find_map(|s| s.text.lines().rev().map(clean_text).find(|line| !line.is_empty()));
    let started = !matches!(outcome.end, End::NotStarted { .. });
    said.filter(|_| started).map_or_else(|| how.clone(), |line| format!("{how}: {line}"))
}

/// The same without what it printed.
pub(super) fn end_text(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Exited { code } => format!("exit {code}"),
        End::Signaled { signal } => format!("signal {signal}"),
        End::TimedOut { limit_ms } => format!("over its limit of {}", limit_text(*limit_ms)),
        End::Cancelled => "cancelled".to_owned(),
        End::Unkillable { pid } => format!("unkillable, pid {pid}"),
        End::NotStarted { detail, .. } => clean_text(detail),
        End::Lost => "lost without a result".to_owned(),
    }
}
