//! Watched jobs that are real processes: they go on after their start command, write a status file,
//! and do what is written into a pipe.
//!
//! In: words. Out: what the status file says once they are done.
//! Invariant: a worker does nothing by itself, and waits in the kernel.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{Sandbox, await_that, kill};

const WORK: &str = r#"exec 3<>words
n=0
say() {
    printf '{"running":%s,"completed":%s,"pid":%s,"progress":{"n":%s}}' "$1" "$2" "$$" "$n" > state.new
    mv state.new state
}
say true false
while read -r word <&3; do
    case $word in
    step) n=$((n + 1)); say true false ;;
    end) say false true; exit 0 ;;
    esac
done
"#;

pub(crate) fn name(n: usize) -> String {
    format!("worker-{n}")
}

/// The job, and the scripts of it.
pub(crate) fn job(sandbox: &Sandbox, n: usize) -> Value {
    let id = name(n);
    let folder = sandbox.path(&format!("jobs/{id}"));
    let work = format!("#!/bin/sh\ncd '{}' || exit 1\n{WORK}", folder.display());
    let work = sandbox.script(&format!("jobs/{id}/work"), &work);
    let start = format!(
        "#!/bin/sh\ncd '{}' || exit 1\necho \"$OPSFSM_RUN\" >> starts\n[ -p words ] || mkfifo words\n\
         setsid '{}' > /dev/null 2>&1 < /dev/null &\n",
        folder.display(),
        work.display(),
    );
    let start = sandbox.script(&format!("jobs/{id}/start"), &start);
    json!({
        "id": id, "kind": "long_running_read", "risk": "read_only", "enabled": true,
        "commands": {"start": [start], "statusFile": folder.join("state")},
        "policy": {"autoResume": true},
    })
}

/// What a worker has last said of itself.
fn state(sandbox: &Sandbox, n: usize) -> Option<Value> {
    serde_json::from_str(&sandbox.read(&format!("jobs/{}/state", name(n)))).ok()
}

/// The worker's pid, if it is at work.
pub(crate) fn pid(sandbox: &Sandbox, n: usize) -> Option<i32> {
    let state = state(sandbox, n).filter(|state| state["running"] == true)?;
    let pid = i32::try_from(state["pid"].as_i64()?).ok()?;
    is_alive(pid).then_some(pid)
}

/// One that has ended counts as gone before its parent has taken note of it.
fn is_alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Tells a worker that is at work a word, and waits until it has done it.
pub(crate) fn tell(sandbox: &Sandbox, n: usize, word: &str) {
    let before = state(sandbox, n);
    let pipe = sandbox.path(&format!("jobs/{}/words", name(n)));
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut pipe = OpenOptions::new().write(true).custom_flags(flags).open(pipe).unwrap();
    writeln!(pipe, "{word}").unwrap();
    await_that("the worker's answer", || state(sandbox, n) != before);
}

/// Ends a worker as an accident would.
pub(crate) fn strike(pid: i32) {
    kill(pid, Signal::KILL);
    await_that("the worker's end", || !is_alive(pid));
}

/// What the worker's open files are, in the order of their numbers.
pub(crate) fn files(pid: i32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let target = |entry: fs::DirEntry| fs::read_link(entry.path()).ok();
    entries.filter_map(target).map(|path| path.display().to_string()).collect()
}
