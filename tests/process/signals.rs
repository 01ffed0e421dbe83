//! Signals to opsfsm itself, and what children inherit of a strange parent's settings.

use opsfsm::adapters::process::{Control, run_children};
use opsfsm::adapters::signals;
use opsfsm::model::End;
use rustix::process::{Signal, getpid, kill_process};

use crate::support::{
    await_some, code, command, impatient, is_inner, run, run_inner, sh, sh_in, text,
};

/// A parent with every bad habit. (A shell can't ignore SIGCHLD, nor block anything.)
const IGNORING: &str = "exec env --ignore-signal=CHLD,INT,HUP,PIPE --block-signal=TERM,USR1,CHLD";

/// Is `signal` in the mask called `name` of a `/proc/PID/status`?
fn has(status: &str, name: &str, signal: Signal) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask >> (signal.as_raw() - 1) & 1 == 1)
}

#[test]
fn a_signal_cancels_the_running_and_the_waiting() {
    let name = "signals::a_signal_cancels_the_running_and_the_waiting";
    if !is_inner(name) {
        return run_inner(name, "exec");
    }
    let interrupt = signals::install().unwrap();
    assert_eq!(interrupt.received(), None);
    let folder = tempfile::tempdir().unwrap();
    let mut specs = vec![sh("exec sleep 1000"); 400];
    // It strikes once other children run.
    specs[20] = sh_in(folder.path(), "kill -INT $PPID; exec sleep 1000");
    let results = run_children(&specs, &Control { cancel: Some(&interrupt), ..impatient() });
    assert_eq!(results.len(), specs.len());
    assert!(results.iter().all(|result| result.end == End::Cancelled));
    assert_eq!(interrupt.received(), Some(2));
}

#[test]
fn children_start_with_signals_at_their_default() {
    let name = "signals::children_start_with_signals_at_their_default";
    if !is_inner(name) {
        return run_inner(name, IGNORING);
    }
    let before = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    assert!(has(&before, "SigIgn:", Signal::HUP) && has(&before, "SigBlk:", Signal::TERM));
    let _interrupt = signals::install().unwrap();
    let result = run(command(&["cat", "/proc/self/status"]));
    let child = text(&result.stdout.bytes);
    for signal in [Signal::CHILD, Signal::INT, Signal::HUP, Signal::PIPE, Signal::TERM] {
        assert!(!has(&child, "SigIgn:", signal), "{signal:?} ignored");
        assert!(!has(&child, "SigBlk:", signal), "{signal:?} blocked");
    }
    assert!(child.contains("SigBlk:\t0000000000000000"));
    assert!(child.contains("SigCgt:\t0000000000000000"));
}

#[test]
fn an_ignored_sigchld_loses_no_exit_code() {
    let name = "signals::an_ignored_sigchld_loses_no_exit_code";
    if !is_inner(name) {
        return run_inner(name, IGNORING);
    }
    let before = std::fs::read_to_string("/proc/self/status").unwrap();
    assert!(has(&before, "SigIgn:", Signal::CHILD));
    assert_eq!(run(sh("exit 7")).end, code(7));
}

#[test]
fn under_nohup_a_hang_up_means_nothing_but_term_still_does() {
    let name = "signals::under_nohup_a_hang_up_means_nothing_but_term_still_does";
    if !is_inner(name) {
        return run_inner(name, "trap '' HUP; exec");
    }
    let interrupt = signals::install().unwrap();
    kill_process(getpid(), Signal::HUP).unwrap();
    kill_process(getpid(), Signal::TERM).unwrap();
    await_some("the signal", || interrupt.received());
    assert_eq!(interrupt.received(), Some(15));
}

#[test]
fn a_hang_up_cancels_otherwise() {
    let name = "signals::a_hang_up_cancels_otherwise";
    if !is_inner(name) {
        return run_inner(name, "exec");
    }
    let interrupt = signals::install().unwrap();
    kill_process(getpid(), Signal::HUP).unwrap();
    assert_eq!(await_some("the signal", || interrupt.received()), 1);
}
