//! The report: what a tick observed, section by section.
//!
//! In: [`News`]. Out: its messages. Facts only; a guess at when a job will be done is none.
//! Invariant: whatever a job said of itself stands on one line, cleaned and bounded.

use super::digest::held_text;
use super::envelope::{Block, pack};
use super::quote::shell_quote;
use super::words::{self, anomaly_words, cause_words, purpose_words, state_words};
use crate::base::time::{seconds_text, span_text};
use crate::base::{JobId, Now, ReportId};
use crate::decide::{Anomaly, AnomalyKind, News, Notice, RunNews, Section, Started, clean_text};
use crate::journal::{Cause, Figure, Head, Origin, Report};
use crate::machine::{State, WatchState, WriteState};
use crate::model::{End, Kind, Language, Purpose, SandboxFate};

/// How a report is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// In which language.
    pub language: Language,
    /// How a person calls opsfsm here: `opsfsm` and the flags that name config and store.
    pub invocation: String,
}

/// Lines of a run's output that are shown.
const OUTPUT_LINES: usize = 8;
/// Cells of a progress bar.
const BAR_CELLS: u64 = 10;

/// Renders one report. `journal` is where the journal ends with the events that it tells of.
#[must_use]
pub fn render_report(
    news: &News,
    journal: &Head,
    now: &Now,
    style: &Style,
    id: &ReportId,
) -> Vec<Report> {
    let language = style.language;
    let notice = |notice: &Notice| {
        let text = format!("⚠ {}", notice_line(notice, language));
        Block { summary: text.clone(), text }
    };
    let section = |section: &Section| {
        let writer = Writer { now, style, journal, lines: Vec::new() };
        Block { text: writer.section(section).join("\n"), summary: summary_line(section, style) }
    };
    let notices = news.notices.iter().map(notice);
    let blocks = notices.chain(news.sections.iter().map(section)).collect();
    pack(&words::headline(language, &now.clock_text()), blocks, id, now.at.wall_ms)
}

/// A section in one line: nothing that the job said of itself, for others may see this.
fn summary_line(section: &Section, style: &Style) -> String {
    let language = style.language;
    let id = clean_text(section.job.as_str());
    let mut text = format!("{} {id}: {}", mark(section), state_words(language, section.state));
    let wrong: Vec<&str> =
        section.anomalies.iter().map(|a| anomaly_words(language, a.kind)).collect();
    if !wrong.is_empty() {
        text.push_str(&format!(" — {}", wrong.join(", ")));
    }
    if section.request.is_some() {
        text.push_str(&format!(" — {}: {}", words::action(language), words::requested(language)));
    }
    if let Some(plan) = &section.plan {
        text.push_str(&format!(" ({} {plan})", words::plan(language)));
    }
    text
}

fn notice_line(notice: &Notice, language: Language) -> String {
    match notice {
        Notice::ClockSuspect { unset: true, .. } => words::clock_unset(language).to_owned(),
        Notice::ClockSuspect { drift, .. } => {
            format!("{} ({})", words::clock_drift(language), span_text(*drift))
        }
        Notice::Gap { gap, period, asleep, rebooted } => {
            words::gap(language, (*gap, *period), *asleep, *rebooted)
        }
        Notice::ZoneUnusable { fault, name } => {
            words::zone_unusable(language, *fault, name.as_deref())
        }
        Notice::PutBack => words::put_back(language).to_owned(),
        Notice::QueueFull { job } => {
            format!("{}: {}", words::queue_full(language), clean_text(job.as_str()))
        }
    }
}

struct Writer<'a> {
    now: &'a Now,
    style: &'a Style,
    journal: &'a Head,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        self.lines.push(format!("  {text}"));
    }

    fn section(mut self, section: &Section) -> Vec<String> {
        let language = self.style.language;
        let id = clean_text(section.job.as_str());
        let kind = section.kind.map_or("—", Kind::as_str);
        let name = clean_text(&section.name);
        let head =
            if name == id { format!("{id} [{kind}]") } else { format!("{name} ({id}) [{kind}]") };
        self.lines.push(format!("{} {head}", mark(section)));
        if section.why == crate::decide::Why::Orphaned || section.kind.is_none() {
            self.line(words::gone(language));
        }
        self.state(section);
        if let Some(plan) = &section.plan {
            self.line(&format!("{}: {plan}", words::plan(language)));
        }
        if let Some(message) = &section.message {
            self.line(&format!("{}: {message}", words::message(language)));
        }
        self.progress(&section.progress);
        if section.recovered {
            self.line(words::recovered(language));
        }
        if let Some(held) = held_text(&section.held, language) {
            self.line(&held);
        }
        for started in &section.started {
            self.started(started);
        }
        if let Some(run) = &section.run {
            self.run(run);
        }
        let told = section.run.as_ref().is_some_and(|run| run.sandbox.is_some());
        if section.unsandboxed && !told {
            self.line(&format!("⚠ {}", words::unsandboxed(language)));
        }
        if let Some(origin) = &section.blocked {
            let by = origin_words(origin);
            self.line(&format!("{} ({by})", words::blocked(language)));
        }
        self.anomalies(section);
        self.requests(section);
        if section.kind.is_none() && section.state == State::Write(WriteState::Running) {
            let (how, call) = (words::end_it(language), &self.style.invocation);
            self.line(&format!("{how}: {call} stop {}", shell_quote(section.job.as_str())));
        }
        if matches!(section.state, State::Write(_)) {
            // Whoever keeps the message can later tell whether the journal was changed behind it.
            let (seq, head) = (self.journal.seq, self.journal.short());
            self.line(&format!("{}: {seq} {head}", words::journal(language)));
        }
        self.lines
    }

    fn state(&mut self, section: &Section) {
        let language = self.style.language;
        let mut text =
            format!("{}: {}", words::state(language), state_words(language, section.state));
        if let Some(cause) = &section.cause {
            text.push_str(&format!(" — {}", cause_text(cause, language)));
        }
        let age = self.now.at.delay_since(&section.since);
        if age.as_secs() > 0 {
            text.push_str(&format!(", {} {}", words::since(language), span_text(age)));
        }
        self.line(&text);
    }

    fn progress(&mut self, fields: &[(String, String)]) {
        if fields.is_empty() {
            return;
        }
        let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let bar = bar_of(fields).map(|bar| format!(" {bar}")).unwrap_or_default();
        let label = words::progress(self.style.language);
        self.line(&format!("{label}: {}{bar}", shown.join(" · ")));
    }

    fn started(&mut self, started: &Started) {
        let language = self.style.language;
        let text = match started.purpose {
            Purpose::Resume => match &started.cause {
                None => words::first_start(language).to_owned(),
                Some(cause) => format!(
                    "{} ({}; {}: {})",
                    words::resumed(language),
                    words::attempt(language, started.attempt),
                    words::was(language),
                    cause_text(cause, language)
                ),
            },
            Purpose::RestartStop => words::restart_stop(language).to_owned(),
            Purpose::Start | Purpose::Stop | Purpose::Check | Purpose::Verify | Purpose::Write => {
                purpose_words(language, started.purpose).to_owned()
            }
        };
        self.line(&format!("↻ {text}"));
    }

    fn run(&mut self, run: &RunNews) {
        let language = self.style.language;
        let seconds = seconds_text(run.took_ms, 1);
        let started = !matches!(run.end, End::NotStarted { .. });
        let took = started.then(|| format!(" {} {seconds}s", words::took(language)));
        let took = took.unwrap_or_default();
        self.line(&format!("{}: {}{took}", words::result(language), end_text(&run.end)));
        if run.sandbox == Some(SandboxFate::Unavailable) {
            self.line(&format!("⚠ {}", words::unsandboxed(language)));
        }
        let lines: Vec<String> =
            run.output.lines().map(clean_text).filter(|l| !l.is_empty()).collect();
        if lines.is_empty() {
            return;
        }
        self.line(&format!("{}:", words::output(language)));
        let skipped = lines.len().saturating_sub(OUTPUT_LINES);
        if skipped > 0 {
            self.line(&format!("  … (+{skipped})"));
        }
        for line in &lines[skipped..] {
            self.line(&format!("  {line}"));
        }
    }

    /// What is wrong, and for each the exact command that a person would type next.
    fn anomalies(&mut self, section: &Section) {
        let language = self.style.language;
        let action = words::action(language);
        for anomaly in &section.anomalies {
            let what = anomaly_text(anomaly, section, language);
            match section.next_resume.filter(|_| waits_for_resume(anomaly.kind)) {
                Some(wait) if wait.is_zero() => {
                    self.line(&format!("⚠ {what}; {}", words::resume_now(language)));
                }
                Some(wait) => {
                    let next = words::next_resume(language);
                    self.line(&format!("⚠ {what}; {next} {}", span_text(wait)));
                }
                None => {
                    let (why, command) = self.remedy(anomaly.kind, &section.job);
                    self.line(&format!("{action}: {what}; {why}: {command}"));
                }
            }
        }
    }

    fn requests(&mut self, section: &Section) {
        let language = self.style.language;
        let action = words::action(language);
        let id = shell_quote(section.job.as_str());
        let call = &self.style.invocation;
        if let Some(origin) = &section.request {
            let by = format!("{} {}", words::requested_by(language), origin_words(origin));
            let what = words::requested(language);
            let how = words::approve_it(language);
            if let Some(reason) = &section.reason {
                self.line(&format!("{}: {reason}", words::reason(language)));
            }
            self.line(&format!("{action}: {what} ({by}); {how}: {call} approve {id}"));
        }
        if section.blocked.is_some() && section.kind == Some(Kind::LongRunningRead) {
            let how = words::start_it(language);
            self.line(&format!("{action}: {how}: {call} start {id}"));
        } else if section.blocked.is_some() {
            let how = words::look(language);
            self.line(&format!("{action}: {how}: {call} status"));
        }
    }

    fn remedy(&self, kind: AnomalyKind, job: &JobId) -> (&'static str, String) {
        let language = self.style.language;
        let call = &self.style.invocation;
        let id = shell_quote(job.as_str());
        match kind {
            AnomalyKind::StatusBroken => (words::mend_status(language), format!("{call} status")),
            AnomalyKind::Alert => (words::look(language), format!("{call} status")),
            AnomalyKind::NoProgress => (words::stop_it(language), format!("{call} stop {id}")),
            AnomalyKind::Stopped
            | AnomalyKind::ResumeFailed
            | AnomalyKind::StartFailed
            | AnomalyKind::GaveUp => (words::start_it(language), format!("{call} start {id}")),
            AnomalyKind::StillRunning | AnomalyKind::StopFailed => {
                (words::kill_it(language), format!("{call} stop {id}"))
            }
            AnomalyKind::WriteFailed => (words::rerun_it(language), format!("{call} approve {id}")),
            AnomalyKind::WriteUnknown | AnomalyKind::Unverified => {
                let then = format!("{call} verify {id}, {call} acknowledge {id}");
                (words::settle_it(language), then)
            }
            AnomalyKind::RunFailed | AnomalyKind::Attention => {
                (words::see_output(language), format!("{call} run {id}"))
            }
        }
    }
}

/// Anomalies that a resume would end.
const fn waits_for_resume(kind: AnomalyKind) -> bool {
    matches!(kind, AnomalyKind::Stopped | AnomalyKind::ResumeFailed)
}

fn mark(section: &Section) -> &'static str {
    let done = matches!(
        section.state,
        State::Watch(WatchState::Completed) | State::Write(WriteState::Verified)
    );
    let calm = section.anomalies.is_empty() && section.request.is_none();
    match (calm && section.blocked.is_none(), done) {
        (false, _) => "🔴",
        (true, true) => "✅",
        (true, false) => "🔹",
    }
}

/// Why a job is in its state, for people.
#[must_use]
pub fn cause_text(cause: &Cause, language: Language) -> String {
    let words = cause_words(language, cause.kind);
    match &cause.detail {
        Some(detail) => format!("{words} ({detail})"),
        None => words.to_owned(),
    }
}

fn anomaly_text(anomaly: &Anomaly, section: &Section, language: Language) -> String {
    let words = anomaly_words(language, anomaly.kind);
    let said_already = section.cause.as_ref().is_some_and(|c| c.detail == anomaly.detail);
    match &anomaly.detail {
        Some(detail) if !said_already => format!("{words} ({detail})"),
        Some(_) | None => words.to_owned(),
    }
}

pub(super) fn origin_words(origin: &Origin) -> String {
    match origin {
        Origin::Chain { job, .. } | Origin::Verification { job, .. } => clean_text(job.as_str()),
        Origin::Schedule => "everySeconds".to_owned(),
        Origin::Person => "opsfsm request".to_owned(),
        Origin::Account { user, uid } => format!("{} (uid {uid})", clean_text(user)),
        Origin::Config => "approval.granted".to_owned(),
        Origin::Import { reason, .. } => clean_text(&format!("ops-monitor: {reason}")),
    }
}

/// How a command ended, in a few words that stay short; what a program was missing is left out.
#[must_use]
pub(super) fn end_words(end: &End) -> String {
    match end {
        End::NotStarted { .. } => "not started".to_owned(),
        End::Exited { .. }
        | End::Signaled { .. }
        | End::TimedOut { .. }
        | End::Cancelled
        | End::Unkillable { .. }
        | End::Lost => end_text(end),
    }
}

/// How a command ended, in a few words.
#[must_use]
pub fn end_text(end: &End) -> String {
    match end {
        End::Exited { code } => format!("exit={code}"),
        End::Signaled { signal } => format!("signal={signal}"),
        End::TimedOut { limit_ms } => format!("timed out after {}s", seconds_text(*limit_ms, 1)),
        End::Cancelled => "cancelled".to_owned(),
        End::Unkillable { pid } => format!("unkillable pid={pid}"),
        End::NotStarted { detail, .. } => format!("not started: {}", clean_text(detail)),
        End::Lost => "lost".to_owned(),
    }
}

/// A bar where the progress has a recognisable part and whole.
fn bar_of(fields: &[(String, String)]) -> Option<String> {
    let share = Figure::of(fields)?.thousandths()?;
    let (full, percent) = (share * BAR_CELLS / 1000, share / 10);
    let cells: String = (0..BAR_CELLS).map(|i| if i < full { '█' } else { '░' }).collect();
    Some(format!("{cells} {percent}%"))
}
