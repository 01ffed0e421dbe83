//! Rows ↔ values.
//!
//! In: a transaction. Out: a whole [`World`], or the rows of one change.
//! Invariant: only rows that a change names are written.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors::{refused, store_error};
use crate::approval::Spent;
use crate::base::{GrantId, ItemId, JobId, RunId, limits};
use crate::journal::{Change, Event, Head, Notes, World, encode_event, next_head};
use crate::ports::StoreError;

/// Most rows are no longer: their text is not moved while it grows.
const ROW_BYTES: usize = 1024;

/// A value as the JSON text of a row.
pub(super) fn encode<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    let failed = |e| rusqlite::Error::ToSqlConversionFailure(e);
    let mut text = Vec::with_capacity(ROW_BYTES);
    serde_json::to_writer(&mut text, value).map_err(|e| failed(Box::new(e)))?;
    String::from_utf8(text).map_err(|e| failed(Box::new(e)))
}

/// Loads everything that a decision may look at.
pub(super) fn load_world(c: &Connection, path: &Path) -> Result<World, StoreError> {
    let loader = Loader { c, path };
    let mut world = World { head: loader.head()?, ..World::default() };
    loader.each("SELECT id, record, notes FROM jobs", |id, texts| {
        let id = JobId::new(id);
        world.snapshot.jobs.insert(id.clone(), loader.decode(&texts[0])?);
        world.notes.insert(id, loader.decode(&texts[1])?);
        Ok(())
    })?;
    loader.each("SELECT id, item, '' FROM queue", |id, texts| {
        world.snapshot.queue.insert(ItemId::new(id), loader.decode(&texts[0])?);
        Ok(())
    })?;
    loader.each("SELECT job, request, '' FROM requests", |job, texts| {
        world.snapshot.requests.insert(JobId::new(job), loader.decode(&texts[0])?);
        Ok(())
    })?;
    loader.each("SELECT id, record, '' FROM grants", |id, texts| {
        world.snapshot.grants.insert(GrantId::new(id), loader.decode(&texts[0])?);
        Ok(())
    })?;
    loader.each("SELECT job, marks, '' FROM marks", |job, texts| {
        world.snapshot.marks.insert(JobId::new(job), loader.decode(&texts[0])?);
        Ok(())
    })?;
    loader.each("SELECT id, run, '' FROM runs WHERE settled = 0", |id, texts| {
        world.runs.insert(RunId::new(id), loader.decode(&texts[0])?);
        Ok(())
    })?;
    world.snapshot.epoch = loader.meta("epoch")?;
    world.snapshot.config_path = loader.meta("config")?;
    if let Some(dates) = loader.meta("dates")? {
        world.meta = loader.decode(&dates)?;
    }
    Ok(world)
}

struct Loader<'a> {
    c: &'a Connection,
    path: &'a Path,
}

impl Loader<'_> {
    fn sql<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|e| store_error(self.path, &e))
    }

    fn decode<T: DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text)
            .map_err(|e| refused(self.path, &format!("a row of it can't be read: {e}")))
    }

    /// Rows of an id and two texts.
    fn each(
        &self,
        sql: &str,
        mut take: impl FnMut(String, [String; 2]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut statement = self.sql(self.c.prepare(sql))?;
        let mut rows = self.sql(statement.query([]))?;
        while let Some(row) = self.sql(rows.next())? {
            let get = |i: usize| self.sql(row.get::<_, String>(i));
            take(get(0)?, [get(1)?, get(2)?])?;
        }
        Ok(())
    }

    fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.sql(meta(self.c, key))
    }

    /// The journal's end, proved by the last event's own hash and by the note of it that every
    /// commit leaves. An empty journal is refused: the first event is written with the schema.
    fn head(&self) -> Result<Head, StoreError> {
        let sql = "SELECT seq, body, hash FROM events ORDER BY seq DESC LIMIT 2";
        let mut statement = self.sql(self.c.prepare(sql))?;
        let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(u64, String, [u8; 32])> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        let last: Vec<_> = self.sql(statement.query_map([], read).and_then(Iterator::collect))?;
        let before =
            last.get(1).map_or(Head::default(), |(seq, _, hash)| Head { seq: *seq, hash: *hash });
        let Some((seq, body, hash)) = last.first() else {
            return Err(refused(self.path, "its journal is empty"));
        };
        let head = Head { seq: *seq, hash: *hash };
        if next_head(&before, body) != head {
            let what = format!("the journal's chain breaks at event {seq}");
            return Err(refused(self.path, &what));
        }
        if noted_head(self.c, self.path)?.as_ref() != Some(&head) {
            let what = format!("the journal ends at event {seq}, which is not where it was left");
            return Err(refused(self.path, &what));
        }
        Ok(head)
    }
}

/// Where the last commit left the journal: without this note nobody could tell that its last
/// events are missing.
pub(super) fn noted_head(c: &Connection, path: &Path) -> Result<Option<Head>, StoreError> {
    let loader = Loader { c, path };
    loader.meta("head")?.map(|text| loader.decode(&text)).transpose()
}

/// One of the store's own values.
pub(super) fn meta(c: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = c.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    statement.query_row([key], |row| row.get(0)).optional()
}

/// Appends events and says where the journal then ends.
pub(super) fn save_events(
    c: &Connection,
    events: &[Event],
    mut head: Head,
) -> rusqlite::Result<Head> {
    let mut statement = c.prepare_cached(
        "INSERT INTO events (seq, at_ms, job, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for event in events {
        let body = encode_event(event)
            .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        head = next_head(&head, &body);
        let job = event.job.as_ref().map(JobId::as_str);
        statement.execute(params![head.seq, event.at.wall_ms, job, body, head.hash])?;
    }
    if !events.is_empty() {
        save_meta(c, "head", &encode(&head)?)?;
    }
    Ok(head)
}

/// The jobs that have a row in a table beside their own. Few do: the others need no delete each.
#[derive(Debug)]
pub(super) struct Beside {
    requests: BTreeSet<JobId>,
    marks: BTreeSet<JobId>,
}

impl Beside {
    /// As it was before a change.
    pub(super) fn of(world: &World) -> Self {
        Self {
            requests: world.snapshot.requests.keys().cloned().collect(),
            marks: world.snapshot.marks.keys().cloned().collect(),
        }
    }
}

/// Writes the rows that a change names; what is gone from its world is deleted.
pub(super) fn save_rows(c: &Connection, change: &Change, before: &Beside) -> rusqlite::Result<()> {
    let world = &change.world;
    let none = Notes::default();
    // A row that is as long as before is written over in its place.
    let mut save = c.prepare_cached(
        "INSERT INTO jobs (id, record, notes) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET record = excluded.record, notes = excluded.notes",
    )?;
    for id in &change.jobs {
        let notes = world.notes.get(id).unwrap_or(&none);
        match world.snapshot.jobs.get(id) {
            Some(record) => save.execute(params![id.as_str(), encode(record)?, encode(notes)?])?,
            None => c.execute("DELETE FROM jobs WHERE id = ?1", [id.as_str()])?,
        };
        let (request, marks) = (world.snapshot.requests.get(id), world.snapshot.marks.get(id));
        if request.is_some() || before.requests.contains(id) {
            put(c, "requests", "job", "request", id.as_str(), request)?;
        }
        if marks.is_some() || before.marks.contains(id) {
            put(c, "marks", "job", "marks", id.as_str(), marks)?;
        }
    }
    for id in &change.grants {
        put(c, "grants", "id", "record", id.as_str(), world.snapshot.grants.get(id))?;
    }
    if !change.grants.is_empty() {
        drop_forgotten_grants(c, change)?;
    }
    for id in &change.items {
        put(c, "queue", "id", "item", id.as_str(), world.snapshot.queue.get(id))?;
    }
    if !change.items.is_empty() {
        drop_forgotten_items(c, change)?;
    }
    for id in &change.runs {
        save_run(c, change, id)?;
    }
    Ok(())
}

/// The fold keeps the queue bounded; what it dropped has no id in the change.
fn drop_forgotten_items(c: &Connection, change: &Change) -> rusqlite::Result<()> {
    let mut statement = c.prepare_cached("SELECT id FROM queue")?;
    let ids: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in ids.iter().filter(|id| !change.world.snapshot.queue.contains_key(id.as_str())) {
        c.execute("DELETE FROM queue WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// The same for the list of approvals.
fn drop_forgotten_grants(c: &Connection, change: &Change) -> rusqlite::Result<()> {
    let mut statement = c.prepare_cached("SELECT id FROM grants")?;
    let ids: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in ids.iter().filter(|id| !change.world.snapshot.grants.contains_key(id.as_str())) {
        c.execute("DELETE FROM grants WHERE id = ?1", [id])?;
    }
    Ok(())
}

/// Notes that a grant is spent, for as long as that event is kept. It fails where it was: grant
/// and run are unique.
pub(super) fn save_spent(c: &Connection, spent: &Spent) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO spent (grant_id, run) VALUES (?1, ?2)",
        [spent.grant.as_str(), spent.run.as_str()],
    )?;
    Ok(())
}

/// Puts or deletes one row of an id and a JSON text. The names are constants of this file.
fn put<T: Serialize>(
    c: &Connection,
    table: &str,
    key: &str,
    column: &str,
    id: &str,
    value: Option<&T>,
) -> rusqlite::Result<()> {
    match value {
        Some(value) => c
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {table} ({key}, {column}) VALUES (?1, ?2)"
            ))?
            .execute(params![id, encode(value)?])?,
        None => {
            c.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?.execute([id])?
        }
    };
    Ok(())
}

fn save_run(c: &Connection, change: &Change, id: &RunId) -> rusqlite::Result<()> {
    let Some(row) = change.world.runs.get(id) else {
        c.prepare_cached("UPDATE runs SET settled = 1 WHERE id = ?1")?.execute([id.as_str()])?;
        return prune_runs(c, id);
    };
    // A row keeps its number, and what is settled stays so.
    c.prepare_cached(
        "INSERT INTO runs (id, job, purpose, boot, settled, run) VALUES (?1, ?2, ?3, ?4, 0, ?5)
         ON CONFLICT (id) DO UPDATE SET run = excluded.run WHERE settled = 0",
    )?
    .execute(params![
        id.as_str(),
        row.spec.job.as_str(),
        row.spec.purpose.as_str(),
        row.claimer.boot.as_str(),
        encode(row)?
    ])?;
    Ok(())
}

/// A settled run makes room: of each job only the newest starts, and as many other runs, are
/// remembered. Newest is what was claimed last, whatever the clock said then.
fn prune_runs(c: &Connection, id: &RunId) -> rusqlite::Result<()> {
    let kept = i64::try_from(limits::RUNS_KEPT_PER_JOB).unwrap_or(i64::MAX);
    c.prepare_cached(
        "DELETE FROM runs WHERE settled = 1
           AND job = (SELECT job FROM runs WHERE id = ?1)
           AND (purpose IN ('start', 'resume')) =
             (SELECT purpose IN ('start', 'resume') FROM runs WHERE id = ?1)
           AND n <= (SELECT n FROM runs AS other
             WHERE other.job = runs.job
               AND (other.purpose IN ('start', 'resume')) = (runs.purpose IN ('start', 'resume'))
             ORDER BY n DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![id.as_str(), kept])?;
    Ok(())
}

/// Sets one of the store's own values.
pub(super) fn save_meta(c: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute([key, value])?;
    Ok(())
}
