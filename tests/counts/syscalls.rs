//! Counts of system calls: what a tick writes out, how it starts children, what it holds open.

use std::fs;

use opsfsm::base::limits;

use crate::trace::{can_strace, progress, traced_tick, watching};

const CAT: &str = r#"["/bin/cat", "FILE"]"#;

/// A transaction of SQLite with a rollback journal: the journal's pages, its folder, its header, the
/// store, and the folder again once the journal is gone.
const SYNCS_OF_A_COMMIT: usize = 5;

#[test]
fn a_tick_is_one_transaction_however_many_jobs_moved() {
    if !can_strace() {
        return;
    }
    for jobs in [1, 60] {
        let site = watching(jobs, CAT);
        progress(&site, 2);
        let syncs = traced_tick(&site, "", "fsync,fdatasync,sync_file_range,syncfs,sync,msync");
        assert_eq!(syncs.len(), SYNCS_OF_A_COMMIT, "{jobs} jobs: {syncs:#?}");
    }
}

#[test]
fn a_child_is_one_clone_that_copies_nothing() {
    if !can_strace() {
        return;
    }
    let site = watching(40, CAT);
    let calls = traced_tick(&site, "", "clone,clone3,fork,vfork,execve");
    let of = |word: &str| calls.iter().filter(|line| line.contains(word)).count();
    let threads = of("CLONE_THREAD");
    let clones = of("clone(") + of("clone3(") + of(" fork(") + of(" vfork(") - threads;
    assert_eq!(of("execve(") - of("= -1"), 1 + 40, "the tick and its children: {calls:#?}");
    assert_eq!((clones, of("CLONE_VFORK")), (40, 40), "{calls:#?}");
    assert!(threads < limits::SPAWNERS, "{threads} threads");
}

#[test]
fn open_files_stay_below_what_the_limit_leaves() {
    if !can_strace() {
        return;
    }
    let site = watching(100, r#"["/bin/sleep", "0.2"]"#);
    let calls = "openat,pipe2,pidfd_open,socketpair,fcntl,dup,dup2,dup3";
    let most = 128;
    let trace = traced_tick(&site, &format!("ulimit -n {most};"), calls);
    assert!(!trace.iter().any(|line| line.contains("EMFILE")), "{trace:#?}");
    // Descriptors are given out from below: the highest tells how many were open at once.
    let highest = trace.iter().flat_map(|line| descriptors(line)).max().unwrap();
    assert!((8..most).contains(&highest), "{highest}");
}

/// Each child tells how long the table of open files is when it runs: for the first as for the last.
#[test]
fn the_table_of_open_files_has_its_length_before_the_first_child() {
    // They need more than the table that a shell may leave to its children.
    const CHILDREN: usize = 80;
    let tells =
        r#"["/bin/sh", "-c", "grep FDSize /proc/$PPID/status >> $0.sizes; cat $0", "FILE"]"#;
    let site = watching(CHILDREN, tells);
    let told = fs::read_to_string(site.folder().join("status.json.sizes")).unwrap();
    let length = |line: &str| line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap();
    let sizes: Vec<usize> = told.lines().map(length).collect();
    let needed = CHILDREN * limits::FILES_PER_CHILD + limits::FILES_KEPT;
    assert_eq!(sizes.len(), CHILDREN, "{told}");
    assert!(sizes[0] >= needed, "{} for {needed}", sizes[0]);
    assert!(sizes.iter().all(|one| *one == sizes[0]), "{told}");
}

/// The descriptors that a call has made.
fn descriptors(line: &str) -> Vec<usize> {
    if let Some((_, rest)) = line.split_once("pipe2([").or(line.split_once(", 0, [")) {
        let numbers = rest.split(']').next().unwrap_or_default();
        return numbers.split(", ").filter_map(|word| word.parse().ok()).collect();
    }
    let made = !line.contains("fcntl(") || line.contains("F_DUPFD");
    let result = line.rsplit_once(" = ").filter(|_| made).map(|(_, result)| result);
    result.and_then(|text| text.split(' ').next()?.parse().ok()).into_iter().collect()
}
