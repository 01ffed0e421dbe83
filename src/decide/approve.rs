//! A person approves a plan: for one start, with what shows that it is a person.
//!
//! In: config, world, the plan of this moment, who and how. Out: a live approval, or why it is
//! refused.
//! Invariant: a level above a terminal's is given for a code that was sent and typed, and for
//! nothing else.

use std::time::Duration;

use super::Facts;
use super::code::check_code;
use super::gate::{Answered, GateRefused, check_job, live_grant, refuse, state_of};
use super::ledger::Ledger;
use super::person::{at_work, begin_order};
use crate::approval::{Evidence, Grant, Level, TypedCode};
use crate::base::limits;
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{EventKind, Voided, World};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::Planned;

/// Who approves, how surely, and for how long.
#[derive(Clone, Debug)]
pub struct Attest {
    /// Who.
    pub evidence: Evidence,
    /// What shows that it is a person.
    pub proof: Proof,
    /// For how long.
    pub life: Duration,
}

/// What shows that a person approves.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Nothing: there is no terminal.
    None,
    /// The digest was typed, or named, at a terminal.
    Terminal,
    /// The code was typed that was sent to the person's own chat.
    Code(TypedCode),
}

impl Proof {
    /// The level that it is worth, once it was found true.
    const fn level(&self) -> Level {
        match self {
            Self::None => Level::Unattended,
            Self::Terminal => Level::Asserted,
            Self::Code(_) => Level::Confirmed,
        }
    }
}

/// Approves a plan for one start. An approval that was live before is void.
///
/// # Errors
/// As above.
pub fn approve(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    planned: &Planned,
    attest: &Attest,
    facts: &Facts<'_>,
) -> Answered<Grant> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    let id = &job.job().id;
    if let Err(why) = may_approve(&ledger, job, attest) {
        return refuse(ledger, why);
    }
    if let Proof::Code(typed) = &attest.proof
        && let Err(why) = check_code(&mut ledger, id, typed, &planned.digest)?
    {
        return refuse(ledger, why);
    }
    if let Some(before) = live_grant(&ledger, id).map(|g| g.grant.id.clone()) {
        let kind = EventKind::GrantVoided { grant: before, why: Voided::Replaced, detail: None };
        ledger.record(Some(id), kind)?;
    }
    let grant = Grant {
        id: ledger.new_grant(),
        job: id.clone(),
        digest: planned.digest.clone(),
        epoch: ledger.world().snapshot.epoch.clone().unwrap_or_default(),
        at: ledger.now().at.clone(),
        // What forgets a spent approval relies on it that none lives longer.
        life_ms: u64::try_from(attest.life.min(limits::GRANT_LIFE_MAX).as_millis())
            .unwrap_or(u64::MAX),
        evidence: attest.evidence.clone(),
        level: attest.proof.level(),
    };
    let plan = Box::new(planned.plan.clone());
    let kind = EventKind::Approved { grant: Box::new(grant.clone()), plan };
    ledger.record(Some(id), kind)?;
    ledger.step(job, Input::Write(WriteInput::Approve), None)?;
    Ok((ledger.into_decision(), Ok(grant)))
}

fn may_approve(ledger: &Ledger<'_>, job: &CompiledJob, attest: &Attest) -> Result<(), GateRefused> {
    check_job(job)?;
    let least = job.job().approval.least_level();
    if attest.proof.level() < least {
        return Err(GateRefused::LevelTooLow { least });
    }
    let now = &ledger.now().at;
    let epoch = ledger.world().snapshot.epoch.as_deref().unwrap_or_default();
    if now.wall_ms < limits::CLOCK_FLOOR_MS || now.boot.as_str().is_empty() || epoch.is_empty() {
        return Err(GateRefused::NoClock);
    }
    let id = &job.job().id;
    if let Some(row) = ledger.is_busy(id) {
        return Err(GateRefused::Busy { purpose: row.spec.purpose, pid: at_work(row) });
    }
    match state_of(ledger, id) {
        State::Write(
            WriteState::Blocked | WriteState::Approved | WriteState::Verified | WriteState::Failed,
        ) => Ok(()),
        unsettled @ (State::Write(_) | State::Watch(_) | State::Check(_)) => {
            Err(GateRefused::Unsettled(unsettled))
        }
    }
}
