//! How much of what happened is kept.

use serde::{Deserialize, Serialize};

use crate::base::limits;

/// How much of the journal is kept (`history`). The store keeps the last ones that were good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Retention {
    /// Events older than so many days go (`history.keepDays`).
    pub keep_days: u32,
    /// Of more events than so many the oldest go (`history.keepEvents`).
    pub keep_events: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { keep_days: limits::HISTORY_DAYS, keep_events: limits::HISTORY_EVENTS }
    }
}
