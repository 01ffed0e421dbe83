//! Jobs, their commands, policies and chains.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::gate::{ApprovalPolicy, Sandbox};
use super::report::ReportSettings;
use crate::base::{JobId, limits};
use crate::diag::Span;
use crate::machine::Machine;

/// Everything a config declares.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The jobs, by id.
    pub jobs: BTreeMap<JobId, Job>,
    /// A tick ends within this time (`defaults.tickLimitSeconds`).
    pub tick_limit: Option<Duration>,
    /// How and where reports go.
    pub report: ReportSettings,
}

/// A language that reports can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// One declared job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where the id stands.
    pub id_span: Span,
    /// Its name; the id stands in.
    pub name: String,
    /// What may be harmed.
    pub risk: Risk,
    /// Does a tick watch it, schedule it, and may a write be approved?
    pub enabled: bool,
    /// A person runs it; no chain or schedule needs to reach it.
    pub manual: bool,
    /// The folder its commands run in: absolute.
    pub cwd: PathBuf,
    /// Environment variables added to what opsfsm inherited.
    pub env: BTreeMap<String, String>,
    /// Files that a write or its verification depends on (`inputs`): absolute, hashed into plans.
    pub inputs: Vec<PathBuf>,
    /// What it does.
    pub work: Work,
    /// When to report, when it counts as stalled, whether to resume it.
    pub policy: Policy,
    /// What the config says of approvals.
    pub approval: ApprovalPolicy,
    /// What follows it.
    pub after: Vec<Link>,
}

/// The commands of a job, by kind.
#[derive(Clone, Debug)]
pub enum Work {
    /// `long_running_read`.
    Watch {
        /// Starts or resumes it; returns once it runs in the background.
        start: Command,
        /// Says how it is.
        status: StatusSource,
        /// Stops it.
        stop: Option<Command>,
    },
    /// `one_shot_read`.
    Check {
        /// Runs it to its end.
        run: Command,
        /// A tick queues it when this time has passed since its last run.
        every: Option<Duration>,
        /// Whether it is kept from writing; `None`: only while it verifies a write.
        sandbox: Option<Sandbox>,
    },
    /// `one_shot_write`.
    Write {
        /// Runs it to its end.
        run: Command,
        /// Says how it is while it runs.
        status: Option<StatusSource>,
        /// How long each verification has to pass, from when it is due.
        verify_within: Duration,
    },
}

/// One argv and its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments: never empty, no empty item.
    pub argv: Vec<String>,
    /// `timeoutSeconds`, or the default of the command's role; `None`: no limit (writes).
    pub limit: Option<Duration>,
}

/// Where a job's status comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusSource {
    /// A command that prints it.
    Command(Command),
    /// A file that the job itself writes: absolute.
    File(PathBuf),
}

/// The three kinds of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Started in the background and watched.
    LongRunningRead,
    /// Run to its end; speaks only when something needs attention.
    OneShotRead,
    /// Blocked until approved, done when verified.
    OneShotWrite,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::LongRunningRead, Self::OneShotRead, Self::OneShotWrite];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LongRunningRead => "long_running_read",
            Self::OneShotRead => "one_shot_read",
            Self::OneShotWrite => "one_shot_write",
        }
    }

    /// The machine that its jobs run on.
    #[must_use]
    pub const fn machine(self) -> Machine {
        match self {
            Self::LongRunningRead => Machine::Watch,
            Self::OneShotRead => Machine::Check,
            Self::OneShotWrite => Machine::Write,
        }
    }
}

/// What a job may harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Changes nothing but its own declared output.
    #[default]
    ReadOnly,
    /// Changes this host.
    WriteLocal,
    /// Changes something elsewhere.
    WriteExternal,
}

impl Risk {
    /// Every risk.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::WriteLocal, Self::WriteExternal];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::WriteLocal => "write_local",
            Self::WriteExternal => "write_external",
        }
    }
}

/// When a job is reported, stalled and resumed (`defaults` and `policy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Local hours in which routine progress waits; `None`: never quiet.
    pub quiet_hours: Option<QuietHours>,
    /// Shortest time between two routine reports.
    pub report_every: Duration,
    /// Without progress for this long is stalled.
    pub stall: Duration,
    /// May a tick start it again?
    pub auto_resume: bool,
    /// Base of the back-off between starts.
    pub resume_backoff: Duration,
    /// Give up after this many resumes; `None`: never.
    pub max_resumes: Option<u32>,
    /// `seen_stopped` is no input for this long after a start.
    pub start_grace: Duration,
    /// What is done about a job that runs without progress.
    pub on_stall: OnStall,
    /// Skip a routine report when nothing moved since the last.
    pub only_on_change: bool,
    /// Are there routine reports while it runs at all?
    pub report_while_running: bool,
    /// Does the end of its output stand in reports? `None`: of a read it does, of a write not.
    pub report_output: Option<bool>,
}

impl Policy {
    /// Does the end of the output of a job of this kind stand in reports?
    #[must_use]
    pub fn shows_output(&self, kind: Kind) -> bool {
        self.report_output.unwrap_or(kind != Kind::OneShotWrite)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            quiet_hours: QuietHours::new(23 * 60, 8 * 60),
            report_every: limits::REPORT_EVERY,
            stall: limits::STALL,
            auto_resume: false,
            resume_backoff: limits::RESUME_BACKOFF,
            max_resumes: None,
            start_grace: limits::START_GRACE,
            on_stall: OnStall::Report,
            only_on_change: true,
            report_while_running: true,
            report_output: None,
        }
    }
}

/// What is done about a job that runs without progress (`policy.onStall`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStall {
    /// Tell a person.
    #[default]
    Report,
    /// Stop it, see it stopped, start it again: under the limits of auto-resume.
    Restart,
}

impl OnStall {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Report, Self::Restart];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Restart => "restart",
        }
    }
}

/// A daily interval of local wall-clock time, `[start, end)`, that may wrap midnight.
///
/// It follows what the wall clock shows: in the night that skips 02:30, nothing happens at 02:30;
/// in the one that has it twice, both count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    start_minute: u16,
    end_minute: u16,
}

impl QuietHours {
    /// From minutes since local midnight, each below 1440; `None` when both are equal (never quiet).
    #[must_use]
    pub fn new(start_minute: u16, end_minute: u16) -> Option<Self> {
        let valid = start_minute < 1440 && end_minute < 1440 && start_minute != end_minute;
        valid.then_some(Self { start_minute, end_minute })
    }

    /// Is this second of the local day quiet?
    #[must_use]
    pub fn contains(self, second_of_day: u32) -> bool {
        let (start, end) = (u32::from(self.start_minute) * 60, u32::from(self.end_minute) * 60);
        if start < end {
            (start..end).contains(&second_of_day)
        } else {
            second_of_day >= start || second_of_day < end
        }
    }
}

/// `after`: when this job ends, that one follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The job that follows.
    pub target: JobId,
    /// Where its id stands.
    pub target_span: Span,
    /// On which end.
    pub when: LinkWhen,
    /// How long after it.
    pub delay: Duration,
}

/// What can be told of a job even where the rest of it is broken: enough to check the chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Where its id stands.
    pub id_span: Span,
    /// Its kind, if it names one.
    pub kind: Option<Kind>,
    /// Its risk, if it names one.
    pub risk: Option<Risk>,
    /// What follows it.
    pub after: Vec<Link>,
}

impl Outline {
    /// May it verify a write? What is unknown is given the benefit of the doubt: its own finding
    /// says what is wrong with it.
    #[must_use]
    pub fn may_verify(&self) -> bool {
        self.kind.is_none_or(|kind| kind != Kind::OneShotWrite)
            && self.risk.is_none_or(|risk| risk == Risk::ReadOnly)
    }
}

/// On which end a link fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkWhen {
    /// Completed, exited 0.
    #[default]
    Success,
    /// Failed.
    Failure,
}

impl LinkWhen {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Success, Self::Failure];

    /// The word in the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

impl Job {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.work {
            Work::Watch { .. } => Kind::LongRunningRead,
            Work::Check { .. } => Kind::OneShotRead,
            Work::Write { .. } => Kind::OneShotWrite,
        }
    }

    /// May opsfsm run it without a person's approval?
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.kind() != Kind::OneShotWrite && self.risk == Risk::ReadOnly
    }

    /// May opsfsm queue and run it to its end by itself?
    #[must_use]
    pub fn is_runnable_read(&self) -> bool {
        self.kind() == Kind::OneShotRead && self.risk == Risk::ReadOnly
    }

    /// Where its status comes from, if it is watched.
    #[must_use]
    pub fn status_source(&self) -> Option<&StatusSource> {
        match &self.work {
            Work::Watch { status, .. } => Some(status),
            Work::Write { status, .. } => status.as_ref(),
            Work::Check { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_wrap_midnight_and_leave_out_their_end() {
        let night = QuietHours::new(23 * 60, 8 * 60).expect("valid");
        for (second, quiet) in
            [(0, true), (8 * 3600 - 1, true), (8 * 3600, false), (82_799, false), (82_800, true)]
        {
            assert_eq!(night.contains(second), quiet, "{second}");
        }
        let noon = QuietHours::new(12 * 60, 13 * 60).expect("valid");
        assert!(noon.contains(12 * 3600) && !noon.contains(13 * 3600) && !noon.contains(0));
        assert_eq!(QuietHours::new(60, 60), None);
    }
}
