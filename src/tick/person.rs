//! The orders a person gives: start, stop, run. Each is recorded before its command runs.
//!
//! In: a job and the ports. Out: what came of it, for the person to read.
//! Invariant: a refusal starts nothing.

use std::time::Duration;

use super::execute::{RunPorts, run_and_settle};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{self, Settling, StartRefused};
use crate::machine::State;
use crate::model::{Observation, Outcome, RunSpec};
use crate::ports::StoreError;

/// What came of a start or a run.
#[derive(Clone, Debug)]
pub enum Ran {
    /// The command ran.
    Command {
        /// As claimed.
        spec: Box<RunSpec>,
        /// How it ended.
        outcome: Box<Outcome>,
    },
    /// Nothing was started.
    Refused(StartRefused),
}

/// What came of a stop.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// The stop command ran.
    Command {
        /// As claimed.
        spec: Box<RunSpec>,
        /// How it ended.
        outcome: Box<Outcome>,
    },
    /// The job has no stop command, or had completed; this is the state it was found in.
    Recorded(Option<State>),
    /// Nothing was recorded.
    Refused(StartRefused),
}

/// Starts a watched job, unless `observation` shows it running.
///
/// # Errors
/// [`StoreError`].
pub fn start_job(
    compiled: &Compiled,
    job: &CompiledJob,
    observation: Option<&Observation>,
    limit: Option<Duration>,
    ports: &mut RunPorts<'_>,
) -> Result<Ran, StoreError> {
    let claimed = ports
        .decide(|world, facts| decide::claim_start(compiled, world, job, observation, facts))?;
    finish(compiled, claimed, limit, Settling::Shown, ports)
}

/// Runs a read-only check. `settling` says who hears of it: whoever gave the order, or whoever
/// reads the reports; those are then in the outbox.
///
/// # Errors
/// [`StoreError`].
pub fn run_check(
    compiled: &Compiled,
    job: &CompiledJob,
    limit: Option<Duration>,
    settling: Settling,
    ports: &mut RunPorts<'_>,
) -> Result<Ran, StoreError> {
    let claimed = ports.decide(|world, facts| decide::claim_check(compiled, world, job, facts))?;
    finish(compiled, claimed, limit, settling, ports)
}

fn finish(
    compiled: &Compiled,
    claimed: Result<RunSpec, StartRefused>,
    limit: Option<Duration>,
    settling: Settling,
    ports: &mut RunPorts<'_>,
) -> Result<Ran, StoreError> {
    match claimed {
        Ok(spec) => {
            let spec = with_limit(spec, limit);
            let outcome = run_and_settle(compiled, &spec, settling, ports)?;
            Ok(Ran::Command { spec: Box::new(spec), outcome: Box::new(outcome) })
        }
        Err(refused) => Ok(Ran::Refused(refused)),
    }
}

/// Records a stop, then runs the job's stop command if it has one.
///
/// # Errors
/// [`StoreError`].
pub fn stop_job(
    compiled: &Compiled,
    job: &CompiledJob,
    observation: Option<&Observation>,
    limit: Option<Duration>,
    ports: &mut RunPorts<'_>,
) -> Result<Stopped, StoreError> {
    let planned = ports
        .decide(|world, facts| decide::request_stop(compiled, world, job, observation, facts))?;
    match planned {
        Err(refused) => Ok(Stopped::Refused(refused)),
        Ok(decide::StopPlan { spec: None, was }) => Ok(Stopped::Recorded(was)),
        Ok(decide::StopPlan { spec: Some(spec), .. }) => {
            let spec = with_limit(spec, limit);
            let outcome = run_and_settle(compiled, &spec, Settling::Shown, ports)?;
            Ok(Stopped::Command { spec: Box::new(spec), outcome: Box::new(outcome) })
        }
    }
}

/// The person's own limit goes before the config's.
fn with_limit(mut spec: RunSpec, limit: Option<Duration>) -> RunSpec {
    if let Some(limit) = limit {
        spec.limit_ms = Some(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
    }
    spec
}
