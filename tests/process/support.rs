//! Small words for the tests: a shell child, a run, a wait for a fact, a test in its own process.
//!
//! In: scripts. Out: results.
//! Invariant: this module never waits without a bound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use opsfsm::adapters::process::proc::{self, Liveness};
use opsfsm::adapters::process::{
    Capture, ChildResult, ChildSpec, Control, Deadline, Graces, run_children,
};
use opsfsm::model::End;

/// Far above anything a test needs: only a hang comes near it.
pub(crate) const HANG: Duration = Duration::from_mins(2);

/// A command with a limit that only a hang reaches.
pub(crate) fn command(argv: &[&str]) -> ChildSpec {
    ChildSpec {
        argv: argv.iter().map(ToString::to_string).collect(),
        cwd: PathBuf::from("/"),
        env: Vec::new(),
        clear_env: false,
        limit: Some(HANG),
        capture: Capture::Tail,
    }
}

/// A shell one-liner.
pub(crate) fn sh(script: &str) -> ChildSpec {
    command(&["/bin/sh", "-c", script])
}

/// A shell one-liner that works in `folder`.
pub(crate) fn sh_in(folder: &Path, script: &str) -> ChildSpec {
    ChildSpec { cwd: folder.to_owned(), ..sh(script) }
}

/// The same with a limit in milliseconds.
pub(crate) fn limited(spec: ChildSpec, ms: u64) -> ChildSpec {
    ChildSpec { limit: Some(Duration::from_millis(ms)), ..spec }
}

/// Little patience with those that do not go, and none with the machine.
pub(crate) fn impatient() -> Control<'static> {
    let ms = Duration::from_millis;
    let graces = Graces { kill: ms(100), reap: Duration::from_mins(1), leak: ms(100) };
    Control { graces, ..Control::default() }
}

pub(crate) fn run_all(specs: &[ChildSpec]) -> Vec<ChildResult> {
    let results = run_children(specs, &impatient());
    assert_eq!(results.len(), specs.len());
    results
}

pub(crate) fn run(spec: ChildSpec) -> ChildResult {
    run_all(&[spec]).remove(0)
}

pub(crate) fn code(code: i32) -> End {
    End::Exited { code }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Looks again and again until `fact` has come.
pub(crate) fn await_some<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    let until = Deadline::after(HANG);
    loop {
        if let Some(found) = fact() {
            return found;
        }
        assert!(!until.passed(), "never came: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The pid in a file that a child writes.
pub(crate) fn await_pid(file: &Path) -> u32 {
    await_some("a pid file", || {
        let text = std::fs::read_to_string(file).ok()?;
        text.strip_suffix('\n')?.trim().parse().ok()
    })
}

/// Waits until the process is gone, a zombie at most.
pub(crate) fn await_gone(pid: u32) {
    await_some("the end of a process", || {
        let process = proc::process_id(pid);
        process.is_none_or(|process| proc::liveness(&process) == Liveness::Dead).then_some(())
    });
}

/// Ends what a test left behind on purpose.
pub(crate) fn kill(pid: u32) {
    if let Some(process) = proc::process_id(pid) {
        let _ = proc::signal_if(&process, |_| true, proc::Reach::Process, proc::EndSignal::Kill);
    }
}

const INNER: &str = "OPSFSM_TEST_INNER";

/// Is this the inner process of the test `name`?
pub(crate) fn is_inner(name: &str) -> bool {
    std::env::var_os(INNER).is_some_and(|inner| inner == name)
}

/// Runs the test `name` of this very binary once more in a process of its own, started by the
/// shell words `setup` (which end in `exec`), and checks that it passes.
pub(crate) fn run_inner(name: &str, setup: &str) {
    let exe = std::env::current_exe().unwrap_or_default();
    let script = format!("{setup} '{}' --exact {name} --nocapture 2>&1", exe.display());
    let mut spec = sh(&script);
    spec.env.push((INNER.to_owned(), name.to_owned()));
    let result = run(spec);
    let output = text(&result.stdout.bytes);
    assert_eq!(result.end, code(0), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}
