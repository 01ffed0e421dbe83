//! A store in memory that keeps every event, so that a replay can be held against it.

mod shared;

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::Deserialize;

use super::rows::Rows;
use crate::approval::{ConsumeOnce, Spent};
use crate::base::{GrantId, RunId, Stamp};
use crate::journal::{
    Change, Checkpoint, Event, EventKind, Head, Overgrown, Parcel, ParcelState, PutBack,
    ReplayFault, Snapshot, World, apply, decode_event, encode_event, is_at_stake, is_witnessed,
    next_head,
};
use crate::ports::{Commit, Decide, Parcels, Store, StoreError, spent_by};

pub use shared::{Begun, SharedStore};

/// The store.
#[derive(Clone, Debug, Default)]
pub struct MemStore {
    rows: Rows,
    /// What was pruned led to this.
    checkpoint: Checkpoint,
    journal: Vec<String>,
    /// Where the journal stood after each of these.
    heads: Vec<Head>,
    outbox: Vec<Parcel>,
    fail: Option<Failing>,
    /// What the last transaction recorded.
    recorded: Vec<Event>,
    /// After how many more a note about a report fails.
    save_fails: Option<u32>,
    spent: BTreeMap<GrantId, RunId>,
    /// Beside the store, as its witness is: whoever puts a store back leaves it where it is.
    witness: Option<Head>,
}

/// A transaction to come that fails.
#[derive(Clone, Debug)]
struct Failing {
    /// After so many that do not.
    after: u32,
    error: StoreError,
    /// It is durable all the same: an error that came after the fact.
    recorded: bool,
}

impl MemStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What it holds.
    #[must_use]
    pub fn world(&self) -> &World {
        self.rows.world()
    }

    /// Did every decision name all rows that it changed? What it did not name is lost.
    #[must_use]
    pub fn rows_are_complete(&self) -> bool {
        self.rows.are_complete()
    }

    /// The events, decoded from their stored form.
    ///
    /// # Panics
    /// Where an event can't be read back, which is the finding.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events_from(0)
    }

    /// How many were pruned.
    #[must_use]
    pub fn pruned(&self) -> u64 {
        self.checkpoint.head.seq
    }

    /// How many there ever were.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.world().head.seq
    }

    /// Does each kept event, as it is stored, follow the one before it by its hash, up to the head?
    #[must_use]
    pub fn chain_is_whole(&self) -> bool {
        let mut head = self.checkpoint.head.clone();
        let follows = self.journal.iter().zip(&self.heads).all(|(text, kept)| {
            head = next_head(&head, text);
            head == *kept
        });
        follows && self.journal.len() == self.heads.len() && head == self.world().head
    }

    /// Every report that it was ever given, as far as it came.
    #[must_use]
    pub fn outbox(&self) -> &[Parcel] {
        &self.outbox
    }

    /// After how many transactions more one fails; `None`: none does.
    #[must_use]
    pub fn fails_after(&self) -> Option<u32> {
        self.fail.as_ref().map(|f| f.after)
    }

    /// Those from the n-th on that are kept.
    ///
    /// # Panics
    /// As above.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test's finding")]
    pub fn events_from(&self, n: usize) -> Vec<Event> {
        let pruned = usize::try_from(self.pruned()).unwrap_or(usize::MAX);
        let later = self.journal.iter().skip(n.saturating_sub(pruned));
        later.map(|e| decode_event(e).expect("an event reads back")).collect()
    }

    fn commit(
        &mut self,
        decide: &mut Decide<'_>,
        may_spend: bool,
    ) -> Result<(Head, Option<Spent>), StoreError> {
        let mut before = self.rows.lend();
        let put_back = self.is_put_back().then(|| self.begin_anew(&mut before)).flatten();
        let Commit { mut change, reports } = decide(before)?;
        if let Some(put_back) = put_back {
            put_back.lead(&mut change);
        }
        let spent = spent_by(&change, may_spend)?;
        if spent.as_ref().is_some_and(|s| self.spent.contains_key(&s.grant)) {
            return Err(StoreError::Failed("the approval was spent before".to_owned()));
        }
        let failing = self.fail.take();
        let due = failing.as_ref().is_some_and(|f| f.after == 0);
        self.fail = failing.clone().filter(|_| !due).map(|f| Failing { after: f.after - 1, ..f });
        let failed = failing.filter(|_| due);
        let (mut head, mut heads, mut texts) = (self.world().head.clone(), Vec::new(), Vec::new());
        for event in &change.events {
            let text = encode_event(event).map_err(|e| StoreError::Failed(e.to_string()))?;
            head = next_head(&head, &text);
            heads.push(head.clone());
            texts.push(text);
        }
        if is_witnessed(&change.events) {
            // Before it is durable: a commit that fails leaves it ahead.
            self.witness = Some(head.clone());
        }
        if let Some(Failing { error, recorded: false, .. }) = failed {
            return Err(error);
        }
        self.journal.extend(texts);
        self.heads.extend(heads);
        if spent.is_none() {
            self.prune(&change, &head);
        }
        self.recorded = std::mem::take(&mut change.events);
        self.rows.store(change, &head);
        self.outbox.extend(reports.into_iter().map(Parcel::new));
        self.spent.extend(spent.iter().map(|s| (s.grant.clone(), s.run.clone())));
        failed.map_or(Ok((head, spent)), |f| Err(f.error))
    }

    /// Holds it what an earlier moment could give back, and not what its witness has seen?
    fn is_put_back(&self) -> bool {
        let seen = |witness: &Head| {
            let place = witness.seq.checked_sub(self.pruned() + 1);
            place.is_none_or(|n| {
                self.heads.get(usize::try_from(n).unwrap_or(usize::MAX)) == Some(witness)
            })
        };
        is_at_stake(&self.world().snapshot) && !self.witness.as_ref().is_some_and(seen)
    }

    fn begin_anew(&self, world: &mut World) -> Option<PutBack> {
        let last = self.journal.last().and_then(|text| decode_event(text).ok())?;
        let seed = self.witness.as_ref().map(|witness| witness.hash).unwrap_or_default();
        PutBack::begin(world, &last.at, &seed)
    }

    /// Prunes the journal by the same rule as a database file is.
    fn prune(&mut self, change: &Change, head: &Head) {
        let pruned = &self.checkpoint.head;
        let Some(overgrown) = Overgrown::after(change, &self.world().meta, pruned, head) else {
            return;
        };
        let place = |seq: u64| usize::try_from(seq - overgrown.pruned).unwrap_or(usize::MAX);
        let through = overgrown.prune_through(&mut |seq| {
            let text = self.journal.get(place(seq) - 1);
            Ok::<_, Infallible>(text.and_then(|text| moment_of(text)))
        });
        let Ok(Some(through)) = through else { return };
        let (mut checkpoint, mut spent) = (self.checkpoint.clone(), Vec::new());
        for text in &self.journal[..place(through)] {
            let next = next_head(&checkpoint.head, text);
            match checkpoint.follow(next.seq, text, &next.hash) {
                Ok(event) => spent.push(event.kind),
                Err(_) => return,
            }
        }
        self.journal.drain(..place(through));
        self.heads.drain(..place(through));
        self.checkpoint = checkpoint;
        for kind in spent {
            if let EventKind::GrantSpent { grant, .. } = kind {
                self.spent.remove(&grant);
            }
        }
    }

    /// Replays the whole journal.
    ///
    /// # Errors
    /// Where an event can't follow the ones before it.
    pub fn replay(&self) -> Result<Snapshot, ReplayFault> {
        let mut snapshot = self.checkpoint.snapshot.clone();
        for event in self.events() {
            apply(&mut snapshot, &event)?;
        }
        Ok(snapshot)
    }
}

/// When a stored event happened, without a look at what it was.
fn moment_of(encoded: &str) -> Option<Stamp> {
    #[derive(Deserialize)]
    struct Dated {
        at: Stamp,
    }
    serde_json::from_str::<Dated>(encoded).ok().map(|event| event.at)
}

impl Store for MemStore {
    fn check(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn read(&mut self) -> Result<World, StoreError> {
        Ok(self.world().clone())
    }

    fn transact(&mut self, decide: &mut Decide<'_>) -> Result<Head, StoreError> {
        self.commit(decide, false).map(|(head, _)| head)
    }

    fn parcels(&mut self, wanted: Parcels) -> Result<Vec<Parcel>, StoreError> {
        let is_wanted = |p: &&Parcel| match p.state {
            ParcelState::Pending => true,
            ParcelState::Dead { .. } => wanted != Parcels::Waiting,
            ParcelState::Delivered { .. } | ParcelState::Dropped { .. } => wanted == Parcels::All,
        };
        Ok(self.outbox.iter().filter(is_wanted).cloned().collect())
    }

    fn save_parcel(&mut self, parcel: &Parcel) -> Result<(), StoreError> {
        match self.save_fails.take() {
            Some(0) => return Err(StoreError::Failed("disk full".to_owned())),
            Some(more) => self.save_fails = Some(more - 1),
            None => {}
        }
        let open = |p: &Parcel| match p.state {
            ParcelState::Pending | ParcelState::Dead { .. } => true,
            ParcelState::Delivered { .. } | ParcelState::Dropped { .. } => false,
        };
        let mut all = self.outbox.iter_mut();
        let same = all.find(|p| p.report.id == parcel.report.id && open(p));
        if let Some(kept) = same {
            kept.clone_from(parcel);
        }
        Ok(())
    }
}

impl ConsumeOnce for MemStore {
    type Decide<'a> = Decide<'a>;
    type Error = StoreError;

    fn consume_once(&mut self, decide: &mut Decide<'_>) -> Result<Option<Spent>, StoreError> {
        self.commit(decide, true).map(|(_, spent)| spent)
    }
}
