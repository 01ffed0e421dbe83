//! The events: everything that may change a [`Snapshot`](super::Snapshot).
//!
//! Their JSON is what the journal's hash chain covers, so a field, once released, keeps its name
//! and meaning; new ones are optional.
//! Invariant: an event holds facts, never a decision still to be made.

use serde::{Deserialize, Serialize};

use super::gate::Voided;
use super::origin::Origin;
use crate::approval::{CodeRecord, Evidence, Grant, PlanDigest};
use crate::base::{GrantId, ItemId, JobId, RunId, Stamp};
use crate::machine::{Input, State};
use crate::model::{End, Plan, ProcessId, Purpose, SandboxFate};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Stamp,
    /// To which job, if to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job: Option<JobId>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The store was made.
    StoreCreated {
        /// A random id of this store; grants of another epoch are void.
        epoch: String,
    },
    /// The store was put back to an earlier moment, from a backup or by hand: no approval or code of
    /// before serves any more.
    StoreRestored {
        /// The store's id from now on.
        epoch: String,
    },
    /// The store took this config as its own.
    ConfigAdopted {
        /// Its canonical path.
        path: String,
    },
    /// State of ops-monitor v1 was taken over.
    Imported {
        /// From this file.
        path: String,
        /// So many jobs.
        jobs: usize,
    },
    /// The job begins anew in its machine's first state: first seen, or of another kind now.
    Declared {
        /// That state.
        state: State,
    },
    /// The machine took an input that changed its state.
    Moved {
        /// The input.
        input: Input,
        /// Where it led; replay checks it against the table.
        to: State,
        /// Why, where the state alone does not say it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<Cause>,
    },
    /// The state stayed, its cause did not.
    CauseChanged {
        /// The new one.
        cause: Cause,
    },
    /// The state as v1 last saw it: an import, not a step of the machine.
    ImportedState {
        /// Taken as this state.
        state: State,
        /// Why it is in it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<Cause>,
        /// Last start that v1 knows of.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        last_start: Option<Stamp>,
        /// Last run that v1 knows of.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        last_run: Option<(Stamp, End)>,
    },
    /// A start or stop command is about to run.
    RunClaimed {
        /// Its run.
        run: RunId,
        /// Why.
        purpose: Purpose,
    },
    /// A run ended.
    RunEnded {
        /// Which.
        run: RunId,
        /// Why it ran.
        purpose: Purpose,
        /// How it ended.
        end: End,
        /// It printed attention words.
        attention: bool,
    },
    /// A claimed run never began; nothing was started.
    RunDropped {
        /// Which.
        run: RunId,
        /// Why it would have run.
        purpose: Purpose,
    },
    /// The job ran long enough for its resumes to be forgotten.
    AttemptsReset,
    /// A run of the job was queued.
    Enqueued {
        /// The item.
        item: QueueItem,
    },
    /// A queued item is served by this run.
    ItemStarted {
        /// Which item.
        item: ItemId,
        /// By this run.
        run: RunId,
    },
    /// A queued item goes back to waiting: its run never began.
    ItemReturned {
        /// Which item.
        item: ItemId,
    },
    /// A queued item is over.
    ItemSettled {
        /// Which item.
        item: ItemId,
        /// How.
        how: ItemEnd,
    },
    /// Somebody, or a chain, asks for a write.
    Requested {
        /// Who or what asks.
        origin: Origin,
        /// The plan that is meant.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        digest: Option<PlanDigest>,
        /// Why, in the asker's words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// A person said no to a request.
    Denied {
        /// Who.
        evidence: Evidence,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// A one-time code for a requested plan was made, to be sent to the person's own chat.
    CodeIssued {
        /// What is kept of it.
        code: Box<CodeRecord>,
    },
    /// A wrong code was typed.
    CodeMissed,
    /// The code could not be sent, and serves nobody.
    CodeWithdrawn,
    /// A person approved a plan.
    Approved {
        /// The approval.
        grant: Box<Grant>,
        /// The plan, whole.
        plan: Box<Plan>,
    },
    /// An approval serves no more.
    GrantVoided {
        /// Which.
        grant: GrantId,
        /// Why.
        why: Voided,
        /// What about it, in words: for a changed plan, what has changed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        detail: Option<String>,
    },
    /// An approval is spent: this run of the write begins.
    GrantSpent {
        /// Which.
        grant: GrantId,
        /// For this run.
        run: RunId,
    },
    /// An approval, or a start, was refused.
    WriteRefused {
        /// Why, in a sentence.
        why: String,
        /// The claimed run that was refused.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        run: Option<RunId>,
    },
    /// The write's command was started.
    WriteStarted {
        /// Its run.
        run: RunId,
        /// The process that it became.
        process: ProcessId,
    },
    /// The verification of a write is queued.
    VerificationQueued {
        /// The write's run.
        run: RunId,
        /// Which round.
        round: u32,
    },
    /// One verification of a write ended.
    VerificationEnded {
        /// The write's run.
        run: RunId,
        /// Which of its plan.
        index: usize,
        /// The check.
        check: JobId,
        /// Did it pass?
        passed: bool,
        /// What it said, or why it did not run.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        detail: Option<String>,
        /// What became of its sandbox.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        sandbox: Option<SandboxFate>,
    },
    /// A person took note of an unproved outcome.
    Acknowledged {
        /// Who.
        evidence: Evidence,
        /// What they found.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<String>,
    },
    /// The job is declared a write with this command: once a write, always a write.
    WriteMarked {
        /// The command's mark.
        mark: String,
    },
    /// A person says that the job, and what it was marked with, is no write any more.
    Reclassified {
        /// Who.
        evidence: Evidence,
    },
}

impl EventKind {
    /// The names of all kinds, as the journal writes them.
    pub const NAMES: [&'static str; 31] = [
        "store_created",
        "store_restored",
        "config_adopted",
        "imported",
        "declared",
        "moved",
        "cause_changed",
        "imported_state",
        "run_claimed",
        "run_ended",
        "run_dropped",
        "attempts_reset",
        "enqueued",
        "item_started",
        "item_returned",
        "item_settled",
        "requested",
        "denied",
        "code_issued",
        "code_missed",
        "code_withdrawn",
        "approved",
        "grant_voided",
        "grant_spent",
        "write_refused",
        "write_started",
        "verification_queued",
        "verification_ended",
        "acknowledged",
        "write_marked",
        "reclassified",
    ];
}

/// A queued run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueItem {
    /// Its id.
    pub id: ItemId,
    /// Due this long after it was queued, in milliseconds.
    pub delay_ms: u64,
    /// What asked for it.
    pub origin: Origin,
}

/// How a queued item ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemEnd {
    /// Its run exited 0.
    Done,
    /// Its run did not.
    Failed,
    /// Its job may not be run by a tick; a person was told.
    Blocked,
    /// Its job is gone.
    Dropped,
}

impl ItemEnd {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Dropped => "dropped",
        }
    }
}

/// Why a job is in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The stable part.
    pub kind: CauseKind,
    /// The job's or the system's own words; bounded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
}

impl Cause {
    /// A cause without details.
    #[must_use]
    pub const fn plain(kind: CauseKind) -> Self {
        Self { kind, detail: None }
    }
}

/// The causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Its progress key stood still for `stallSeconds`.
    NoProgress,
    /// Its status says it neither runs nor has completed.
    Stopped,
    /// The start command of a resume failed.
    ResumeFailed,
    /// Its resumes are used up.
    GaveUp,
    /// A person did it.
    ByPerson,
    /// Its run exited with an error, or was ended.
    RunFailed,
    /// Its executor vanished without a result.
    Lost,
    /// It ended in a way that proves nothing.
    Unproved,
    /// Its approval serves no more.
    ApprovalVoid,
    /// A verification failed.
    VerificationFailed,
    /// Its verification did not pass in time.
    NotVerifiedInTime,
}

impl CauseKind {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoProgress => "no_progress",
            Self::Stopped => "stopped",
            Self::ResumeFailed => "resume_failed",
            Self::GaveUp => "gave_up",
            Self::ByPerson => "by_person",
            Self::RunFailed => "run_failed",
            Self::Lost => "lost",
            Self::Unproved => "unproved",
            Self::ApprovalVoid => "approval_void",
            Self::VerificationFailed => "verification_failed",
            Self::NotVerifiedInTime => "not_verified_in_time",
        }
    }
}
