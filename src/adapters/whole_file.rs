//! Files that are there whole or not at all: written under another name, then moved into place.
//!
//! In: a path and bytes. Out: the file, or why there is none.
//! Invariant: a call that fails leaves nothing of its own behind, and [`create_whole`] never touches
//! what is there.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// Writes a file that is not there yet, for its owner alone; so are the folders that it needs.
///
/// # Errors
/// Something is there already (`AlreadyExists`), or the system refuses.
pub fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Looked at first for the folders' sake: none is made for a file that is there.
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    make_folders(path)?;
    through_draft(path, bytes, 0o600, |draft| {
        match renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // A file system that can't: a second name is as exclusive.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                fs::hard_link(draft, path).and_then(|()| fs::remove_file(draft))
            }
            Err(e) => Err(e.into()),
        }
    })
}

/// Writes a file in the place of whatever has its name.
///
/// # Errors
/// The system refuses; then what was there still is.
pub fn replace_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    make_folders(path)?;
    through_draft(path, bytes, mode, |draft| fs::rename(draft, path))
}

/// The same, once `check` has found nothing wrong with the draft.
///
/// # Errors
/// As above, and what `check` says.
pub fn replace_checked(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    check: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    make_folders(path)?;
    through_draft(path, bytes, mode, |draft| check(draft).and_then(|()| fs::rename(draft, path)))
}

fn make_folders(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| DirBuilder::new().recursive(true).mode(0o700).create(folder))
}

/// Writes the draft, and removes it where it can't be put into place.
fn through_draft(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    put: impl Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let draft = draft_of(path)?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| put(&draft));
    if written.is_err() {
        // What made it fail is what is told.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// A name beside it that nobody else makes: this process's own.
fn draft_of(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut draft = OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}", std::process::id()));
    Ok(path.with_file_name(draft))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_made_whole_for_its_owner_and_never_over_another() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a/b/file");
        create_whole(&path, b"one").expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("facts").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&dir.path().join("a"))), (0o600, 0o700));
        let again = create_whole(&path, b"two").expect_err("there");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        let link = dir.path().join("a/link");
        symlink("nowhere", &link).expect("a link");
        assert!(create_whole(&link, b"three").is_err(), "a link that leads nowhere is there too");
        assert_eq!(fs::read(&path).expect("read"), b"one");
        replace_whole(&path, b"four", 0o644).expect("replaced");
        assert_eq!(fs::read(&path).expect("read"), b"four");
        assert!(replace_whole(&dir.path().join("a"), b"", 0o644).is_err());
        let left = fs::read_dir(dir.path().join("a/b")).expect("a folder").count();
        assert_eq!(left, 1, "no draft is left");
    }
}
