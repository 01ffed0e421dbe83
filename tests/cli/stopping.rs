//! `stop` without a stop command: a signal only to what opsfsm is proved to have started.

use rustix::process::Signal;
use serde_json::json;

use super::support::{Sandbox, await_some, await_that, has, kill, lacks, with};

/// A start command that leaves a process in the background and says its pid in the status.
const BACKGROUND: &str = "sleep 600 > /dev/null 2>&1 &\n\
    printf '{\"running\":true,\"completed\":false,\"pid\":%s}' $! > status\n";

fn alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn pid_of(sandbox: &Sandbox, id: &str) -> i32 {
    let pid = sandbox.job(id)["status"]["pid"].as_i64().unwrap();
    i32::try_from(pid).unwrap()
}

#[test]
fn a_process_started_by_start_is_stopped() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan")]);
    sandbox.on("scan", "start", BACKGROUND);
    sandbox.ok(&["start", "scan"]);
    let pid = pid_of(&sandbox, "scan");
    assert!(alive(pid));
    has(&sandbox.ok(&["stop", "scan"]), &[&format!("sent SIGTERM to pid {pid}")]);
    await_that("its end", || !alive(pid));
    assert_eq!(sandbox.state("scan"), "paused");
}

#[test]
fn a_process_started_by_a_resume_is_stopped() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.unstoppable("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.on("scan", "start", BACKGROUND);
    sandbox.tick();
    let pid = pid_of(&sandbox, "scan");
    sandbox.ok(&["stop", "scan"]);
    await_that("its end", || !alive(pid));
    sandbox.stands("scan");
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1, "and stays stopped");
}

#[test]
fn a_process_that_opsfsm_did_not_start_is_refused_with_the_evidence() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.unstoppable("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.on("scan", "start", BACKGROUND);
    sandbox.ok(&["start", "scan"]);
    let other = sandbox.call_program("sleep", &["600"]).spawn();
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": other.pid}));
    let ran = sandbox.run(&["stop", "scan"]);
    ran.exits(2).says("names no run of opsfsm").says(&format!("kill {}", other.pid));
    assert!(alive(other.pid));
    // It counts as stopped all the same: the person's word stands.
    assert_eq!(sandbox.state("scan"), "paused");
    sandbox.stands("scan");
    sandbox.tick();
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 1);
}

#[test]
fn a_process_of_another_jobs_run_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan"), sandbox.unstoppable("other")]);
    for id in ["scan", "other"] {
        sandbox.on(id, "start", BACKGROUND);
        sandbox.ok(&["start", id]);
    }
    let theirs = pid_of(&sandbox, "other");
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": theirs}));
    let run = sandbox.read("jobs/other/starts");
    let ran = sandbox.run(&["stop", "scan"]);
    ran.exits(2).says(run.trim()).says("none of this job's").says(&format!("kill {theirs}"));
    assert!(alive(theirs));
}

#[test]
fn a_made_up_run_id_is_no_proof() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan")]);
    let fake = sandbox.call_program("sleep", &["600"]).env("OPSFSM_RUN", "0".repeat(32)).spawn();
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": fake.pid}));
    sandbox.run(&["stop", "scan"]).exits(2).says("none of this job's");
    assert!(alive(fake.pid));
}

#[test]
fn opsfsm_itself_init_and_nobody_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan")]);
    for pid in [1, i32::MAX] {
        sandbox.status("scan", &json!({"running": true, "completed": false, "pid": pid}));
        sandbox.run(&["stop", "scan"]).exits(2).says(&format!("pid {pid}"));
    }
}

#[test]
fn without_a_pid_it_says_what_it_cannot_do() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan")]);
    sandbox.status("scan", &json!({"running": true, "completed": false}));
    sandbox.run(&["stop", "scan"]).exits(2).says("gives no pid").says("may still run");
    sandbox.raw_status("scan", "?");
    sandbox.run(&["stop", "scan"]).exits(2);
    assert_eq!(sandbox.state("scan"), "paused");
}

#[test]
fn a_job_that_does_not_run_is_just_recorded() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.unstoppable("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    has(&sandbox.ok(&["stop", "scan"]), &["does not run", "stays so"]);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 0);
    sandbox.completes("scan");
    sandbox.tick();
    has(&sandbox.ok(&["stop", "scan"]), &["has completed"]);
    assert_eq!(sandbox.state("scan"), "completed");
}

#[test]
fn a_job_that_goes_on_after_its_stop_is_told_after_ten_minutes() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.ok(&["stop", "scan"]);
    sandbox.tick();
    let at = |s| sandbox.ok(&["tick", "--dry-run", "--now", &super::support::from_now(s)]);
    lacks(&at(300), &["🔴"]);
    has(&at(601), &["stopping, but it still runs", "ACTION REQUIRED"]);
    sandbox.stands("scan");
    sandbox.tick();
    lacks(&at(601), &["🔴"]);
}

#[test]
fn the_output_of_a_background_job_goes_to_its_log_and_never_kills_it() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.on(
        "scan",
        "start",
        "(until [ -e go ]; do sleep 0.01; done; echo later words; echo $? > wrote) &\necho now",
    );
    sandbox.ok(&["start", "scan"]);
    sandbox.write("jobs/scan/go", "");
    let wrote =
        await_some("its word", || Some(sandbox.read("jobs/scan/wrote")).filter(|t| !t.is_empty()));
    assert_eq!(wrote, "0\n");
    has(&sandbox.read("state/opsfsm/opsfsm.db.logs/scan.log"), &["now\n", "later words\n"]);
    for (pid, _) in sandbox.survivors() {
        kill(pid, Signal::KILL);
    }
}
