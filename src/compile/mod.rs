//! Model → compiled jobs: a machine for each job, and the checked chain graph.
//!
//! In: a validated [`Model`]. Out: [`Compiled`], or findings that refuse the config: a chain that
//! dangles or comes back to itself, a write that nothing verifies, a machine that is not proved to
//! start a write only behind an approval.
//! Invariant: petgraph is named in `chain.rs` only, and a [`Compiled`] value exists only for a
//! config whose chains are sound.

mod chain;
mod chain_graph;
mod machines;
mod marks;
mod proof;
#[cfg(test)]
pub(crate) mod tests;

pub use chain_graph::{ChainEdge, ChainGraph, ChainJob};
pub use machines::{CompiledJob, OfferedEdge};
pub use marks::CommandMark;
pub use proof::{PROOFS, Unproved, prove_gated};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::{JobId, limits};
use crate::diag::{Code, Finding, Sink, Span};
use crate::machine::{Edge, Machine};
use crate::model::{Job, Model, Outline, Places, ReportSettings, Retention, ZoneName};

/// A config ready to run.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    jobs: BTreeMap<JobId, CompiledJob>,
    tick_limit: Option<Duration>,
    timezone: Option<ZoneName>,
    report: ReportSettings,
    history: Retention,
    places: BTreeMap<JobId, Places>,
}

/// Compiles `model`, or says in `sink` why it can't be run. Chains are checked on the outlines, so
/// that their faults are told together with all others: also where there is no model.
pub fn compile_model(
    model: Option<Model>,
    outlines: &BTreeMap<JobId, Outline>,
    sink: &mut Sink,
) -> Option<Compiled> {
    let mut found = chain::check_chains(outlines);
    let Some(model) = model else {
        sink.extend(found);
        return None;
    };
    let Model { jobs, tick_limit, timezone, report, history, places, .. } = model;
    let jobs: BTreeMap<JobId, CompiledJob> =
        jobs.into_iter().map(|(id, job)| (id, CompiledJob::from_job(job))).collect();
    prove_writes(jobs.values(), &mut found);
    let sound = !found.has_errors();
    sink.extend(found);
    if !sound {
        return None;
    }
    Some(Compiled { jobs, tick_limit, timezone, report, history, places })
}

/// Proves every write's compiled machine, once for each set of open edges.
fn prove_writes<'a>(jobs: impl Iterator<Item = &'a CompiledJob>, sink: &mut Sink) {
    let mut proved: BTreeMap<Vec<Edge>, Result<(), Unproved>> = BTreeMap::new();
    for job in jobs.filter(|job| job.machine() == Machine::Write) {
        let open: Vec<Edge> =
            job.edges().into_iter().filter(|e| e.offered).map(|e| e.edge).collect();
        let initial = job.machine().initial();
        let proof = proved.entry(open).or_insert_with_key(|open| prove_gated(initial, open));
        if let Err(unproved) = proof {
            let id = &job.job().id;
            let message = format!("the machine of write `{id}` fails a safety proof: {unproved}");
            sink.push(
                Finding::new(Code::UnprovedMachine, job.job().id_span, message)
                    .help("this is a fault of opsfsm, not of the config; nothing is run with it"),
            );
        }
    }
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

    /// The same with only these jobs, which are enabled, and what follows them.
    #[must_use]
    pub fn only(mut self, jobs: &BTreeSet<JobId>) -> Self {
        let mut reached = BTreeSet::new();
        let mut open: Vec<JobId> = jobs.iter().cloned().collect();
        while let Some(id) = open.pop() {
            let Some(job) = self.jobs.get(&id) else { continue };
            let targets: Vec<JobId> = job.job().after.iter().map(|l| l.target.clone()).collect();
            if reached.insert(id) {
                open.extend(targets);
            }
        }
        self.jobs.retain(|id, _| reached.contains(id));
        self.enable(|job| job.enabled || jobs.contains(&job.id));
        self
    }

    /// The same with these jobs disabled.
    #[must_use]
    pub fn without(mut self, jobs: &BTreeSet<JobId>) -> Self {
        self.enable(|job| job.enabled && !jobs.contains(&job.id));
        self
    }

    fn enable(&mut self, is_enabled: impl Fn(&Job) -> bool) {
        for compiled in self.jobs.values_mut() {
            let enabled = is_enabled(compiled.job());
            *compiled = CompiledJob::from_job(Job { enabled, ..compiled.job().clone() });
        }
    }

    /// Where the value of a job's key stands; without it, where the job's id does.
    #[must_use]
    pub fn place(&self, id: &JobId, path: &str) -> Option<Span> {
        let place = self.places.get(id).and_then(|places| places.of(path));
        place.map(|place| place.value).or_else(|| Some(self.job(id)?.job().id_span))
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

    /// The time zone that the config names.
    #[must_use]
    pub fn timezone(&self) -> Option<&ZoneName> {
        self.timezone.as_ref()
    }

    /// Settings of the report.
    #[must_use]
    pub fn report(&self) -> &ReportSettings {
        &self.report
    }

    /// How much of what happened is kept.
    #[must_use]
    pub fn history(&self) -> Retention {
        self.history
    }
}
