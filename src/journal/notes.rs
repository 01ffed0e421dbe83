//! What is merely noted about a job: last seen, last told. Lost notes cost a repeated message,
//! never a wrong step, so they are kept beside the journal and not in it.

use serde::{Deserialize, Serialize};

use super::trail::Trail;
use crate::base::{RunId, Stamp};
use crate::machine::State;

/// What says nothing is not written: a job's row then fits on its page of the store, and ten
/// thousand jobs write a third of the pages.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Notes on one job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Notes {
    /// The last good status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
    /// Since when, within this boot, the progress key stands still while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub still_since: Option<Stamp>,
    /// Since when, within this boot, every good status said that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_since: Option<Stamp>,
    /// A status said "stopped" since a person's stop.
    #[serde(skip_serializing_if = "is_default")]
    pub stopped_since_stop: bool,
    /// How far it came, and when.
    #[serde(skip_serializing_if = "Trail::is_empty")]
    pub trail: Trail,
    /// Its status source is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
    /// What a person has been told.
    #[serde(skip_serializing_if = "is_default")]
    pub told: Told,
    /// What quiet hours hold back.
    #[serde(skip_serializing_if = "is_default")]
    pub held: Held,
}

/// A good status, as far as it is compared or shown again.
#[expect(clippy::struct_excessive_bools, reason = "they are the status contract's own")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Seen {
    /// It ran.
    #[serde(skip_serializing_if = "is_default")]
    pub running: bool,
    /// It was done.
    #[serde(skip_serializing_if = "is_default")]
    pub completed: bool,
    /// Its pid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// What moves when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_key: Option<String>,
    /// Why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,
    /// What it had to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The first fields of its progress, as shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub progress: Vec<(String, String)>,
    /// It felt unwell: `warn`.
    #[serde(skip_serializing_if = "is_default")]
    pub warn: bool,
    /// It called for help: `alert`.
    #[serde(skip_serializing_if = "is_default")]
    pub alert: bool,
}

/// A status source that gives no status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// Since when.
    pub since: Stamp,
    /// The stable name of the fault.
    pub cause: String,
    /// A sentence about it.
    pub detail: String,
    /// How often in a row it gave none, whatever the fault.
    #[serde(default)]
    pub times: u32,
}

/// What quiet hours hold back of a job, for the digest after them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Held {
    /// Its state in the last item, if a report has not told a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What happened, in order; the oldest go first where it is too much.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<HeldItem>,
    /// How many of those went.
    #[serde(skip_serializing_if = "is_default")]
    pub dropped: u32,
}

impl Held {
    /// How much was held back, with what was dropped since.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len().saturating_add(usize::try_from(self.dropped).unwrap_or(usize::MAX))
    }

    /// Was nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One thing that is held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldItem {
    /// What.
    pub what: HeldNews,
    /// What the local clock showed, as `HH:MM`.
    pub clock: String,
}

/// What can be held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HeldNews {
    /// It came into this state.
    State {
        /// Which.
        state: State,
    },
    /// What was wrong is not any more.
    Recovered,
    /// It felt unwell: `warn`.
    Warned {
        /// Its own words.
        message: Option<String>,
    },
    /// Its routine report was due.
    Routine,
}

/// What a person has been told about a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Told {
    /// The state in the last report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Stamp>,
    /// The run whose end it told, of a write: the same end of another run is news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The progress key in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_key: Option<String>,
    /// The anomalies that stand, as told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<String>,
    /// When they were last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anomaly_at: Option<Stamp>,
    /// An anomaly was told and has gone, which nobody has been told.
    #[serde(skip_serializing_if = "is_default")]
    pub recovery_owed: bool,
    /// When a request that waits was last told again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_at: Option<Stamp>,
    /// That it is gone from the config was told.
    #[serde(skip_serializing_if = "is_default")]
    pub orphan: bool,
}
