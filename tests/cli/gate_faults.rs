//! The write gate where things go wrong: overlapping runs, killed executors, failed writes and
//! verifications.

use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use super::support::{HANG, Ran, Running, Sandbox, await_that, has, kill, lacks};
use super::writing::{GATE, gated, gated_with};

const FAILED: i32 = 1;
const REFUSED: i32 = 2;
const APPROVAL_NEEDED: i32 = 4;
const BUSY: i32 = 5;

/// `run prune` of a write that stands at its gate, and is recorded as started.
fn run_at_gate(sandbox: &Sandbox) -> Running {
    sandbox.on("prune", "run", GATE);
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune"]).leads().spawn();
    sandbox.at_gate("prune");
    await_that("its record", || is_recorded(sandbox));
    run
}

/// Does the journal say which process the write became?
fn is_recorded(sandbox: &Sandbox) -> bool {
    let started = |event: &Value| event["record"]["event"] == "write_started";
    sandbox.events("prune").iter().any(started)
}

/// A write at its gate whose executor was killed between the start and the record of it. The write
/// kills it itself, as soon as it runs, which is nearly always soon enough: tried until it is.
fn unrecorded() -> Sandbox {
    let tried = (0..100).find_map(|_| {
        let sandbox = gated();
        sandbox.on("prune", "run", &format!("kill -9 $PPID\n{GATE}"));
        sandbox.approve("prune");
        let run = sandbox.call(&["run", "prune"]).spawn();
        sandbox.at_gate("prune");
        run.wait().exits(FAILED).says("nobody can prove");
        (!is_recorded(&sandbox)).then_some(sandbox)
    });
    tried.expect("an executor that did not come to it")
}

#[test]
fn eight_overlapping_runs_on_one_approval_start_it_once() {
    let sandbox = gated();
    sandbox.on("prune", "run", GATE);
    sandbox.approve("prune");
    let (sender, ended) = mpsc::channel::<Ran>();
    for _ in 0..8 {
        let (run, sender) = (sandbox.call(&["run", "prune"]).spawn(), sender.clone());
        std::thread::spawn(move || sender.send(run.wait()));
    }
    // Seven end while the one that has the approval stands at the gate.
    for _ in 0..7 {
        ended.recv_timeout(HANG).unwrap().exits(BUSY).says("try again later");
    }
    sandbox.open_gate("prune");
    ended.recv_timeout(HANG).unwrap().exits(0);
    assert_eq!(sandbox.count("prune", "runs"), 1);
    assert_eq!(sandbox.approvals(), ["used"]);
    sandbox.journal_is_whole();
}

#[test]
fn runs_that_nothing_holds_up_start_it_once_too() {
    let sandbox = gated();
    sandbox.approve("prune");
    let runs: Vec<Running> = (0..8).map(|_| sandbox.call(&["run", "prune"]).spawn()).collect();
    let codes: Vec<i32> = runs.into_iter().map(|run| run.wait().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    let refused = |code: &i32| [0, APPROVAL_NEEDED, BUSY].contains(code);
    assert!(codes.iter().all(refused), "{codes:?}");
    assert_eq!(sandbox.count("prune", "runs"), 1);
    sandbox.journal_is_whole();
}

#[test]
fn while_a_child_of_a_killed_executor_writes_nothing_else_starts() {
    let sandbox = gated();
    let run = run_at_gate(&sandbox);
    for pid in sandbox.executors() {
        kill(pid, Signal::KILL);
    }
    let ran = run.wait();
    lacks(&ran.err, &["nothing was run", "not started"]);
    ran.exits(FAILED).says("nobody can prove");
    for _ in 0..3 {
        sandbox.run(&["tick"]).exits(0);
        assert_eq!(sandbox.state("prune"), "unknown");
        sandbox.run(&["verify", "prune"]).exits(BUSY).says("still runs");
        sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("not settled");
    }
    assert_eq!(sandbox.count("verify", "runs"), 0);
    // Nobody's word makes what still runs forgotten: another start would come beside it.
    sandbox.run(&["acknowledge", "prune"]).exits(BUSY).says("still runs").says("stop prune");
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 0));
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.ok(&["acknowledge", "prune"]);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (2, 1));
    sandbox.journal_is_whole();
}

#[test]
fn what_closed_the_lock_keeps_its_write_from_starting_anew() {
    let sandbox = gated();
    let close: String = (3..=9).map(|fd| format!("exec {fd}>&-\n")).collect();
    sandbox.on("prune", "run", &format!("{close}{GATE}"));
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune"]).spawn();
    sandbox.at_gate("prune");
    await_that("its record", || is_recorded(&sandbox));
    for pid in sandbox.executors() {
        kill(pid, Signal::KILL);
    }
    run.wait().exits(FAILED);
    sandbox.run(&["acknowledge", "prune"]).exits(BUSY).says("still runs");
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("not settled");
    has(&sandbox.ok(&["stop", "prune"]), &["was ended"]);
    sandbox.ok(&["acknowledge", "prune"]);
    assert_eq!(sandbox.count("prune", "runs"), 1);
}

#[test]
fn a_write_has_no_terminal() {
    let sandbox = gated();
    // A process without a controlling terminal leads its session, or its leader has none either.
    let session = "cut -d' ' -f6 /proc/$$/stat";
    sandbox.on("prune", "run", &format!("{session} > session; echo $PPID > executor\n"));
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(0);
    assert_eq!(sandbox.read("jobs/prune/session"), sandbox.read("jobs/prune/executor"));
}

#[test]
fn a_lost_write_is_verified_once_nothing_of_it_runs_and_never_rerun() {
    let sandbox = gated();
    let run = run_at_gate(&sandbox);
    for pid in sandbox.executors() {
        kill(pid, Signal::KILL);
    }
    run.wait();
    assert_eq!(sandbox.state("prune"), "unknown", "before anybody has recorded it");
    has(&sandbox.tick(), &["state: unknown", "ACTION REQUIRED"]);
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    has(&sandbox.tick(), &["state: verified"]);
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 1));
    sandbox.journal_is_whole();
}

#[test]
fn a_write_whose_process_was_never_recorded_is_not_said_to_have_ended() {
    let sandbox = unrecorded();
    for _ in 0..2 {
        let stopped = sandbox.run(&["stop", "prune"]);
        stopped.exits(REFUSED).says("still runs").says("by hand");
        sandbox.tick();
    }
    assert_eq!(sandbox.count("verify", "runs"), 0);
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.tick();
    assert_eq!((sandbox.count("prune", "runs"), sandbox.state("prune")), (1, "verified".into()));
}

#[test]
fn ctrl_c_leaves_a_write_to_its_end() {
    let sandbox = gated();
    let run = run_at_gate(&sandbox);
    // As a terminal does: to all that belongs to the call.
    let group = Pid::from_raw(run.pid).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    run.wait().exits(BUSY).says("left to its executor").says("stop prune");
    assert_eq!(sandbox.state("prune"), "running");
    sandbox.run(&["run", "prune"]).exits(BUSY);
    sandbox.tick();
    assert_eq!(sandbox.count("verify", "runs"), 0);
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.state("prune") == "verifying");
    sandbox.tick();
    assert_eq!((sandbox.count("prune", "runs"), sandbox.state("prune")), (1, "verified".into()));
}

#[test]
fn a_stopped_write_is_unknown_and_never_rerun() {
    let sandbox = gated();
    sandbox.on("verify", "run", "exit 7");
    let run = run_at_gate(&sandbox);
    let stopped = sandbox.ok(&["stop", "prune"]);
    has(&stopped, &["was ended"]);
    run.wait().exits(FAILED);
    assert_eq!(sandbox.survivors(), []);
    assert_eq!(sandbox.state("prune"), "unknown");
    has(&sandbox.why("prune"), &["unproved", "signal 15"]);
    has(&sandbox.ok(&["stop", "prune"]), &["does not run"]);
    for _ in 0..3 {
        sandbox.tick();
    }
    assert_eq!((sandbox.count("prune", "runs"), sandbox.state("prune")), (1, "unverified".into()));
}

#[test]
fn a_write_that_leaves_something_running_is_unknown() {
    let sandbox = gated();
    let behind = "(until [ -e gate ]; do sleep 0.01; done) > /dev/null 2>&1 &\n";
    sandbox.on("prune", "run", behind);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune"]).exits(FAILED).prints("never run again by itself");
    assert_eq!(sandbox.state("prune"), "unknown");
    sandbox.tick();
    sandbox.run(&["verify", "prune"]).exits(BUSY).says("still runs");
    assert_eq!(sandbox.count("verify", "runs"), 0);
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.tick();
    assert_eq!((sandbox.count("verify", "runs"), sandbox.state("prune")), (1, "verified".into()));
}

#[test]
fn what_follows_a_failure_follows_a_failure_alone() {
    for (code, followers) in [(3, (1, 0)), (0, (0, 1))] {
        let sandbox = Sandbox::new();
        let after = json!({"after": [
            {"jobId": "verify"}, {"jobId": "clean-up", "when": "failure"},
            {"jobId": "next", "when": "success"},
        ]});
        let next = sandbox.write_job("next", "verify");
        sandbox.gated_jobs(&after, &json!({}), &[sandbox.check("clean-up"), next]);
        sandbox.on("prune", "run", &format!("exit {code}"));
        sandbox.approve("prune");
        let ran = sandbox.run(&["run", "prune"]);
        ran.exits(if code == 0 { 0 } else { FAILED });
        sandbox.tick();
        sandbox.tick();
        let state = if code == 0 { "verified" } else { "failed" };
        assert_eq!(sandbox.state("prune"), state);
        assert_eq!(sandbox.count("verify", "runs"), usize::from(code == 0));
        let next = usize::from(sandbox.job("next")["requested"] == true);
        let followed = (sandbox.count("clean-up", "runs"), next);
        assert_eq!(followed, followers, "after {code}");
        assert_eq!(sandbox.count("prune", "runs"), 1);
    }
}

#[test]
fn the_time_limit_of_a_plan_makes_a_write_unknown() {
    let sandbox = gated_with(&json!({"timeoutSeconds": 0.2}));
    sandbox.on("prune", "run", GATE);
    sandbox.approve("prune");
    sandbox.run(&["run", "prune", "--timeout-seconds", "9"]).exits(REFUSED).says("of its plan");
    sandbox.run(&["run", "prune"]).exits(FAILED);
    assert_eq!((sandbox.count("prune", "runs"), sandbox.state("prune")), (1, "unknown".into()));
    assert_eq!(sandbox.survivors(), []);
}

#[test]
fn what_an_executor_tells_a_person_to_type_works_wherever_the_config_is() {
    let sandbox = gated();
    let (config, store) = (sandbox.path("ours.json"), sandbox.path("ours.db"));
    std::fs::rename(sandbox.config_path(), &config).unwrap();
    let files =
        ["--config-file", config.to_str().unwrap(), "--state-file", store.to_str().unwrap()];
    let call = |words: &[&str]| sandbox.call(&[words, &files[..]].concat());
    // Killed by itself: its executor reports that, before anybody else looks.
    sandbox.on("prune", "run", "kill -9 $$");
    let plan = call(&["plan", "prune"]).run();
    let short = plan.out.lines().find_map(|line| line.strip_prefix(" short ")).unwrap();
    call(&["approve", "prune"]).types(&format!("{short}\n")).exits(0);
    call(&["run", "prune"]).run().exits(FAILED);
    let told = call(&["tick"]).run().out;
    let said = told.split("take note of it: ").nth(1).unwrap().lines().next().unwrap();
    for command in said.split(", ") {
        let ran = sandbox.shell(command).run();
        // It is verified by now, which both of them find and say.
        ran.exits(REFUSED).says("there is no unproved outcome");
    }
}
