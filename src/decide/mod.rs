//! The pure core: what a tick concludes from what it saw.
//!
//! In: the compiled config, the store's [`World`](crate::journal::World), observations, the
//! present. Out: a [`Decision`]: events, runs to launch, sections of a report.
//! Invariant: nothing here touches a clock, a file, a process or the network, and the same input
//! gives the same answer, always.

mod approve;
mod begin;
mod clocks;
mod code;
pub mod delivery;
mod digest;
mod explain;
mod gate;
mod guard;
mod import;
mod ledger;
mod marks;
mod news;
mod outcome;
mod patience;
mod person;
mod queue;
mod recorded;
mod report;
mod report_write;
mod request;
mod restore;
pub mod route;
mod section;
mod serve;
mod settle;
mod standing;
mod verify;
mod wait;
mod watch;
mod write;

pub use approve::{Attest, Proof, approve};
pub use begin::{BeginFacts, begin_write, claim_write, drop_claim, note_refusal, note_started};
pub use clocks::tick_period;
pub use code::{CodeIssued, issue_code, withdraw_code};
pub use explain::{
    Evidence, Explanation, GateFact, Hold, Known, Moved, Next, NextKind, explain_job, moves_its_job,
};
pub use gate::GateRefused;
pub use import::{V1State, begin_store};
pub use ledger::Ledger;
pub use marks::{HiddenWrite, hidden_writes};
pub use news::{
    Anomaly, AnomalyKind, News, Notice, RunNews, Section, Started, Verdict, Why, clean_output,
    clean_text,
};
pub use outcome::{Detail, JobView, TickOutcome, ToldJob};
pub use person::{
    RunRefused, StartRefused, StopPlan, begin_run, claim_check, claim_start, record_outcome,
    request_stop,
};
pub use recorded::{Denied, acknowledge, deny, reclassify, reverify, revoke};
pub use request::{Requested, request};
pub use restore::begin_epoch;
pub use settle::Settling;
pub use standing::{Due, DueKind, Standing, standings};
pub use wait::{Served, drop_unlaunched, serve_write};

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{JobId, Now, RunId};
use crate::compile::Compiled;
use crate::journal::{Change, ReplayFault, World};
use crate::model::{Observation, ProcessId, RunSpec};

/// What a decision is made from, beside config and world.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The present.
    pub now: &'a Now,
    /// Seed of all ids that the decision makes up.
    pub seed: [u8; 32],
    /// The deciding process: it claims the runs.
    pub claimer: ProcessId,
    /// Unsettled runs whose claimer or executor is proved dead.
    pub dead: BTreeSet<RunId>,
    /// Writes of which a process still runs, or may.
    pub in_flight: BTreeSet<JobId>,
}

/// What a tick concluded.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// What is to be made durable.
    pub change: Change,
    /// Runs to launch once it is.
    pub launches: Vec<RunSpec>,
    /// What people are told.
    pub news: News,
    /// For each job of the config: told or not, and why.
    pub verdicts: BTreeMap<JobId, Verdict>,
}

/// Phase one of a tick: settles what ended, takes in what was observed, fills the queue, claims
/// what may be started. Observations are sorted by job, as a status runner gives them.
///
/// # Errors
/// [`ReplayFault`] where the machine and the world disagree: nothing may be done then.
pub fn decide_observed(
    compiled: &Compiled,
    world: World,
    observations: &[Observation],
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    let suspect = clocks::note_clocks(&mut ledger);
    ledger.meta_mut().report = Some(compiled.report().clone());
    ledger.meta_mut().history = compiled.history();
    declare_jobs(&mut ledger)?;
    let hidden = hidden_writes(compiled, &ledger.world().snapshot);
    ledger.allow_starts(!suspect && hidden.is_empty());
    settle::settle_runs(&mut ledger)?;
    write::tend_writes(&mut ledger)?;
    watch::observe_jobs(&mut ledger, observations)?;
    request::request_granted_in_file(&mut ledger)?;
    queue::schedule_checks(&mut ledger)?;
    serve::serve_queue(&mut ledger)?;
    report::tell_watched_jobs(&mut ledger, observations);
    report_write::tell_writes(&mut ledger);
    request::remind_of_requests(&mut ledger);
    report::tell_orphans(&mut ledger);
    digest::tell_held(&mut ledger);
    Ok(ledger.into_decision())
}

/// Phase two: settles what the effects of phase one brought. Starts nothing.
///
/// # Errors
/// [`ReplayFault`], as above.
pub fn decide_settled(
    compiled: &Compiled,
    world: World,
    facts: &Facts<'_>,
) -> Result<Decision, ReplayFault> {
    let mut ledger = Ledger::new(compiled, world, facts);
    ledger.allow_starts(false);
    settle::settle_runs(&mut ledger)?;
    write::tend_writes(&mut ledger)?;
    report::tell_settled_watches(&mut ledger);
    report_write::tell_writes(&mut ledger);
    Ok(ledger.into_decision())
}

/// Every job of the config has a record in its own machine; one of another kind begins anew.
fn declare_jobs(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let compiled = ledger.compiled();
    for job in compiled.jobs() {
        ledger.declare(job)?;
        marks::mark_write(ledger, job)?;
    }
    Ok(())
}
