//! Opening a store without ever mistaking something else for it.
//!
//! In: a path. Out: a connection with every setting in force, or a refusal.
//! Invariant: what is refused is left as it was, content and mode.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::connect::connect;
use super::errors::{refused, store_error};
use super::make::{NewStore, make_store};
use super::{rollback, schema};
use crate::adapters::exposure::how_exposed;
use crate::ports::StoreError;

/// Is the SQLite in this program recent enough to be trusted with a store?
#[must_use]
pub fn sqlite_is_recent() -> bool {
    rusqlite::version_number() >= schema::SQLITE_AT_LEAST
}

pub(super) fn open_store(path: &Path, new: &NewStore<'_>) -> Result<Connection, StoreError> {
    if !sqlite_is_recent() {
        return Err(refused(path, &format!("SQLite {} is too old", rusqlite::version())));
    }
    match fs::symlink_metadata(path) {
        Ok(meta) => {
            check_file(path, &meta)?;
            // Before it is opened: that plays back what is left.
            rollback::keep_to_owner(path)?;
        }
        Err(e) if e.kind() == ErrorKind::NotFound => make_store(path, new)?,
        Err(e) => {
            return Err(StoreError::Failed(format!(
                "the store {} can't be looked at: {e}; check its folder",
                path.display()
            )));
        }
    }
    let mut connection = connect(path)?;
    let version = check_marks(path, &connection)?;
    // Only now: another program's file keeps the mode that it has.
    tighten_mode(path)?;
    let set = |settings| connection.execute_batch(settings).map_err(|e| store_error(path, &e));
    set(schema::PRAGMAS)?;
    set(schema::KEEP_JOURNAL)?;
    if version < schema::VERSION {
        migrate(&mut connection, &schema::MIGRATIONS).map_err(|e| store_error(path, &e))?;
    }
    Ok(connection)
}

/// A store is a regular file of ours with something in it.
pub(super) fn check_file(path: &Path, meta: &fs::Metadata) -> Result<(), StoreError> {
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
    Ok(())
}

/// Nobody else opens a store. It was proved to be one, and no link, before. One that others could
/// write to keeps its mode: somebody has to look at it, and until then no write starts from it.
fn tighten_mode(path: &Path) -> Result<(), StoreError> {
    let failed = |e: std::io::Error| {
        refused(path, &format!("others may open it, and its mode can't be set to 0600: {e}"))
    };
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if meta.mode() & 0o077 != 0 && how_exposed(&meta).is_none() {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    }
    Ok(())
}

pub(super) fn check_marks(path: &Path, connection: &Connection) -> Result<i64, StoreError> {
    // One look at one moment: each pragma by itself would lock and unlock the file.
    let look = connection.unchecked_transaction().map_err(|e| store_error(path, &e))?;
    let pragma = |name: &str| -> Result<i64, StoreError> {
        look.pragma_query_value(None, name, |row| row.get(0)).map_err(|e| store_error(path, &e))
    };
    if pragma("application_id")? != schema::APPLICATION_ID {
        return Err(refused(path, "it is no opsfsm store, but a database of another program"));
    }
    let version = pragma("user_version")?;
    if version > schema::VERSION {
        let what = format!(
            "it was written by a newer opsfsm (schema {version}, this build reads {}); use that one",
            schema::VERSION
        );
        return Err(refused(path, &what));
    }
    if version < 1 {
        return Err(refused(path, &format!("its schema {version} is none that was ever released")));
    }
    // SQLite reads what is missing of the last page as zeros.
    let wanted = pragma("page_count")?.saturating_mul(pragma("page_size")?);
    let length = fs::symlink_metadata(path).map_or(0, |meta| meta.len());
    if length < u64::try_from(wanted).unwrap_or(u64::MAX) {
        let what = format!("it is cut short: {length} bytes, where there were {wanted}");
        return Err(refused(path, &what));
    }
    look.finish().map_err(|e| store_error(path, &e))?;
    Ok(version)
}

/// Takes a store to the newest version, all steps or none. Of several processes one does it.
fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Read anew: somebody else may have done it meanwhile.
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(1).saturating_sub(1);
    for step in steps.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    let newest = i64::try_from(steps.len()).unwrap_or(i64::MAX).saturating_add(1);
    transaction.pragma_update(None, "user_version", newest.max(version))?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [&str; 2] =
        ["CREATE TABLE one (x ANY) STRICT", "ALTER TABLE one ADD COLUMN y TEXT"];

    fn store(version: i64, sql: &str) -> Connection {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch(sql).expect("sql");
        connection.pragma_update(None, "user_version", version).expect("a version");
        connection
    }

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version")
    }

    #[test]
    fn each_step_is_taken_once_from_whichever_version() {
        for (from, made) in [(1, ""), (2, "CREATE TABLE one (x ANY) STRICT")] {
            let mut connection = store(from, made);
            for _ in 0..2 {
                migrate(&mut connection, &STEPS).expect("migrated");
                assert_eq!(version(&connection), 3);
                connection.execute("INSERT INTO one VALUES (1, 'y')", []).expect("its columns");
            }
        }
    }

    #[test]
    fn a_step_that_fails_takes_back_those_before_it() {
        let mut connection = store(1, "");
        let steps = [STEPS[0], "ALTER TABLE none ADD COLUMN y TEXT"];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(version(&connection), 1);
        assert!(connection.prepare("SELECT * FROM one").is_err());
    }
}
