//! The programs that a bench measures, and those that it measures them by.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is there; what is not says why.
pub(crate) struct Tools {
    pub(crate) folder: PathBuf,
    pub(crate) opsfsm: PathBuf,
    pub(crate) floor: Result<PathBuf, String>,
    pub(crate) empty: Result<PathBuf, String>,
    pub(crate) python: Result<PathBuf, String>,
    pub(crate) taskset: Result<PathBuf, String>,
}

impl Tools {
    pub(crate) fn build(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            opsfsm: PathBuf::from(env!("CARGO_BIN_EXE_opsfsm")),
            floor: build_floor(folder),
            empty: build_empty(folder),
            python: find_python(),
            taskset: find_taskset(),
        }
    }

    /// The floor, or why there is none.
    pub(crate) fn floor(&self) -> Result<&Path, String> {
        self.floor.as_deref().map_err(Clone::clone)
    }
}

fn build_floor(folder: &Path) -> Result<PathBuf, String> {
    let source = folder.join("floor.c");
    fs::write(&source, include_str!("floor.c")).expect("a file");
    let program = folder.join("floor");
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-pthread", "-o"]).arg(&program).arg(&source);
    succeeds(&mut cc).then_some(program).ok_or_else(|| "no working `cc` here".to_owned())
}

fn build_empty(folder: &Path) -> Result<PathBuf, String> {
    let source = folder.join("empty.rs");
    fs::write(&source, "fn main() {}\n").expect("a file");
    let program = folder.join("empty");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
    rustc.args(["-C", "opt-level=3", "-o"]).arg(&program).arg(&source);
    succeeds(&mut rustc).then_some(program).ok_or_else(|| "no working `rustc` here".to_owned())
}

/// The system's own binary: a shim in front of it would be counted as Python's cost.
fn find_python() -> Result<PathBuf, String> {
    let missing = "no CPython binary at /usr/bin/python3".to_owned();
    let program = fs::canonicalize("/usr/bin/python3").map_err(|_| missing.clone())?;
    let is_binary = fs::read(&program).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF"));
    is_binary.then_some(program).ok_or(missing)
}

fn find_taskset() -> Result<PathBuf, String> {
    let program = PathBuf::from("taskset");
    let works = succeeds(Command::new(&program).args(["-c", "0", "true"]));
    works.then_some(program).ok_or_else(|| "no working `taskset` here".to_owned())
}

fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
