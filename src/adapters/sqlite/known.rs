//! What the store held when it was last loaded, for as long as nobody else has committed. One call
//! of opsfsm looks at its store several times; ten thousand rows take SQLite and serde a while.
//!
//! In: a transaction. Out: the world as it stands in it.
//! Invariant: what is kept is given out only while SQLite's `data_version` says that the file is as
//! it was; a commit of our own drops it.

use std::path::Path;

use rusqlite::Connection;

use super::errors::store_error;
use super::rows;
use crate::journal::World;
use crate::ports::StoreError;

/// A loaded world, and by what it is known to be the present one.
#[derive(Debug)]
pub(super) struct Known {
    version: i64,
    pub(super) world: World,
}

impl Known {
    /// The world in this transaction: what was known before, if it is still so.
    pub(super) fn current(
        before: Option<Self>,
        transaction: &Connection,
        path: &Path,
    ) -> Result<Self, StoreError> {
        // Changed by commits of other connections; inside a transaction it stands still
        // <https://www.sqlite.org/pragma.html#pragma_data_version>.
        let version = transaction
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(|e| store_error(path, &e))?;
        match before {
            Some(known) if known.version == version => Ok(known),
            Some(_) | None => Ok(Self { version, world: rows::load_world(transaction, path)? }),
        }
    }
}
