//! Files that the caller of opsfsm left open.
//!
//! In: nothing. Out: only standard input, output and error are open.
//! Invariant: called before this process opens anything of its own.

/// Where this process's open files are listed.
const LIST: &str = "/dev/fd";

/// Closes every file but the standard ones. What opsfsm starts would inherit them: a lock that its
/// caller holds (`flock 9; opsfsm tick`), or a pipe whose reader waits for its end, would be held by
/// jobs for as long as they run. A list that can't be read leaves them open.
pub fn close_inherited_files() {
    let Ok(entries) = std::fs::read_dir(LIST) else { return };
    let number = |name: std::ffi::OsString| name.to_str()?.parse::<i32>().ok();
    let open: Vec<i32> = entries.flatten().filter_map(|e| number(e.file_name())).collect();
    for file in open.into_iter().filter(|file| *file > 2) {
        // The list itself was one, and is closed by now.
        let _ = nix::unistd::close(file);
    }
}
