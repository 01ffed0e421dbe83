//! What rules look at: the model, the links into each job, where everything stands.
//!
//! In: a model and its outlines. Out: a [`Subject`], and findings that point at the right place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::argv::Argv;
use crate::base::JobId;
use crate::diag::{Code, Finding, Span};
use crate::model::{Job, Kind, Link, Model, Outline, Risk, StatusSource, Work};
use crate::ports::HostFacts;

/// What rules look at.
pub struct Subject<'a> {
    /// The jobs that could be read.
    pub model: &'a Model,
    /// Of every job, what is needed to look at chains.
    pub outlines: &'a BTreeMap<JobId, Outline>,
    /// Are those all jobs?
    pub whole: bool,
    /// How often a tick comes, where that is known.
    pub period: Option<Duration>,
    /// This machine, unless it is left out.
    pub host: Option<&'a dyn HostFacts>,
    /// The files of the config.
    pub files: Vec<PathBuf>,
    incoming: BTreeMap<&'a JobId, Vec<Incoming<'a>>>,
}

/// A link, seen from the job that it leads to.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Whose link it is.
    pub from: &'a JobId,
    /// The link.
    pub link: &'a Link,
}

impl<'a> Subject<'a> {
    /// A config, of which nothing is known but its text. `whole`: every job of it could be read.
    #[must_use]
    pub fn new(model: &'a Model, outlines: &'a BTreeMap<JobId, Outline>, whole: bool) -> Self {
        let mut incoming: BTreeMap<&JobId, Vec<Incoming<'a>>> = BTreeMap::new();
        for (from, outline) in outlines {
            for link in &outline.after {
                incoming.entry(&link.target).or_default().push(Incoming { from, link });
            }
        }
        Self { model, outlines, whole, period: None, host: None, files: Vec::new(), incoming }
    }

    /// All jobs that could be read, by id.
    pub fn jobs(&self) -> impl Iterator<Item = &'a Job> {
        self.model.jobs.values()
    }

    /// The links that lead to a job.
    #[must_use]
    pub fn links_into(&self, job: &JobId) -> &[Incoming<'a>] {
        self.incoming.get(job).map_or(&[], Vec::as_slice)
    }

    /// Where the value of a job's key stands; without it, where the job's id does.
    #[must_use]
    pub fn place(&self, job: &Job, path: &str) -> Span {
        self.own_place(job, path).unwrap_or(job.id_span)
    }

    /// Where the value of a job's key stands, if the job has it.
    #[must_use]
    pub fn own_place(&self, job: &Job, path: &str) -> Option<Span> {
        Some(self.model.places.get(&job.id)?.of(path)?.value)
    }

    /// A finding about a key that the job has itself, or by default: then it points at the job, and
    /// at the default too.
    #[must_use]
    pub fn about(&self, code: Code, job: &Job, keys: (&str, &str), message: String) -> Finding {
        let (own, default) = keys;
        let finding = Finding::new(code, self.place(job, own), message).of(&job.id);
        match (self.own_place(job, own), self.model.defaults.of(default)) {
            (None, Some(place)) => finding.also(place.key, "the default"),
            (Some(_), _) | (None, None) => finding,
        }
    }

    /// The commands of a job.
    #[must_use]
    pub fn commands(&self, job: &'a Job) -> Vec<Argv<'a>> {
        let place = |key: &str| self.model.places.get(&job.id)?.of(key);
        let argv = |role: &'static str, words: &'a [String]| {
            let place = place(&format!("commands.{role}"));
            let spans = place.map_or(&[][..], |place| &place.words);
            Argv { role, words, spans, place: place.map_or(job.id_span, |place| place.key) }
        };
        let status = |source: &'a StatusSource| match source {
            StatusSource::Command(command) => Some(argv("status", &command.argv)),
            StatusSource::File(_) => None,
        };
        match &job.work {
            Work::Watch { start, status: source, stop } => {
                let stop = stop.as_ref().map(|stop| argv("stop", &stop.argv));
                let start = std::iter::once(argv("start", &start.argv));
                start.chain(status(source)).chain(stop).collect()
            }
            Work::Check { run, .. } => vec![argv("run", &run.argv)],
            Work::Write { run, status: source, .. } => {
                let status = source.as_ref().and_then(status);
                std::iter::once(argv("run", &run.argv)).chain(status).collect()
            }
        }
    }
}

/// Does a tick start this job again by itself?
pub(super) fn resumes(job: &Job) -> bool {
    let safe = job.kind() == Kind::LongRunningRead && job.risk == Risk::ReadOnly;
    safe && job.policy.auto_resume
}
