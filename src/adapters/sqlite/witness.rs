//! The witness of a store: a file beside it that says how far its journal has come, and which file
//! it is itself. A copy is another file, and vouches for nothing.
//!
//! In: a store's path. Out: the head that its witness has seen; or a new witness.
//! Invariant: a witness is a new file each time, and is there before what it has seen is durable.
//! What can't be read for want of something is an error, and no doubt.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OptionalExtension as _};
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::history;
use crate::adapters::file_name::beside;
use crate::journal::Head;

/// A witness has far less than this.
const WITNESS_BYTES: u64 = 4096;

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Witness {
    head: Head,
    file: Identity,
}

/// Which file it is. No copy has the same, also one that is copied over the file itself: that was
/// born at another time.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    inode: u64,
    /// In nanoseconds since 1970; `None`: this file system does not say.
    born: Option<u64>,
}

fn identity_of(file: &File) -> io::Result<Identity> {
    let facts = file.metadata()?;
    let born = facts.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let born = born.and_then(|age| u64::try_from(age.as_nanos()).ok());
    Ok(Identity { inode: facts.ino(), born })
}

/// Does the journal hold what the store's witness has seen? One that is missing, or is a copy, has
/// seen nothing that could be believed.
pub(super) fn vouches(c: &Connection, store: &Path) -> io::Result<Result<bool, rusqlite::Error>> {
    let Some(head) = read(store)? else { return Ok(Ok(false)) };
    Ok(holds(c, &head))
}

fn holds(c: &Connection, head: &Head) -> rusqlite::Result<bool> {
    let pruned = history::pruned_head(c)?.map_or(0, |pruned| pruned.seq);
    if head.seq <= pruned {
        return Ok(true);
    }
    let sql = "SELECT hash FROM events WHERE seq = ?1";
    let hash: Option<Vec<u8>> = c.query_row(sql, [head.seq], |row| row.get(0)).optional()?;
    Ok(hash.is_some_and(|hash| hash == head.hash))
}

fn read(store: &Path) -> io::Result<Option<Head>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(beside(store, "witness"));
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) if e.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => return Ok(None),
        Err(e) => return Err(e),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let identity = identity_of(&file)?;
    let mut text = String::new();
    match file.take(WITNESS_BYTES).read_to_string(&mut text) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::InvalidData => return Ok(None),
        Err(e) => return Err(e),
    }
    let witness: Option<Witness> = serde_json::from_str(&text).ok();
    Ok(witness.filter(|witness| witness.file == identity).map(|witness| witness.head))
}

/// Makes the witness see this. Nobody else is at it: the store is locked. It need not outlive a
/// power loss, since no approval does.
pub(super) fn see(store: &Path, head: &Head) -> io::Result<()> {
    let draft = beside(store, "witness-new");
    // What a writer that died has left.
    match fs::remove_file(&draft) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let witness = Witness { head: head.clone(), file: identity_of(&file)? };
    let text = serde_json::to_string(&witness)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    fs::rename(&draft, beside(store, "witness"))
}
