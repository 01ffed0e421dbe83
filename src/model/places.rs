//! Where a config says what: the places of its keys and values, for rules that point at them.
//!
//! Invariant: plain data; a value that came from nowhere has no place.

use std::collections::BTreeMap;

use crate::base::{Day, JobId};
use crate::diag::Span;

/// Where one key stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The key itself.
    pub key: Span,
    /// Its value; of a table, where that begins.
    pub value: Span,
    /// The words of an argv.
    pub words: Vec<Span>,
}

/// Where the keys of a job, or of `defaults`, stand: by their path, as in `policy.maxResumes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<Box<str>, Place>);

impl Places {
    /// Where this key stands, if it is there.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<&Place> {
        self.0.get(path)
    }

    /// Notes where a key stands.
    pub fn note(&mut self, path: impl Into<Box<str>>, place: Place) {
        self.0.insert(path.into(), place);
    }
}

/// One entry of `suppressions`: a finding that a person has looked at and lets be, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The job that the finding is about.
    pub job: JobId,
    /// Where that is said.
    pub job_span: Span,
    /// Its code, as it is written.
    pub code: String,
    /// Where that is said.
    pub code_span: Span,
    /// Why it is let be.
    pub reason: String,
    /// The last day on which it is.
    pub until: Day,
    /// Where that is said.
    pub until_span: Span,
}
