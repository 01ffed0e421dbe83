//! The store: one SQLite file that holds the journal, the snapshot, the runs and the outbox.
//!
//! In: decisions. Out: durable rows, or a refusal that names the file and the way out.
//! Invariant: no transaction spans a process start or the network, and the database file is opened
//! by SQLite alone.

mod backup;
mod connect;
mod errors;
mod history;
mod known;
mod make;
mod open;
mod outbox;
mod rollback;
mod rows;
mod schema;
mod witness;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::approval::{ConsumeOnce, Spent};
use crate::base::{BootId, JobId, RunId, Stamp};
use crate::journal::{
    Checkpoint, Event, Head, Parcel, PutBack, RunPhase, RunRow, Snapshot, World, decode_event,
    is_at_stake, is_witnessed,
};
use crate::model::Outcome;
use crate::ports::{Commit, Decide, Parcels, Store, StoreError, spent_by};

use super::file_name::beside;
use errors::{refused, store_error};
use known::Known;
pub use make::NewStore;
pub use open::sqlite_is_recent;

/// Which events are asked for; what is `None` leaves out nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter<'a> {
    /// Of this job.
    pub job: Option<&'a JobId>,
    /// Of this kind, by its name in the journal.
    pub event: Option<&'a str>,
    /// Not before this moment of the wall clock, in milliseconds since 1970.
    pub since_ms: Option<i64>,
}

/// An open store.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
    known: Option<Known>,
    /// When it was opened, and random bits of then: for a new epoch, should one begin.
    opened: (Stamp, [u8; 32]),
}

/// A start that the store remembers, as proof for `stop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartProof {
    /// The run that the process's environment must name.
    pub run: RunId,
    /// The boot in which it was started.
    pub boot: BootId,
}

impl SqliteStore {
    /// Opens the store at `path`; where there is none, makes it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a file that is corrupt, foreign, newer, a link or no store.
    pub fn open(path: &Path, new: &NewStore<'_>) -> Result<Self, StoreError> {
        let connection = open::open_store(path, new)?;
        let opened = (new.now.clone(), new.seed);
        Ok(Self { connection, path: path.to_owned(), known: None, opened })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds now, without a copy of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn world(&mut self) -> Result<&World, StoreError> {
        let path = &self.path;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(|e| store_error(path, &e))?;
        let known = Known::current(self.known.take(), &transaction, path)?;
        transaction.finish().map_err(|e| store_error(path, &e))?;
        Ok(&self.known.insert(known).world)
    }

    /// What it holds, as the next decision takes it: of one that was put back to an earlier moment no
    /// approval serves. Nothing is recorded.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn view(&mut self) -> Result<World, StoreError> {
        let mut world = self.read()?;
        begin_anew(&self.connection, &self.path, &mut world, &self.opened)?;
        Ok(world)
    }

    /// The starts remembered for a job, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn starts_of(&self, job: &JobId) -> Result<Vec<StartProof>, StoreError> {
        self.guard(|c| {
            let mut statement = c.prepare(
                "SELECT id, boot FROM runs WHERE job = ?1 AND purpose IN ('start', 'resume')
                 ORDER BY n DESC",
            )?;
            let rows = statement.query_map([job.as_str()], |row| {
                let (run, boot): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(StartProof { run: RunId::new(run), boot: BootId::new(boot) })
            })?;
            rows.collect()
        })
    }

    /// The last remembered runs of a job, oldest first, each with whether it is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn runs_of(&self, job: &JobId, most: u32) -> Result<Vec<(RunRow, bool)>, StoreError> {
        let found: Vec<(String, bool)> = self.guard(|c| {
            let sql = "SELECT run, settled FROM runs WHERE job = ?1 ORDER BY n DESC LIMIT ?2";
            let mut statement = c.prepare(sql)?;
            statement
                .query_map((job.as_str(), most), |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        let unread =
            |e: serde_json::Error| self.refused(&format!("a run of it can't be read: {e}"));
        let row = |(text, over): &(String, bool)| Ok((serde_json::from_str(text)?, *over));
        found.iter().rev().map(|found| row(found).map_err(unread)).collect()
    }

    /// How a run ended, for as long as it is remembered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn outcome_of(&self, run: &RunId) -> Result<Option<Outcome>, StoreError> {
        let text: Option<String> = self.guard(|c| {
            let sql = "SELECT run FROM runs WHERE id = ?1";
            c.query_row(sql, [run.as_str()], |row| row.get(0)).optional()
        })?;
        let row: Option<RunRow> = text
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| self.refused(&format!("a run of it can't be read: {e}")))?;
        Ok(row.and_then(|row| match row.phase {
            RunPhase::Done { outcome } => Some(outcome),
            RunPhase::Claimed | RunPhase::Executing { .. } => None,
        }))
    }

    /// Replays the whole journal from its first event, checking the hash chain, and says where
    /// that leads. Equal to the stored snapshot, or the store is not what the journal says. Where
    /// events were pruned it begins with what they led to.
    ///
    /// # Errors
    /// [`StoreError::Refused`] naming the first event that breaks the chain or can't follow.
    pub fn replay(&mut self) -> Result<(Snapshot, Head), StoreError> {
        let path = self.path.clone();
        // One transaction: the events and the note of their end belong to the same moment.
        let transaction = self.connection.transaction().map_err(|e| store_error(&path, &e))?;
        let noted = rows::noted_head(&transaction, &path)?;
        let begins = history::checkpoint(&transaction).map_err(|e| store_error(&path, &e))?;
        let mut at = begins.ok_or_else(|| {
            refused(&path, "what its pruned events led to is missing, or can't be read")
        })?;
        let mut broken = None;
        history::each_event(&transaction, |seq, body, hash| {
            broken = at.follow(seq, body, hash).err();
            broken.is_none()
        })
        .map_err(|e| store_error(&path, &e))?;
        transaction.finish().map_err(|e| store_error(&path, &e))?;
        if let Some(broken) = broken {
            return Err(self.refused(&broken.to_string()));
        }
        let Checkpoint { head, snapshot } = at;
        if noted.as_ref() != Some(&head) {
            return Err(self.refused(&format!("the journal ends at event {}, too early", head.seq)));
        }
        Ok((snapshot, head))
    }

    /// How many events were pruned: the first ones, up to this number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn pruned(&self) -> Result<u64, StoreError> {
        let head = self.guard(history::pruned_head)?;
        let unread = || self.refused("the note of its pruned events can't be read");
        head.map(|head| head.seq).ok_or_else(unread)
    }

    /// When the oldest kept event was, by the wall clock, in Unix milliseconds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn oldest_ms(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT at_ms FROM events ORDER BY seq LIMIT 1";
        self.guard(|c| c.query_row(sql, [], |row| row.get(0)).optional())
    }

    /// The newest events that pass the filter, with their sequence numbers, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_events(
        &self,
        filter: &EventFilter<'_>,
        limit: u32,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let encoded = self.guard(|c| history::last_events(c, filter, limit))?;
        let mut events = Vec::with_capacity(encoded.len());
        for (seq, body) in encoded.iter().rev() {
            let event = decode_event(body)
                .map_err(|e| self.refused(&format!("event {seq} can't be read: {e}")))?;
            events.push((*seq, event));
        }
        Ok(events)
    }

    /// Loads, decides and commits. Only where it `may_spend` does a decision spend an approval.
    fn commit(
        &mut self,
        decide: &mut Decide<'_>,
        may_spend: bool,
    ) -> Result<(Head, Option<Spent>), StoreError> {
        let path = self.path.clone();
        let failed = |e: &rusqlite::Error| store_error(&path, e);
        // What spends an approval waits for readers first: once its witness has seen the commit, a
        // failure costs the approval.
        let behavior =
            if may_spend { TransactionBehavior::Exclusive } else { TransactionBehavior::Immediate };
        let transaction =
            self.connection.transaction_with_behavior(behavior).map_err(|e| failed(&e))?;
        let mut before = Known::current(self.known.take(), &transaction, &path)?.world;
        let (meta, head) = (before.meta.clone(), before.head.clone());
        let (epoch, config) = (before.snapshot.epoch.clone(), before.snapshot.config_path.clone());
        let beside = rows::Beside::of(&before);
        let put_back = begin_anew(&transaction, &path, &mut before, &self.opened)?;
        let Commit { mut change, reports } = decide(before)?;
        if let Some(put_back) = put_back {
            put_back.lead(&mut change);
        }
        let spent = spent_by(&change, may_spend)?;
        let head = rows::save_events(&transaction, &change.events, head)
            .and_then(|head| {
                rows::save_rows(&transaction, &change, &beside)?;
                outbox::add(&transaction, &reports)?;
                if let Some(spent) = &spent {
                    rows::save_spent(&transaction, spent)?;
                } else {
                    history::prune(&transaction, &change, &meta, &head)?;
                }
                if change.world.meta != meta {
                    rows::save_meta(&transaction, "dates", &rows::encode(&change.world.meta)?)?;
                }
                if change.world.snapshot.config_path != config {
                    let path = change.world.snapshot.config_path.as_deref().unwrap_or_default();
                    rows::save_meta(&transaction, "config", path)?;
                }
                if change.world.snapshot.epoch != epoch {
                    let epoch = change.world.snapshot.epoch.as_deref().unwrap_or_default();
                    rows::save_meta(&transaction, "epoch", epoch)?;
                }
                Ok(head)
            })
            .map_err(|e| failed(&e))?;
        if is_witnessed(&change.events) {
            witness::see(&path, &head).map_err(|e| witness_failed(&path, &e))?;
        }
        match transaction.commit().map_err(|e| failed(&e)) {
            Ok(()) => Ok((head, spent)),
            // Readers kept it from the file: then it was not touched, and the rest is rolled back.
            Err(busy @ StoreError::Busy(_)) => Err(busy),
            Err(why) => Err(StoreError::Failed(format!(
                "{why}; whether it was recorded can't be known here: the next call reads it anew"
            ))),
        }
    }

    fn refused(&self, what: &str) -> StoreError {
        refused(&self.path, what)
    }

    /// Runs a piece of SQL and turns its errors into sentences.
    fn guard<T>(
        &self,
        f: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        f(&self.connection).map_err(|e| store_error(&self.path, &e))
    }
}

/// A store that was put back begins a new epoch, in which no earlier approval serves.
fn begin_anew(
    c: &Connection,
    path: &Path,
    world: &mut World,
    (at, seed): &(Stamp, [u8; 32]),
) -> Result<Option<PutBack>, StoreError> {
    if !is_at_stake(&world.snapshot) {
        return Ok(None);
    }
    let vouched = witness::vouches(c, path).map_err(|e| witness_failed(path, &e))?;
    if vouched.map_err(|e| store_error(path, &e))? {
        return Ok(None);
    }
    Ok(PutBack::begin(world, at, seed))
}

fn witness_failed(path: &Path, e: &std::io::Error) -> StoreError {
    let witness = beside(path, "witness");
    StoreError::Failed(format!(
        "{}, which tells whether the store was put back, can't be used: {e}; nothing was recorded",
        witness.display()
    ))
}

impl Store for SqliteStore {
    fn read(&mut self) -> Result<World, StoreError> {
        self.world().cloned()
    }

    fn check(&mut self) -> Result<(), StoreError> {
        self.world().map(drop)
    }

    fn transact(&mut self, decide: &mut Decide<'_>) -> Result<Head, StoreError> {
        self.commit(decide, false).map(|(head, _)| head)
    }

    fn parcels(&mut self, wanted: Parcels) -> Result<Vec<Parcel>, StoreError> {
        self.guard(|c| outbox::load(c, wanted))
    }

    fn save_parcel(&mut self, parcel: &Parcel) -> Result<(), StoreError> {
        self.guard(|c| outbox::save(c, parcel))
    }
}

impl ConsumeOnce for SqliteStore {
    type Decide<'a> = Decide<'a>;
    type Error = StoreError;

    fn consume_once(&mut self, decide: &mut Decide<'_>) -> Result<Option<Spent>, StoreError> {
        self.commit(decide, true).map(|(_, spent)| spent)
    }
}

#[cfg(test)]
mod tests;
