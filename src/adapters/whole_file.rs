//! A file that is written whole or not at all, and that only this account reads.
//!
//! In: a path and bytes. Out: the file, or an error and whatever stood there before.
//! Invariant: what is no regular file (a device, a pipe, a folder) is never replaced.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes beside the place, then takes the place. A link stays one, and what it leads to is replaced.
///
/// # Errors
/// Where it can't be written; nothing is left behind then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(found) => found,
        Err(e) if e.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(e) => return Err(e),
    };
    if fs::metadata(&path).is_ok_and(|facts| !facts.is_file()) {
        return Err(io::Error::other("it is no regular file; `-` is standard output"));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.new", std::process::id()));
    let draft = path.with_file_name(hidden);
    let written = write_draft(&draft, bytes).and_then(|()| fs::rename(&draft, &path));
    if written.is_err() {
        // If it can't be removed either, the first error says more.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a process that died has left.
    match fs::remove_file(draft) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_no_file_stays_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("folder");
        fs::create_dir(&inner).unwrap();
        assert!(write_whole(&inner, b"x").is_err());
        assert!(write_whole(Path::new("/dev/null"), b"x").is_err());
        assert!(write_whole(&folder.path().join("none/page.html"), b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
