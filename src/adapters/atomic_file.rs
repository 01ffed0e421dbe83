//! A file that is replaced whole, for others to read: whoever looks sees the old one or the new one.
//!
//! Invariant: nothing is written through a link or into what is there; a draft that failed is gone.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Puts a text in the place of `path`, readable for everybody whatever the umask.
///
/// # Errors
/// What the file system says; the file that was there stays then.
pub fn replace_file(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    // Its ending is none that a collector of such files looks at.
    draft.push(format!(".{}.draft", std::process::id()));
    let draft = path.with_file_name(draft);
    // One of this very pid is left over from a process that is gone.
    match fs::remove_file(&draft) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        Ok(()) | Err(_) => {}
    }
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        // The error that counts is the one above.
        let _ = fs::remove_file(&draft);
    }
    written
}
