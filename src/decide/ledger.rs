//! The working copy of a decision: a world that changes only by recorded events, and what else is
//! concluded on the way.
//!
//! In: config, world, facts. Out: a [`Decision`].
//! Invariant: a job takes an input only if its compiled machine offers it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::news::{Notice, RunNews, Section, Started, Verdict, Why};
use super::{Decision, Facts};
use crate::base::{GrantId, ItemId, JobId, Now, RunId, Stamp, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{
    Cause, Event, EventKind, Held, JobRecord, Meta, Notes, ReplayFault, RunPhase, RunRow, Voided,
    World,
};
use crate::machine::{self, Input, State};
use crate::model::{Command, Job, Purpose, RunSpec, Sandbox, Work};

/// What came of a write in this decision, kept for the report on it: its machine may have dropped
/// the plan by then.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteNote {
    /// The run that ended: its own, or a verification's that did not pass.
    pub(super) run: Option<RunNews>,
    /// The short digest of its plan.
    pub(super) plan: Option<String>,
    /// Its verification could have written.
    pub(super) unsandboxed: bool,
}

/// The working copy.
pub struct Ledger<'a> {
    compiled: &'a Compiled,
    facts: &'a Facts<'a>,
    decision: Decision,
    started: BTreeMap<JobId, Vec<Started>>,
    written: BTreeMap<JobId, WriteNote>,
    /// The jobs that an event of this decision touched, and when an earlier one did.
    touched: BTreeMap<JobId, Option<Stamp>>,
    may_start: bool,
    drawn: u64,
}

impl<'a> Ledger<'a> {
    /// Begins a decision.
    #[must_use]
    pub fn new(compiled: &'a Compiled, world: World, facts: &'a Facts<'a>) -> Self {
        let mut decision = Decision::default();
        decision.change.world = world;
        Self {
            compiled,
            facts,
            decision,
            started: BTreeMap::new(),
            written: BTreeMap::new(),
            touched: BTreeMap::new(),
            may_start: true,
            drawn: 0,
        }
    }

    /// Ends it. Sections stand by job, whatever was concluded first.
    #[must_use]
    pub fn into_decision(mut self) -> Decision {
        self.decision.news.sections.sort_by(|a, b| a.job.cmp(&b.job));
        self.decision
    }

    /// May this decision start anything?
    pub(super) fn allow_starts(&mut self, allowed: bool) {
        self.may_start = allowed;
    }

    pub(super) fn may_start(&self) -> bool {
        self.may_start
    }

    pub(super) fn compiled(&self) -> &'a Compiled {
        self.compiled
    }

    pub(super) fn now(&self) -> &'a Now {
        self.facts.now
    }

    pub(super) fn facts(&self) -> &'a Facts<'a> {
        self.facts
    }

    /// The world as changed so far.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.decision.change.world
    }

    pub(super) fn meta_mut(&mut self) -> &mut Meta {
        &mut self.decision.change.world.meta
    }

    pub(super) fn job_record(&self, id: &JobId) -> Option<&JobRecord> {
        self.world().snapshot.jobs.get(id)
    }

    pub(super) fn notes(&self, id: &JobId) -> &Notes {
        static NONE: LazyLock<Notes> = LazyLock::new(Notes::default);
        self.world().notes.get(id).unwrap_or(&NONE)
    }

    /// Replaces a job's notes; unchanged ones are not written.
    pub(super) fn set_notes(&mut self, id: &JobId, notes: Notes) {
        let change = &mut self.decision.change;
        match change.world.notes.get_mut(id) {
            Some(before) if *before == notes => return,
            Some(before) => *before = notes,
            None => drop(change.world.notes.insert(id.clone(), notes)),
        }
        change.jobs.insert(id.clone());
    }

    /// What was started for a job in this decision.
    pub(super) fn started(&self, id: &JobId) -> &[Started] {
        self.started.get(id).map_or(&[], Vec::as_slice)
    }

    /// Did an event of this decision touch the job?
    pub(super) fn touched(&self, id: &JobId) -> bool {
        self.touched.contains_key(id)
    }

    /// When the last event before this decision touched the job.
    pub(super) fn touched_before(&self, id: &JobId) -> Option<&Stamp> {
        let own = || self.job_record(id).map(|record| &record.touched);
        self.touched.get(id).map_or_else(own, Option::as_ref)
    }

    /// Why this decision voided an approval of the job, if it did.
    pub(super) fn voided(&self, id: &JobId) -> Option<Voided> {
        let events = self.decision.change.events.iter().rev();
        let mut own = events.filter(|event| event.job.as_ref() == Some(id));
        own.find_map(|event| {
            if let EventKind::GrantVoided { why, .. } = &event.kind { Some(*why) } else { None }
        })
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        if !self.decision.news.notices.contains(&notice) {
            self.decision.news.notices.push(notice);
        }
    }

    pub(super) fn tell_section(&mut self, section: Section) {
        self.set_verdict(&section.job, true, section.why);
        self.decision.news.sections.push(section);
    }

    /// Adds what was held back to the section that tells the job anyway; gives it back where none
    /// does.
    pub(super) fn add_held(&mut self, id: &JobId, held: Held) -> Option<Held> {
        let mut sections = self.decision.news.sections.iter_mut();
        match sections.find(|section| section.job == *id) {
            Some(section) => {
                section.held = held;
                None
            }
            None => Some(held),
        }
    }

    /// Says whether and why a job is told; being told is never taken back.
    pub(super) fn set_verdict(&mut self, id: &JobId, reported: bool, why: Why) {
        let new = Verdict { reported, why };
        let verdict = self.decision.verdicts.entry(id.clone()).or_insert(new);
        if reported || !verdict.reported {
            *verdict = new;
        }
    }

    /// Records an event: the only way in which a snapshot changes.
    pub(super) fn record(
        &mut self,
        job: Option<&JobId>,
        kind: EventKind,
    ) -> Result<(), ReplayFault> {
        let event = Event { at: self.now().at.clone(), job: job.cloned(), kind };
        if let Some(id) = job.filter(|id| !self.touched.contains_key(*id)) {
            self.touched.insert(id.clone(), self.touched_before(id).cloned());
        }
        self.decision.change.record(event)
    }

    /// Gives the job a record, or a new one where its kind changed.
    pub(super) fn declare(&mut self, job: &CompiledJob) -> Result<(), ReplayFault> {
        let id = &job.job().id;
        let machine = job.machine();
        let same = |r: &JobRecord| r.state.machine() == machine;
        // What is open of a write is not forgotten because its job is declared another kind.
        let open = |r: &JobRecord| r.write.is_some();
        if self.job_record(id).is_some_and(|r| same(r) || open(r)) {
            return Ok(());
        }
        self.decision.change.world.notes.remove(id);
        self.record(Some(id), EventKind::Declared { state: machine.initial() })
    }

    /// Gives the job an input. Nothing happens where its table or its config has no such edge; a
    /// self-edge is recorded only if it brings another cause. Says which state it has left, if any.
    pub(super) fn step(
        &mut self,
        job: &CompiledJob,
        input: Input,
        cause: Option<Cause>,
    ) -> Result<Option<State>, ReplayFault> {
        if !job.offers(input) {
            return Ok(None);
        }
        self.step_of(&job.job().id, input, cause)
    }

    /// The same for a run that has begun or ended: its machine follows it also if its job has left
    /// the config meanwhile, and nothing but the table is asked.
    pub(super) fn step_of(
        &mut self,
        id: &JobId,
        input: Input,
        cause: Option<Cause>,
    ) -> Result<Option<State>, ReplayFault> {
        let Some(record) = self.job_record(id) else { return Ok(None) };
        let (from, before) = (record.state, record.cause.as_ref().map(|cause| cause.kind));
        let Ok(to) = machine::step(from, input) else { return Ok(None) };
        if from != to {
            self.record(Some(id), EventKind::Moved { input, to, cause })?;
            return Ok(Some(from));
        }
        if let Some(cause) = cause.filter(|cause| before != Some(cause.kind)) {
            self.record(Some(id), EventKind::CauseChanged { cause })?;
        }
        Ok(None)
    }

    /// Is a run of the job claimed or executing, by a process not proved dead?
    pub(super) fn is_busy(&self, id: &JobId) -> Option<&RunRow> {
        self.world()
            .runs
            .values()
            .find(|row| row.spec.job == *id && !self.facts.dead.contains(&row.spec.run))
    }

    /// Claims a run of one of the job's commands.
    pub(super) fn claim(
        &mut self,
        job: &CompiledJob,
        purpose: Purpose,
        command: &Command,
        item: Option<ItemId>,
    ) -> Result<RunSpec, ReplayFault> {
        let declared = job.job();
        let spec = RunSpec {
            run: self.new_run(),
            job: declared.id.clone(),
            purpose,
            item,
            argv: command.argv.clone(),
            cwd: declared.cwd.clone(),
            env: declared.env.clone(),
            limit_ms: command.limit.map(|l| u64::try_from(l.as_millis()).unwrap_or(u64::MAX)),
            sandboxed: is_sandboxed(declared),
            verifies: None,
        };
        self.claim_spec(&spec)?;
        Ok(spec)
    }

    /// Claims a run as it stands.
    pub(super) fn claim_spec(&mut self, spec: &RunSpec) -> Result<(), ReplayFault> {
        let (id, run, purpose) = (&spec.job, spec.run.clone(), spec.purpose);
        let cause = self.job_record(id).and_then(|r| r.cause.clone());
        self.record(Some(id), EventKind::RunClaimed { run: run.clone(), purpose })?;
        if let Some(item) = spec.item.clone() {
            self.record(Some(id), EventKind::ItemStarted { item, run: run.clone() })?;
        }
        let attempt = self.job_record(id).map_or(0, |r| r.attempts);
        let started = Started { job: id.clone(), run, purpose, attempt, cause };
        self.started.entry(id.clone()).or_default().push(started);
        self.put_run(RunRow {
            spec: spec.clone(),
            phase: RunPhase::Claimed,
            claimed_at: self.now().at.clone(),
            claimer: self.facts.claimer.clone(),
        });
        Ok(())
    }

    /// An id for a run.
    pub(super) fn new_run(&mut self) -> RunId {
        RunId::from_bits(self.draw())
    }

    /// An id for an approval.
    pub(super) fn new_grant(&mut self) -> GrantId {
        GrantId::from_bits(self.draw())
    }

    /// Asks for a claimed run to be launched once its claim is durable.
    pub(super) fn launch_claimed(&mut self, spec: RunSpec) {
        self.decision.launches.push(spec);
    }

    /// What is kept about a write for the report on it, to be added to.
    pub(super) fn write_note(&mut self, job: &JobId) -> &mut WriteNote {
        self.written.entry(job.clone()).or_default()
    }

    /// Takes it out again.
    pub(super) fn take_write_note(&mut self, job: &JobId) -> WriteNote {
        self.written.remove(job).unwrap_or_default()
    }

    /// Claims a run and asks for it to be launched once the claim is durable.
    pub(super) fn launch(
        &mut self,
        job: &CompiledJob,
        purpose: Purpose,
        command: &Command,
        item: Option<ItemId>,
    ) -> Result<(), ReplayFault> {
        let spec = self.claim(job, purpose, command, item)?;
        self.decision.launches.push(spec);
        Ok(())
    }

    /// Is there room for one more launch in this tick?
    pub(super) fn has_launch_room(&self) -> bool {
        self.decision.launches.len() < limits::LAUNCHES_PER_TICK
    }

    pub(super) fn put_run(&mut self, row: RunRow) {
        let run = row.spec.run.clone();
        self.decision.change.runs.insert(run.clone());
        self.decision.change.world.runs.insert(run, row);
    }

    /// The run is settled: it leaves the world.
    pub(super) fn settle_run(&mut self, run: &RunId) {
        self.decision.change.world.runs.remove(run);
        self.decision.change.runs.insert(run.clone());
    }

    /// Sixteen bytes that nobody else draws: SHA-256 over the seed and a counter.
    fn draw(&mut self) -> [u8; 16] {
        self.drawn += 1;
        let mut hasher = Sha256::new();
        hasher.update(self.facts.seed);
        hasher.update(self.drawn.to_be_bytes());
        first_16(&hasher.finalize())
    }
}

/// Does its own config keep it from writing, whatever it runs for?
fn is_sandboxed(job: &Job) -> bool {
    match &job.work {
        Work::Check { sandbox, .. } => *sandbox == Some(Sandbox::ReadOnly),
        Work::Watch { .. } | Work::Write { .. } => false,
    }
}

/// The first sixteen bytes of a hash.
pub(super) fn first_16(hash: &[u8]) -> [u8; 16] {
    let mut bits = [0; 16];
    for (bit, byte) in bits.iter_mut().zip(hash) {
        *bit = *byte;
    }
    bits
}
