//! What a config means, as validated types.
//!
//! In: values that `config` has already checked. Out: plain data for every later room.
//! Invariant: a value of these types is usable as it stands: no empty argv, no unknown kind, no
//! watch without a status source. Nothing here does I/O.

mod job;
mod plan;
mod run;
mod status;

pub use job::{
    ApprovalPolicy, Command, Job, Kind, Language, Link, LinkWhen, Model, OnStall, Outline, Policy,
    QuietHours, Report, Risk, StatusSource, Work,
};
pub use plan::{Account, Plan, PlanDigest, PlanStep, PlanVerification, SealedFile};
pub use run::{End, Outcome, ProcessId, Purpose, RunSpec, STANDARD_PATH, SpawnFault, StreamTail};
pub use status::{
    BrokenCause, BrokenStatus, Level, Malformed, Observation, Observed, Status, parse_status,
};
