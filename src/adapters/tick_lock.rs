//! One tick at a time: a lock file beside the store, freed by the kernel whatever happens.
//!
//! In: the store's path. Out: the lock, or who holds it and since when.
//! Invariant: the file is never removed; who holds it is said by the kernel (`flock`), its text
//! only tells people.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::file_name::beside;
use crate::base::{BootId, Stamp};
use crate::ports::StoreError;

/// Held while a tick is at work; freed when dropped.
#[derive(Debug)]
pub struct TickLock {
    _file: File,
}

/// The tick that is at work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its pid, if it said so.
    pub pid: Option<u32>,
    /// Since when, if it said so.
    pub since: Option<Stamp>,
}

/// The lock's path: beside the store, named after it.
#[must_use]
pub fn lock_path(store: &Path) -> PathBuf {
    beside(store, "tick")
}

/// Takes the lock, or says who has it.
///
/// # Errors
/// [`StoreError::Failed`] where the file can't be made.
pub fn take(store: &Path, now: &Stamp) -> Result<Result<TickLock, Holder>, StoreError> {
    take_at(&lock_path(store), now)
}

/// Takes the lock of whoever delivers. Not the tick's: who only delivers keeps no tick from
/// watching.
///
/// # Errors
/// As above.
pub fn take_outbox(store: &Path, now: &Stamp) -> Result<Result<TickLock, Holder>, StoreError> {
    take_at(&beside(store, "outbox"), now)
}

fn take_at(path: &Path, now: &Stamp) -> Result<Result<TickLock, Holder>, StoreError> {
    let failed = |e: &dyn std::fmt::Display| {
        StoreError::Failed(format!("the lock {} can't be taken: {e}", path.display()))
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nofollow())
        .open(path)
        .map_err(|e| failed(&e))?;
    let facts = file.metadata().map_err(|e| failed(&e))?;
    if !facts.is_file() {
        // A pipe can be locked too, but whoever then asks it for its holder waits for ever.
        return Err(failed(&"it is no regular file; move it away"));
    }
    if facts.mode() & 0o777 != 0o600 {
        // Whatever the umask: the next tick has to open it, nobody else does. Where it can't be
        // set, the lock serves all the same.
        let _ = file.set_permissions(Permissions::from_mode(0o600));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(Err(read_holder(&mut file))),
        Err(e) => return Err(failed(&e)),
    }
    // The text only tells people; a lock without it is a lock all the same.
    let pid = std::process::id();
    let text =
        format!("{pid} {} {} {} {}\n", now.wall_ms, now.awake_ms, now.up_ms, now.boot.as_str());
    let written = file.write_all(text.as_bytes());
    // Usually it is as long as the last one's, and then the file stays that long.
    if facts.len() != text.len() as u64 {
        let _ = written.and_then(|()| file.set_len(text.len() as u64));
    }
    Ok(Ok(TickLock { _file: file }))
}

fn nofollow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

fn read_holder(file: &mut File) -> Holder {
    let mut text = String::new();
    // What can't be read is not told.
    let _ = file.take(256).read_to_string(&mut text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |i: usize| words.get(i).and_then(|w| w.parse::<i64>().ok());
    let since = match (number(1), number(2), number(3), words.get(4)) {
        (Some(wall_ms), Some(awake_ms), Some(up_ms), Some(boot)) => {
            Some(Stamp { wall_ms, awake_ms, up_ms, boot: BootId::new(*boot) })
        }
        _ => None,
    };
    Holder { pid: words.first().and_then(|w| w.parse().ok()), since }
}
