//! The lock that shows a write in flight. Its executor takes it before the write begins, and the
//! write inherits it: it is free again when both, and all that the write left behind, have gone.
//!
//! In: a folder and a job. Out: the lock, or that somebody has it.
//! Invariant: the file is never removed, and who holds it is said by the kernel (`flock`) alone.
//! A process that closes the files it inherited escapes it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::exposure::own_folder;
use super::file_name::{beside, safe_name};
use super::process::Deadline;
use crate::base::{JobId, limits};

/// A lock that is held. Children inherit it.
#[derive(Debug)]
pub struct FlightLock {
    file: File,
    path: PathBuf,
}

/// The folder of the locks: beside the store.
#[must_use]
pub fn folder_of(store: &Path) -> PathBuf {
    beside(store, "flights")
}

/// Takes the lock; `None`: somebody holds it. Whoever only looks at it holds it for an instant,
/// which is waited out.
pub fn take(folder: &Path, job: &JobId) -> io::Result<Option<FlightLock>> {
    own_folder(folder)?;
    let path = path_of(folder, job);
    let file = open(&path, true)?;
    if !try_lock(&file, FlockOperation::NonBlockingLockExclusive, limits::FLIGHT_PATIENCE)? {
        return Ok(None);
    }
    fcntl_setfd(&file, FdFlags::empty())?;
    Ok(Some(FlightLock { file, path }))
}

impl FlightLock {
    /// Lets go of our part, and says whether somebody else still holds the lock: a process that
    /// inherited it.
    #[must_use]
    pub fn release(self) -> bool {
        let Self { file, path } = self;
        drop(file);
        is_path_held(&path)
    }
}

/// Does anybody hold the lock? What can't be told counts as held.
#[must_use]
pub fn is_held(folder: &Path, job: &JobId) -> bool {
    is_path_held(&path_of(folder, job))
}

/// The name of a lock that anybody holds, if one is: of whichever write.
#[must_use]
pub fn any_held(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?;
    let held = entries.flatten().find(|entry| is_path_held(&entry.path()))?;
    let name = held.file_name().to_string_lossy().into_owned();
    Some(name.strip_suffix(".lock").map_or(name.clone(), str::to_owned))
}

/// Why it can't be told whether anybody holds the lock, if it can't.
#[must_use]
pub fn fault(folder: &Path, job: &JobId) -> Option<String> {
    let path = path_of(folder, job);
    look(&path).err().map(|e| format!("{} can't be opened: {e}", path.display()))
}

fn is_path_held(path: &Path) -> bool {
    look(path).unwrap_or(true)
}

fn look(path: &Path) -> io::Result<bool> {
    match open(path, false) {
        // Shared: two that look do not disturb each other.
        Ok(file) => {
            try_lock(&file, FlockOperation::NonBlockingLockShared, Duration::ZERO).map(|got| !got)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

fn path_of(folder: &Path, job: &JobId) -> PathBuf {
    folder.join(format!("{}.lock", safe_name(job)))
}

fn open(path: &Path, make: bool) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(make)
        .create(make)
        .mode(0o600)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other(format!("{} is no regular file", path.display())))
    }
}

fn try_lock(file: &File, how: FlockOperation, patience: Duration) -> io::Result<bool> {
    let end = Deadline::after(patience);
    loop {
        match flock(file, how) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if end.passed() => return Ok(false),
            Err(Errno::WOULDBLOCK) => std::thread::sleep(limits::FLIGHT_RETRY),
            Err(Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}
