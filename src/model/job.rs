//! Jobs, their commands, policies and chains.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::gate::{ApprovalPolicy, Sandbox};
use super::kind::Kind;
use super::places::{Places, Suppression};
use super::policy::Policy;
use super::report::ReportSettings;
use super::retention::Retention;
use crate::base::JobId;
use crate::diag::Span;

/// Everything a config declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The jobs, by id.
    pub jobs: BTreeMap<JobId, Job>,
    /// A tick ends within this time (`defaults.tickLimitSeconds`).
    pub tick_limit: Option<Duration>,
    /// The time zone of quiet hours and of the clock in reports (`defaults.timezone`).
    pub timezone: Option<ZoneName>,
    /// How and where reports go.
    pub report: ReportSettings,
    /// How much of what happened is kept.
    pub history: Retention,
    /// Where the keys of each job stand.
    pub places: BTreeMap<JobId, Places>,
    /// Where the keys of `defaults` stand.
    pub defaults: Places,
    /// Findings that are let be.
    pub suppressions: Vec<Suppression>,
}

impl Model {
    /// The same without where anything stands: two texts that mean the same give the same.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        self.places = BTreeMap::new();
        self.defaults = Places::default();
        if let Some(zone) = &mut self.timezone {
            zone.span = Span::default();
        }
        for job in self.jobs.values_mut() {
            job.id_span = Span::default();
            for link in &mut job.after {
                link.target_span = Span::default();
            }
        }
        for suppression in &mut self.suppressions {
            suppression.job_span = Span::default();
            suppression.code_span = Span::default();
            suppression.until_span = Span::default();
        }
        self
    }
}

/// A time zone by its name in the IANA database. Whether this host knows it is not said here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName {
    /// The name, as in `Europe/Berlin`.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// One declared job.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Its name, where it has one beside its id.
    pub name: Option<String>,
    /// Is it enabled?
    pub enabled: bool,
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
