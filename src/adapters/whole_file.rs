//! Files that are there whole or not at all: written under another name, then moved into place.
//!
//! In: a path and bytes. Out: the file, or why there is none.
//! Invariant: a call that fails leaves nothing of its own behind, and [`create_whole`] never touches
//! what is there.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
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

/// Writes a file in the place of whatever has its name, a link too, in a folder that is there.
///
/// # Errors
/// The system refuses; then what was there still is.
pub fn replace_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
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
    through_draft(path, bytes, mode, |draft| check(draft).and_then(|()| fs::rename(draft, path)))
}

/// Writes a file in the place of a regular one, or where none is, in a folder that is there. A link stays
/// one, and what it leads to is replaced.
///
/// # Errors
/// What has its name is no regular file, or the system refuses; then what was there still is.
pub fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(found) => found,
        Err(e) if e.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(e) => return Err(e),
    };
    if fs::metadata(&path).is_ok_and(|facts| !facts.is_file()) {
        return Err(io::Error::other("it is no regular file; `-` is standard output"));
    }
    through_draft(&path, bytes, mode, |draft| fs::rename(draft, &path))
}

/// Makes the folders that a file needs, for their owner alone.
///
/// # Errors
/// The system refuses.
pub fn make_folders(path: &Path) -> io::Result<()> {
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
    // What a process of this number has left that died: it is nobody's now.
    let _ = fs::remove_file(&draft);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            // Whatever the umask: others are to read it, or not.
            file.set_permissions(Permissions::from_mode(mode))?;
            file.sync_all()
        })
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
    // Its ending is none that a collector of such files looks at.
    draft.push(format!(".{}.draft", std::process::id()));
    Ok(path.with_file_name(draft))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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

    #[test]
    fn a_file_is_replaced_whole_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().expect("done");
        let path = folder.path().join("page.html");
        fs::write(&path, "old").expect("done");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("done");
        let link = folder.path().join("link");
        symlink(&path, &link).expect("done");
        write_whole(&link, b"new", 0o600).expect("done");
        assert_eq!(fs::read_to_string(&path).expect("done"), "new");
        assert_eq!(fs::metadata(&path).expect("done").permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).expect("done").is_symlink());
        assert_eq!(fs::read_dir(folder.path()).expect("done").count(), 2);
    }

    #[test]
    fn what_is_no_file_stays_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().expect("done");
        let inner = folder.path().join("folder");
        fs::create_dir(&inner).expect("done");
        assert!(write_whole(&inner, b"x", 0o600).is_err());
        assert!(write_whole(Path::new("/dev/null"), b"x", 0o600).is_err());
        assert!(write_whole(&folder.path().join("none/page.html"), b"x", 0o600).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("done").count(), 1);
    }
}
