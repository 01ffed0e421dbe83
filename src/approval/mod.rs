//! The gate: what stands between a write and its start. An auditor reads this room first.
//!
//! A [`Grant`] is a person's approval of one plan, named by its [`PlanDigest`]; [`judge`] is the
//! only judge of grants. A [`SealedWrite`] holds a command that nothing opens but [`redeem`], and
//! that only when a store has made durable that the grant is spent. What comes out is a [`Permit`]:
//! whoever runs a write has to give it away.
//!
//! In: a sealed command and a store. Out: at most one permit for each grant.
//! Invariant: no value of [`Permit`] exists that was not paid for with a grant, and nothing here
//! copies, stores or invents one.

mod code;
mod digest;
mod grant;
mod permit;

pub use code::{Code, CodeRecord, CodeUnfit, TypedCode};
pub use digest::PlanDigest;
pub use grant::{Evidence, Grant, Level, Terms, Unfit, judge, judge_alive};
pub use permit::{ConsumeOnce, Permit, SealedWrite, Spent, WriteCommand, redeem};
