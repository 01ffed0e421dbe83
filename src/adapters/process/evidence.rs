//! What can be known of a process, and what may be done to it on that ground.
//!
//! In: nothing. Out: plain types that `proc` and the systems behind it share.
//! Invariant: this module reads nothing and signals nobody.

use crate::base::RunId;

/// Does a process still run?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// That very process runs.
    Alive,
    /// It has ended (a zombie has), or its pid belongs to another process now.
    Dead,
    /// It can't be told: facts are missing or hidden.
    Unknown,
}

/// Who a process belongs to and what it was started for, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The run named by `OPSFSM_RUN` in the environment it was started with.
    pub run: Option<RunId>,
    /// Its real user.
    pub uid: Option<u32>,
    /// Its start time, as in [`ProcessId`].
    pub start_ticks: Option<u64>,
    /// What could not be read, and why; `None` if all of it could.
    pub missing: Option<String>,
}

/// The signals that end a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndSignal {
    /// SIGTERM.
    Term,
    /// SIGKILL.
    Kill,
}

/// Whom a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The process alone.
    Process,
    /// The process group that it leads; refused if it leads none.
    Group,
}

/// Why a signal was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalRefusal {
    /// Nothing left to signal.
    #[error("process {0} has ended")]
    Ended(u32),
    /// The pid belongs to someone else now.
    #[error("pid {0} belongs to another process by now")]
    Reused(u32),
    /// The caller's check said no.
    #[error("process {0} can't be proved to belong to this job")]
    Unproved(u32),
    /// The system said no.
    #[error("process {pid} can't be signalled: {why}")]
    System {
        /// The pid.
        pid: u32,
        /// The reason.
        why: String,
    },
}
