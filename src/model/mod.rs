//! What a config means, as validated types.
//!
//! In: values that `config` has already checked. Out: plain data for every later room.
//! Invariant: a value of these types is usable as it stands: no empty argv, no unknown kind, no
//! watch without a status source. Nothing here does I/O.

mod chat;
mod endpoint;
mod gate;
mod job;
mod kind;
mod places;
mod plan;
mod plan_change;
mod policy;
mod report;
mod retention;
mod run;
mod status;

pub use crate::approval::PlanDigest;
pub use chat::Chat;
pub use endpoint::Endpoint;
pub use gate::{ApprovalPolicy, Sandbox};
pub use job::{Command, Job, Link, LinkWhen, Model, Outline, Risk, StatusSource, Work, ZoneName};
pub use kind::Kind;
pub use places::{Place, Places, Suppression};
pub use plan::{Account, Plan, PlanStep, PlanVerification, Planned, SealedFile};
pub use policy::{OnStall, Policy, QuietHours};
pub use report::{
    Language, ReportSettings, Route, TOKEN_VARIABLE, TelegramSettings, Undelivered,
    UndeliveredKind, Via,
};
pub use retention::Retention;
pub use run::{
    End, Outcome, ProcessId, Purpose, RunSpec, STANDARD_PATH, SandboxFate, SpawnFault, StreamTail,
    Verifies,
};
pub use status::{
    BrokenCause, BrokenStatus, Level, Malformed, Observation, Observed, Status, parse_status,
};
