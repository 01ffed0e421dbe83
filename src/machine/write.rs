//! The machine of a one_shot_write: blocked until approved, done only when verified.
//!
//! There is one way into `running`, and it leaves `approved`.

use super::alphabet;

alphabet! {
    /// Where a write stands.
    WriteState {
        /// Nothing may run.
        Blocked = "blocked",
        /// A person approved the exact plan; one start is allowed.
        Approved = "approved",
        /// The executor holds the spent approval and runs the plan.
        Running = "running",
        /// Exited 0; a read-only job must confirm it.
        Verifying = "verifying",
        /// Confirmed.
        Verified = "verified",
        /// The command exited with an error.
        Failed = "failed",
        /// Not confirmed.
        Unverified = "unverified",
        /// Nobody can prove how it ended.
        Unknown = "unknown",
    }
}

alphabet! {
    /// What can happen to a write.
    WriteInput {
        /// A person approves the exact plan.
        Approve = "approve",
        /// The executor spends the approval and starts.
        Begin = "begin",
        /// The approval is taken back.
        Revoke = "revoke",
        /// The approval ran out.
        Expire = "expire",
        /// The plan is not the approved one any more.
        PlanChanged = "plan_changed",
        /// The command exited 0.
        ExitedOk = "exited_ok",
        /// The command did not exit 0.
        ExitedErr = "exited_err",
        /// The approval was spent, but the program never started.
        NotStarted = "not_started",
        /// The executor vanished, or the command was killed.
        Lost = "lost",
        /// Every verification passed.
        VerifyPassed = "verify_passed",
        /// A verification failed.
        VerifyFailed = "verify_failed",
        /// No verification in time.
        VerifyOverdue = "verify_overdue",
        /// A person has taken note of an unproved outcome.
        Acknowledge = "acknowledge",
    }
}

rust_fsm::state_machine! {
    #[state_machine(input(crate::machine::WriteInput), state(crate::machine::WriteState))]
    pub(super) table(Blocked)

    Blocked(Approve) => Approved,
    Approved => {
        Approve => Approved,
        Begin => Running,
        Revoke => Blocked,
        Expire => Blocked,
        PlanChanged => Blocked,
    },
    Running => {
        ExitedOk => Verifying,
        ExitedErr => Failed,
        NotStarted => Blocked,
        Lost => Unknown,
    },
    Verifying => {
        VerifyPassed => Verified,
        VerifyFailed => Unverified,
        VerifyOverdue => Unverified,
    },
    Unknown => {
        VerifyPassed => Verified,
        VerifyFailed => Unverified,
        VerifyOverdue => Unverified,
        Acknowledge => Blocked,
    },
    Unverified => {
        VerifyPassed => Verified,
        Acknowledge => Blocked,
    },
    Verified(Approve) => Approved,
    Failed(Approve) => Approved
}
