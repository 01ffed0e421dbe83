//! Making a store: built under another name and moved into place whole, so that a crash can't
//! leave an empty file which a later run would have to trust or to replace. An empty or torn store
//! may have held spent approvals, and is refused.
//!
//! In: a path where nothing is. Out: a whole store there, ours or another process's.
//! Invariant: an existing file is never replaced.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::thread;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::connect::{connect, folder_of};
use super::errors::store_error;
use super::rollback::{is_left, with_ending};
use super::{rows, schema};
use crate::base::{Stamp, id::hex, limits};
use crate::journal::{Event, EventKind, Head};
use crate::ports::StoreError;

/// What a new store needs.
#[derive(Clone, Debug)]
pub struct NewStore<'a> {
    /// Random bits: its epoch, and the name it is built under.
    pub seed: [u8; 32],
    /// When it is made.
    pub now: &'a Stamp,
}

/// Makes the store, unless somebody else does so first.
pub(super) fn make_store(path: &Path, new: &NewStore<'_>) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let failed = |what: &str, e: &dyn std::fmt::Display| {
        StoreError::Failed(format!("can't make the store {}: {what}: {e}", path.display()))
    };
    make_folder(folder).map_err(|e| failed(&format!("its folder {}", folder.display()), &e))?;
    let lock = lock_folder(path, folder)?;
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    clear_of_journals(path)?;
    if lock.is_some() {
        remove_drafts(path, folder);
    }
    let mut name = draft_prefix(path);
    name.push(hex(&new.seed[..8]));
    let draft = folder.join(name);
    let built = write_draft(&draft)
        .map_err(|e| failed("a draft beside it", &e))
        .and_then(|()| build(&draft, new));
    let placed = built.and_then(|()| match place(&draft, path) {
        Ok(()) => sync_folder(folder).map_err(|e| failed("its folder", &e)),
        // Somebody else made it first: theirs serves.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(failed("putting it in place", &e)),
    });
    // After a move there is none. What is left of one harms nobody; the error that counts is the
    // one above.
    remove_draft(&draft);
    placed
}

/// Moves the draft to where nothing may be yet. Whoever is killed here leaves a draft or a store,
/// never two names of one.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn place(draft: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
        // Not every file system can; all of them can link, if any way is left at all.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::hard_link(draft, path),
        done => Ok(done?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn place(draft: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(draft, path)
}

/// An empty file for SQLite to fill, for its owner alone whatever the umask.
pub(super) fn write_draft(draft: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

fn build(draft: &Path, new: &NewStore<'_>) -> Result<(), StoreError> {
    let mut connection = connect(draft)?;
    let mut work = || -> rusqlite::Result<()> {
        connection.execute_batch(schema::NEW)?;
        connection.execute_batch(schema::PRAGMAS)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(schema::CREATE)?;
        transaction.pragma_update(None, "application_id", schema::APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", schema::VERSION)?;
        let epoch = hex(&new.seed[8..24]);
        let kind = EventKind::StoreCreated { epoch: epoch.clone() };
        let event = Event { at: new.now.clone(), job: None, kind };
        rows::save_events(&transaction, &[event], Head::default())?;
        rows::save_meta(&transaction, "epoch", &epoch)?;
        transaction.commit()
    };
    work().map_err(|e| store_error(draft, &e))
}

/// Makes the folder and what is missing above it, each for its owner alone whatever the umask, and
/// each durable: a store must not vanish with its folder when the power fails.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    if above != folder {
        make_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o700))?,
        Err(e) if e.kind() == ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        Err(e) => return Err(e),
    }
    sync_folder(above)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// One process at a time makes a store in a folder. The kernel frees the lock whatever happens.
/// `None`: this file system has no such locks, and the move alone decides who was first.
pub(super) fn lock_folder(path: &Path, folder: &Path) -> Result<Option<File>, StoreError> {
    let Ok(file) = File::open(folder) else { return Ok(None) };
    let tries = limits::STORE_BUSY.as_millis() / limits::EXIT_POLL.as_millis();
    for _ in 0..tries {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(file)),
            Err(Errno::WOULDBLOCK | Errno::INTR) => thread::sleep(limits::EXIT_POLL),
            Err(_) => return Ok(None),
        }
    }
    let held = format!("the store {} is being made by another process", path.display());
    Err(StoreError::Busy(format!("{held}; try again in a moment")))
}

/// A journal without its store belongs to one that was moved or deleted. SQLite would play it back
/// into the new store, and what it holds may be all that is left of the old one. One that is spent
/// holds nothing; it goes, for the disk may not know yet that it is spent.
fn clear_of_journals(path: &Path) -> Result<(), StoreError> {
    for ending in ["-journal", "-wal"] {
        let journal = with_ending(path, ending);
        if is_left(&journal) {
            return Err(StoreError::Refused(format!(
                "the store {} is missing, but the journal of one is there: {}; nothing was started. \
                 Put the store back beside it, or move the journal away too to begin anew",
                path.display(),
                journal.display()
            )));
        }
        match fs::remove_file(&journal) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(StoreError::Failed(format!(
                    "can't make the store {}: the journal of an earlier one, {}, can't be removed: {e}",
                    path.display(),
                    journal.display()
                )));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Removes a draft and its journal, which a commit to it has left. What can't be removed harms nobody.
pub(super) fn remove_draft(draft: &Path) {
    for ending in ["", "-journal"] {
        let _ = fs::remove_file(with_ending(draft, ending));
    }
}

/// Drafts are hidden files beside the store: its name, then sixteen hexadecimal digits.
pub(super) fn draft_prefix(path: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Removes drafts of makers that died: whoever holds the folder's lock is the only maker alive.
/// What can't be removed harms nobody.
pub(super) fn remove_drafts(path: &Path, folder: &Path) {
    let prefix = draft_prefix(path);
    let is_draft = |name: &[u8]| {
        let digits = name.strip_prefix(prefix.as_bytes());
        let endings: [&[u8]; 3] = [b"-journal", b".witness", b".witness-new"];
        let digits = digits.map(|rest| {
            endings.iter().find_map(|ending| rest.strip_suffix(*ending)).unwrap_or(rest)
        });
        digits.is_some_and(|d| d.len() == 16 && d.iter().all(u8::is_ascii_hexdigit))
    };
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|e| is_draft(e.file_name().as_bytes())) {
        let _ = fs::remove_file(entry.path());
    }
}
