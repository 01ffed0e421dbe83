//! The machine of a long_running_read: watched, found stalled, resumed.
//!
//! Guards choose the input (see `decide`); this table alone says where an input leads.

use super::alphabet;

alphabet! {
    /// Where a watched job stands.
    WatchState {
        /// Never seen running or completed, nor started by opsfsm.
        Idle = "idle",
        /// Seen running, or started.
        Running = "running",
        /// Without progress, or stopped without completing.
        Stalled = "stalled",
        /// Started again by opsfsm, not yet seen running.
        Resuming = "resuming",
        /// Stopped by a person; stays so until a person starts it.
        Paused = "paused",
        /// Seen completed.
        Completed = "completed",
        /// Given up.
        Failed = "failed",
    }
}

alphabet! {
    /// What can happen to a watched job.
    WatchInput {
        /// A person's start command succeeded.
        Started = "started",
        /// The status says it runs.
        SeenRunning = "seen_running",
        /// The status says it runs, and its progress key moved.
        Progressed = "progressed",
        /// The status says it runs, and its progress key stood still for too long.
        NoProgress = "no_progress",
        /// The status says it neither runs nor has completed.
        SeenStopped = "seen_stopped",
        /// The status says it has completed.
        SeenCompleted = "seen_completed",
        /// opsfsm starts it again from its checkpoint.
        Resume = "resume",
        /// The start command of a resume failed.
        ResumeFailed = "resume_failed",
        /// No resume is left.
        GiveUp = "give_up",
        /// A person stops it.
        Stop = "stop",
    }
}

rust_fsm::state_machine! {
    #[state_machine(input(crate::machine::WatchInput), state(crate::machine::WatchState))]
    pub(super) table(Idle)

    Idle => {
        Started => Running,
        SeenRunning => Running,
        Resume => Resuming,
        SeenCompleted => Completed,
        SeenStopped => Idle,
        Stop => Paused,
    },
    Running => {
        Progressed => Running,
        NoProgress => Stalled,
        SeenStopped => Stalled,
        SeenCompleted => Completed,
        Stop => Paused,
    },
    Stalled => {
        Progressed => Running,
        SeenRunning => Running,
        SeenStopped => Stalled,
        SeenCompleted => Completed,
        Resume => Resuming,
        GiveUp => Failed,
        Stop => Paused,
        Started => Running,
    },
    Resuming => {
        SeenRunning => Running,
        SeenCompleted => Completed,
        ResumeFailed => Stalled,
        SeenStopped => Stalled,
        Stop => Paused,
    },
    Paused => {
        Started => Running,
        SeenRunning => Running,
        SeenCompleted => Completed,
    },
    Completed => {
        Started => Running,
        SeenRunning => Running,
        SeenStopped => Completed,
    },
    Failed => {
        Started => Running,
        SeenRunning => Running,
        SeenCompleted => Completed,
        SeenStopped => Failed,
        Stop => Paused,
    }
}
