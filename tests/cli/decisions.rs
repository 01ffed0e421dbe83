//! The decisions that stand where v1's contract and its faults meet, one by one.

use serde_json::json;

use super::support::{Sandbox, has, lacks, with};

#[test]
fn a_grant_in_the_file_counts_as_a_request_and_is_told_once() {
    let sandbox = Sandbox::new();
    let granted = json!({"approval": {"granted": true}});
    let off = with(sandbox.write_job("off", "disk"), &json!({"enabled": false}));
    let jobs = [
        with(sandbox.write_job("prune", "disk"), &granted),
        with(off, &granted),
        sandbox.check("disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    let told = sandbox.tick();
    has(&told, &["prune [one_shot_write]", "a write is requested (by approval.granted)"]);
    lacks(&told, &["off ["]);
    assert_eq!(sandbox.tick(), "");
    assert_eq!(
        (sandbox.job("prune")["requested"].clone(), sandbox.count("prune", "runs")),
        (json!(true), 0)
    );
}

#[test]
fn a_write_with_a_status_is_accepted_and_never_started() {
    let sandbox = Sandbox::new();
    let mut job = sandbox.write_job("prune", "disk");
    job["commands"]["status"] = json!(["cat", sandbox.path("jobs/prune/status")]);
    sandbox.stands("prune");
    sandbox.config(
        &json!({}),
        &[with(job, &json!({"policy": {"autoResume": true}})), sandbox.check("disk")],
    );
    // Told, and no reason to run nothing.
    sandbox.run(&["check"]).exits(1).prints("OF033").prints("1 error,");
    sandbox.tick();
    sandbox.tick();
    assert_eq!(sandbox.count("prune", "runs"), 0);
    sandbox.run(&["start", "prune"]).exits(2);
}

#[test]
fn a_watched_job_of_write_risk_is_watched_and_never_started() {
    let sandbox = Sandbox::new();
    let job = with(
        sandbox.watched("copy"),
        &json!({"risk": "write_external", "policy": {"autoResume": true, "stallSeconds": 0}}),
    );
    sandbox.config(&json!({}), &[job]);
    sandbox.runs_on("copy", 1);
    has(&sandbox.tick(), &["state: running"]);
    has(&sandbox.tick(), &["state: stalled", "ACTION REQUIRED"]);
    sandbox.stands("copy");
    let told = sandbox.tick();
    has(&told, &["stopped without completing"]);
    lacks(&told, &["next resume"]);
    sandbox.run(&["start", "copy"]).exits(2);
    assert_eq!(sandbox.count("copy", "starts"), 0);
    sandbox.completes("copy");
    has(&sandbox.tick(), &["state: completed"]);
}

#[test]
fn a_job_never_started_is_told_once_and_is_no_anomaly() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({"reportEverySeconds": 0}), &[sandbox.watched("scan")]);
    let told = sandbox.tick();
    has(&told, &["🔹", "state: not started"]);
    lacks(&told, &["ACTION REQUIRED"]);
    for _ in 0..3 {
        assert_eq!(sandbox.tick(), "");
    }
}

#[test]
fn grace_after_a_start_keeps_a_slow_starter_from_being_started_twice() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({"startGraceSeconds": 500}), &[job]);
    sandbox.ok(&["start", "scan"]);
    for _ in 0..3 {
        lacks(&sandbox.tick(), &["🔴"]);
    }
    assert_eq!((sandbox.state("scan"), sandbox.count("scan", "starts")), ("running".to_owned(), 1));
    let at = |s| sandbox.ok(&["tick", "--dry-run", "--now", &super::support::from_now(s)]);
    lacks(&at(300), &["would start"]);
    has(&at(501), &["would start: scan (resume)"]);
}

#[test]
fn the_back_off_is_capped_at_eight_times_its_base() {
    let sandbox = Sandbox::new();
    let policy =
        |backoff: u32| json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": backoff}});
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &policy(0))]);
    for _ in 0..7 {
        sandbox.tick();
    }
    assert_eq!(sandbox.count("scan", "starts"), 7);
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &policy(1000))]);
    let at = |s| sandbox.ok(&["tick", "--dry-run", "--now", &super::support::from_now(s)]);
    lacks(&at(7900), &["would start"]);
    has(&at(8001), &["would start"]);
}

#[test]
fn resumes_are_forgotten_once_it_ran_long_enough() {
    let sandbox = Sandbox::new();
    let policy = json!({"policy": {"autoResume": true, "stallSeconds": 0}});
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &policy)]);
    sandbox.tick();
    assert_eq!(sandbox.job("scan")["attempts"], json!(1));
    for n in 0..3 {
        sandbox.runs_on("scan", n);
        sandbox.tick();
    }
    assert_eq!(sandbox.job("scan")["attempts"], json!(0));
}

#[test]
fn a_mistyped_config_path_makes_no_store_and_alerts_nobody() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["tick", "--config-file", "/no/such/config.json"]);
    ran.exits(2).says("/no/such/config.json");
    assert_eq!(ran.out, "");
    assert!(!sandbox.has_store());
}

#[test]
fn a_config_that_vanished_is_told_by_the_store_that_was_left() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.tick();
    let path = sandbox.config_path();
    let path = path.to_str().unwrap();
    sandbox.remove("config/opsfsm/ops-jobs.json");
    let ran = sandbox.run(&["tick", "--config-file", path]);
    ran.exits(2).prints("ACTION REQUIRED").prints("no config at");
    assert_eq!(sandbox.run(&["tick", "--config-file", path]).out, "");
}

#[test]
fn status_words_stand_first_and_state_after_them() {
    let sandbox = Sandbox::new();
    let off = with(sandbox.watched("off"), &json!({"enabled": false, "risk": "write_local"}));
    sandbox.config(&json!({}), &[sandbox.watched("scan"), off]);
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": 7, "progress": {"n": 1, "a": "b c"}, "message": "well"}));
    sandbox.tick();
    let text = sandbox.ok(&["status"]);
    let line = |id: &str| text.lines().find(|l| l.contains(&format!(" {id} "))).unwrap();
    assert!(line("scan").starts_with("running pid=7  scan  state=running for="), "{text}");
    has(line("scan"), &["a=b c n=1 — well"]);
    has(line("off"), &["paused ", "state=idle", "disabled", "risk=write_local"]);
}

#[test]
fn a_job_that_becomes_another_kind_begins_anew() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("scan")]);
    sandbox.run(&["run", "scan"]).exits(0);
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    has(&sandbox.ok(&["status"]), &["state=idle"]);
    has(&sandbox.tick(), &["scan [long_running_read]", "state: running"]);
    sandbox.config(&json!({}), &[sandbox.check("scan")]);
    has(&sandbox.ok(&["status"]), &["state=idle"]);
    sandbox.tick();
    sandbox.run(&["run", "scan"]).exits(0);
    has(&sandbox.ok(&["status"]), &["lastRun exit=0"]);
}
