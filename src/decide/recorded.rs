//! What people say of a write that the store knows, whatever today's config says of it: deny,
//! revoke, acknowledge, verify again, reclassify.
//!
//! In: config (an empty one where it is broken), world, facts, and who says so. Out: a
//! [`Decision`], or why it is refused.
//! Invariant: nothing here starts anything or spends an approval, and no word of a person makes the
//! store forget what may still run.

use super::gate::{Answered, GateRefused, live_grant, refuse, state_of};
use super::ledger::Ledger;
use super::person::{at_work, begin_order_of};
use super::verify::queue_verification;
use super::write::void_grant;
use super::{Facts, clean_text};
use crate::approval::Evidence;
use crate::base::JobId;
use crate::compile::Compiled;
use crate::journal::{Answer, EventKind, Voided, World};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::Kind;

/// What came of a denial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// An approval was live, and is taken back with it.
    pub revoked: bool,
    /// How the write stands then.
    pub state: State,
}

/// Is it a write: by the config or, where that does not know it, by its record?
fn check_write(ledger: &Ledger<'_>, id: &JobId) -> Result<(), GateRefused> {
    let write = match ledger.compiled().job(id) {
        Some(job) => job.job().kind() == Kind::OneShotWrite,
        None => ledger.job_record(id).is_some_and(|r| matches!(r.state, State::Write(_))),
    };
    if write { Ok(()) } else { Err(GateRefused::NotAWrite) }
}

/// Says no to a request. An approval that is live is void with it: what was denied does not run.
///
/// # Errors
/// [`ReplayFault`](crate::journal::ReplayFault); refusals are in the answer, here and below.
pub fn deny(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    (evidence, reason): (&Evidence, Option<&str>),
    facts: &Facts<'_>,
) -> Answered<Denied> {
    let mut ledger = begin_order_of(compiled, world, id, facts)?;
    if let Err(why) = check_write(&ledger, id) {
        return refuse(ledger, why);
    }
    let waits = |a: &Answer| *a == Answer::Pending;
    if !ledger.world().snapshot.requests.get(id).is_some_and(|r| waits(&r.answer)) {
        return refuse(ledger, GateRefused::NoRequest);
    }
    let reason = reason.map(clean_text).filter(|r| !r.is_empty());
    ledger.record(Some(id), EventKind::Denied { evidence: evidence.clone(), reason })?;
    let revoked = live_grant(&ledger, id).is_some();
    void_grant(&mut ledger, id, Voided::Revoked, None)?;
    let state = state_of(&ledger, id);
    Ok((ledger.into_decision(), Ok(Denied { revoked, state })))
}

/// Takes an approval back. A claim on it will not begin.
///
/// # Errors
/// As above.
pub fn revoke(compiled: &Compiled, world: World, id: &JobId, facts: &Facts<'_>) -> Answered<()> {
    let mut ledger = begin_order_of(compiled, world, id, facts)?;
    if let Err(why) = check_write(&ledger, id) {
        return refuse(ledger, why);
    }
    if live_grant(&ledger, id).is_none() {
        let why = GateRefused::NothingToRevoke(state_of(&ledger, id));
        return refuse(ledger, why);
    }
    void_grant(&mut ledger, id, Voided::Revoked, None)?;
    Ok((ledger.into_decision(), Ok(())))
}

/// Takes note of an outcome that nobody can prove, or that is not verified. The write is blocked
/// again. Not while something of it still runs: which process that is would be forgotten, and
/// another start could come beside it.
///
/// # Errors
/// As above.
pub fn acknowledge(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    (evidence, note): (&Evidence, Option<&str>),
    facts: &Facts<'_>,
) -> Answered<State> {
    let mut ledger = begin_order_of(compiled, world, id, facts)?;
    if let Err(why) = check_write(&ledger, id) {
        return refuse(ledger, why);
    }
    let was = state_of(&ledger, id);
    if !matches!(was, State::Write(WriteState::Unverified | WriteState::Unknown)) {
        return refuse(ledger, GateRefused::NotNow(was));
    }
    if ledger.facts().in_flight.contains(id) {
        return refuse(ledger, GateRefused::InFlight);
    }
    let note = note.map(clean_text).filter(|n| !n.is_empty());
    ledger.record(Some(id), EventKind::Acknowledged { evidence: evidence.clone(), note })?;
    ledger.step_of(id, Input::Write(WriteInput::Acknowledge), None)?;
    Ok((ledger.into_decision(), Ok(was)))
}

/// Queues the verification once more.
///
/// # Errors
/// As above.
pub fn reverify(compiled: &Compiled, world: World, id: &JobId, facts: &Facts<'_>) -> Answered<()> {
    let mut ledger = begin_order_of(compiled, world, id, facts)?;
    if let Err(why) = check_write(&ledger, id) {
        return refuse(ledger, why);
    }
    let was = state_of(&ledger, id);
    let open = WriteState::Verifying;
    if !matches!(was, State::Write(s) if s == open || s == WriteState::Unverified || s == WriteState::Unknown)
    {
        return refuse(ledger, GateRefused::NotNow(was));
    }
    if ledger.facts().in_flight.contains(id) {
        return refuse(ledger, GateRefused::InFlight);
    }
    queue_verification(&mut ledger, id)?;
    Ok((ledger.into_decision(), Ok(())))
}

/// A person says that what was once a write is none any more. It must not be declared one today,
/// and nothing of it may be open: its record is then begun anew.
///
/// # Errors
/// As above.
pub fn reclassify(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    evidence: &Evidence,
    facts: &Facts<'_>,
) -> Answered<()> {
    // The config, which declares it a read job by now, has no say before the question is answered.
    let none = Compiled::default();
    let mut ledger = begin_order_of(&none, world, id, facts)?;
    let declared = compiled.job(id).is_some_and(|job| job.job().kind() == Kind::OneShotWrite);
    if declared || !ledger.world().snapshot.marks.contains_key(id) {
        return refuse(ledger, GateRefused::NotMarked);
    }
    if let Err(why) = check_settled(&ledger, id) {
        return refuse(ledger, why);
    }
    ledger.record(Some(id), EventKind::Reclassified { evidence: evidence.clone() })?;
    Ok((ledger.into_decision(), Ok(())))
}

/// Is nothing of it open?
fn check_settled(ledger: &Ledger<'_>, id: &JobId) -> Result<(), GateRefused> {
    if let Some(row) = ledger.is_busy(id) {
        return Err(GateRefused::Busy { purpose: row.spec.purpose, pid: at_work(row) });
    }
    if ledger.facts().in_flight.contains(id) {
        return Err(GateRefused::InFlight);
    }
    let state = state_of(ledger, id);
    let settled = match state {
        State::Write(WriteState::Blocked | WriteState::Verified | WriteState::Failed)
        | State::Watch(_)
        | State::Check(_) => live_grant(ledger, id).is_none(),
        State::Write(
            WriteState::Approved
            | WriteState::Running
            | WriteState::Verifying
            | WriteState::Unverified
            | WriteState::Unknown,
        ) => false,
    };
    if settled { Ok(()) } else { Err(GateRefused::Open(state)) }
}
