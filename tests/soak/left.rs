//! What is left after a round: files in the state folder, processes, open files of what goes on.
//!
//! Invariant: every file has a name that is expected, every process a purpose.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::fleet::{SCANS, WORKERS, WRITES, scan, write};
use super::support::Sandbox;
use super::workers;

/// The store, and what stands beside it for good.
const BESIDE: [&str; 5] =
    ["opsfsm.db", "opsfsm.db-journal", "opsfsm.db.witness", "opsfsm.db.outbox", "opsfsm.db.tick"];

/// Names of all files below the state folder.
pub(crate) fn files(sandbox: &Sandbox) -> BTreeSet<String> {
    let root = sandbox.path("state/opsfsm");
    let mut found = BTreeSet::new();
    gather(&root, &root, &mut found);
    found
}

fn gather(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// No file is there that nobody needs.
pub(crate) fn files_are_expected(sandbox: &Sandbox) {
    let ids = (0..SCANS).map(scan).chain((0..WORKERS).map(workers::name));
    let logs = ids.map(|id| format!("opsfsm.db.logs/{id}.log"));
    let locks = (0..WRITES).map(|n| format!("opsfsm.db.flights/{}.lock", write(n)));
    let of_jobs: BTreeSet<String> = logs.chain(locks).collect();
    let odd = |name: &String| !BESIDE.contains(&name.as_str()) && !of_jobs.contains(name);
    let odd: Vec<String> = files(sandbox).into_iter().filter(odd).collect();
    assert!(odd.is_empty(), "files of nobody: {odd:?}");
}

/// Processes of this sandbox that are no workers at work.
pub(crate) fn strays(sandbox: &Sandbox) -> Vec<(i32, String)> {
    let workers: BTreeSet<i32> = (0..WORKERS).filter_map(|n| workers::pid(sandbox, n)).collect();
    let stray = |(pid, _): &(i32, String)| !workers.contains(pid);
    sandbox.survivors().into_iter().filter(stray).collect()
}

/// Zombies whose parent lives on in this sandbox.
pub(crate) fn zombies(sandbox: &Sandbox) -> usize {
    let living: BTreeSet<i32> = sandbox.survivors().into_iter().map(|(pid, _)| pid).collect();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let of_ours = |line: &String| {
        let (_, rest) = line.rsplit_once(") ")?;
        let (state, parent) = rest.split_once(' ')?;
        let parent = parent.split(' ').next()?.parse::<i32>().ok()?;
        (state == "Z" && living.contains(&parent)).then_some(())
    };
    lines.filter(|line| of_ours(line).is_some()).count()
}

/// What a worker holds open is its own: nothing of the tick, nor of the executor that started it.
pub(crate) fn workers_hold_their_own(sandbox: &Sandbox) {
    for n in 0..WORKERS {
        let Some(pid) = workers::pid(sandbox, n) else { continue };
        let folder = sandbox.path(&format!("jobs/{}", workers::name(n)));
        let own = [folder.join("words"), folder.join("work")].map(|p| p.display().to_string());
        let foreign = |file: &String| file != "/dev/null" && !own.contains(file);
        let foreign: Vec<String> = workers::files(pid).into_iter().filter(foreign).collect();
        assert!(foreign.is_empty(), "worker {n} holds {foreign:?}");
    }
}
