//! The orders that people give at the gate, each recorded in one transaction.
//!
//! In: a job, what is said about it, and the ports. Out: what came of it.
//! Invariant: what is approved or requested is the plan of this moment, made from what is on disk.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::approval::{Evidence, Grant, PlanDigest, TypedCode};
use crate::base::{JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{self, Attest, CodeIssued, Denied, GateRefused, Requested, Served};
use crate::journal::Origin;
use crate::machine::State;
use crate::model::{Planned, RunSpec};
use crate::ports::{Launcher, StoreError};
use crate::tick::RunPorts;

/// Asks for a write.
///
/// # Errors
/// [`StoreError`]; here and below, refusals are in the answer.
pub fn request_write(
    compiled: &Compiled,
    job: &CompiledJob,
    (planned, reason, origin): (&Planned, Option<&str>, &Origin),
    ports: &mut RunPorts<'_>,
) -> Result<Result<Requested, GateRefused>, StoreError> {
    ports.decide(|world, facts| {
        decide::request(compiled, world, job, (&planned.digest, reason, origin), facts)
    })
}

/// Records the hash of a one-time code for the plan that is requested.
///
/// # Errors
/// As above.
pub fn issue_write_code(
    compiled: &Compiled,
    job: &CompiledJob,
    made: (&PlanDigest, &TypedCode, &str),
    ports: &mut RunPorts<'_>,
) -> Result<Result<CodeIssued, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::issue_code(compiled, world, job, made, facts))
}

/// Takes back a code that could not be sent.
///
/// # Errors
/// As above.
pub fn withdraw_write_code(
    compiled: &Compiled,
    id: &JobId,
    made: &TypedCode,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::withdraw_code(compiled, world, id, made, facts))
}

/// Approves a plan.
///
/// # Errors
/// As above.
pub fn approve_write(
    compiled: &Compiled,
    job: &CompiledJob,
    planned: &Planned,
    attest: &Attest,
    ports: &mut RunPorts<'_>,
) -> Result<Result<Grant, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::approve(compiled, world, job, planned, attest, facts))
}

/// Says no to a request.
///
/// # Errors
/// As above.
pub fn deny_write(
    compiled: &Compiled,
    id: &JobId,
    said: (&Evidence, Option<&str>),
    ports: &mut RunPorts<'_>,
) -> Result<Result<Denied, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::deny(compiled, world, id, said, facts))
}

/// Takes an approval back.
///
/// # Errors
/// As above.
pub fn revoke_write(
    compiled: &Compiled,
    id: &JobId,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::revoke(compiled, world, id, facts))
}

/// Takes note of an outcome that is not verified; says what it was.
///
/// # Errors
/// As above.
pub fn acknowledge_write(
    compiled: &Compiled,
    id: &JobId,
    said: (&Evidence, Option<&str>),
    ports: &mut RunPorts<'_>,
) -> Result<Result<State, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::acknowledge(compiled, world, id, said, facts))
}

/// Queues the verification once more.
///
/// # Errors
/// As above.
pub fn reverify_write(
    compiled: &Compiled,
    id: &JobId,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::reverify(compiled, world, id, facts))
}

/// Takes the mark of a write from a job.
///
/// # Errors
/// As above.
pub fn reclassify_job(
    compiled: &Compiled,
    id: &JobId,
    evidence: &Evidence,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::reclassify(compiled, world, id, evidence, facts))
}

/// Claims a start of the approved plan, for an executor to begin.
///
/// # Errors
/// As above.
pub fn claim_write(
    compiled: &Compiled,
    job: &CompiledJob,
    planned: &Planned,
    ports: &mut RunPorts<'_>,
) -> Result<Result<RunSpec, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::claim_write(compiled, world, job, planned, facts))
}

/// Records that a person, or a program, tried to approve and was refused.
///
/// # Errors
/// As above.
pub fn note_refused(
    compiled: &Compiled,
    id: &JobId,
    why: &str,
    ports: &mut RunPorts<'_>,
) -> Result<(), StoreError> {
    ports.decide(|world, facts| {
        decide::note_refusal(compiled, world, id, why, facts).map(|d| (d, ()))
    })
}

/// Drops the claim of a write whose executor can't even read the config, and records why.
///
/// # Errors
/// As above.
pub fn refuse_claimed(run: &RunId, why: &str, ports: &mut RunPorts<'_>) -> Result<(), StoreError> {
    let none = Compiled::default();
    ports.decide(|world, facts| decide::drop_claim(&none, world, run, why, facts).map(|d| (d, ())))
}

/// How often a waiting order looks whether a verification is due.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What came of waiting for a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited {
    /// How it stood when that was last looked at.
    pub state: Option<State>,
    /// Why that was not waited out.
    pub cut: Option<Cut>,
}

/// Why a wait ends before the outcome is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Whoever waits has had enough.
    Enough,
    /// A process of the write still runs, and it may do so for ever.
    InFlight,
    /// A verification can't be started; why.
    NotLaunched(String),
}

/// Runs the verifications of one write as they become due, until its outcome is settled, the
/// caller has had enough, or nothing is left that waiting helps.
///
/// # Errors
/// As above.
pub fn wait_until_settled(
    compiled: &Compiled,
    id: &JobId,
    launcher: &mut dyn Launcher,
    enough: &dyn Fn() -> bool,
    ports: &mut RunPorts<'_>,
) -> Result<Waited, StoreError> {
    let mut before = None;
    loop {
        if enough() {
            return Ok(Waited { state: before, cut: Some(Cut::Enough) });
        }
        let Served { state, runs, open, in_flight } =
            ports.decide(|world, facts| decide::serve_write(compiled, world, id, facts))?;
        before = state;
        if !open {
            return Ok(Waited { state, cut: None });
        }
        if runs.is_empty() && in_flight {
            return Ok(Waited { state, cut: Some(Cut::InFlight) });
        }
        let why = if runs.is_empty() {
            ports.clock.pause(LOOK_EVERY);
            None
        } else {
            launch(compiled, &runs, launcher, enough, ports)?
        };
        if let Some(why) = why {
            return Ok(Waited { state, cut: Some(Cut::NotLaunched(why)) });
        }
    }
}

/// Launches claimed verifications and waits for them. Whoever claimed them lives, so that nobody
/// else would drop a claim whose executor could not be started, or ended without beginning: says
/// why that was.
fn launch(
    compiled: &Compiled,
    runs: &[RunId],
    launcher: &mut dyn Launcher,
    enough: &dyn Fn() -> bool,
    ports: &mut RunPorts<'_>,
) -> Result<Option<String>, StoreError> {
    let faults = launcher.launch(runs, Duration::MAX);
    let over: BTreeSet<RunId> = if enough() {
        // Those that were started may be about to begin.
        faults.iter().map(|fault| fault.run.clone()).collect()
    } else {
        runs.iter().cloned().collect()
    };
    let dropped =
        ports.decide(|world, facts| decide::drop_unlaunched(compiled, world, &over, facts))?;
    let silent = || "an executor ended without beginning".to_owned();
    let fault = faults.into_iter().next().map(|fault| fault.detail);
    Ok(fault.or_else(|| (dropped > 0).then(silent)))
}
