//! The end of a kept log, for a person to read.
//!
//! In: a path and how much. Out: its last bytes, or that there is no such file.
//! Invariant: nothing is followed, waited for, changed or made.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// The end of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// Its last bytes.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub total: u64,
}

/// Reads the last `most` bytes of a log; `None`: there is none.
///
/// # Errors
/// When it is there and can't be read, or is no regular file.
pub fn read_log_end(path: &Path, most: u64) -> io::Result<Option<LogEnd>> {
    // NONBLOCK: a named pipe in the log's place must not hang the open.
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let total = facts.len();
    let from = total.saturating_sub(most);
    let mut bytes = vec![0; usize::try_from(total - from).unwrap_or(0)];
    let mut read = 0;
    while read < bytes.len() {
        // It may be cut to its end meanwhile: then there is less.
        match file.read_at(&mut bytes[read..], from + read as u64)? {
            0 => break,
            count => read += count,
        }
    }
    bytes.truncate(read);
    Ok(Some(LogEnd { bytes, total }))
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode};

    use super::*;

    #[test]
    fn the_end_is_read_and_what_is_no_log_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert_eq!(read_log_end(&path, 9).unwrap(), None);
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let end = |most| read_log_end(&path, most).unwrap().unwrap();
        assert_eq!(end(4), LogEnd { bytes: b"two\n".to_vec(), total: 8 });
        assert_eq!(end(99).bytes, b"one\ntwo\n");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read_log_end(&link, 9).is_err());
        assert!(read_log_end(folder.path(), 9).is_err());
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(read_log_end(&pipe, 9).is_err());
    }
}
