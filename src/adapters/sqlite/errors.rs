//! What goes wrong with a store, for people: which file, what, and the way out.
//!
//! In: SQLite's errors and our own doubts. Out: [`StoreError`].
//! Invariant: what may be damage is a refusal, never a mere failure that a retry would mend.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::ports::StoreError;

/// A refusal: which file, why, and the way out.
pub(super) fn refused(path: &Path, what: &str) -> StoreError {
    StoreError::Refused(format!(
        "the store {} is refused: {what}; nothing is started from it. Look at the file, restore a \
         backup, or move it away to begin anew",
        path.display()
    ))
}

/// What SQLite says, for people: which file, what, and the way out.
pub(super) fn store_error(path: &Path, error: &rusqlite::Error) -> StoreError {
    let file = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(format!(
            "the store {file} is held by another process; try again in a moment"
        )),
        // `Unknown` is SQLite's word for a table or column that is missing; without any code it is
        // a value of another type than every store has.
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
            refused(path, &format!("it is damaged, or no opsfsm store ({error})"))
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            StoreError::Failed(format!(
                "the store {file} can't be written ({error}); check the owner and mode of the \
                 file and its folder, and that the disk is not mounted read-only"
            ))
        }
        Some(ErrorCode::DiskFull) => {
            StoreError::Failed(format!("no room left for the store {file}: free some space"))
        }
        Some(_) => StoreError::Failed(format!("the store {file} failed: {error}")),
    }
}
