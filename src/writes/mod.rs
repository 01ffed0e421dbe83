//! Writes: planned down to their bytes, requested, approved, begun, run, verified.
//!
//! In: a compiled config, the ports, and what people say. Out: what came of it, in the store.
//! Invariant: a write is started in one place ([`execute_write`]), and only for a permit.

mod execute;
mod folder;
mod orders;
mod plan;

pub use execute::{WritePorts, execute_write};
pub use orders::{
    Cut, Waited, acknowledge_write, approve_write, claim_write, deny_write, issue_write_code,
    note_refused, reclassify_job, refuse_claimed, request_write, reverify_write, revoke_write,
    wait_until_settled,
};
pub use plan::{PlanFault, plan_now};
