//! The ground floor: ids, time, named limits and exit codes.
//!
//! In: nothing. Out: small value types that every other room shares.
//! Invariant: this module never reads a clock, a file or the environment.

pub mod day;
pub mod exit;
pub mod id;
pub mod limits;
pub mod redact;
pub mod time;

pub use day::Day;
pub use exit::Exit;
pub use id::{GrantId, ItemId, JobId, ReportId, RunId};
pub use time::{BootId, LocalTime, Now, Stamp, ZoneFault};
