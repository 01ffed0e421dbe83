//! The witness of a store: a second, tiny record of how far the journal has come, which a copy of
//! the store does not take along. It tells a store that was put back to an earlier moment.
//!
//! In: a world, and whether its journal holds what its witness has seen. Out: a new epoch, in which
//! no earlier approval or code serves.
//! Invariant: a doubt costs approvals and never gives one: the witness is ahead of the journal where
//! the two part.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::chain::Head;
use super::event::{Event, EventKind};
use super::fold::apply;
use super::gate::GrantFate;
use super::snapshot::Snapshot;
use super::world::{Change, World};
use crate::base::id::hex;
use crate::base::{JobId, Stamp};

/// Hexadecimal digits of an epoch.
const EPOCH_DIGITS: usize = 32;

/// Does this store hold anything that an earlier moment could give back: an approval that was spent
/// or taken back since, or a code with tries left?
#[must_use]
pub fn is_at_stake(snapshot: &Snapshot) -> bool {
    let own = |epoch: &str| snapshot.epoch.as_deref() == Some(epoch);
    snapshot.grants.values().any(|g| g.fate == GrantFate::Live && own(&g.grant.epoch))
        || snapshot.requests.values().any(|request| request.code.is_some())
}

/// Is the witness to see these events before they are durable?
#[must_use]
pub fn is_witnessed(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.kind {
        EventKind::Denied { .. }
        | EventKind::CodeIssued { .. }
        | EventKind::CodeMissed
        | EventKind::CodeWithdrawn
        | EventKind::Approved { .. }
        | EventKind::GrantVoided { .. }
        | EventKind::GrantSpent { .. } => true,
        EventKind::StoreCreated { .. }
        | EventKind::StoreRestored { .. }
        | EventKind::ConfigAdopted { .. }
        | EventKind::Imported { .. }
        | EventKind::Declared { .. }
        | EventKind::Moved { .. }
        | EventKind::CauseChanged { .. }
        | EventKind::ImportedState { .. }
        | EventKind::RunClaimed { .. }
        | EventKind::RunEnded { .. }
        | EventKind::RunDropped { .. }
        | EventKind::AttemptsReset
        | EventKind::Enqueued { .. }
        | EventKind::ItemStarted { .. }
        | EventKind::ItemReturned { .. }
        | EventKind::ItemSettled { .. }
        | EventKind::Requested { .. }
        | EventKind::WriteRefused { .. }
        | EventKind::WriteStarted { .. }
        | EventKind::VerificationQueued { .. }
        | EventKind::VerificationEnded { .. }
        | EventKind::Acknowledged { .. }
        | EventKind::WriteMarked { .. }
        | EventKind::Reclassified { .. } => false,
    })
}

/// A store that was put back, as it goes on.
#[derive(Clone, Debug)]
pub struct PutBack {
    event: Event,
    jobs: BTreeSet<JobId>,
}

impl PutBack {
    /// Begins a new epoch in this world. `seed`: random bits.
    #[must_use]
    pub fn begin(world: &mut World, at: &Stamp, seed: &[u8]) -> Option<Self> {
        let epoch = next_epoch(&world.head, seed);
        let event = Event { at: at.clone(), job: None, kind: EventKind::StoreRestored { epoch } };
        let jobs = world.snapshot.requests.keys().cloned().collect();
        // Nothing that this event says can contradict the ones before it.
        apply(&mut world.snapshot, &event).ok()?;
        Some(Self { event, jobs })
    }

    /// Puts its event before those that were decided in that epoch.
    pub fn lead(self, change: &mut Change) {
        change.events.insert(0, self.event);
        change.jobs.extend(self.jobs);
    }
}

/// An epoch that this journal never had.
#[must_use]
pub fn next_epoch(head: &Head, seed: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(head.hash);
    hasher.update(seed);
    hex(&hasher.finalize())[..EPOCH_DIGITS].to_owned()
}
