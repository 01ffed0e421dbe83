//! An independent witness of what happens to writes. It keeps its own list of what was approved,
//! from what people were answered, and its own account of every run, from what really started; it
//! never asks the engine whether an approval is good. Of the journal it takes what moved, to hold
//! that against what it knows.

#![allow(clippy::wildcard_enum_match_arm, reason = "it looks for some kinds of events")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use opsfsm::approval::Level;
use opsfsm::base::{JobId, RunId, Stamp};
use opsfsm::journal::{Event, EventKind, Snapshot, Voided, apply};
use opsfsm::machine::{Input, WriteInput};
use opsfsm::model::{Purpose, RunSpec};

use crate::stage::{Content, Move, Stage, Truth, WRITES};
use crate::support::job;

/// What became of an approval.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Open,
    Used(RunId),
    Void(&'static str),
}

/// What a person approved.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) write: String,
    pub(crate) content: Content,
    pub(crate) at: Stamp,
    pub(crate) life: Duration,
    pub(crate) level: Level,
    /// The person was told so; else the commit was called failed, and may stand.
    pub(crate) sure: bool,
    pub(crate) fate: Fate,
}

/// How a run ended, as nobody can deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Exit(i32),
    NotStarted,
    Unproved,
}

/// A run that spent an approval.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) write: String,
    pub(crate) content: Content,
    pub(crate) started: bool,
    /// The verifications that passed since, by their place.
    pub(crate) passed: BTreeSet<usize>,
}

/// What a move found.
pub(crate) struct Before {
    pub(crate) now: Stamp,
    pub(crate) in_flight: BTreeSet<JobId>,
    pub(crate) begun: BTreeSet<RunId>,
    /// Approvals that would have let a write start.
    serving: Vec<usize>,
}

impl Before {
    pub(crate) fn of(stage: &Stage) -> Self {
        Self {
            now: stage.now(),
            in_flight: stage.host.in_flight.borrow().clone(),
            begun: stage.witness.runs.keys().cloned().collect(),
            serving: WRITES
                .iter()
                .flat_map(|id| stage.witness.serving(id, &stage.now(), &stage.truth))
                .collect(),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Witness {
    pub(crate) approvals: Vec<Approval>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    /// How each run may have ended.
    pub(crate) endings: BTreeMap<RunId, Vec<Ending>>,
    /// Runs whose outcome nobody has proved, or taken note of.
    pub(crate) unsettled: BTreeMap<String, RunId>,
    /// Runs whose process is on record and lives on, without a lock.
    pub(crate) left: BTreeSet<RunId>,
    pub(crate) counts: BTreeMap<String, usize>,
    /// A commit was to fail, or an executor to die.
    pub(crate) failed: bool,
    folded: Snapshot,
    events: usize,
    wrote: usize,
    ran: usize,
}

fn refuse<T>(why: String) -> Result<T, String> {
    Err(why)
}

impl Approval {
    /// Within its time by either clock, on the boot that it was given on.
    pub(crate) fn is_alive(&self, now: &Stamp) -> bool {
        let life = i64::try_from(self.life.as_millis()).expect("a life");
        let within = |now: i64, then: i64| now - then >= 0 && now - then < life;
        now.boot == self.at.boot
            && within(now.wall_ms, self.at.wall_ms)
            && within(now.up_ms, self.at.up_ms)
    }
}

impl Witness {
    /// Counts what was met, by its name; what exactly has changed of a plan is no part of it.
    pub(crate) fn count(&mut self, what: &str) {
        let what = what.split(" any more: ").next().unwrap_or(what);
        let what = if what.ends_with("approved one") {
            format!("{what} any more")
        } else {
            what.to_owned()
        };
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn approve(
        &mut self,
        write: &str,
        content: Content,
        (at, life, level): (&Stamp, Duration, Level),
        sure: bool,
    ) {
        if sure {
            self.void(write, "replaced");
        }
        let (write, at) = (write.to_owned(), at.clone());
        let fate = Fate::Open;
        self.approvals.push(Approval { write, content, at, life, level, sure, fate });
    }

    pub(crate) fn void(&mut self, write: &str, why: &'static str) {
        let own = |a: &&mut Approval| a.write == write && a.fate == Fate::Open;
        self.approvals.iter_mut().filter(own).for_each(|a| a.fate = Fate::Void(why));
    }

    /// The engine looked at the clocks then: whatever was over is over for good.
    pub(crate) fn clocks_seen(&mut self, now: &Stamp) {
        let over = |a: &&mut Approval| a.fate == Fate::Open && !a.is_alive(now);
        self.approvals.iter_mut().filter(over).for_each(|a| a.fate = Fate::Void("expired"));
    }

    /// A new round of verifications: those that passed have to pass again.
    pub(crate) fn verified_anew(&mut self, write: &str) {
        let open = self.unsettled.get(write).and_then(|run| self.runs.get_mut(run));
        if let Some(run) = open {
            run.passed.clear();
        }
    }

    pub(crate) fn ended(&mut self, run: &RunId, endings: Vec<Ending>) {
        self.endings.insert(run.clone(), endings);
    }

    /// The approvals that let a write start at this moment.
    pub(crate) fn serving(&self, write: &str, now: &Stamp, truth: &Truth) -> Vec<usize> {
        let (content, least) = (truth.content(write), truth.least(write));
        let serves = |a: &Approval| {
            a.write == write
                && a.fate == Fate::Open
                && a.is_alive(now)
                && Some(&a.content) == content.as_ref()
                && least.is_some_and(|least| a.level >= least)
        };
        (0..self.approvals.len()).filter(|n| serves(&self.approvals[*n])).collect()
    }

    fn consume(
        &mut self,
        write: &str,
        run: &RunId,
        (now, truth): (&Stamp, &Truth),
    ) -> Result<Content, String> {
        let serving = self.serving(write, now, truth);
        let sure = serving.iter().filter(|n| self.approvals[**n].sure).count();
        let Some(first) = serving.first() else {
            return refuse(format!("{write} begins unapproved at {now:?}: {:#?}", self.approvals));
        };
        if sure > 1 {
            return refuse(format!("{write} has {sure} live approvals"));
        }
        if let Some(open) = self.unsettled.insert(write.to_owned(), run.clone()) {
            return refuse(format!("{write} begins, and its run {open} is not settled"));
        }
        let content = self.approvals[*first].content.clone();
        for n in &serving {
            self.approvals[*n].fate = Fate::Used(run.clone());
        }
        Ok(content)
    }
}

impl Stage {
    /// What must hold after a move.
    ///
    /// # Errors
    /// What does not.
    pub(crate) fn hold(&mut self, before: &Before, act: &Move) -> Result<(), String> {
        let store = self.host.store.snapshot();
        let events = store.events_from(self.witness.events);
        self.witness.events += events.len();
        for event in &events {
            let applied = apply(&mut self.witness.folded, event);
            applied.map_err(|fault| format!("the journal does not replay: {fault}"))?;
        }
        if self.witness.folded != store.world().snapshot {
            return refuse("the replay is not what is stored".to_owned());
        }
        self.hold_starts(before, act, &events)?;
        self.hold_verifications(before)?;
        events.iter().try_for_each(|event| self.hold_event(before, event, act))
    }

    fn hold_starts(&mut self, before: &Before, act: &Move, events: &[Event]) -> Result<(), String> {
        for event in events {
            let EventKind::GrantSpent { run, .. } = &event.kind else { continue };
            let write = event.job.as_ref().ok_or("a grant is spent for no job")?.to_string();
            let content = self.witness.consume(&write, run, (&before.now, &self.truth))?;
            let fresh = Run { write, content, started: false, passed: BTreeSet::new() };
            if self.witness.runs.insert(run.clone(), fresh).is_some() {
                return refuse(format!("run {run} begins twice"));
            }
        }
        let wrote: Vec<_> = self.host.wrote.borrow()[self.witness.wrote..].to_vec();
        self.witness.wrote += wrote.len();
        for start in &wrote {
            if !matches!(act, Move::Execute(..)) {
                return refuse(format!("nobody executed {start:?}"));
            }
            if before.in_flight.contains(&start.job) {
                return refuse(format!("it starts beside its forerunner: {start:?}"));
            }
            let Some(run) = self.witness.runs.get_mut(&start.run) else {
                return refuse(format!("what was started is not on record: {start:?}"));
            };
            let same = run.write == start.job.as_str() && run.content.argv == start.argv;
            if !same || run.started || start.at != before.now {
                return refuse(format!("not what was approved, or twice: {start:?}, {run:?}"));
            }
            run.started = true;
            self.witness.count("started");
        }
        Ok(())
    }

    fn hold_verifications(&mut self, before: &Before) -> Result<(), String> {
        let ran: Vec<RunSpec> = self.host.ran.borrow()[self.witness.ran..].to_vec();
        self.witness.ran += ran.len();
        for spec in ran.iter().filter(|spec| spec.purpose != Purpose::Check) {
            let Some(verifies) = spec.verifies.as_ref().filter(|_| spec.purpose == Purpose::Verify)
            else {
                return refuse(format!("nobody asked for {spec:?}"));
            };
            let version = spec.argv.first().map(|file| self.truth.version(file));
            let behaves = self.behaves(&spec.job);
            let Some(run) = self.witness.runs.get_mut(&verifies.run) else {
                return refuse(format!("it verifies what never began: {spec:?}"));
            };
            let approved = run.content.checks.get(verifies.index).is_some_and(|check| {
                check.job == spec.job.as_str()
                    && check.argv == spec.argv
                    && Some(check.version) == version
            });
            let lives = before.in_flight.contains(&verifies.write);
            if !approved || lives || self.witness.left.contains(&verifies.run) {
                return refuse(format!("not the approved verification, or too early: {spec:?}"));
            }
            if behaves.exit == 0 && !behaves.attention {
                run.passed.insert(verifies.index);
            }
            self.witness.count("a verification ran");
        }
        Ok(())
    }

    /// A store is doubted only once a commit has failed, or an executor has died: its own witness may
    /// have seen what never was recorded. What was approved before may be void then.
    fn hold_doubt(&mut self, event: &Event) -> Result<(), String> {
        if let EventKind::StoreRestored { .. } = &event.kind {
            if !self.witness.failed {
                return refuse("the store is doubted, and nothing has failed".to_owned());
            }
            self.witness.count("a store in doubt");
            self.witness.approvals.iter_mut().for_each(|approval| approval.sure = false);
        }
        Ok(())
    }

    fn hold_event(&mut self, before: &Before, event: &Event, act: &Move) -> Result<(), String> {
        self.hold_doubt(event)?;
        let Some(write) = event.job.as_ref().map(JobId::as_str) else { return Ok(()) };
        match &event.kind {
            EventKind::GrantVoided { why: Voided::Unfit(unfit), .. } => {
                self.witness.count(&format!("void: {unfit:?}"));
                let approvals = before.serving.iter().map(|n| &self.witness.approvals[*n]);
                let mut own = approvals.filter(|a| a.write == write && a.sure);
                let sure = own.any(|a| a.is_alive(&event.at));
                if sure { refuse(format!("{write}: {unfit:?}, though it serves")) } else { Ok(()) }
            }
            EventKind::WriteStarted { run, .. } => {
                let behaves = self.behaves(&job(write));
                if behaves.leaves_running && behaves.sheds_lock {
                    self.witness.left.insert(run.clone());
                }
                Ok(())
            }
            EventKind::Moved { input: Input::Write(input), .. } => {
                self.witness.count(input.as_str());
                self.hold_move(write, *input, act)
            }
            _ => Ok(()),
        }
    }

    fn hold_move(&mut self, write: &str, input: WriteInput, act: &Move) -> Result<(), String> {
        let last = self.witness.unsettled.get(write).cloned();
        let ordered = |it: bool| if it { Ok(()) } else { refuse(format!("nobody said {input}")) };
        let ended = |wanted: &dyn Fn(&Ending) -> bool| {
            let known = last.as_ref().and_then(|run| self.witness.endings.get(run));
            let lawful = known.is_some_and(|endings| endings.iter().any(wanted));
            if lawful { Ok(()) } else { refuse(format!("{write} {input}, but {last:?} {known:?}")) }
        };
        match input {
            WriteInput::Approve if last.is_some() => {
                return refuse(format!("{write} is approved anew, and {last:?} is not settled"));
            }
            WriteInput::Approve => return ordered(matches!(act, Move::Approve(..))),
            WriteInput::Acknowledge => ordered(matches!(act, Move::Acknowledge(_)))?,
            WriteInput::Begin => return ordered(matches!(act, Move::Execute(..))),
            WriteInput::ExitedOk => return ended(&|e| *e == Ending::Exit(0)),
            WriteInput::ExitedErr => ended(&|e| matches!(e, Ending::Exit(n) if *n != 0))?,
            WriteInput::NotStarted => ended(&|e| *e == Ending::NotStarted)?,
            WriteInput::Lost => return ended(&|e| *e == Ending::Unproved),
            WriteInput::VerifyPassed => {
                let run = last.as_ref().and_then(|run| self.witness.runs.get(run));
                let all = run.is_some_and(|run| {
                    let checks = run.content.checks.len();
                    checks > 0 && (0..checks).all(|n| run.passed.contains(&n))
                });
                if !all {
                    return refuse(format!("{write} is called verified: {run:?}"));
                }
            }
            WriteInput::Revoke
            | WriteInput::Expire
            | WriteInput::PlanChanged
            | WriteInput::VerifyFailed
            | WriteInput::VerifyOverdue => return Ok(()),
        }
        // Proved, or taken note of.
        self.witness.unsettled.remove(write);
        Ok(())
    }

    /// The writes' states, for whoever reports a failure.
    pub(crate) fn states(&self) -> Vec<&'static str> {
        WRITES.iter().map(|id| self.host.state(&job(id)).map_or("", |s| s.as_str())).collect()
    }
}
