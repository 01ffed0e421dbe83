//! The real [`World`] that `locate` asks: this process's environment and file system.
//!
//! In: names and paths. Out: what is there, now.
//! Invariant: this module never waits on what it looks at: only regular files are opened.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::config_files::open_without_waiting;
use super::locate::World;

/// How far into a file its first character is looked for.
const SNIFFED_BYTES: u64 = 4096;

/// This process's surroundings.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsWorld;

impl World for OsWorld {
    fn var(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    /// `HOME`, else the account's home folder: cron may set none.
    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn current_dir(&self) -> Option<PathBuf> {
        std::env::current_dir().ok()
    }

    fn exists(&self, path: &Path) -> bool {
        // A place that may not be looked into counts as taken: using it then says why it can't.
        path.try_exists().unwrap_or(true)
    }

    fn begins_with_brace(&self, path: &Path) -> bool {
        if !std::fs::metadata(path).is_ok_and(|facts| facts.is_file()) {
            return false;
        }
        let Ok(file) = open_without_waiting(path) else { return false };
        let mut start = Vec::with_capacity(usize::try_from(SNIFFED_BYTES).unwrap_or(0));
        // What could be read before an error still tells.
        let _ = file.take(SNIFFED_BYTES).read_to_end(&mut start);
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
        text.trim_ascii_start().first() == Some(&b'{')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_begins_with_a_brace_is_taken_for_json() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        for (text, brace) in
            [("{}", true), ("\u{feff} \n{", true), ("SQLite format 3\0", false), ("", false)]
        {
            std::fs::write(&path, text).expect("written");
            assert_eq!(OsWorld.begins_with_brace(&path), brace, "{text:?}");
        }
        assert!(!OsWorld.begins_with_brace(folder.path()));
        assert!(!OsWorld.begins_with_brace(Path::new("/dev/zero")));
        assert!(!OsWorld.begins_with_brace(&folder.path().join("none")));
    }
}
