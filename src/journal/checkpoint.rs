//! Where the kept journal begins: its oldest events are pruned, what they led to is not.
//!
//! In: events in their order, as stored. Out: the head and the snapshot that they lead to, or the
//! first that does not follow; how far a journal may be pruned.
//! Invariant: a checkpoint is the fold of every event up to it, each proved by the chain. So the
//! checkpoint and the events after it give the stored state, whatever was pruned.

use std::time::Duration;

use super::chain::{Head, decode_event, next_head};
use super::event::Event;
use super::fault::ReplayFault;
use super::fold::apply;
use super::snapshot::Snapshot;
use super::world::{Change, Meta};
use crate::base::{Stamp, limits};
use crate::model::Retention;

/// The end of what was pruned, and what that led to. By default nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last event before the kept ones.
    pub head: Head,
    /// The fold of all events up to it.
    pub snapshot: Snapshot,
}

/// Why a stored event does not follow the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenJournal {
    /// Its number is not the next one, or its hash is not what its bytes give.
    #[error("the journal's chain breaks at event {0}")]
    Chain(u64),
    /// It is no event that this build knows.
    #[error("event {0} can't be read: {1}")]
    Unreadable(u64, String),
    /// It can't have happened then.
    #[error("event {0}: {1}")]
    Impossible(u64, ReplayFault),
}

impl Checkpoint {
    /// Goes on by one event, as it is stored.
    ///
    /// # Errors
    /// [`BrokenJournal`]; the checkpoint is of no use then.
    pub fn follow(&mut self, seq: u64, encoded: &str, hash: &[u8]) -> Result<Event, BrokenJournal> {
        let head = next_head(&self.head, encoded);
        if head.seq != seq || head.hash[..] != *hash {
            return Err(BrokenJournal::Chain(seq));
        }
        let event =
            decode_event(encoded).map_err(|e| BrokenJournal::Unreadable(seq, e.to_string()))?;
        apply(&mut self.snapshot, &event).map_err(|e| BrokenJournal::Impossible(seq, e))?;
        self.head = head;
        Ok(event)
    }
}

/// A journal that may have grown too long.
#[derive(Clone, Debug)]
pub struct Overgrown<'a> {
    /// How much of it is kept.
    pub keep: Retention,
    /// The last event that is pruned already.
    pub pruned: u64,
    /// The last event of all.
    pub last: u64,
    /// So many events came by this commit.
    pub came: u64,
    /// So many jobs are remembered.
    pub jobs: usize,
    /// The present.
    pub now: &'a Stamp,
}

impl<'a> Overgrown<'a> {
    /// The journal as a commit leaves it. `before`: the store's dates before that; `None`: the
    /// commit does not know what time it is, and changes too little to need to.
    #[must_use]
    pub fn after(change: &'a Change, before: &Meta, pruned: &Head, last: &Head) -> Option<Self> {
        let meta = &change.world.meta;
        let tick = meta.last_tick.as_ref().filter(|_| meta.last_tick != before.last_tick);
        Some(Self {
            keep: meta.history,
            pruned: pruned.seq,
            last: last.seq,
            came: u64::try_from(change.events.len()).unwrap_or(u64::MAX),
            jobs: change.world.snapshot.jobs.len(),
            now: tick.or_else(|| change.events.last().map(|event| &event.at))?,
        })
    }

    /// The event up to which it is to be pruned now; `None`: not enough is due to be worth it.
    /// `at` says when an event was, if it is there.
    ///
    /// A later event is later, whatever the clocks said: only the last of a step is judged. Steps
    /// are small, and yet larger than what came, so that a journal that is too long gets shorter.
    ///
    /// # Errors
    /// Those of `at`.
    pub fn prune_through<E>(
        &self,
        at: &mut dyn FnMut(u64) -> Result<Option<Stamp>, E>,
    ) -> Result<Option<u64>, E> {
        let least = limits::PRUNE_LEAST.max(u64::try_from(self.jobs).unwrap_or(u64::MAX));
        let most = least.saturating_mul(limits::PRUNE_FASTER).max(self.came.saturating_mul(2));
        for step in [most, least] {
            let through = self.pruned.saturating_add(step);
            let newer = self.last.saturating_sub(through);
            if newer < limits::HISTORY_STAYS {
                continue;
            }
            if at(through)?.is_some_and(|at| self.may_go(&at, newer)) {
                return Ok(Some(through));
            }
        }
        Ok(None)
    }

    /// May an event of that time go, that has so many after it?
    fn may_go(&self, at: &Stamp, newer: u64) -> bool {
        const DAY: Duration = Duration::from_hours(24);
        let days = DAY.saturating_mul(self.keep.keep_days);
        let many = newer >= u64::from(self.keep.keep_events);
        (many || self.now.age_of(at) > days) && outlived(at, self.now)
    }
}

/// Can no approval of that time serve any more, whatever else is known of it? Approvals are void in
/// another boot, and none lives longer than the longest life by the clock of its boot.
///
/// With the event that spent an approval, the store forgets that it is spent. So this is what keeps
/// an approval from serving twice after that.
fn outlived(at: &Stamp, now: &Stamp) -> bool {
    if now.boot.as_str().is_empty() {
        // It may be the same boot after all.
        return false;
    }
    at.boot != now.boot || now.age_of(at) > limits::GRANT_LIFE_MAX
}

#[cfg(test)]
mod tests;
