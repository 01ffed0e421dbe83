//! All that a decision may look at: the snapshot, the notes, the runs under way, and a few dates.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::chain::Head;
use super::event::{Event, EventKind};
use super::fault::ReplayFault;
use super::fold::apply;
use super::notes::Notes;
use super::snapshot::Snapshot;
use crate::base::{GrantId, ItemId, JobId, RunId, Stamp};
use crate::model::{Outcome, ProcessId, ReportSettings, Retention, RunSpec};

/// A store's content at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The fold of the journal.
    pub snapshot: Snapshot,
    /// Notes, by job.
    pub notes: BTreeMap<JobId, Notes>,
    /// Runs that are not settled yet.
    pub runs: BTreeMap<RunId, RunRow>,
    /// Dates of the store itself.
    pub meta: Meta,
    /// Where the journal ends.
    pub head: Head,
}

/// What a decision changes.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The world after it.
    pub world: World,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// Jobs whose record or notes changed.
    pub jobs: BTreeSet<JobId>,
    /// Queue items that changed, or went.
    pub items: BTreeSet<ItemId>,
    /// Approvals that changed, or went.
    pub grants: BTreeSet<GrantId>,
    /// Runs that changed; those no longer in the world are settled.
    pub runs: BTreeSet<RunId>,
}

impl Change {
    /// Takes an event in, and names the rows that it changes.
    ///
    /// # Errors
    /// [`ReplayFault`] where it can't follow the ones before it.
    pub fn record(&mut self, event: Event) -> Result<(), ReplayFault> {
        apply(&mut self.world.snapshot, &event)?;
        self.jobs.extend(event.job.clone());
        if let EventKind::Enqueued { item } = &event.kind {
            self.items.insert(item.id.clone());
        }
        if let EventKind::ItemStarted { item, .. }
        | EventKind::ItemReturned { item }
        | EventKind::ItemSettled { item, .. } = &event.kind
        {
            self.items.insert(item.clone());
        }
        if let EventKind::GrantVoided { grant, .. } | EventKind::GrantSpent { grant, .. } =
            &event.kind
        {
            self.grants.insert(grant.clone());
        }
        if let EventKind::StoreRestored { .. } = &event.kind {
            // Their codes are gone.
            self.jobs.extend(self.world.snapshot.requests.keys().cloned());
        }
        if let EventKind::Approved { grant, .. } = &event.kind {
            self.grants.insert(grant.id.clone());
        }
        self.events.push(event);
        Ok(())
    }
}

/// Dates that outlive a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// The last tick.
    pub last_tick: Option<Stamp>,
    /// How long before it the one before was, and so on, newest last, in milliseconds.
    pub tick_gaps: Vec<u64>,
    /// When a broken config was last told.
    pub config_alert: Option<Stamp>,
    /// When an untrustworthy clock was last told.
    pub clock_alert: Option<Stamp>,
    /// When a time zone that can't be used was last told.
    pub zone_alert: Option<Stamp>,
    /// When it was last told that others may change config or store.
    pub place_alert: Option<Stamp>,
    /// The epoch that the last tick knew of.
    pub epoch: Option<String>,
    /// How reports went by the last good config: the alert of a broken one goes the same way.
    pub report: Option<ReportSettings>,
    /// How much of the journal is kept by the last good config: whatever commits goes by it.
    pub history: Retention,
}

/// A run from its claim to its settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// What is to run.
    pub spec: RunSpec,
    /// How far it is.
    pub phase: RunPhase,
    /// When it was claimed.
    pub claimed_at: Stamp,
    /// The process that claimed it.
    pub claimer: ProcessId,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum RunPhase {
    /// Decided; nothing started. Whoever flips it to executing may start it.
    Claimed,
    /// An executor has started it, or is about to.
    Executing {
        /// That executor.
        executor: ProcessId,
        /// Since when.
        at: Stamp,
    },
    /// Its outcome is known, and not yet settled.
    Done {
        /// The outcome.
        outcome: Outcome,
    },
}
