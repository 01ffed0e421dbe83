//! Model → compiled jobs: a machine for each job, and the checked chain graph.
//!
//! In: a validated [`Model`]. Out: [`Compiled`], or findings that refuse the config: a chain that
//! dangles or comes back to itself, a write that nothing verifies.
//! Invariant: petgraph is named in `chain.rs` only, and a [`Compiled`] value exists only for a
//! config whose chains are sound.

mod chain;
mod machines;
#[cfg(test)]
pub(crate) mod tests;

pub use chain::{ChainEdge, verifications};
pub use machines::{CompiledJob, OfferedEdge};

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{JobId, limits};
use crate::diag::Sink;
use crate::model::{Model, Report};

/// A config ready to run.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    jobs: BTreeMap<JobId, CompiledJob>,
    tick_limit: Option<Duration>,
    report: Report,
}

/// Compiles `model`, or says in `sink` why it can't be run.
pub fn compile_model(model: Model, sink: &mut Sink) -> Option<Compiled> {
    let found = chain::check_chains(&model.jobs);
    let sound = !found.has_errors();
    sink.extend(found);
    if !sound {
        return None;
    }
    let jobs = model.jobs.into_iter().map(|(id, job)| (id, CompiledJob::from_job(job))).collect();
    Some(Compiled { jobs, tick_limit: model.tick_limit, report: model.report })
}

impl Compiled {
    /// One job.
    #[must_use]
    pub fn job(&self, id: &JobId) -> Option<&CompiledJob> {
        self.jobs.get(id)
    }

    /// All jobs, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &CompiledJob> {
        self.jobs.values()
    }

    /// How many jobs there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Is there no job at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// A tick ends within this time.
    #[must_use]
    pub fn tick_limit(&self) -> Duration {
        self.tick_limit.unwrap_or(limits::TICK_LIMIT)
    }

    /// Settings of the report.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Every link of every job, in the order of ids and of the config.
    #[must_use]
    pub fn chain_edges(&self) -> Vec<ChainEdge> {
        self.jobs.values().flat_map(|job| chain::edges_of(job, &self.jobs)).collect()
    }
}
