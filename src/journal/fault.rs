//! Why an event can't follow the ones before it, and the look-ups that fail so.
//!
//! Invariant: nothing here changes a snapshot.

use super::event::Event;
use super::snapshot::{JobRecord, Snapshot};
use crate::base::JobId;
use crate::machine::{Input, NoEdge, State};

/// Why an event can't follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayFault {
    /// The table has no such edge.
    #[error("job `{job}`: {source}")]
    NoEdge {
        /// The job.
        job: JobId,
        /// The missing edge.
        source: NoEdge,
    },
    /// The event names another target state than the table.
    #[error("job `{job}`: the event says `{input}` leads to `{said}`, the table says `{table}`")]
    WrongTarget {
        /// The job.
        job: JobId,
        /// The input.
        input: Input,
        /// The event's target.
        said: State,
        /// The table's target.
        table: State,
    },
    /// The event is about a job or item that no event before it named.
    #[error("an event about {0}, which no event before it has named")]
    Unnamed(String),
    /// A write would be approved, or begin, without the approval that it needs.
    #[error("write `{job}`: {what}")]
    Ungated {
        /// The write.
        job: JobId,
        /// What is missing.
        what: &'static str,
    },
}

pub(super) fn job_of(event: &Event) -> Result<JobId, ReplayFault> {
    event.job.clone().ok_or_else(|| ReplayFault::Unnamed("no job".to_owned()))
}

pub(super) fn record_of<'a>(
    snapshot: &'a mut Snapshot,
    event: &Event,
) -> Result<(JobId, &'a mut JobRecord), ReplayFault> {
    let id = job_of(event)?;
    match snapshot.jobs.get_mut(&id) {
        Some(record) => Ok((id, record)),
        None => Err(ReplayFault::Unnamed(format!("job `{id}`"))),
    }
}
