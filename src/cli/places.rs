//! Whether config and store are where nobody else can change them, and on this host alone: what an
//! approval is worth hangs on both.
//!
//! In: paths. Out: for a write a refusal, for everything else a warning.
//! Invariant: nothing is changed or mended here.

use std::path::{Path, PathBuf};

use super::config::LoadedConfig;
use super::context::{Context, Failure};
use super::io;
use crate::adapters::exposure::Exposures;
use crate::adapters::file_system::{magic_of, shared_kind};
use crate::adapters::sqlite::SqliteStore;
use crate::base::{Exit, limits};
use crate::journal::Change;
use crate::ports::{Commit, Store as _, StoreError};

/// What is wrong with a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsafe {
    exit: Exit,
    what: String,
}

/// The first thing that is wrong with where config and store are.
pub(super) fn fault(context: &Context, config: &LoadedConfig) -> Option<Unsafe> {
    let store = context.store_place().ok()?;
    let files: Vec<PathBuf> =
        config.sources.files().iter().map(|f| f.name.clone().into()).collect();
    look(&store.path, &files, magic_of)
}

fn look(store: &Path, config: &[PathBuf], magic: fn(&Path) -> Option<u64>) -> Option<Unsafe> {
    let exposures = Exposures::default();
    let exposed = |exit, what: &str, path: &Path| {
        let found = exposures.of(path)?;
        let what = format!(
            "others may change the {what} {}: {}: {}; take that right away (chmod go-w, chown), \
             and look at what is there before you trust it",
            path.display(),
            found.path,
            found.how
        );
        Some(Unsafe { exit, what })
    };
    let shared = || {
        let kind = magic(store).and_then(shared_kind)?;
        let what = format!(
            "the store {} is on a network file system ({kind}), whose locks prove nothing: another \
             host could run the same write; name a --state-file on a local disk",
            store.display()
        );
        Some(Unsafe { exit: Exit::StoreRefused, what })
    };
    exposed(Exit::StoreRefused, "store", store)
        .or_else(shared)
        .or_else(|| config.iter().find_map(|file| exposed(Exit::Refused, "config", file)))
}

/// Refuses what would lead to a write.
pub(super) fn refuse_unsafe(context: &Context, config: &LoadedConfig) -> Result<(), Failure> {
    fault(context, config).map_or(Ok(()), |found| Err(found.into_failure()))
}

impl Unsafe {
    /// Why no write starts from here.
    pub(super) fn into_failure(self) -> Failure {
        Failure { exit: self.exit, message: format!("{}; no write is started", self.what) }
    }

    /// The same as a reason.
    pub(super) fn what(&self) -> &str {
        &self.what
    }
}

/// Warns whoever gives an order that no write follows from.
pub(super) fn warn(context: &Context, config: &LoadedConfig) {
    if let Some(found) = fault(context, config) {
        io::note(&format!("warning: {}", found.what));
    }
}

/// The same for a tick, once a day: cron sends a mail for each line.
pub(super) fn warn_daily(
    context: &Context,
    config: &LoadedConfig,
    store: &mut SqliteStore,
) -> Result<(), StoreError> {
    let Some(found) = fault(context, config) else { return Ok(()) };
    let now = context.now();
    let mut due = false;
    store.transact(&mut |mut world| {
        let told = world.meta.place_alert.as_ref();
        due = told.is_none_or(|told| now.at.age_of(told) >= limits::REMIND_EVERY);
        if due {
            world.meta.place_alert = Some(now.at.clone());
        }
        Ok(Commit { change: Change { world, ..Change::default() }, reports: Vec::new() })
    })?;
    if due || io::stderr_is_terminal() {
        io::note(&format!("warning: {}; no write starts from there", found.what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_on_a_network_file_system_is_for_watching_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = folder.path().join("opsfsm.db");
        assert_eq!(look(&store, &[], |_| Some(0xef53)), None);
        assert_eq!(look(&store, &[], |_| None), None);
        for (magic, name) in
            [(|_: &Path| Some(0x6969), "(NFS)"), (|_: &Path| Some(0xff53_4d42), "(CIFS)")]
                as [(fn(&Path) -> Option<u64>, &str); 2]
        {
            let found = look(&store, &[], magic).expect("a fault");
            assert!(found.what.contains(name) && found.what.contains("local disk"), "{found:?}");
            let failure = found.into_failure();
            assert_eq!(failure.exit, Exit::StoreRefused);
            assert!(failure.message.ends_with("no write is started"), "{failure:?}");
        }
    }
}
