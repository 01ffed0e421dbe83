//! What asked for a run.
//!
//! Invariant: an origin names what asked, never whether it may.

use serde::{Deserialize, Serialize};

use crate::base::{JobId, RunId};

/// What asked for a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Origin {
    /// Another job's end.
    Chain {
        /// That job.
        job: JobId,
        /// Its run.
        run: RunId,
    },
    /// A write that is to be verified.
    Verification {
        /// The write.
        job: JobId,
        /// Its run.
        run: RunId,
        /// Which verification of its plan.
        index: usize,
        /// Which round.
        round: u32,
    },
    /// `everySeconds`.
    Schedule,
    /// A person at a terminal, or an agent.
    Person,
    /// An account of this host, as the system itself tells.
    Account {
        /// Its name.
        user: String,
        /// Its number.
        uid: u32,
    },
    /// `approval.granted: true` in the config.
    Config,
    /// The queue of ops-monitor v1.
    Import {
        /// Its id there.
        id: String,
        /// Its reason there.
        reason: String,
    },
}
