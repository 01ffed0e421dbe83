//! `opsfsm backup FILE` and `opsfsm restore FILE`: a whole copy of the store, and the store out of it.
//!
//! Invariant: nothing that was approved before a restore serves after it, and the store that was
//! there is kept.

use std::path::Path;

use super::args::BackupArgs;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::flight_lock;
use crate::adapters::sqlite::{NewStore, SqliteStore};
use crate::adapters::tick_lock;
use crate::base::{Exit, Now};
use crate::compile::Compiled;
use crate::decide;
use crate::journal::{RunPhase, World};
use crate::ports::{Commit, Store as _, StoreError};
use crate::tick::{disagreement, facts_of};

/// Copies the store.
pub(super) fn backup(context: &Context, options: &BackupArgs) -> Result<Exit, Failure> {
    let place = context.store_place()?;
    if !place.path.exists() {
        return Err(Failure::refused(format!("there is no store {} yet", place.path.display())));
    }
    let store = context.open_any_store()?;
    let head = store.back_up(&options.file)?;
    io::say(&format!(
        "{}: {} events, up to {}; nothing that is approved serves after a restore\n",
        options.file.display(),
        head.seq,
        head.short()
    ));
    Ok(Exit::Done)
}

/// Replaces the store by a backup.
pub(super) fn restore(context: &Context, options: &BackupArgs) -> Result<Exit, Failure> {
    let path = &context.store_place()?.path;
    let now = context.now();
    let new = NewStore { seed: context.seed()?, now: &now.at };
    let mut draft = SqliteStore::draft_of(&options.file, path, &new)?;
    let busy = |what: &str| Failure {
        exit: Exit::Busy,
        message: format!("{what}; nothing was replaced, try again when it is done"),
    };
    let tick = tick_lock::take(path, &now.at)?.map_err(|_| busy("a tick is at work"))?;
    let outbox =
        tick_lock::take_outbox(path, &now.at)?.map_err(|_| busy("a report is on its way"))?;
    if let Some(job) = flight_lock::any_held(&flight_lock::folder_of(path)) {
        return Err(busy(&format!("a process of the write {job} still runs")));
    }
    void_present(context, path, &now)?;
    begin_epoch(context, &mut draft, &now)?;
    let (events, owner) = (draft.read()?.head.seq, draft.read()?.snapshot.config_path);
    let aside = draft.replace(path, &date_of(&now))?;
    drop((tick, outbox));
    let kept =
        aside.map(|aside| format!("; the store that was there is kept as {}", aside.display()));
    io::say(&format!(
        "restored {events} events from {}{}; what was approved before is void\n",
        options.file.display(),
        kept.unwrap_or_default()
    ));
    let own = context.canonical_config().ok();
    if let Some(owner) = owner.filter(|owner| own.as_ref().is_some_and(|own| own != owner)) {
        io::note(&format!("it belongs to the config {owner}; hand it over with `adopt`"));
    }
    Ok(Exit::Done)
}

/// Whoever has the present store open finds nothing approved in it once it is replaced. One that
/// can't be read is no hindrance: that is when a backup is needed.
fn void_present(context: &Context, path: &Path, now: &Now) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    let mut store = match context.open_any_store() {
        Ok(store) => store,
        Err(why) if why.exit == Exit::StoreRefused => {
            io::note(&format!("the present store is kept as it is: {}", why.message));
            return Ok(());
        }
        Err(why) => return Err(why),
    };
    let read = store.read();
    if let Err(StoreError::Refused(why)) = &read {
        io::note(&format!("the present store is kept as it is: {why}"));
        return Ok(());
    }
    if let Some(job) = running(context, &read?, now)? {
        let message = format!("`{job}` has a run under way; nothing was replaced, try again later");
        return Err(Failure { exit: Exit::Busy, message });
    }
    begin_epoch(context, &mut store, now)
}

/// A job that somebody runs, or is about to.
fn running(context: &Context, world: &World, now: &Now) -> Result<Option<String>, Failure> {
    let facts = facts_of(world, &context.processes, now, context.seed()?);
    if let Some(write) = facts.in_flight.first() {
        return Ok(Some(write.to_string()));
    }
    let open = |phase: &RunPhase| match phase {
        RunPhase::Claimed | RunPhase::Executing { .. } => true,
        RunPhase::Done { .. } => false,
    };
    let mut rows = world.runs.values();
    let found = rows.find(|row| open(&row.phase) && !facts.dead.contains(&row.spec.run));
    Ok(found.map(|row| row.spec.job.to_string()))
}

fn begin_epoch(context: &Context, store: &mut SqliteStore, now: &Now) -> Result<(), Failure> {
    let (compiled, seed) = (Compiled::default(), context.seed()?);
    store.transact(&mut |world| {
        let facts = facts_of(&world, &context.processes, now, seed);
        let decision = decide::begin_epoch(&compiled, world, &facts);
        let change = decision.map_err(|fault| disagreement(&fault))?.change;
        Ok(Commit { change, reports: Vec::new() })
    })?;
    Ok(())
}

/// The moment, as part of a file's name.
fn date_of(now: &Now) -> String {
    let at =
        jiff::Timestamp::from_millisecond(now.at.wall_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
