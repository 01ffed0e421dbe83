//! What a tick shows of itself afterwards: each job's state, whether it was told and why.
//!
//! In: the decisions of its two phases. Out: plain data for `render`.
//! Invariant: a view decides nothing.

use std::collections::BTreeMap;

use super::delivery::Deliveries;
use super::{Decision, Started, Verdict, Why};
use crate::base::{JobId, Stamp};
use crate::compile::Compiled;
use crate::journal::{Cause, ItemState, Report};
use crate::machine::State;
use crate::model::{Kind, RunSpec};

/// How much somebody wants to see of a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What it told and delivered.
    #[default]
    Told,
    /// Also every job.
    EveryJob,
}

/// What a tick did.
#[derive(Clone, Debug, Default)]
pub struct TickOutcome {
    detail: Detail,
    /// Every job of the config, by id; empty where nobody wants to see them.
    pub jobs: BTreeMap<JobId, JobView>,
    /// Which jobs its reports are about, and why.
    pub told: Vec<ToldJob>,
    /// How many items wait in the queue.
    pub queued: usize,
    /// Reports that were delivered (or, in a dry run, would be).
    pub reports: Vec<Report>,
    /// Why a report could not be delivered.
    pub undelivered: Option<String>,
    /// How many reports were given up, now or before, and wait for a person.
    pub given_up: usize,
    /// Executors that could not be started.
    pub launch_faults: Vec<String>,
}

/// A job that a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldJob {
    /// Which.
    pub job: JobId,
    /// Why it is told.
    pub why: Why,
    /// How much of what quiet hours held back is told with it.
    pub held: usize,
}

/// One job after a tick.
#[derive(Clone, Debug)]
pub struct JobView {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Does a tick watch or schedule it?
    pub enabled: bool,
    /// Its state.
    pub state: State,
    /// Why.
    pub cause: Option<Cause>,
    /// Since when.
    pub since: Stamp,
    /// Told in this tick or not, and why.
    pub verdict: Verdict,
    /// What was started for it.
    pub started: Vec<Started>,
}

impl TickOutcome {
    /// Of a tick that has done nothing yet.
    #[must_use]
    pub fn of(detail: Detail) -> Self {
        Self { detail, ..Self::default() }
    }

    /// Takes over what a decision came to. A second decision of the same tick adds to the first.
    pub fn take(&mut self, compiled: &Compiled, decision: &Decision) {
        let world = &decision.change.world;
        let waiting = |state: &ItemState| *state == ItemState::Pending;
        self.queued = world.snapshot.queue.values().filter(|q| waiting(&q.state)).count();
        self.told.extend(decision.news.sections.iter().map(|section| ToldJob {
            job: section.job.clone(),
            why: section.why,
            held: section.held.len(),
        }));
        if self.detail == Detail::EveryJob {
            self.take_jobs(compiled, decision);
        }
    }

    fn take_jobs(&mut self, compiled: &Compiled, decision: &Decision) {
        let records = &decision.change.world.snapshot.jobs;
        for job in compiled.jobs() {
            let declared = job.job();
            let Some(record) = records.get(&declared.id) else { continue };
            let before = self.jobs.remove(&declared.id);
            let quiet = Verdict { reported: false, why: Why::NothingNew };
            let old = before.as_ref().map_or(quiet, |b| b.verdict);
            let new = decision.verdicts.get(&declared.id).copied();
            let verdict = new.filter(|v| v.reported || !old.reported).unwrap_or(old);
            let mut started = before.map(|b| b.started).unwrap_or_default();
            started
                .extend(decision.launches.iter().filter(|s| s.job == declared.id).map(started_of));
            let view = JobView {
                name: declared.name.clone(),
                kind: declared.kind(),
                enabled: declared.enabled,
                state: record.state,
                cause: record.cause.clone(),
                since: record.since.clone(),
                verdict,
                started,
            };
            self.jobs.insert(declared.id.clone(), view);
        }
    }

    /// Adds what a round of deliveries brought.
    pub fn take_round(&mut self, round: Deliveries) {
        // A report that was only handed over stays in the outbox, and comes again.
        let known = |report: &Report| self.reports.iter().any(|r| r.id == report.id);
        let new: Vec<_> = round.delivered.into_iter().filter(|r| !known(r)).collect();
        self.reports.extend(new);
        self.undelivered = self.undelivered.take().or(round.undelivered);
        self.given_up = round.given_up;
    }
}

fn started_of(spec: &RunSpec) -> Started {
    Started {
        job: spec.job.clone(),
        run: spec.run.clone(),
        purpose: spec.purpose,
        attempt: 0,
        cause: None,
    }
}
