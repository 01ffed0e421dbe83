//! `opsfsm adopt`: hands the store over to another config, after it was moved or renamed.

use super::context::{Context, Failure};
use super::io;
use crate::base::Exit;
use crate::decide;
use crate::ports::{Commit, Store as _};
use crate::tick::{disagreement, facts_of};

/// Binds the store to the config that this call names.
pub(super) fn adopt(context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let path = context.canonical_config()?;
    let mut store = context.open_any_store()?;
    let world = store.read()?;
    if world.snapshot.config_path.is_none() {
        // Nobody's store yet: as on first use, with what ops-monitor left.
        context.begin_store(&mut store, &config.compiled, &world, &path)?;
    }
    let seed = context.seed()?;
    let before = world.snapshot.config_path;
    store.transact(&mut |world| {
        let now = context.now();
        let facts = facts_of(&world, &context.processes, &now, seed);
        let begun = decide::begin_store(&config.compiled, world, None, &path, &facts);
        let (decision, _) = begun.map_err(|fault| disagreement(&fault))?;
        Ok(Commit { change: decision.change, reports: Vec::new() })
    })?;
    let store = store.path().display();
    let text = match before {
        Some(before) if before == path => format!("{store} belongs to {path} already\n"),
        Some(before) => format!("{store} now belongs to {path} (before: {before})\n"),
        None => format!("{store} now belongs to {path}\n"),
    };
    io::say(&text);
    Ok(Exit::Done)
}
