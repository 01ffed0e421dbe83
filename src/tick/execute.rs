//! The order of one claimed run: begin, run, record.
//!
//! In: the id of a run that somebody claimed. Out: how it ended, in the store.
//! Invariant: the command starts only after the store has durably flipped this very run from
//! claimed to executing, in this very process; whoever comes second starts nothing.

use super::{disagreement, sealed};
use crate::base::{RunId, limits};
use crate::compile::Compiled;
use crate::decide::{self, Decision, Facts, RunRefused, Settling};
use crate::journal::{ReplayFault, World};
use crate::model::{End, Outcome, RunSpec, SpawnFault};
use crate::ports::{
    Clock, CommandRunner, Commit, Entropy, FileFacts, Processes, Store, StoreError,
};
use crate::render::{self, Style};

/// What an order that runs a command needs of the world outside.
pub struct RunPorts<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub entropy: &'a dyn Entropy,
    /// Processes of this machine.
    pub processes: &'a dyn Processes,
    /// Looks at the files of an approved step.
    pub files: &'a dyn FileFacts,
    /// Runs the command.
    pub runner: &'a mut dyn CommandRunner,
    /// Keeps everything.
    pub store: &'a mut dyn Store,
    /// How a report is written of what an order settles on its way.
    pub style: &'a Style,
}

/// Executes a run that a tick has claimed, and leaves its outcome for a tick to settle.
///
/// # Errors
/// [`StoreError`]; before the command it means that nothing was started.
pub fn execute_run(
    run: &RunId,
    ports: &mut RunPorts<'_>,
) -> Result<Result<Outcome, RunRefused>, StoreError> {
    // The run is executed as it was claimed: the config of today has no say in it.
    let none = Compiled::default();
    // A tick starts many at once, and on a slow disk they stand in line: one that had to wait too long
    // has done nothing yet. After any other failure nothing is started.
    let begun = while_held(ports.clock, || {
        ports.decide(|world, facts| decide::begin_run(&none, world, run, facts))
    })?;
    let spec = match begun {
        Ok(spec) => spec,
        Err(refused) => return Ok(Err(refused)),
    };
    let changed = spec.verifies.as_ref().and_then(|v| sealed::changed(&v.step, ports.files));
    let outcome = match changed {
        None => ports.runner.run(&spec),
        Some(detail) => {
            Outcome::without_output(End::NotStarted { fault: SpawnFault::Other, detail })
        }
    };
    record_end(&none, &spec, &outcome, Settling::Later, ports)?;
    Ok(Ok(outcome))
}

/// Runs a command that its caller has claimed and begun, and settles it on the spot.
///
/// # Errors
/// [`StoreError`]: the command has run, but its end could not be recorded.
pub(super) fn run_and_settle(
    compiled: &Compiled,
    spec: &RunSpec,
    settling: Settling,
    ports: &mut RunPorts<'_>,
) -> Result<Outcome, StoreError> {
    let outcome = ports.runner.run(spec);
    record_end(compiled, spec, &outcome, settling, ports)?;
    Ok(outcome)
}

/// Records how a command ended. It has run, so a store that is held or full for a moment is worth
/// some patience: an end that is not recorded is told as lost. Recording it twice does no harm.
///
/// # Errors
/// [`StoreError`].
pub fn record_end(
    compiled: &Compiled,
    spec: &RunSpec,
    outcome: &Outcome,
    settling: Settling,
    ports: &mut RunPorts<'_>,
) -> Result<(), StoreError> {
    let recorded = patiently(ports.clock, is_passing, || {
        ports.decide(|world, facts| {
            decide::record_outcome(compiled, world, &spec.run, outcome, settling, facts)
                .map(|decision| (decision, ()))
        })
    });
    recorded.map_err(|why| {
        StoreError::Failed(format!(
            "the command of `{}` has run ({}), but that could not be recorded, so it will count \
             as lost: {why}",
            spec.job,
            render::end_text(&outcome.end)
        ))
    })
}

/// Waits for a store that another process has: of an attempt that met it nothing was done.
///
/// # Errors
/// [`StoreError`]: any other at once, and that it is held after [`limits::RECORD_PATIENCE`].
pub fn while_held<T>(
    clock: &dyn Clock,
    attempt: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    patiently(clock, is_held, attempt)
}

/// Another process has the store, and nothing was done.
fn is_held(why: &StoreError) -> bool {
    match why {
        StoreError::Busy(_) => true,
        StoreError::Failed(_) | StoreError::Refused(_) | StoreError::Interrupted => false,
    }
}

/// The store is held, or the disk full.
fn is_passing(why: &StoreError) -> bool {
    match why {
        StoreError::Busy(_) | StoreError::Failed(_) => true,
        StoreError::Refused(_) | StoreError::Interrupted => false,
    }
}

/// Tries again for a while what the store can't do at the moment.
fn patiently<T>(
    clock: &dyn Clock,
    passes: fn(&StoreError) -> bool,
    mut attempt: impl FnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let since = clock.at();
    let mut pause = limits::RECORD_RETRY_MIN;
    loop {
        let why = match attempt() {
            Ok(done) => return Ok(done),
            Err(why) => why,
        };
        if !passes(&why) || clock.at().delay_since(&since) >= limits::RECORD_PATIENCE {
            return Err(why);
        }
        clock.pause(pause);
        pause = (pause * 2).min(limits::RECORD_RETRY_MAX);
    }
}

impl RunPorts<'_> {
    /// Decides inside the store's transaction and hands back the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn decide<T>(
        &mut self,
        mut deciding: impl FnMut(World, &Facts<'_>) -> Result<(Decision, T), ReplayFault>,
    ) -> Result<T, StoreError> {
        let seed = self.entropy.seed().map_err(StoreError::Failed)?;
        let (clock, processes, style) = (self.clock, self.processes, self.style);
        let mut answer: Option<T> = None;
        self.store.transact(&mut |world| {
            // Not before: the store may have been held, and what was recorded then is past.
            let now = clock.now();
            let facts = super::facts_of(&world, processes, &now, seed);
            let (decision, answered) = deciding(world, &facts).map_err(|f| disagreement(&f))?;
            answer = Some(answered);
            // Runs of other jobs that are settled on the way are news, which the next tick delivers.
            let reports = super::reports_of(&decision, &facts, style);
            Ok(Commit { change: decision.change, reports })
        })?;
        answer.ok_or_else(|| StoreError::Failed("the store never asked for a decision".to_owned()))
    }
}
