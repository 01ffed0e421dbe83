//! What an order about a write goes by: today's config, or, where that is broken or does not know
//! the job any more, what the store has recorded. What was begun can be ended whatever the config
//! says by now.
//!
//! Invariant: without a config nothing is started, approved or requested.

use super::context::{Context, Failure};
use super::io;
use crate::adapters::sqlite::SqliteStore;
use crate::base::JobId;
use crate::compile::Compiled;
use crate::machine::State;
use crate::ports::Store as _;

/// A write that an order is about.
pub(super) struct Subject {
    pub(super) id: JobId,
    /// Today's config; an empty one where it is broken.
    pub(super) compiled: Compiled,
    pub(super) store: SqliteStore,
}

/// What `name` means by the config, else by the store.
pub(super) fn subject(context: &Context, name: &str) -> Result<Subject, Failure> {
    let config = match context.config() {
        Ok(config) => config,
        Err(broken) => return recorded(context, name, Compiled::default(), broken),
    };
    match context.job(&config.compiled, name).map(|job| job.job().id.clone()) {
        Ok(id) => {
            let store = context.open_store(&config.compiled)?;
            Ok(Subject { id, compiled: config.compiled, store })
        }
        Err(unknown) => recorded(context, name, config.compiled, unknown),
    }
}

/// A write that the store alone knows; `else_say` where it knows none of this name, or is another
/// config's.
pub(super) fn recorded(
    context: &Context,
    name: &str,
    compiled: Compiled,
    else_say: Failure,
) -> Result<Subject, Failure> {
    let id = JobId::new(name.trim());
    if !context.store_place().is_ok_and(|place| place.path.exists()) {
        return Err(else_say);
    }
    let mut store = context.open_any_store()?;
    let world = store.read()?;
    let write = world.snapshot.jobs.get(&id).is_some_and(|r| matches!(r.state, State::Write(_)));
    // Without any config the store is whoever's it says: nobody else's can be meant.
    let foreign = context.config_path().is_ok() && context.is_foreign(&world)?;
    if !write || foreign {
        return Err(else_say);
    }
    io::note(&if compiled.is_empty() {
        format!("without a config that is whole, this goes by what is recorded of `{id}`")
    } else {
        format!("`{id}` is no longer in the config; this goes by what is recorded of it")
    });
    Ok(Subject { id, compiled, store })
}
