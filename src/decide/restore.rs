//! A store that is put back from a backup: what it may not take along.
//!
//! In: the world of the backup. Out: a [`Decision`] that begins a new epoch.
//! Invariant: nothing is live in it that an earlier moment could give back: no approval, no code, no
//! claim.

use super::ledger::Ledger;
use super::write::void_grant;
use super::{Decision, Facts, settle};
use crate::approval::Unfit;
use crate::base::JobId;
use crate::compile::Compiled;
use crate::journal::{
    EventKind, GrantFate, ReplayFault, RunPhase, RunRow, Voided, World, next_epoch,
};

/// Begins a new epoch: approvals and codes of before are void, and claims that nobody has begun are
/// dropped. What had begun by then is settled as ever: its executor is gone, so it is lost.
///
/// # Errors
/// [`ReplayFault`].
pub fn begin_epoch(
    compiled: &Compiled,
    world: World,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let epoch = next_epoch(&ledger.world().head, &facts.seed);
    ledger.record(None, EventKind::StoreRestored { epoch })?;
    let claimed = |row: &&RunRow| row.phase == RunPhase::Claimed;
    let rows: Vec<RunRow> = ledger.world().runs.values().filter(claimed).cloned().collect();
    for row in rows {
        settle::drop_run(&mut ledger, &row.spec)?;
    }
    let live = ledger.world().snapshot.grants.values().filter(|g| g.fate == GrantFate::Live);
    let jobs: Vec<JobId> = live.map(|g| g.grant.job.clone()).collect();
    for job in jobs {
        void_grant(&mut ledger, &job, Voided::Unfit(Unfit::OtherStore), None)?;
    }
    Ok(ledger.into_decision())
}
