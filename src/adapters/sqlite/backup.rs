//! A copy of a store, and a store out of a copy.
//!
//! In: paths. Out: a file that is a store of its own; or the store replaced by it, whole or not at
//! all.
//! Invariant: no file is overwritten, and a store that is replaced is kept beside the new one.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::connect::{connect_to_read, folder_of};
use super::errors::{refused, store_error};
use super::make::{
    draft_prefix, lock_folder, make_folder, place, remove_draft, remove_drafts, sync_folder,
    write_draft,
};
use super::rollback::with_ending;
use super::{NewStore, SqliteStore, open};
use crate::adapters::file_name::beside;
use crate::base::id::hex;
use crate::journal::Head;
use crate::ports::{Store as _, StoreError};

impl SqliteStore {
    /// Writes a copy of this store to a file that is not there yet, as it is at one moment. Says how
    /// far its journal goes.
    ///
    /// # Errors
    /// [`StoreError`]; then there is no file of that name.
    pub fn back_up(&self, to: &Path) -> Result<Head, StoreError> {
        let failed = |e: &dyn std::fmt::Display| {
            StoreError::Failed(format!("the backup {} can't be written: {e}", to.display()))
        };
        if fs::symlink_metadata(to).is_ok() {
            return Err(failed(&"there is something of that name already; name another file"));
        }
        let mut name = draft_prefix(to);
        name.push(hex(&self.opened.1[..8]));
        let draft = to.with_file_name(name);
        write_draft(&draft).map_err(|e| failed(&e))?;
        let copied = copy_into(&self.connection, &draft)
            .map_err(|e| failed(&e))
            .and_then(|()| check_copy(&draft, &self.new_store()))
            .and_then(|head| {
                let synced = File::open(&draft).and_then(|file| file.sync_all());
                synced.and_then(|()| place(&draft, to)).map_err(|e| failed(&e))?;
                sync_folder(folder_of(to)).map_err(|e| failed(&e))?;
                Ok(head)
            });
        // After a move there is none.
        remove_draft(&draft);
        copied
    }

    /// A store of its own beside the one at `path`, with the content of the backup at `from`, proved
    /// whole. It is a draft until [`SqliteStore::replace`] puts it in place.
    ///
    /// # Errors
    /// [`StoreError`]: what can't be read, or proved, is refused.
    pub fn draft_of(from: &Path, path: &Path, new: &NewStore<'_>) -> Result<Self, StoreError> {
        let meta = fs::symlink_metadata(from).map_err(|e| {
            StoreError::Failed(format!("the backup {} can't be read: {e}", from.display()))
        })?;
        open::check_file(from, &meta)?;
        let real = |path: &Path| fs::canonicalize(path).ok();
        if real(path).is_some_and(|path| Some(path) == real(from)) {
            return Err(refused(from, "it is the very store that is to be replaced"));
        }
        let folder = folder_of(path);
        let failed = |e: &dyn std::fmt::Display| {
            StoreError::Failed(format!("a draft beside {} can't be made: {e}", path.display()))
        };
        make_folder(folder).map_err(|e| failed(&e))?;
        if lock_folder(path, folder)?.is_some() {
            remove_drafts(path, folder);
        }
        let mut name = draft_prefix(path);
        name.push(hex(&new.seed[..8]));
        let draft = folder.join(name);
        let source = connect_to_read(from)?;
        open::check_marks(from, &source)?;
        write_draft(&draft).map_err(|e| failed(&e))?;
        let checked = copy_into(&source, &draft)
            .map_err(|e| store_error(from, &e))
            .and_then(|()| check_copy(&draft, new).map_err(|e| about(from, &draft, &e)))
            .and_then(|_| Self::open(&draft, new));
        if checked.is_err() {
            remove_draft(&draft);
        }
        checked
    }

    /// Puts this draft in the place of the store at `path`, in one step; the one that was there is
    /// kept under a name with this date. Says which.
    ///
    /// # Errors
    /// [`StoreError`]; then the store at `path` is the one that was there.
    pub fn replace(self, path: &Path, date: &str) -> Result<Option<PathBuf>, StoreError> {
        let Self { connection, path: draft, opened, .. } = self;
        drop(connection);
        let failed = |e: &dyn std::fmt::Display| {
            StoreError::Failed(format!("the store {} can't be replaced: {e}", path.display()))
        };
        let folder = folder_of(path);
        let _lock = lock_folder(path, folder)?;
        let aside = free_name(path, date, &opened.1);
        let swap = || -> std::io::Result<Option<PathBuf>> {
            File::open(&draft)?.sync_all()?;
            // A journal of the old one would be played into the new one. Also one that looks spent: a
            // process may be writing in it.
            let journal = with_ending(path, "-journal");
            if fs::symlink_metadata(&journal).is_ok() {
                fs::rename(&journal, with_ending(&aside, "-journal"))?;
            }
            let kept = match fs::hard_link(path, &aside) {
                Ok(()) => true,
                Err(e) if e.kind() == ErrorKind::NotFound => false,
                Err(e) => return Err(e),
            };
            // First the other names, durably: a power loss could else keep the new store without the old
            // one, or with its journal.
            sync_folder(folder)?;
            // What has it open goes on with the file that is kept, in which nothing is approved.
            fs::rename(&draft, path)?;
            sync_folder(folder)?;
            Ok(kept.then_some(aside.clone()))
        };
        let swapped = swap().map_err(|e| failed(&e));
        let _ = fs::remove_file(beside(&draft, "witness"));
        // Of a draft that became the store only its journal is left.
        remove_draft(&draft);
        swapped
    }

    fn new_store(&self) -> NewStore<'_> {
        NewStore { seed: self.opened.1, now: &self.opened.0 }
    }
}

/// A name for the store that is replaced: nothing else has it.
fn free_name(path: &Path, date: &str, seed: &[u8; 32]) -> PathBuf {
    let plain = beside(path, &format!("replaced-{date}"));
    if fs::symlink_metadata(&plain).is_err() {
        return plain;
    }
    beside(path, &format!("replaced-{date}-{}", hex(&seed[..4])))
}

/// Copies a whole database, at one moment, into an empty file.
fn copy_into(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    // Absolute, so that no name is read as a URI.
    let to = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
    let to = to.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(to.clone()))?;
    from.execute("VACUUM INTO ?1", [to]).map(drop)
}

/// Is the copy whole, is its journal, and does that give the stored state?
fn check_copy(draft: &Path, new: &NewStore<'_>) -> Result<Head, StoreError> {
    let mut store = SqliteStore::open(draft, new)?;
    let found: String =
        store.guard(|c| c.query_row("PRAGMA integrity_check", [], |row| row.get(0)))?;
    if found != "ok" {
        return Err(refused(draft, &format!("it is damaged: {found}")));
    }
    let (snapshot, head) = store.replay()?;
    if store.read()?.snapshot != snapshot {
        return Err(refused(draft, "its state is not what its journal gives"));
    }
    Ok(head)
}

/// The error names the file that a person knows.
fn about(from: &Path, draft: &Path, error: &StoreError) -> StoreError {
    let text = error.to_string().replace(&draft.display().to_string(), &from.display().to_string());
    match error {
        StoreError::Refused(_) => StoreError::Refused(text),
        StoreError::Busy(_) => StoreError::Busy(text),
        StoreError::Failed(_) => StoreError::Failed(text),
        StoreError::Interrupted => StoreError::Interrupted,
    }
}
