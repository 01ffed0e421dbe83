//! One simulated store in several hands.
//!
//! In: a store in memory. Out: handles of it, each call of which is a border where others come between.
//! Invariant: nobody comes between within a transaction.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::super::borders::Borders;
use super::{Failing, MemStore};
use crate::approval::{ConsumeOnce, Spent};
use crate::base::Stamp;
use crate::journal::{Change, Event, Head, Parcel, World};
use crate::ports::{Commit, Decide, Parcels, Store, StoreError};

/// One store in several hands, as a database file is.
#[derive(Clone, Debug, Default)]
pub struct SharedStore(Rc<RefCell<MemStore>>, Borders, Moments);

/// So many transactions are remembered.
const MOMENTS_KEPT: usize = 256;

/// The last transactions, by the clock of their host.
#[derive(Clone, Debug, Default)]
struct Moments {
    now: Option<Rc<RefCell<Stamp>>>,
    begun: Rc<RefCell<VecDeque<Begun>>>,
}

/// A transaction that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// When.
    pub at: Stamp,
    /// What it recorded.
    pub events: Vec<Event>,
}

impl SharedStore {
    /// A store of a host with this clock.
    pub(in super::super) fn with_clock(self, now: &Rc<RefCell<Stamp>>) -> Self {
        Self(self.0, self.1, Moments { now: Some(Rc::clone(now)), begun: Rc::default() })
    }

    /// The transactions since this was last asked; of very many, the last ones.
    #[must_use]
    pub fn take_begun(&self) -> Vec<Begun> {
        self.2.begun.borrow_mut().drain(..).collect()
    }

    /// A transaction, and a note of it.
    fn noted<T>(&self, transact: impl FnOnce(&mut MemStore) -> T) -> T {
        let mut store = self.0.borrow_mut();
        store.recorded.clear();
        let answer = transact(&mut store);
        if let Some(now) = &self.2.now {
            let mut begun = self.2.begun.borrow_mut();
            if begun.len() == MOMENTS_KEPT {
                begun.pop_front();
            }
            let events = std::mem::take(&mut store.recorded);
            begun.push_back(Begun { at: now.borrow().clone(), events });
        }
        answer
    }

    /// A copy of what it holds.
    #[must_use]
    pub fn snapshot(&self) -> MemStore {
        self.0.borrow().clone()
    }

    /// A look at what it holds, without a copy.
    pub fn look<T>(&self, at: impl FnOnce(&MemStore) -> T) -> T {
        at(&self.0.borrow())
    }

    /// Whoever comes to it next, and when.
    #[must_use]
    pub fn borders(&self) -> &Borders {
        &self.1
    }

    /// Appends one event, as the making of a store does.
    pub fn record(&self, event: &Event) {
        let mut decide = |world| {
            let mut change = Change { world, ..Change::default() };
            change.record(event.clone()).map_err(|e| StoreError::Failed(e.to_string()))?;
            Ok(Commit { change, reports: Vec::new() })
        };
        // A store that can't take its first event is seen by every test.
        let _ = self.noted(|store| store.transact(&mut decide));
    }

    /// A note about a report fails, after so many that do not.
    pub fn fail_save(&self, after: u32) {
        self.0.borrow_mut().save_fails = Some(after);
    }

    /// Is such a failure still to come?
    #[must_use]
    pub fn save_is_to_fail(&self) -> bool {
        self.0.borrow().save_fails.is_some()
    }

    /// A store of its own, with the same content.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(Rc::new(RefCell::new(self.snapshot())), Borders::default(), Moments::default())
    }

    /// Somebody puts a copy of it in its place, by hand.
    pub fn put_back(&self, copy: &Self) {
        let witness = self.0.borrow().witness.clone();
        *self.0.borrow_mut() = MemStore { witness, ..copy.snapshot() };
    }

    /// Its witness is lost.
    pub fn lose_witness(&self) {
        self.0.borrow_mut().witness = None;
    }

    /// Somebody edits what it holds, past its journal.
    pub fn tamper(&self, change: impl FnOnce(&mut World)) {
        change(self.0.borrow_mut().rows.edit());
    }

    /// The store is another one from now on, with the same content.
    pub fn replace_epoch(&self, epoch: &str) {
        self.tamper(|world| world.snapshot.epoch = Some(epoch.to_owned()));
    }

    /// Two transactions from now one fails like this: an executor's record of its outcome.
    pub fn fail_after_begin(&self, error: StoreError) {
        self.fail_at(1, error, false);
    }

    /// The next transaction fails like this, and changes nothing.
    pub fn fail_next(&self, error: StoreError) {
        self.fail_at(0, error, false);
    }

    /// After so many good transactions one fails like this. `recorded`: it is durable all the
    /// same, as when the disk errs after the fact.
    pub fn fail_at(&self, after: u32, error: StoreError, recorded: bool) {
        self.0.borrow_mut().fail = Some(Failing { after, error, recorded });
    }

    /// Whatever was still to fail will not.
    pub fn recover(&self) {
        let mut store = self.0.borrow_mut();
        (store.fail, store.save_fails) = (None, None);
    }
}

impl Store for SharedStore {
    fn read(&mut self) -> Result<World, StoreError> {
        self.1.cross()?;
        self.0.borrow_mut().read()
    }

    /// Whether it can be read, without a copy of all that it holds.
    fn check(&mut self) -> Result<(), StoreError> {
        self.1.cross()
    }

    fn transact(&mut self, decide: &mut Decide<'_>) -> Result<Head, StoreError> {
        self.1.cross()?;
        self.noted(|store| store.transact(decide))
    }

    fn parcels(&mut self, wanted: Parcels) -> Result<Vec<Parcel>, StoreError> {
        self.1.cross()?;
        self.0.borrow_mut().parcels(wanted)
    }

    fn save_parcel(&mut self, parcel: &Parcel) -> Result<(), StoreError> {
        self.1.cross()?;
        self.0.borrow_mut().save_parcel(parcel)
    }
}

impl ConsumeOnce for SharedStore {
    type Decide<'a> = Decide<'a>;
    type Error = StoreError;

    fn consume_once(&mut self, decide: &mut Decide<'_>) -> Result<Option<Spent>, StoreError> {
        self.1.cross()?;
        self.noted(|store| store.consume_once(decide))
    }
}
