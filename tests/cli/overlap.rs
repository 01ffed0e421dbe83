//! Calls that meet: ticks beside ticks, beside people, and under signals.

use rustix::process::Signal;
use serde_json::json;

use super::support::{Running, Sandbox, await_that, has, lacks, stopwatch, with};

/// A shell fragment that says it is there and waits until the gate is opened.
const GATE: &str = "echo here >> reached; until [ -e gate ]; do sleep 0.01; done\n";

fn open_gate(sandbox: &Sandbox, id: &str) {
    sandbox.write(&format!("jobs/{id}/gate"), "");
}

fn reached(sandbox: &Sandbox, id: &str) {
    await_that("the gate", || sandbox.count(id, "reached") > 0);
}

/// `scan` whose status command waits at the gate.
fn slow_status(sandbox: &Sandbox) -> serde_json::Value {
    let mut job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    let script =
        format!("#!/bin/sh\ncd '{}'\n{GATE}cat status\n", sandbox.path("jobs/scan").display());
    job["commands"]["status"] = json!([sandbox.script("jobs/scan/ask", &script)]);
    job
}

fn tick_at_gate(sandbox: &Sandbox) -> Running {
    let tick = sandbox.call(&["tick"]).spawn();
    reached(sandbox, "scan");
    tick
}

#[test]
fn a_tick_beside_a_tick_steps_aside() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[slow_status(&sandbox)]);
    let first = tick_at_gate(&sandbox);
    let second = sandbox.run(&["tick"]);
    second.exits(0).says("another tick is at work").says(&format!("pid {}", first.pid));
    assert_eq!(second.out, "");
    open_gate(&sandbox, "scan");
    first.wait().exits(0).prints("its start command was run");
    assert_eq!(sandbox.count("scan", "starts"), 1);
}

/// The tick began before the approval was given, and decides after it.
#[test]
fn an_approval_that_is_given_while_a_tick_looks_serves() {
    let sandbox = Sandbox::new();
    sandbox.gated_jobs(&json!({}), &json!({}), &[slow_status(&sandbox)]);
    let tick = tick_at_gate(&sandbox);
    sandbox.approve("prune");
    open_gate(&sandbox, "scan");
    tick.wait().exits(0);
    assert_eq!(sandbox.state("prune"), "approved");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.count("prune", "runs"), 1);
}

#[test]
fn many_ticks_at_once_start_a_job_once() {
    let sandbox = Sandbox::new();
    let policy = json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": 9000}});
    let every = json!({"everySeconds": 3600});
    let jobs = [with(sandbox.watched("scan"), &policy), with(sandbox.check("disk"), &every)];
    sandbox.config(&json!({}), &jobs);
    let ticks: Vec<Running> = (0..10).map(|_| sandbox.call(&["tick"]).spawn()).collect();
    let told: Vec<String> = ticks
        .into_iter()
        .map(|tick| {
            let ran = tick.wait();
            ran.exits(0);
            ran.out
        })
        .collect();
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (1, 1));
    assert_eq!(told.concat().matches("its start command was run").count(), 1, "{told:?}");
}

#[test]
fn sigterm_in_the_middle_of_the_status_commands_records_and_reports_nothing() {
    // What is ignored here (`nohup cargo test`) is ignored by opsfsm too, as it should be.
    let heard = [Signal::TERM, Signal::INT, Signal::HUP].into_iter().filter(|s| !is_ignored(*s));
    for signal in heard {
        let sandbox = Sandbox::new();
        let jobs = [slow_status(&sandbox), sandbox.watched("good")];
        sandbox.config(&json!({}), &jobs);
        sandbox.runs_on("good", 1);
        let tick = tick_at_gate(&sandbox);
        tick.signal(signal);
        let ran = tick.wait();
        ran.exits(2).says("interrupted");
        assert_eq!(ran.out, "");
        assert_eq!(sandbox.survivors(), [], "its status commands are gone");
        open_gate(&sandbox, "scan");
        let told = sandbox.tick();
        has(&told, &["good [", "state: running", "its start command was run"]);
        lacks(&told, &["ACTION REQUIRED"]);
        assert_eq!(sandbox.count("scan", "starts"), 1);
    }
}

#[test]
fn sigterm_to_a_look_starts_nothing_and_tells_nothing_false() {
    for command in [&["start", "scan"][..], &["stop", "scan"], &["status"], &["tick", "--dry-run"]]
    {
        let sandbox = Sandbox::new();
        sandbox.config(&json!({}), &[slow_status(&sandbox)]);
        let call = sandbox.call(command).spawn();
        reached(&sandbox, "scan");
        call.signal(Signal::TERM);
        let ran = call.wait();
        ran.exits(2).says("interrupted");
        assert_eq!((ran.out.as_str(), sandbox.survivors()), ("", vec![]), "{command:?}");
        assert_eq!((sandbox.count("scan", "starts"), sandbox.count("scan", "stops")), (0, 0));
    }
}

#[test]
fn a_run_beside_a_run_is_busy() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 60}))]);
    sandbox.on("disk", "run", GATE);
    let first = sandbox.call(&["run", "disk"]).spawn();
    reached(&sandbox, "disk");
    let second = sandbox.run(&["run", "disk"]);
    second.exits(5).says("busy").says(&format!("pid {}", first.pid));
    // Nor does a tick whose schedule is due run it beside.
    assert_eq!(sandbox.tick(), "");
    open_gate(&sandbox, "disk");
    first.wait().exits(0);
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_start_beside_a_start_is_busy_and_so_is_a_stop() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.on("scan", "start", GATE);
    let first = sandbox.call(&["start", "scan"]).spawn();
    reached(&sandbox, "scan");
    for other in ["start", "stop"] {
        sandbox.run(&[other, "scan"]).exits(5).says("busy");
    }
    sandbox.run(&["tick"]).exits(0);
    open_gate(&sandbox, "scan");
    first.wait().exits(0);
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("scan", "stops")), (1, 0));
}

#[test]
fn a_tick_beside_a_stop_starts_nothing() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.on(
        "scan",
        "stop",
        &format!("echo '{{\"running\":false,\"completed\":false}}' > status; {GATE}"),
    );
    let stop = sandbox.call(&["stop", "scan"]).spawn();
    reached(&sandbox, "scan");
    sandbox.tick();
    sandbox.run(&["start", "scan"]).exits(5);
    open_gate(&sandbox, "scan");
    stop.wait().exits(0);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 0);
    assert_eq!(sandbox.state("scan"), "paused");
}

#[test]
fn a_stop_while_a_tick_looks_is_not_undone_by_it() {
    let sandbox = Sandbox::new();
    let job = slow_status(&sandbox);
    sandbox.config(&json!({}), &[job]);
    let tick = tick_at_gate(&sandbox);
    // The tick has begun to look. The stop's own look waits at the same gate, so it is opened for
    // the stop first and the tick is held back by its own stopped process.
    tick.signal(Signal::STOP);
    open_gate(&sandbox, "scan");
    sandbox.ok(&["stop", "scan"]);
    tick.signal(Signal::CONT);
    let ran = tick.wait();
    ran.exits(0);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 0, "{ran:?}");
    assert_eq!(sandbox.state("scan"), "paused");
}

#[test]
fn start_on_a_running_job_does_nothing() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": 4711}));
    for _ in 0..2 {
        has(&sandbox.ok(&["start", "scan"]), &["runs already, pid 4711"]);
    }
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn a_tick_ends_within_its_limit_and_a_later_one_collects_the_run() {
    let sandbox = Sandbox::new();
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 3600}));
    sandbox.config(&json!({"tickLimitSeconds": 10}), &[disk]);
    sandbox.on("disk", "run", &format!("{GATE}echo 'ALERT: late news'"));
    let began = stopwatch();
    assert_eq!(sandbox.tick(), "");
    assert!(began() < 10.0, "{}", began());
    assert_eq!(sandbox.state("disk"), "running");
    sandbox.run(&["run", "disk"]).exits(5);
    open_gate(&sandbox, "disk");
    await_that("the executor's end", || sandbox.survivors().is_empty());
    has(&sandbox.tick(), &["disk", "ALERT: late news"]);
    assert_eq!(sandbox.tick(), "");
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn sigterm_to_a_tick_that_awaits_a_run_leaves_the_run_alone() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 3600}))]);
    sandbox.on("disk", "run", &format!("{GATE}echo 'ALERT: all the same'"));
    let tick = sandbox.call(&["tick"]).spawn();
    reached(&sandbox, "disk");
    tick.signal(Signal::TERM);
    tick.wait().exits(0);
    open_gate(&sandbox, "disk");
    await_that("the executor's end", || sandbox.survivors().is_empty());
    has(&sandbox.tick(), &["ALERT: all the same"]);
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_killed_tick_loses_nothing_and_repeats_nothing() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 3600}))]);
    sandbox.on("disk", "run", &format!("{GATE}echo 'ALERT: all the same'"));
    let tick = sandbox.call(&["tick"]).spawn();
    reached(&sandbox, "disk");
    tick.signal(Signal::KILL);
    tick.wait();
    assert_eq!(sandbox.tick(), "", "the lock was freed, and the run goes on");
    open_gate(&sandbox, "disk");
    await_that("the executor's end", || sandbox.survivors().is_empty());
    has(&sandbox.tick(), &["ALERT: all the same"]);
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_killed_executor_is_told_as_lost() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 3600}))]);
    sandbox.on("disk", "run", GATE);
    let tick = sandbox.call(&["tick"]).spawn();
    reached(&sandbox, "disk");
    for (pid, line) in sandbox.survivors() {
        if line.contains("__exec") {
            super::support::kill(pid, Signal::KILL);
        }
    }
    let ran = tick.wait();
    ran.exits(0).prints("lost without a result").prints("ACTION REQUIRED");
    assert_eq!(sandbox.job("disk")["cause"]["kind"], "lost");
}

#[test]
fn a_killed_run_of_a_person_frees_the_job() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.on("disk", "run", GATE);
    let run = sandbox.call(&["run", "disk"]).spawn();
    reached(&sandbox, "disk");
    run.signal(Signal::KILL);
    open_gate(&sandbox, "disk");
    run.wait();
    sandbox.run(&["run", "disk"]).exits(0);
    assert_eq!(sandbox.state("disk"), "completed");
}

#[test]
fn ctrl_c_on_run_ends_the_command_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.on("disk", "run", GATE);
    let run = sandbox.call(&["run", "disk"]).spawn();
    reached(&sandbox, "disk");
    run.signal(Signal::INT);
    run.wait().exits(1).prints("cancelled");
    assert_eq!(sandbox.survivors(), []);
    assert_eq!(sandbox.job("disk")["state"], "failed");
}

#[test]
fn a_made_up_run_id_is_executed_by_nobody() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.run(&["__exec", "00000000000000000000000000000000"]).exits(2).says("no store");
    sandbox.run(&["run", "disk"]).exits(0);
    let run = sandbox.read("jobs/disk/runs");
    for id in ["00000000000000000000000000000000", run.trim()] {
        sandbox.run(&["__exec", id]).exits(5).says("does not begin");
    }
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_tick_that_finds_another_one_hung_says_so_and_exits_5() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.tick();
    // Taken long ago, before the last boot, by what still holds it.
    let lock =
        sandbox.write("state/opsfsm/opsfsm.db.tick", "4242 1000000000000 5 5 another-boot\n");
    let hold = format!("exec 9< '{}'; flock 9; {GATE}", lock.display());
    std::fs::create_dir_all(sandbox.path("jobs/hold")).unwrap();
    let holder = sandbox.shell(&hold).cwd(&sandbox.path("jobs/hold")).spawn();
    reached(&sandbox, "hold");
    sandbox.run(&["tick"]).exits(5).says("past its limit").says("kill 4242");
    open_gate(&sandbox, "hold");
    holder.wait().exits(0);
    sandbox.run(&["tick"]).exits(0);
}

#[test]
fn more_due_checks_than_one_tick_launches_all_run_once() {
    let sandbox = Sandbox::new();
    let every = json!({"everySeconds": 3600});
    let ids: Vec<String> = (0..80).map(|n| format!("check-{n:02}")).collect();
    let jobs: Vec<_> = ids.iter().map(|id| with(sandbox.check(id), &every)).collect();
    sandbox.config(&json!({}), &jobs);
    for id in &ids {
        sandbox.on(id, "run", "echo ALERT from $OPSFSM_RUN");
    }
    let mut told = String::new();
    for _ in 0..3 {
        told.push_str(&sandbox.tick());
    }
    for id in &ids {
        assert_eq!(sandbox.count(id, "runs"), 1, "{id}");
        let run = sandbox.read(&format!("jobs/{id}/runs"));
        assert_eq!(told.matches(&format!("ALERT from {}", run.trim())).count(), 1, "{id}");
    }
}

#[test]
fn a_status_that_outlasts_the_tick_is_told_and_the_tick_ends_in_time() {
    let sandbox = Sandbox::new();
    let mut job = sandbox.watched("slow");
    job["commands"]["status"] = json!(["sleep", "600"]);
    sandbox.config(&json!({"tickLimitSeconds": 10}), &[job, sandbox.watched("good")]);
    sandbox.runs_on("good", 1);
    let began = stopwatch();
    let told = sandbox.tick();
    assert!(began() < 10.0, "{}", began());
    has(&told, &["the tick ended before sleep had answered", "good [", "state: running"]);
    assert_eq!(sandbox.survivors(), []);
}

#[test]
fn a_program_that_is_replaced_under_a_tick_starts_nothing_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 3600}));
    sandbox.config(&json!({}), &[slow_status(&sandbox), disk]);
    let copy = sandbox.path("opsfsm-old");
    std::fs::copy(Sandbox::program(), &copy).unwrap();
    let tick = sandbox.call_program(copy.to_str().unwrap(), &["tick"]).spawn();
    reached(&sandbox, "scan");
    std::fs::remove_file(&copy).unwrap();
    open_gate(&sandbox, "scan");
    tick.wait().exits(0).says("as an executor").prints("the start was never begun");
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (0, 0));
    sandbox.tick();
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (1, 1));
}

/// Was this process started with the signal ignored, and so is whatever it starts?
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal.as_raw() - 1) & 1 == 1
}
