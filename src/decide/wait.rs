//! What somebody who waits for a write does meanwhile: its verifications, as they become due.
//!
//! In: config, world, facts. Out: a [`Decision`], and what there is to launch and to wait for.
//! Invariant: nothing but verifications of this one write is started here.

use super::ledger::Ledger;
use super::person::begin_order_of;
use super::report_write::tell_writes;
use super::serve::serve_verifications_of;
use super::verify::{is_being_verified, state_is};
use super::{Decision, Facts, settle};
use std::collections::BTreeSet;

use crate::base::{JobId, RunId, limits};
use crate::compile::Compiled;
use crate::journal::{ReplayFault, RunPhase, RunRow, World};
use crate::machine::{State, WriteState};

/// What somebody who waits for a write gets to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// How it stands.
    pub state: Option<State>,
    /// Verifications to launch now.
    pub runs: Vec<RunId>,
    /// More is to come: a verification is queued, or will be.
    pub open: bool,
    /// Something of the write still runs, or may: nothing is verified before that has ended.
    pub in_flight: bool,
}

/// Serves the due verifications of one write, for somebody who waits for it.
///
/// # Errors
/// [`ReplayFault`].
pub fn serve_write(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    facts: &Facts<'_>,
) -> Result<(Decision, Served), ReplayFault> {
    let mut ledger = begin_order_of(compiled, world, id, facts)?;
    ledger.allow_starts(facts.now.at.wall_ms >= limits::CLOCK_FLOOR_MS);
    serve_verifications_of(&mut ledger, id)?;
    tell_writes(&mut ledger);
    let state = ledger.job_record(id).map(|r| r.state);
    let open = is_being_verified(&ledger, id)
        || state_is(&ledger, id, &[WriteState::Verifying, WriteState::Unknown]);
    let decision = ledger.into_decision();
    let runs = decision.launches.iter().map(|spec| spec.run.clone()).collect();
    let in_flight = facts.in_flight.contains(id);
    Ok((decision, Served { state, runs, open, in_flight }))
}

/// Drops claims whose executors did not begin: their checks wait again. Says how many there were.
///
/// # Errors
/// [`ReplayFault`].
pub fn drop_unlaunched(
    compiled: &Compiled,
    world: World,
    runs: &BTreeSet<RunId>,
    facts: &Facts<'_>,
) -> Result<(Decision, usize), ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let unbegun = |row: &&RunRow| row.phase == RunPhase::Claimed && runs.contains(&row.spec.run);
    let rows: Vec<RunRow> = ledger.world().runs.values().filter(unbegun).cloned().collect();
    for row in &rows {
        settle::drop_run(&mut ledger, &row.spec)?;
    }
    Ok((ledger.into_decision(), rows.len()))
}
