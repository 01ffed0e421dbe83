//! One connection to a database file, under exactly the name it was given.
//!
//! In: a path. Out: a connection that follows no link and waits a bounded time for others.
//! Invariant: a name is never read as a URI, and nothing is made that is not there.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::errors::{refused, store_error};
use crate::base::limits;
use crate::ports::StoreError;

pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    connect_for(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// The same for whoever only reads.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, StoreError> {
    connect_for(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect_for(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection =
        Connection::open_with_flags(real_path(path)?, flags).map_err(|e| store_error(path, &e))?;
    connection.busy_timeout(limits::STORE_BUSY).map_err(|e| store_error(path, &e))?;
    Ok(connection)
}

/// The path for SQLite: absolute, so that a name that begins with `file:` is a name and no URI (the
/// bundled SQLite reads URIs), and with its folder's links resolved, because NOFOLLOW refuses links
/// anywhere in the path and only the file itself must be none.
fn real_path(path: &Path) -> Result<PathBuf, StoreError> {
    let folder = fs::canonicalize(folder_of(path)).map_err(|e| {
        StoreError::Failed(format!("the folder of the store {} can't be used: {e}", path.display()))
    })?;
    match path.file_name() {
        Some(name) => Ok(folder.join(name)),
        None => Err(refused(path, "its path names no file")),
    }
}

/// The folder that a store is in; of a bare name the current one.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
