//! From a program's name to a path, and from a refused start to a sentence a person can act on.
//!
//! In: argv[0], working folder, PATH, an error of the system. Out: an absolute path, or a fault.
//! Invariant: this module never runs anything, and never blames a program before it has looked
//! at the working folder.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use crate::model::SpawnFault;

/// Why a program can't be started, in kind and in words.
pub type Refusal = (SpawnFault, String);

/// The absolute path of `program`: as it is, relative to `cwd` if it has a `/`, else along `path`.
///
/// Only a bare name is looked for on disk. The others are judged by the system when they start.
pub fn resolve_program(program: &str, cwd: &Path, path: &OsStr) -> Result<PathBuf, Refusal> {
    if program.is_empty() {
        return Err((SpawnFault::NotFound, "the command is empty; name a program".to_owned()));
    }
    // An absolute program swallows what it is joined to.
    let base = std::path::absolute(cwd).unwrap_or_else(|_| cwd.to_owned());
    if program.contains('/') {
        return Ok(base.join(program));
    }
    let mut denied = None;
    for folder in std::env::split_paths(path) {
        let file = base.join(folder).join(program);
        if access(&file, Access::EXEC_OK).is_ok() {
            if !file.is_dir() {
                return Ok(file);
            }
        } else if denied.is_none() && file.is_file() {
            denied = Some(file);
        }
    }
    if let Some(refusal) = folder_refusal(cwd) {
        return Err(refusal);
    }
    Err(match denied {
        Some(file) => (SpawnFault::NotExecutable, not_executable(&file)),
        None => (
            SpawnFault::NotFound,
            format!(
                "program `{program}` is in no folder of PATH ({}); install it, or give its full path",
                path.display()
            ),
        ),
    })
}

/// Says why the system refused to start `program` in `cwd`.
pub(super) fn explain(error: &io::Error, program: &Path, cwd: &Path) -> Refusal {
    let shown = program.display();
    if error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_none() {
        return (
            SpawnFault::Other,
            format!("{shown}: its command or environment has a NUL byte; remove it"),
        );
    }
    match Errno::from_io_error(error) {
        Some(Errno::TOOBIG) => (
            SpawnFault::TooLong,
            format!("{shown}: arguments and environment are too long; pass long input by a file"),
        ),
        Some(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS | Errno::PERM) => {
            folder_refusal(cwd).unwrap_or_else(|| program_refusal(error, program))
        }
        Some(Errno::NOEXEC) => (SpawnFault::BadFormat, bad_format(program)),
        Some(code) if is_shortage(code) => (
            SpawnFault::Resources,
            format!("{shown} could not be started: {error}; raise the limit, or run fewer at once"),
        ),
        _ => (SpawnFault::Other, format!("{shown} could not be started: {error}")),
    }
}

/// Can this error pass by itself, once other children have ended?
pub(super) fn is_passing(error: &io::Error) -> bool {
    // A program still open for writing somewhere (ETXTBSY) is passing too: a child between its
    // fork and its exec can hold a copy of the writer's descriptor for an instant.
    Errno::from_io_error(error).is_some_and(|code| is_shortage(code) || code == Errno::TXTBSY)
}

fn is_shortage(code: Errno) -> bool {
    [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM].contains(&code)
}

/// What is wrong with the working folder, if anything is.
#[must_use]
pub fn folder_refusal(cwd: &Path) -> Option<Refusal> {
    let shown = cwd.display();
    let words = match fs::metadata(cwd) {
        Ok(facts) if !facts.is_dir() => {
            format!("working folder {shown} is not a folder; correct cwd")
        }
        Ok(_) if access(cwd, Access::EXEC_OK).is_err() => {
            format!("working folder {shown} may not be entered; correct its mode or cwd")
        }
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("working folder {shown} does not exist; create it or correct cwd")
        }
        Err(error) => format!("working folder {shown} can't be reached: {error}; correct cwd"),
    };
    Some((SpawnFault::BadCwd, words))
}

/// What is wrong with a program that the system could not find or would not run.
fn program_refusal(error: &io::Error, program: &Path) -> Refusal {
    let shown = program.display();
    match fs::metadata(program) {
        Ok(facts) if facts.is_dir() => {
            (SpawnFault::NotExecutable, format!("{shown} is a folder; name a program"))
        }
        Ok(_) if access(program, Access::EXEC_OK).is_err() => {
            (SpawnFault::NotExecutable, not_executable(program))
        }
        Ok(_) => match interpreter(program) {
            Some(name) => (
                SpawnFault::NotFound,
                format!(
                    "{shown} is there, but not its interpreter `{name}`: {error}; install it or correct the first line"
                ),
            ),
            None => (
                SpawnFault::NotExecutable,
                format!(
                    "{shown} may not be run: {error}; look at its loader and its mount options"
                ),
            ),
        },
        Err(missing) if missing.kind() == io::ErrorKind::PermissionDenied => (
            SpawnFault::NotExecutable,
            format!("{shown} can't be reached: {missing}; correct the mode of its folders"),
        ),
        Err(_) => (
            SpawnFault::NotFound,
            format!("program {shown} does not exist; install it or correct the command"),
        ),
    }
}

pub(super) fn not_executable(file: &Path) -> String {
    let shown = file.display();
    format!("{shown} is not executable; allow it with `chmod +x {shown}`")
}

pub(super) fn bad_format(program: &Path) -> String {
    format!(
        "{} is no program this system can run; a script needs a first line such as `#!/bin/sh`",
        program.display()
    )
}

/// The interpreter that a script's `#!` line names.
fn interpreter(program: &Path) -> Option<String> {
    let mut start = Vec::new();
    fs::File::open(program).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let name = String::from_utf8_lossy(line);
    name.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(folder: &Path, name: &str, mode: u32) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_name_is_taken_as_a_shell_would_take_it() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        fs::create_dir_all(a.join("tool")).unwrap();
        let tool = file(&b, "tool", 0o755);
        let path = std::env::join_paths([&a, &b]).unwrap();
        assert_eq!(resolve_program("/x/y", root.path(), &path), Ok(PathBuf::from("/x/y")));
        assert_eq!(resolve_program("b/tool", root.path(), &path), Ok(tool.clone()));
        assert_eq!(
            resolve_program("tool", root.path(), &path),
            Ok(tool.clone()),
            "folders skipped"
        );
        assert_eq!(resolve_program("tool", root.path(), OsStr::new("b")), Ok(tool));
    }

    #[test]
    fn a_name_not_found_says_where_it_was_looked_for() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().as_os_str();
        let (fault, words) = resolve_program("nosuch", root.path(), path).unwrap_err();
        assert_eq!(fault, SpawnFault::NotFound);
        assert!(words.contains("nosuch") && words.contains(&*path.to_string_lossy()), "{words}");
        let (fault, words) = resolve_program("nosuch", Path::new("/no/cwd"), path).unwrap_err();
        assert_eq!(fault, SpawnFault::BadCwd);
        assert!(words.contains("/no/cwd"), "{words}");
        assert_eq!(resolve_program("", root.path(), path).unwrap_err().0, SpawnFault::NotFound);
    }

    #[test]
    fn errors_that_pass_are_told_from_those_that_stay() {
        let is = |code: Errno| is_passing(&io::Error::from(code));
        assert!(
            [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM, Errno::TXTBSY].map(is)
                == [true; 5]
        );
        assert!([Errno::NOENT, Errno::TOOBIG, Errno::NOEXEC, Errno::ACCESS].map(is) == [false; 4]);
    }
}
