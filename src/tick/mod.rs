//! One cycle: observe, decide, commit, tell; start what was decided; decide, commit, tell again.
//!
//! In: a compiled config and the ports. Out: a [`TickOutcome`] for whoever called.
//! Invariant: what was observed is told before any effect is awaited, nothing is started before
//! its claim is durable, and a write is never started.

mod deliver;
mod env_words;
mod execute;
mod person;
mod seal;
mod sealed;

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::base::{JobId, Now, ReportId, RunId, Stamp, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{self, Decision, Detail, Facts, TickOutcome};
use crate::journal::{
    Head, JobRecord, ReplayFault, Report, RunPhase, RunRow, World, encode_event, next_head,
};
use crate::machine::State;
use crate::model::{Observation, ProcessId};
use crate::ports::{
    Clock, Commit, Entropy, LaunchFault, Launcher, Liveness, Notifier, Processes, StatusAsk,
    StatusRunner, Store, StoreError,
};
use crate::render::{self, Style};

pub use deliver::{Round, deliver_pending};
pub use execute::{RunPorts, execute_run, record_end, while_held};
pub use person::{Ran, Stopped, run_check, start_job, stop_job};
pub use seal::{Links, SealedProgram, note_link, seal_file, seal_program};

/// All that a tick needs of the world outside.
pub struct Ports<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub entropy: &'a dyn Entropy,
    /// Processes of this machine.
    pub processes: &'a dyn Processes,
    /// Asks jobs.
    pub status: &'a mut dyn StatusRunner,
    /// Starts executors.
    pub launcher: &'a mut dyn Launcher,
    /// Takes reports away.
    pub notifier: &'a mut dyn Notifier,
    /// Keeps everything.
    pub store: &'a mut dyn Store,
}

/// Runs one tick.
///
/// # Errors
/// [`StoreError`]: nothing was started after it.
pub fn run_tick(
    compiled: &Compiled,
    ports: &mut Ports<'_>,
    style: &Style,
    detail: Detail,
) -> Result<TickOutcome, StoreError> {
    let begun = ports.clock.at();
    // A store that must be refused is refused before any command runs.
    ports.store.check()?;
    let observations = observe(compiled, ports);
    if ports.status.was_interrupted() {
        return Err(StoreError::Interrupted);
    }
    let mut outcome = TickOutcome::of(detail);
    let seed = seed(ports)?;
    let runs = commit(ports, style, seed, &BTreeSet::new(), &mut |world, facts| {
        let decision = decide::decide_observed(compiled, world, &observations, facts)?;
        outcome.take(compiled, &decision);
        Ok(decision)
    })?;
    let spent = ports.clock.at().delay_since(&begun);
    let within = compiled.tick_limit().saturating_sub(spent + limits::TICK_RESERVE / 2);
    let time = Round { within: within.min(limits::DELIVER_WITHIN), at_least_one: true };
    deliver_into(ports, time, &mut outcome)?;
    if runs.is_empty() {
        return Ok(outcome);
    }
    let spent = ports.clock.at().delay_since(&begun);
    let left = compiled.tick_limit().saturating_sub(spent + limits::TICK_RESERVE / 2);
    let faults = ports.launcher.launch(&runs, left.max(limits::LAUNCH_WAIT_MIN));
    settle_launched(compiled, ports, style, &faults, &mut outcome)?;
    let spent = ports.clock.at().delay_since(&begun);
    let within = compiled.tick_limit().saturating_sub(spent);
    // What the first round could not end, this one does not begin anew.
    let at_least_one = outcome.reports.is_empty() && outcome.undelivered.is_none();
    deliver_into(ports, Round { within, at_least_one }, &mut outcome)?;
    Ok(outcome)
}

/// Phase two: what the executors brought. A run whose executor could not even be started is
/// dropped as if its claimer had died.
fn settle_launched(
    compiled: &Compiled,
    ports: &mut Ports<'_>,
    style: &Style,
    faults: &[LaunchFault],
    outcome: &mut TickOutcome,
) -> Result<(), StoreError> {
    let seed = seed(ports)?;
    let never_began: BTreeSet<RunId> = faults.iter().map(|f| f.run.clone()).collect();
    commit(ports, style, seed, &never_began, &mut |world, facts| {
        let decision = decide::decide_settled(compiled, world, facts)?;
        outcome.take(compiled, &decision);
        Ok(decision)
    })?;
    outcome.launch_faults = faults.iter().map(|f| f.detail.clone()).collect();
    Ok(())
}

/// What a tick would do: observes and decides, but records, starts and sends nothing.
///
/// # Errors
/// [`StoreError`].
pub fn dry_run(
    compiled: &Compiled,
    ports: &mut Ports<'_>,
    style: &Style,
    as_of: Option<&Now>,
    world: World,
) -> Result<TickOutcome, StoreError> {
    let now = as_of.cloned().unwrap_or_else(|| ports.clock.now());
    let mut observations = observe(compiled, ports);
    if ports.status.was_interrupted() {
        return Err(StoreError::Interrupted);
    }
    for observation in &mut observations {
        observation.at = now.at.clone();
    }
    let facts = facts_of(&world, ports.processes, &now, seed(ports)?);
    let decision = decide::decide_observed(compiled, world, &observations, &facts)
        .map_err(|fault| disagreement(&fault))?;
    let mut outcome = TickOutcome::of(Detail::EveryJob);
    outcome.take(compiled, &decision);
    outcome.reports = reports_of(&decision, &facts, style);
    Ok(outcome)
}

fn seed(ports: &Ports<'_>) -> Result<[u8; 32], StoreError> {
    ports.entropy.seed().map_err(StoreError::Failed)
}

/// Asks all enabled watched jobs at once.
fn observe(compiled: &Compiled, ports: &mut Ports<'_>) -> Vec<Observation> {
    let watched = compiled.jobs().map(CompiledJob::job).filter(|job| job.enabled);
    let asks: Vec<StatusAsk<'_>> = watched.filter_map(StatusAsk::of).collect();
    let within = compiled.tick_limit().saturating_sub(limits::TICK_RESERVE);
    ports.status.observe(&asks, within)
}

/// How a decision is made from a world and facts.
type Deciding<'a> = dyn FnMut(World, &Facts<'_>) -> Result<Decision, ReplayFault> + 'a;

/// Decides inside the store's transaction, makes the decision durable, and says which runs may
/// now be launched. Its present is a moment of the transaction: what others have recorded while this
/// tick looked lies behind it, an approval among it.
fn commit(
    ports: &mut Ports<'_>,
    style: &Style,
    seed: [u8; 32],
    never_began: &BTreeSet<RunId>,
    deciding: &mut Deciding<'_>,
) -> Result<Vec<RunId>, StoreError> {
    let (clock, processes) = (ports.clock, ports.processes);
    let mut launches = Vec::new();
    ports.store.transact(&mut |world| {
        let now = clock.now();
        let mut facts = facts_of(&world, processes, &now, seed);
        facts.dead.extend(never_began.iter().cloned());
        let decision = deciding(world, &facts).map_err(|fault| disagreement(&fault))?;
        let reports = reports_of(&decision, &facts, style);
        launches = decision.launches.into_iter().map(|spec| spec.run).collect();
        Ok(Commit { change: decision.change, reports })
    })?;
    Ok(launches)
}

/// The journal and this build's machines disagree: nothing may be done on such ground.
#[must_use]
pub fn disagreement(fault: &ReplayFault) -> StoreError {
    StoreError::Refused(format!(
        "what the store says can't be continued: {fault}; nothing was started. Restore a backup, \
         or move the store away to begin anew"
    ))
}

/// Runs whose claimer or executor is proved dead. Where this system can't prove it, a run that
/// is long past its limit counts as dead too: it would block its job for ever.
#[must_use]
pub fn dead_runs(world: &World, processes: &dyn Processes, now: &Stamp) -> BTreeSet<RunId> {
    let is_dead = |row: &RunRow| {
        let (process, since): (&ProcessId, &Stamp) = match &row.phase {
            RunPhase::Claimed => (&row.claimer, &row.claimed_at),
            RunPhase::Executing { executor, at } => (executor, at),
            RunPhase::Done { .. } => return false,
        };
        match processes.liveness(process) {
            Liveness::Alive => false,
            Liveness::Dead => true,
            Liveness::Unknown => {
                let limit = row.spec.limit_ms.map(Duration::from_millis);
                let patience = limit.map(|l| l + limits::UNPROVED_PATIENCE);
                patience.is_some_and(|patience| now.delay_since(since) > patience)
            }
        }
    };
    world.runs.iter().filter(|(_, row)| is_dead(row)).map(|(id, _)| id.clone()).collect()
}

/// What a decision is made from, as this machine stands.
#[must_use]
pub fn facts_of<'a>(
    world: &World,
    processes: &dyn Processes,
    now: &'a Now,
    seed: [u8; 32],
) -> Facts<'a> {
    let dead = dead_runs(world, processes, &now.at);
    let in_flight = writes_in_flight(world, processes);
    Facts { now, seed, claimer: processes.own_id(), dead, in_flight }
}

/// Writes of which something may still run: their lock is held, or the process that they became
/// is alive.
#[must_use]
pub fn writes_in_flight(world: &World, processes: &dyn Processes) -> BTreeSet<JobId> {
    let lives = |record: &JobRecord| {
        let process = record.write.as_ref().and_then(|cycle| cycle.process.as_ref());
        process.is_some_and(|p| processes.liveness(p) == Liveness::Alive)
    };
    let write = |record: &JobRecord| matches!(record.state, State::Write(_));
    let jobs = world.snapshot.jobs.iter().filter(|(_, record)| write(record));
    jobs.filter(|(id, record)| lives(record) || processes.is_in_flight(id))
        .map(|(id, _)| id.clone())
        .collect()
}

/// The messages of a decision, rendered before it is committed.
#[must_use]
pub fn reports_of(decision: &Decision, facts: &Facts<'_>, style: &Style) -> Vec<Report> {
    if decision.news.is_empty() {
        return Vec::new();
    }
    let digest = Sha256::new().chain_update(facts.seed).chain_update(b"report").finalize();
    let mut bits = [0; 8];
    bits.copy_from_slice(&digest[..8]);
    let id = ReportId::from_bits(bits);
    render::render_report(&decision.news, &head_after(decision), facts.now, style, &id)
}

/// Where the journal will end when this decision is committed.
fn head_after(decision: &Decision) -> Head {
    let events = decision.change.events.iter();
    let encoded = events.filter_map(|event| encode_event(event).ok());
    encoded.fold(decision.change.world.head.clone(), |head, text| next_head(&head, &text))
}

fn deliver_into(
    ports: &mut Ports<'_>,
    time: Round,
    outcome: &mut TickOutcome,
) -> Result<(), StoreError> {
    let round = deliver_pending(ports.store, ports.notifier, ports.clock, time)?;
    outcome.take_round(round);
    Ok(())
}

/// How long after its beginning a tick counts as hung: past its limit by more than one delivery.
#[must_use]
pub fn hung_after(limit: Duration) -> Duration {
    limit + limits::TICK_RESERVE + limits::OPENCLAW_TIMEOUT
}
