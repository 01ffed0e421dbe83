//! The machine of a one_shot_read: queued, run once, completed or failed.
//!
//! "Needs attention" is a fact of a run's result, not a state.

use super::alphabet;

alphabet! {
    /// Where a check stands.
    CheckState {
        /// Never run, or its queued run was dropped.
        Idle = "idle",
        /// A run is due.
        Queued = "queued",
        /// An executor runs it.
        Running = "running",
        /// The last run exited 0.
        Completed = "completed",
        /// The last run did not exit 0, or was lost.
        Failed = "failed",
    }
}

alphabet! {
    /// What can happen to a check.
    CheckInput {
        /// A chain, a schedule or a person asks for a run.
        Enqueue = "enqueue",
        /// An executor starts the command.
        Begin = "begin",
        /// The queued run will not happen.
        Drop = "drop",
        /// The command exited 0.
        ExitedOk = "exited_ok",
        /// The command did not exit 0, or could not be started.
        ExitedErr = "exited_err",
        /// Its executor vanished without a result.
        Lost = "lost",
    }
}

rust_fsm::state_machine! {
    #[state_machine(input(crate::machine::CheckInput), state(crate::machine::CheckState))]
    pub(super) table(Idle)

    Idle => {
        Enqueue => Queued,
        Begin => Running,
    },
    Completed => {
        Enqueue => Queued,
        Begin => Running,
    },
    Failed => {
        Enqueue => Queued,
        Begin => Running,
    },
    Queued => {
        Begin => Running,
        Drop => Idle,
    },
    Running => {
        ExitedOk => Completed,
        ExitedErr => Failed,
        Lost => Failed,
    }
}
