//! The orders that people give at the gate, each recorded in one transaction.
//!
//! In: a job, what is said about it, and the ports. Out: what came of it.
//! Invariant: what is approved or requested is the plan of this moment, made from what is on disk.

use std::time::Duration;

use crate::approval::{Evidence, Grant};
use crate::base::{JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{self, Attest, GateRefused, Requested, Served};
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
    (planned, reason): (&Planned, Option<&str>),
    ports: &mut RunPorts<'_>,
) -> Result<Result<Requested, GateRefused>, StoreError> {
    ports.decide(|world, facts| {
        decide::request(compiled, world, job, (&planned.digest, reason), facts)
    })
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
    job: &CompiledJob,
    said: (&Evidence, Option<&str>),
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::deny(compiled, world, job, said, facts))
}

/// Takes an approval back.
///
/// # Errors
/// As above.
pub fn revoke_write(
    compiled: &Compiled,
    job: &CompiledJob,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::revoke(compiled, world, job, facts))
}

/// Takes note of an outcome that is not verified; says what it was.
///
/// # Errors
/// As above.
pub fn acknowledge_write(
    compiled: &Compiled,
    job: &CompiledJob,
    said: (&Evidence, Option<&str>),
    ports: &mut RunPorts<'_>,
) -> Result<Result<State, GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::acknowledge(compiled, world, job, said, facts))
}

/// Queues the verification once more.
///
/// # Errors
/// As above.
pub fn reverify_write(
    compiled: &Compiled,
    job: &CompiledJob,
    ports: &mut RunPorts<'_>,
) -> Result<Result<(), GateRefused>, StoreError> {
    ports.decide(|world, facts| decide::reverify(compiled, world, job, facts))
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

/// Runs the verifications of one write as they become due, until its outcome is settled or the
/// caller has had enough. Says in which state it then is.
///
/// # Errors
/// As above.
pub fn wait_until_settled(
    compiled: &Compiled,
    id: &JobId,
    launcher: &mut dyn Launcher,
    enough: &dyn Fn() -> bool,
    ports: &mut RunPorts<'_>,
) -> Result<Option<State>, StoreError> {
    loop {
        let Served { state, runs, open } =
            ports.decide(|world, facts| decide::serve_write(compiled, world, id, facts))?;
        if !open || enough() {
            return Ok(state);
        }
        if runs.is_empty() {
            ports.clock.pause(LOOK_EVERY);
        } else {
            // Faults are seen by the next look: the claim is dropped, and claimed again.
            let _ = launcher.launch(&runs, Duration::MAX);
        }
    }
}
