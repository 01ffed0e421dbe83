//! What all events together say: the state of every job, the queue, the requests.
//!
//! Invariant: fields are public to read; only `fold` writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::{Cause, ItemEnd};
use super::gate::{GrantRecord, Request, WriteCycle};
use super::origin::Origin;
use crate::base::{GrantId, ItemId, JobId, RunId, Stamp};
use crate::machine::State;
use crate::model::End;

/// The fold of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Jobs ever declared and not forgotten.
    pub jobs: BTreeMap<JobId, JobRecord>,
    /// Queued runs, and the last settled ones.
    pub queue: BTreeMap<ItemId, Queued>,
    /// Writes that somebody asks for.
    pub requests: BTreeMap<JobId, Request>,
    /// Approvals: the live ones, and the last of the others.
    pub grants: BTreeMap<GrantId, GrantRecord>,
    /// Jobs ever declared a write, with the marks of their commands.
    pub marks: BTreeMap<JobId, BTreeSet<String>>,
    /// The store's id.
    pub epoch: Option<String>,
    /// The config that the store belongs to.
    pub config_path: Option<String>,
}

/// Where one job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The state of its machine.
    pub state: State,
    /// Since when.
    pub since: Stamp,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<Cause>,
    /// The last event that touched it: an older observation says nothing.
    pub touched: Stamp,
    /// The last start by a person or a resume: when it was over, or, until then, when it was
    /// claimed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_start: Option<Stamp>,
    /// The run of that start.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_start_run: Option<RunId>,
    /// The last stop in order to restart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_restart_stop: Option<Stamp>,
    /// Resumes since it last ran for long enough.
    pub attempts: u32,
    /// The last finished run of a one-shot job.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_run: Option<LastRun>,
    /// A write's cycle from its approval on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub write: Option<WriteCycle>,
}

impl JobRecord {
    /// A job that nothing has happened to.
    #[must_use]
    pub fn new(state: State, at: &Stamp) -> Self {
        Self {
            state,
            since: at.clone(),
            cause: None,
            touched: at.clone(),
            last_start: None,
            last_start_run: None,
            last_restart_stop: None,
            attempts: 0,
            last_run: None,
            write: None,
        }
    }
}

/// How a one-shot job's last run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// When it ended.
    pub at: Stamp,
    /// Which run; `None` for one of ops-monitor v1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// How it ended.
    pub end: End,
    /// It printed attention words.
    pub attention: bool,
}

/// An item of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Of this job.
    pub job: JobId,
    /// Queued then.
    pub at: Stamp,
    /// Due this long after, in milliseconds.
    pub delay_ms: u64,
    /// What asked for it.
    pub origin: Origin,
    /// How far it is.
    pub state: ItemState,
}

/// How far a queued item is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Waiting.
    Pending,
    /// Served by this run.
    Running(RunId),
    /// Over.
    Settled(ItemEnd),
}
