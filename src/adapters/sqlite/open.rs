//! Opening a store, or making one, without ever mistaking something else for it.
//!
//! A new store is built under another name and linked into place whole, so that a crash can't
//! leave an empty file which a later run would have to trust or to replace: an empty or torn store
//! may have held spent approvals, and is refused.
//! Invariant: an existing file is never replaced.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{rows, schema, store_error};
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

/// Is the SQLite in this program recent enough to be trusted with a store?
#[must_use]
pub fn sqlite_is_recent() -> bool {
    rusqlite::version_number() >= schema::SQLITE_AT_LEAST
}

/// A refusal: which file, why, and the way out.
pub(super) fn refused(path: &Path, what: &str) -> StoreError {
    StoreError::Refused(format!(
        "the store {} is refused: {what}; nothing was started. Look at the file, restore a backup, \
         or move it away to begin anew",
        path.display()
    ))
}

pub(super) fn open_store(path: &Path, new: &NewStore<'_>) -> Result<Connection, StoreError> {
    if !sqlite_is_recent() {
        return Err(refused(path, &format!("SQLite {} is too old", rusqlite::version())));
    }
    match fs::symlink_metadata(path) {
        Ok(meta) => check_file(path, &meta)?,
        Err(e) if e.kind() == ErrorKind::NotFound => make_store(path, new)?,
        Err(e) => {
            return Err(StoreError::Failed(format!(
                "the store {} can't be looked at: {e}; check its folder",
                path.display()
            )));
        }
    }
    let connection = connect(path)?;
    check_marks(path, &connection)?;
    connection.execute_batch(schema::PRAGMAS).map_err(|e| store_error(path, &e))?;
    Ok(connection)
}

/// A store is a regular file of ours with something in it.
fn check_file(path: &Path, meta: &fs::Metadata) -> Result<(), StoreError> {
    if meta.file_type().is_symlink() {
        return Err(refused(path, "it is a symbolic link, which could be turned elsewhere"));
    }
    if !meta.is_file() {
        return Err(refused(path, "it is no regular file"));
    }
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != own {
        let what = format!("it belongs to user id {}, and this is user id {own}", meta.uid());
        return Err(refused(path, &what));
    }
    if meta.len() == 0 {
        return Err(refused(path, "it is empty, which no store ever is"));
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|e| {
            refused(path, &format!("others may open it, and its mode can't be set to 0600: {e}"))
        })?;
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection =
        Connection::open_with_flags(real_path(path), flags).map_err(|e| store_error(path, &e))?;
    connection.busy_timeout(limits::STORE_BUSY).map_err(|e| store_error(path, &e))?;
    Ok(connection)
}

/// SQLite's NOFOLLOW refuses links anywhere in the path; only the file itself must be none.
fn real_path(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|p| fs::canonicalize(p).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

fn check_marks(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let pragma = |name: &str| -> Result<i64, StoreError> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|e| store_error(path, &e))
    };
    if pragma("application_id")? != schema::APPLICATION_ID {
        return Err(refused(path, "it is a database of another program"));
    }
    let version = pragma("user_version")?;
    if version > schema::VERSION {
        let what = format!(
            "it was written by a newer opsfsm (schema {version}, this build reads {}); use that one",
            schema::VERSION
        );
        return Err(refused(path, &what));
    }
    if version < schema::VERSION {
        return Err(refused(path, &format!("its schema {version} is none that was ever released")));
    }
    Ok(())
}

fn make_store(path: &Path, new: &NewStore<'_>) -> Result<(), StoreError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |what: &str, e: &dyn std::fmt::Display| {
        StoreError::Failed(format!("can't make the store {}: {what}: {e}", path.display()))
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| failed(&format!("its folder {}", folder.display()), &e))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let draft = folder.join(format!(".{name}.{}", hex(&new.seed[..8])));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .map_err(|e| failed("a draft beside it", &e))?;
    let built = build(&draft, new);
    let placed = built.and_then(|()| match fs::hard_link(&draft, path) {
        Ok(()) => sync_folder(folder).map_err(|e| failed("its folder", &e)),
        // Somebody else made it first: theirs serves.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(failed("putting it in place", &e)),
    });
    // What is left of a draft harms nobody; the error that counts is the one above.
    let _ = fs::remove_file(&draft);
    placed
}

fn build(draft: &Path, new: &NewStore<'_>) -> Result<(), StoreError> {
    let mut connection = connect(draft)?;
    let work = |connection: &mut Connection| -> rusqlite::Result<()> {
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
    work(&mut connection).map_err(|e| store_error(draft, &e))
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
