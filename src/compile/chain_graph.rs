//! The chains as they are written: who follows whom, whatever is wrong with it.
//!
//! In: the outlines of a config's jobs. Out: a [`ChainGraph`] for pictures: also of a config whose
//! chains dangle or run in a cycle, since that is when a picture is needed most.
//! Invariant: sorted by id throughout, and never asked by anything that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::chain::{Outlines, cycles_of};
use crate::base::JobId;
use crate::model::{Kind, Link, LinkWhen, Outline, Risk};

/// All jobs and all links of a config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainGraph {
    /// Every job that is declared, and every one that a link names and nobody declares.
    pub jobs: BTreeMap<JobId, ChainJob>,
    /// The links, by their ends, what they wait for, and how long.
    pub edges: Vec<ChainEdge>,
    /// Cycles, each from its smallest id on: no two share a link.
    pub cycles: Vec<Vec<JobId>>,
}

/// One job, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainJob {
    /// Its name, where it has one beside its id.
    pub name: Option<String>,
    /// Its kind, if it names one.
    pub kind: Option<Kind>,
    /// Its risk, if it names one.
    pub risk: Option<Risk>,
    /// Is it enabled?
    pub enabled: bool,
    /// Only a link names it.
    pub missing: bool,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChainEdge {
    /// When this job ends,
    pub from: JobId,
    /// that one follows,
    pub to: JobId,
    /// on this end,
    pub when: LinkWhen,
    /// after this long.
    pub delay: Duration,
    /// It verifies a write.
    pub verifies: bool,
    /// It only asks for the job, which is a write: a person approves it or not.
    pub requests: bool,
    /// It is part of a cycle.
    pub in_cycle: bool,
}

impl ChainGraph {
    /// The graph of these jobs.
    #[must_use]
    pub fn from_outlines(outlines: &BTreeMap<JobId, Outline>) -> Self {
        let cycles = cycles_of(outlines);
        let in_cycle = |from: &JobId, to: &JobId| {
            let (from_knot, to_knot) = (cycles.knots.get(from), cycles.knots.get(to));
            from == to || (from_knot.is_some() && from_knot == to_knot)
        };
        let mut jobs: BTreeMap<JobId, ChainJob> =
            outlines.iter().map(|(id, job)| (id.clone(), ChainJob::of(job))).collect();
        let mut edges = Vec::new();
        for (id, job) in outlines {
            for link in &job.after {
                let in_cycle = in_cycle(id, &link.target);
                edges.push(edge_of(id, job, link, outlines, in_cycle));
                jobs.entry(link.target.clone()).or_insert_with(ChainJob::missing);
            }
        }
        edges.sort();
        let selves: BTreeSet<&JobId> =
            edges.iter().filter(|e| e.from == e.to).map(|e| &e.from).collect();
        let mut all: Vec<Vec<JobId>> = selves.into_iter().map(|id| vec![id.clone()]).collect();
        all.extend(cycles.paths.iter().map(|path| path.iter().copied().cloned().collect()));
        all.sort();
        Self { jobs, edges, cycles: all }
    }
}

impl ChainJob {
    fn of(job: &Outline) -> Self {
        let Outline { id_span: _, kind, risk, name, enabled, after: _ } = job;
        Self { name: name.clone(), kind: *kind, risk: *risk, enabled: *enabled, missing: false }
    }

    fn missing() -> Self {
        Self { name: None, kind: None, risk: None, enabled: false, missing: true }
    }
}

fn edge_of(id: &JobId, job: &Outline, link: &Link, jobs: &Outlines, in_cycle: bool) -> ChainEdge {
    let target = jobs.get(&link.target);
    let is_check =
        target.is_some_and(|t| t.kind == Some(Kind::OneShotRead) && t.risk == Some(Risk::ReadOnly));
    let after_success = job.kind == Some(Kind::OneShotWrite) && link.when == LinkWhen::Success;
    ChainEdge {
        from: id.clone(),
        to: link.target.clone(),
        when: link.when,
        delay: link.delay,
        verifies: after_success && is_check,
        requests: target.is_some_and(|t| t.kind == Some(Kind::OneShotWrite)),
        in_cycle,
    }
}
