//! Why a job is in its state, what comes next, and what holds it back: `opsfsm explain`.
//!
//! In: the config, the world as it stands now, the last events of the job, the present. Out: an
//! [`Explanation`]: facts, each with its time, and no sentences.
//! Invariant: this only reads, and asks no job. What it says comes next is what the rules of ticks
//! say; for no state of any machine is it silent.

mod evidence;
mod holds;
mod next;

pub use evidence::{Evidence, GateFact};
pub use holds::Hold;
pub use next::{Next, NextKind};

use std::collections::BTreeSet;
use std::time::Duration;

use crate::base::{JobId, Now};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Cause, Event, EventKind, JobRecord, Notes, RunRow, World};
use crate::machine::{Input, State};

/// What an explanation is made from, beside the job itself.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The config.
    pub compiled: &'a Compiled,
    /// The store as it stands now.
    pub world: &'a World,
    /// The last events of the job with their numbers, oldest first.
    pub events: &'a [(u64, Event)],
    /// Writes of which a process still runs, or may.
    pub in_flight: &'a BTreeSet<JobId>,
    /// Why no write may start from here, whatever is approved: others may change the config or the
    /// store.
    pub exposed: Option<&'a str>,
    /// The present.
    pub now: &'a Now,
}

/// Why a job is in its state, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The state of its machine.
    pub state: State,
    /// Why it is in it.
    pub cause: Option<Cause>,
    /// Since when: Unix milliseconds; `None`: nothing has happened to it yet.
    pub since_ms: Option<i64>,
    /// For how long.
    pub age: Duration,
    /// What brought it there, where that is still in the journal.
    pub moved: Option<Moved>,
    /// The journal has it in another state still: the next tick records this one.
    pub unrecorded: bool,
    /// What is known of it.
    pub evidence: Vec<Evidence>,
    /// What comes next, what has a time first; never empty.
    pub next: Vec<Next>,
    /// What holds it back.
    pub holds: Vec<Hold>,
}

/// The event that brought a job into its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its number in the journal.
    pub seq: u64,
    /// When: Unix milliseconds.
    pub at_ms: i64,
    /// The input of the machine; `None`: the job was declared, or taken over from ops-monitor.
    pub input: Option<Input>,
}

/// One job and all that is known of it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    job: &'a CompiledJob,
    known: Known<'a>,
    /// What is remembered of a job of another kind says nothing of this one.
    record: Option<&'a JobRecord>,
    notes: &'a Notes,
}

impl<'a> Subject<'a> {
    fn id(&self) -> &'a JobId {
        &self.job.job().id
    }

    fn state(&self) -> State {
        self.record.map_or(self.job.machine().initial(), |r| r.state)
    }

    /// The run of it that is not settled.
    fn run(&self) -> Option<&'a RunRow> {
        self.known.world.runs.values().find(|row| row.spec.job == *self.id())
    }
}

/// Explains one job.
#[must_use]
pub fn explain_job(job: &CompiledJob, known: Known<'_>) -> Explanation {
    let id = &job.job().id;
    let record = known.world.snapshot.jobs.get(id).filter(|r| r.state.machine() == job.machine());
    let none = Notes::default();
    let notes = known.world.notes.get(id).filter(|_| record.is_some()).unwrap_or(&none);
    let subject = Subject { job, known, record, notes };
    let state = subject.state();
    let recorded = known.events.iter().rev().find_map(|(seq, event)| moved_by(*seq, event));
    Explanation {
        state,
        cause: record.and_then(|r| r.cause.clone()),
        since_ms: record.map(|r| r.since.wall_ms),
        age: record.map_or(Duration::ZERO, |r| known.now.at.delay_since(&r.since)),
        unrecorded: recorded.as_ref().is_some_and(|(to, _)| *to != state),
        moved: recorded.filter(|(to, _)| *to == state).map(|(_, moved)| moved),
        evidence: evidence::evidence_of(&subject),
        next: next::next_of(&subject),
        holds: holds::holds_of(&subject),
    }
}

/// Did this event bring its job into a state?
#[must_use]
pub fn moves_its_job(event: &Event) -> bool {
    moved_by(0, event).is_some()
}

/// The state that an event brought its job into, if it did.
fn moved_by(seq: u64, event: &Event) -> Option<(State, Moved)> {
    let (to, input) = match &event.kind {
        EventKind::Moved { input, to, .. } => (*to, Some(*input)),
        EventKind::Declared { state } | EventKind::ImportedState { state, .. } => (*state, None),
        EventKind::StoreCreated { .. }
        | EventKind::StoreRestored { .. }
        | EventKind::ConfigAdopted { .. }
        | EventKind::Imported { .. }
        | EventKind::CauseChanged { .. }
        | EventKind::RunClaimed { .. }
        | EventKind::RunEnded { .. }
        | EventKind::RunDropped { .. }
        | EventKind::AttemptsReset
        | EventKind::Enqueued { .. }
        | EventKind::ItemStarted { .. }
        | EventKind::ItemReturned { .. }
        | EventKind::ItemSettled { .. }
        | EventKind::Requested { .. }
        | EventKind::Denied { .. }
        | EventKind::CodeIssued { .. }
        | EventKind::CodeMissed
        | EventKind::CodeWithdrawn
        | EventKind::Approved { .. }
        | EventKind::GrantVoided { .. }
        | EventKind::GrantSpent { .. }
        | EventKind::WriteRefused { .. }
        | EventKind::WriteStarted { .. }
        | EventKind::VerificationQueued { .. }
        | EventKind::VerificationEnded { .. }
        | EventKind::Acknowledged { .. }
        | EventKind::WriteMarked { .. }
        | EventKind::Reclassified { .. } => return None,
    };
    Some((to, Moved { seq, at_ms: event.at.wall_ms, input }))
}
