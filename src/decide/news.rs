//! What a report is made of: facts as data. `render` turns them into words.
//!
//! Invariant: no sentence for people is written here; texts in these types are a job's own words,
//! bounded and without control characters.

use std::time::Duration;

use crate::base::{JobId, RunId, Stamp, ZoneFault, limits};
use crate::journal::{Cause, Held, Origin};
use crate::machine::State;
use crate::model::{End, Kind, Purpose, SandboxFate};

/// All that one message says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// About opsfsm itself.
    pub notices: Vec<Notice>,
    /// About jobs, by id.
    pub sections: Vec<Section>,
}

impl News {
    /// Is there nothing to say?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notices.is_empty() && self.sections.is_empty()
    }
}

/// Something about opsfsm itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Wall and monotonic clock disagree, or the wall clock was never set: nothing is started.
    ClockSuspect {
        /// By how much they disagree.
        drift: Duration,
        /// The wall clock was never set.
        unset: bool,
    },
    /// Nothing was watched for long: no tick came.
    Gap {
        /// For how long.
        gap: Duration,
        /// How often one comes otherwise.
        period: Duration,
        /// For how much of it the machine is known to have slept.
        asleep: Duration,
        /// It has booted meanwhile.
        rebooted: bool,
    },
    /// The time zone that was meant can't be used.
    ZoneUnusable {
        /// Why.
        fault: ZoneFault,
        /// Its name, where the config says it.
        name: Option<String>,
    },
    /// The store was put back to an earlier moment: no approval of before serves.
    PutBack,
    /// The queue is full: further runs were not queued.
    QueueFull {
        /// The job that was not queued.
        job: JobId,
    },
}

/// What is said about one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// Its kind; `None` for one that is gone from the config.
    pub kind: Option<Kind>,
    /// Its state.
    pub state: State,
    /// Why.
    pub cause: Option<Cause>,
    /// Since when.
    pub since: Stamp,
    /// Its own words.
    pub message: Option<String>,
    /// Its progress, field by field.
    pub progress: Vec<(String, String)>,
    /// What is wrong with it.
    pub anomalies: Vec<Anomaly>,
    /// What had been wrong and is not any more.
    pub recovered: bool,
    /// What quiet hours have held back of it.
    pub held: Held,
    /// What was, or is to be, done about it.
    pub started: Vec<Started>,
    /// How long until the next resume, where one will come.
    pub next_resume: Option<Duration>,
    /// The run that this is about, for a one-shot job.
    pub run: Option<RunNews>,
    /// The write it asks for.
    pub request: Option<Origin>,
    /// The short digest of the plan that this is about.
    pub plan: Option<String>,
    /// Why it is asked for.
    pub reason: Option<String>,
    /// It was verified by checks that could have written: this system has no sandbox.
    pub unsandboxed: bool,
    /// It is queued, but a tick may not run it.
    pub blocked: Option<Origin>,
    /// Why it is told at all.
    pub why: Why,
}

/// A finished run, for a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunNews {
    /// Which.
    pub run: RunId,
    /// Why it ran.
    pub purpose: Purpose,
    /// How it ended.
    pub end: End,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// It printed attention words.
    pub attention: bool,
    /// What became of its sandbox; `None`: it was to have none.
    pub sandbox: Option<SandboxFate>,
    /// The end of its output, standard error last.
    pub output: String,
}

/// Something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The stable part: a change of it is told at once.
    pub kind: AnomalyKind,
    /// More about it.
    pub detail: Option<String>,
}

/// What can be wrong with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnomalyKind {
    /// Its status source gives no status.
    StatusBroken,
    /// It calls for help.
    Alert,
    /// It runs without progress.
    NoProgress,
    /// It stopped without completing.
    Stopped,
    /// It could not be started again.
    ResumeFailed,
    /// A person's start failed while nobody was looking.
    StartFailed,
    /// Its resumes are used up.
    GaveUp,
    /// It still runs long after a person stopped it.
    StillRunning,
    /// The stop command of a restart failed.
    StopFailed,
    /// Its run failed.
    RunFailed,
    /// Its run printed attention words.
    Attention,
    /// A write failed.
    WriteFailed,
    /// A write's outcome can't be proved.
    WriteUnknown,
    /// A write is not verified.
    Unverified,
}

impl AnomalyKind {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StatusBroken => "status_broken",
            Self::Alert => "alert",
            Self::NoProgress => "no_progress",
            Self::Stopped => "stopped",
            Self::ResumeFailed => "resume_failed",
            Self::StartFailed => "start_failed",
            Self::GaveUp => "gave_up",
            Self::StillRunning => "still_running",
            Self::StopFailed => "stop_failed",
            Self::RunFailed => "run_failed",
            Self::Attention => "attention",
            Self::WriteFailed => "write_failed",
            Self::WriteUnknown => "write_unknown",
            Self::Unverified => "unverified",
        }
    }
}

/// A command that a tick started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// Of this job.
    pub job: JobId,
    /// Its run.
    pub run: RunId,
    /// Why.
    pub purpose: Purpose,
    /// Which attempt, for a resume.
    pub attempt: u32,
    /// Why it was needed, for a resume.
    pub cause: Option<Cause>,
}

/// Why a job is told, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Something is wrong, and it is new.
    Anomaly,
    /// Something is still wrong.
    AnomalyRepeated,
    /// It was started again.
    Resumed,
    /// What was wrong is not any more.
    Recovered,
    /// Its state changed.
    StateChanged,
    /// It runs, and its routine report is due.
    Routine,
    /// Quiet hours are over that held something back.
    Digest,
    /// Its run needs attention.
    RunEnded,
    /// It asks for a write.
    Request,
    /// It still does.
    RequestRepeated,
    /// It is queued, but a tick may not run it.
    Blocked,
    /// It is gone from the config.
    Orphaned,
    /// Not told: nothing is new.
    NothingNew,
    /// Not told: quiet hours.
    QuietHours,
    /// Not told: the next routine report is not due.
    NotDue,
    /// Not told: a tick does not watch it.
    NotWatched,
}

impl Why {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anomaly => "anomaly",
            Self::AnomalyRepeated => "anomaly_repeated",
            Self::Resumed => "resumed",
            Self::Recovered => "recovered",
            Self::StateChanged => "state_changed",
            Self::Routine => "routine",
            Self::Digest => "digest",
            Self::RunEnded => "run_ended",
            Self::Request => "request",
            Self::RequestRepeated => "request_repeated",
            Self::Blocked => "blocked",
            Self::Orphaned => "orphaned",
            Self::NothingNew => "nothing_new",
            Self::QuietHours => "quiet_hours",
            Self::NotDue => "not_due",
            Self::NotWatched => "not_watched",
        }
    }
}

/// Whether a job is told in this message, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// It is.
    pub reported: bool,
    /// Why, or why not.
    pub why: Why,
}

/// A job's own words made fit to keep and show: bounded, on one line, without control, bidi or
/// zero-width characters.
#[must_use]
pub fn clean_text(text: &str) -> String {
    // Nearly every text is short, and has nothing to be cleaned of.
    if text.len() <= limits::TEXT_CHARS && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len().min(4 * limits::TEXT_CHARS));
    let visible = text.chars().filter(|c| !is_invisible(*c));
    for (n, c) in visible.map(|c| if c.is_whitespace() { ' ' } else { c }).enumerate() {
        if n == limits::TEXT_CHARS {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

/// The same for what a command printed: it keeps its lines and tabs, and its whole length.
#[must_use]
pub fn clean_output(text: &str) -> String {
    let stays = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || is_invisible(*c));
    text.chars().filter(stays).collect()
}

/// Characters that show nothing and can make a text read as another: controls but for white
/// space, zero-width ones, and the bidirectional controls of Unicode TR 36.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs read them in `tick --format json`.
    #[test]
    fn why_a_job_is_told_has_a_name_that_stays() {
        let all = [
            (Why::Anomaly, "anomaly"),
            (Why::AnomalyRepeated, "anomaly_repeated"),
            (Why::Resumed, "resumed"),
            (Why::Recovered, "recovered"),
            (Why::StateChanged, "state_changed"),
            (Why::Routine, "routine"),
            (Why::Digest, "digest"),
            (Why::RunEnded, "run_ended"),
            (Why::Request, "request"),
            (Why::RequestRepeated, "request_repeated"),
            (Why::Blocked, "blocked"),
            (Why::Orphaned, "orphaned"),
            (Why::NothingNew, "nothing_new"),
            (Why::QuietHours, "quiet_hours"),
            (Why::NotDue, "not_due"),
            (Why::NotWatched, "not_watched"),
        ];
        assert_eq!(all.map(|(why, _)| why.as_str()), all.map(|(_, name)| name));
    }

    #[test]
    fn a_jobs_words_are_bounded_and_cannot_play_tricks() {
        assert_eq!(clean_text("a\x1b[31mb\r\nc\t\u{202e}d\u{200b}"), "a[31mb  c d");
        let long = clean_text(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), limits::TEXT_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
