//! What the kernel would make of a program's file: run it itself, hand it to an interpreter, or
//! refuse it.
//!
//! In: a path. Out: a [`Loadable`], or why no start of it can succeed.
//! Invariant: this module runs nothing, and reads no more than a file's beginning.

use std::io::Read as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::resolve::{bad_format, not_executable};
use crate::adapters::config_files::open_without_waiting;
use crate::base::limits;
use crate::ports::Loadable;

/// How files begin that a kernel loads by itself: ELF, and Mach-O in its forms.
const BINARIES: [[u8; 4]; 6] = [
    *b"\x7fELF",
    [0xfe, 0xed, 0xfa, 0xce],
    [0xfe, 0xed, 0xfa, 0xcf],
    [0xce, 0xfa, 0xed, 0xfe],
    [0xcf, 0xfa, 0xed, 0xfe],
    [0xca, 0xfe, 0xba, 0xbe],
];

/// Does a file that begins so name itself a script or a binary?
pub(super) fn is_known(start: &[u8]) -> bool {
    start.starts_with(b"#!") || BINARIES.iter().any(|magic| start.starts_with(magic))
}

/// What the kernel would make of this file.
///
/// # Errors
/// A sentence, where it can't be read or no start of it can succeed.
pub fn loadable(program: &Path) -> Result<Loadable, String> {
    let mut start = Vec::new();
    open_without_waiting(program)
        .and_then(|file| file.take(limits::SHEBANG_BYTES).read_to_end(&mut start))
        .map_err(|e| format!("{} can't be read: {e}", program.display()))?;
    if access(program, Access::EXEC_OK).is_err() {
        return Err(not_executable(program));
    }
    if !is_known(&start) {
        return Err(bad_format(program));
    }
    let Some(line) = start.strip_prefix(b"#!") else { return Ok(Loadable::Binary) };
    let line = line.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    // What the kernel takes for blanks, and no more: a carriage return belongs to the name.
    let line = line.trim_matches([' ', '\t']);
    if line.ends_with('\r') {
        return Err(format!(
            "the first line of {} ends in a carriage return, which no interpreter has in its name; \
             save it with line ends of Unix",
            program.display()
        ));
    }
    if line.is_empty() {
        return Err(bad_format(program));
    }
    let (interpreter, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Ok(Loadable::Script { interpreter: interpreter.to_owned(), words: words_of(rest) })
}

/// What an interpreter is told by the rest of the line: to Linux it is one word.
fn words_of(rest: &str) -> Vec<String> {
    let rest = rest.trim_start_matches([' ', '\t']);
    if cfg!(target_os = "linux") {
        Some(rest).filter(|rest| !rest.is_empty()).map(str::to_owned).into_iter().collect()
    } else {
        rest.split_whitespace().map(str::to_owned).collect()
    }
}
