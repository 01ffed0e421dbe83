//! The journal in the store: listed, replayed, and pruned at its front.
//!
//! In: a transaction. Out: events; the state that they lead to; fewer rows.
//! Invariant: what is pruned was proved to follow from the checkpoint before, which becomes what it
//! led to in the same transaction. A journal that can't be proved is left as it is, for `history
//! --verify` to tell: it keeps no commit from being made.

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};
use serde::Deserialize;

use super::EventFilter;
use super::rows::{encode, meta, save_meta};
use crate::base::{GrantId, JobId, Stamp};
use crate::journal::{Change, Checkpoint, EventKind, Head, Meta, Overgrown};

/// Where the kept journal begins; `None`: a note of it can't be read.
pub(super) fn pruned_head(c: &Connection) -> rusqlite::Result<Option<Head>> {
    Ok(match meta(c, "pruned")? {
        Some(text) => serde_json::from_str(&text).ok(),
        None => Some(Head::default()),
    })
}

/// The same with what the pruned events led to.
pub(super) fn checkpoint(c: &Connection) -> rusqlite::Result<Option<Checkpoint>> {
    let Some(head) = pruned_head(c)? else { return Ok(None) };
    Ok(match (head == Head::default(), meta(c, "checkpoint")?) {
        (true, None) => Some(Checkpoint::default()),
        (false, Some(text)) => {
            serde_json::from_str(&text).ok().map(|snapshot| Checkpoint { head, snapshot })
        }
        // One without the other.
        (true, Some(_)) | (false, None) => None,
    })
}

/// When an event was, and nothing else of it.
#[derive(Deserialize)]
struct When {
    at: Stamp,
}

/// Prunes a small step, if one is due. `before`: the store's dates before this commit.
pub(super) fn prune(
    c: &Connection,
    change: &Change,
    before: &Meta,
    head: &Head,
) -> rusqlite::Result<()> {
    let Some(pruned) = pruned_head(c)? else { return Ok(()) };
    let Some(overgrown) = Overgrown::after(change, before, &pruned, head) else { return Ok(()) };
    let mut look = c.prepare_cached("SELECT body FROM events WHERE seq = ?1")?;
    let through = overgrown.prune_through(&mut |seq| {
        let body: Option<String> = look.query_row([seq], |row| row.get(0)).optional()?;
        let when = body.and_then(|body| serde_json::from_str::<When>(&body).ok());
        Ok::<_, rusqlite::Error>(when.map(|when| when.at))
    })?;
    let Some(through) = through else { return Ok(()) };
    let Some((checkpoint, spent)) = fold_through(c, through)? else { return Ok(()) };
    c.prepare_cached("DELETE FROM events WHERE seq <= ?1")?.execute([through])?;
    for grant in spent {
        c.prepare_cached("DELETE FROM spent WHERE grant_id = ?1")?.execute([grant.as_str()])?;
    }
    save_meta(c, "pruned", &encode(&checkpoint.head)?)?;
    save_meta(c, "checkpoint", &encode(&checkpoint.snapshot)?)
}

/// What the events up to this one lead to, and the approvals that they spent. `None`: they don't
/// follow.
fn fold_through(
    c: &Connection,
    through: u64,
) -> rusqlite::Result<Option<(Checkpoint, Vec<GrantId>)>> {
    let Some(mut checkpoint) = checkpoint(c)? else { return Ok(None) };
    let mut spent = Vec::new();
    let mut statement =
        c.prepare_cached("SELECT seq, body, hash FROM events WHERE seq <= ?1 ORDER BY seq")?;
    let mut rows = statement.query([through])?;
    while let Some(row) = rows.next()? {
        let (seq, body, hash): (u64, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Ok(event) = checkpoint.follow(seq, &body, &hash) else { return Ok(None) };
        if let EventKind::GrantSpent { grant, .. } = event.kind {
            spent.push(grant);
        }
    }
    Ok((checkpoint.head.seq == through).then_some((checkpoint, spent)))
}

/// Every kept event in order: its number, bytes and hash.
pub(super) fn each_event(
    c: &Connection,
    mut take: impl FnMut(u64, &str, &[u8]) -> bool,
) -> rusqlite::Result<()> {
    let mut statement = c.prepare("SELECT seq, body, hash FROM events ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (body, hash): (String, Vec<u8>) = (row.get(1)?, row.get(2)?);
        if !take(row.get(0)?, &body, &hash) {
            break;
        }
    }
    Ok(())
}

/// The newest events that pass the filter, newest first. Those of one job are found by its index.
pub(super) fn last_events(
    c: &Connection,
    filter: &EventFilter<'_>,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, String)>> {
    let job = filter.job.map(JobId::as_str);
    let of_job = if job.is_some() { "job = ?1" } else { "?1 IS NULL" };
    let mut statement = c.prepare(&format!(
        "SELECT seq, body FROM events WHERE {of_job}
         AND (?2 IS NULL OR json_extract(body, '$.event') = ?2)
         AND (?3 IS NULL OR at_ms >= ?3) ORDER BY seq DESC LIMIT ?4"
    ))?;
    let values: &[&dyn ToSql] = params![job, filter.event, filter.since_ms, limit];
    statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
