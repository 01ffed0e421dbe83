//! The rollback journal that SQLite keeps beside a store: what it may hold, and who may open it.
//!
//! In: the path of a store. Out: whether its journal would be played back; a journal that is its owner's alone.
//! Invariant: a journal into which others may have written is never played into a store.

use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::errors::refused;
use crate::adapters::config_files::open_without_waiting;
use crate::adapters::exposure::how_exposed;
use crate::ports::StoreError;

/// The name of what SQLite keeps beside a database.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Is a journal there that SQLite would play back? It goes by the first byte
/// (<https://www.sqlite.org/lockingv3.html#hot_journals>): zero, or none, in one that is spent. What can't
/// be read may be any. Of a journal in which a process is writing right now this says nothing: its first byte
/// comes last.
pub(super) fn is_left(journal: &Path) -> bool {
    let Ok(meta) = fs::symlink_metadata(journal) else { return false };
    let mut first = [0];
    let mut read = || open_without_waiting(journal)?.read(&mut first);
    !meta.is_file() || read().is_err() || first != [0]
}

/// The journal outlives the commit that made it, and with it the mode that the store had then.
pub(super) fn keep_to_owner(path: &Path) -> Result<(), StoreError> {
    let journal = with_ending(path, "-journal");
    let Ok(meta) = fs::symlink_metadata(&journal) else { return Ok(()) };
    let named = |what: &str| refused(path, &format!("its journal {} {what}", journal.display()));
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own {
        return Err(named(&format!(
            "belongs to user id {}, and this is user id {own}",
            meta.uid()
        )));
    }
    // What is no file SQLite refuses itself.
    let may_others = meta.mode() & 0o077 != 0;
    if !meta.is_file() || !may_others {
        return Ok(());
    }
    if let Some(how) = how_exposed(&meta).filter(|_| is_left(&journal)) {
        return Err(named(&format!("would be played into it, and {how}")));
    }
    fs::set_permissions(&journal, Permissions::from_mode(0o600)).map_err(|e| {
        named(&format!("may be opened by others, and its mode can't be set to 0600: {e}"))
    })
}
