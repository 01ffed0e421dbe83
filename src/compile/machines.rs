//! One job's machine: its kind's table, and the inputs that its config can ever offer.
//!
//! In: a job. Out: a [`CompiledJob`] that knows which edges are open to it. `decide` asks
//! [`CompiledJob::offers`] before it gives any input, so an edge ruled out here is never taken.
//! Invariant: edges come from `machine::edges`; none is added here.

use std::sync::OnceLock;

use super::marks::{CommandMark, marks_of};
use crate::machine::{self, Edge, Input, Machine, State, WatchInput};
use crate::model::{Job, OnStall, StatusSource, Work};

/// A job with its machine.
#[derive(Clone, Debug)]
pub struct CompiledJob {
    job: Job,
    may_start: bool,
    marks: OnceLock<Vec<CommandMark>>,
}

/// An edge, and whether the job's config leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedEdge {
    /// The edge.
    pub edge: Edge,
    /// Can this job ever take it?
    pub offered: bool,
}

impl CompiledJob {
    pub(super) fn from_job(job: Job) -> Self {
        let may_start = job.is_read_only();
        Self { job, may_start, marks: OnceLock::new() }
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The marks of its commands. Few configs need them, and those more than once.
    #[must_use]
    pub fn marks(&self) -> &[CommandMark] {
        self.marks.get_or_init(|| marks_of(&self.job))
    }

    /// Which table it runs on.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.job.kind().machine()
    }

    /// May a tick resume it? Only a read_only job whose config says so.
    #[must_use]
    pub fn may_resume(&self) -> bool {
        self.may_start && self.job.policy.auto_resume && matches!(self.job.work, Work::Watch { .. })
    }

    /// May a tick stop it when it hangs, in order to resume it?
    #[must_use]
    pub fn may_restart(&self) -> bool {
        let has_stop = matches!(self.job.work, Work::Watch { stop: Some(_), .. });
        self.may_resume() && has_stop && self.job.policy.on_stall == OnStall::Restart
    }

    /// Does its status come from a file that it writes itself?
    #[must_use]
    pub fn is_watched_by_file(&self) -> bool {
        matches!(self.job.status_source(), Some(StatusSource::File(_)))
    }

    /// Can this input ever be given to it?
    #[must_use]
    pub fn offers(&self, input: Input) -> bool {
        match input {
            Input::Watch(input) => self.offers_watch(input),
            Input::Check(_) => self.machine() == Machine::Check && self.may_start,
            Input::Write(_) => self.machine() == Machine::Write,
        }
    }

    fn offers_watch(&self, input: WatchInput) -> bool {
        let open = match input {
            WatchInput::Started => self.may_start,
            WatchInput::Resume | WatchInput::ResumeFailed => self.may_resume(),
            WatchInput::GiveUp => self.may_resume() && self.job.policy.max_resumes.is_some(),
            WatchInput::SeenRunning
            | WatchInput::Progressed
            | WatchInput::NoProgress
            | WatchInput::SeenStopped
            | WatchInput::SeenCompleted
            | WatchInput::Stop => true,
        };
        open && self.machine() == Machine::Watch
    }

    /// Its table's edges, each with whether its config leaves it open and its states are reached.
    #[must_use]
    pub fn edges(&self) -> Vec<OfferedEdge> {
        let all = machine::edges(self.machine());
        let mut reached: Vec<State> = vec![self.machine().initial()];
        let mut next = 0;
        while let Some(&from) = reached.get(next) {
            for edge in all.iter().filter(|e| e.from == from && self.offers(e.input)) {
                if !reached.contains(&edge.to) {
                    reached.push(edge.to);
                }
            }
            next += 1;
        }
        let open = |e: &Edge| self.offers(e.input) && reached.contains(&e.from);
        all.into_iter().map(|edge| OfferedEdge { edge, offered: open(&edge) }).collect()
    }
}
