//! A log file that takes a child's output in place of pipes, so that a job which stays in the
//! background can go on writing after opsfsm has gone.
//!
//! In: the log's path. Out: the file for the child; later the end of what it added.
//! Invariant: this module never follows a symlink at the log's own name, and never holds more
//! of a log than `limits` allows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::Stream;
use super::capture::{Keep, Sink};
use crate::base::limits;

/// An open log and where this child's part begins.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    from: u64,
}

impl Log {
    /// Opens or makes the log, cutting one that has grown beyond `limits::LOG_BYTES`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // NONBLOCK: a named pipe in the log's place must not hang the open. It means nothing to
        // a regular file.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or(0))
            .open(path)?;
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut from = facts.len();
        if from > limits::LOG_BYTES {
            from = shorten(&mut file, from)?;
        }
        Ok(Self { file, from })
    }

    /// The file for a child's stdout or stderr.
    pub(super) fn for_child(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// The end of what was added since, and whether an attention word stood in it.
    pub(super) fn read_back(&self) -> (Stream, bool) {
        let end = self.file.metadata().map_or(self.from, |facts| facts.len());
        let mut at = self.from.max(end.saturating_sub(limits::LOG_SCAN));
        let mut sink = Sink::new(Keep::Tail(limits::TAIL_BYTES));
        sink.skip(at - self.from);
        let mut buffer = vec![0; 64 << 10];
        while at < end {
            let most = usize::try_from(end - at).unwrap_or(buffer.len()).min(buffer.len());
            match self.file.read_at(&mut buffer[..most], at) {
                Ok(0) => break,
                Ok(count) => {
                    sink.push(&buffer[..count]);
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        sink.finish()
    }
}

/// Keeps the last half of the bound, and gives the new length. A job that writes on meanwhile
/// appends to what is left; only lines written in this very instant can be lost.
fn shorten(file: &mut File, length: u64) -> io::Result<u64> {
    let keep = limits::LOG_BYTES / 2;
    let mut end = vec![0; usize::try_from(keep).unwrap_or(0)];
    file.read_exact_at(&mut end, length.saturating_sub(keep))?;
    file.set_len(0)?;
    file.write_all(&end)?;
    Ok(keep)
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode};

    use super::*;

    #[test]
    fn only_what_was_added_is_read_back_and_its_words_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "ALERT of old\n").unwrap();
        let log = Log::open(&path).unwrap();
        assert_eq!(log.read_back(), (Stream::default(), false));
        log.for_child().unwrap().write_all(b"new ALERT\n").unwrap();
        let (stream, attention) = log.read_back();
        assert_eq!((stream.bytes.as_slice(), stream.total), (&b"new ALERT\n"[..], 10));
        assert!(attention && !stream.cut);
    }

    #[test]
    fn an_overgrown_log_is_cut_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let old =
            [vec![b'a'; usize::try_from(limits::LOG_BYTES).unwrap()], b"end".to_vec()].concat();
        std::fs::write(&path, old).unwrap();
        let log = Log::open(&path).unwrap();
        let left = std::fs::read(&path).unwrap();
        assert_eq!(left.len() as u64, limits::LOG_BYTES / 2);
        assert!(left.ends_with(b"aend"));
        assert_eq!(log.read_back().0.total, 0);
    }

    #[test]
    fn links_folders_and_named_pipes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("target"), &link).unwrap();
        assert!(Log::open(&link).is_err());
        assert!(Log::open(folder.path()).is_err());
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(Log::open(&pipe).is_err());
        assert!(!folder.path().join("target").exists());
    }
}
