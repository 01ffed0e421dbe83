//! Exit codes: one documented enum, the only source of a process's status.
//!
//! The same table stands in `docs/exit-codes.md`; a test compares the two.

use std::process::ExitCode;

/// How an `opsfsm` command ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done. Anomalies of jobs are news, not failures of the command.
    Done,
    /// The job's own command failed, or `check` has findings.
    JobFailed,
    /// Config or usage error, or the command was refused.
    Refused,
    /// A report could not be delivered now; it is kept.
    Undelivered,
    /// The job is a write and needs an approval first.
    ApprovalNeeded,
    /// Another process is at work on the same job or store.
    Busy,
    /// The store was refused: corrupt, foreign, newer, or unwritable.
    StoreRefused,
}

impl Exit {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::JobFailed,
        Self::Refused,
        Self::Undelivered,
        Self::ApprovalNeeded,
        Self::Busy,
        Self::StoreRefused,
    ];

    /// The number the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::JobFailed => 1,
            Self::Refused => 2,
            Self::Undelivered => 3,
            Self::ApprovalNeeded => 4,
            Self::Busy => 5,
            Self::StoreRefused => 6,
        }
    }

    /// One line for the table in the help and the docs.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done (anomalies of jobs included)",
            Self::JobFailed => "the job's command failed, or findings",
            Self::Refused => "config or usage error, or refused",
            Self::Undelivered => "a report could not be delivered now, or was given up",
            Self::ApprovalNeeded => "an approval is needed",
            Self::Busy => "busy: another process is at work",
            Self::StoreRefused => "the store is refused",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
