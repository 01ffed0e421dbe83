//! Chains and schedules: what follows what, when, and how often.

use serde_json::{Value, json};

use super::support::{Sandbox, from_now, has, lacks, with};

fn after(links: &Value) -> Value {
    json!({"after": links})
}

/// `scan`, watched, with these links, and the checks `disk` and `alarm`.
fn scan_with(links: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &after(links));
    let jobs = [scan, sandbox.check("disk"), sandbox.check("alarm")];
    sandbox.config(&json!({}), &jobs);
    sandbox
}

#[test]
fn completion_fires_once_and_not_again() {
    let sandbox = scan_with(&json!([{"jobId": "disk"}, {"jobId": "alarm", "when": "failure"}]));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.completes("scan");
    sandbox.tick();
    for _ in 0..3 {
        sandbox.tick();
    }
    assert_eq!((sandbox.count("disk", "runs"), sandbox.count("alarm", "runs")), (1, 0));
    // A new round fires anew.
    sandbox.runs_on("scan", 2);
    sandbox.tick();
    sandbox.completes("scan");
    sandbox.tick();
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 2);
}

#[test]
fn what_was_complete_before_opsfsm_saw_it_fires_nothing() {
    let sandbox = scan_with(&json!([{"jobId": "disk"}]));
    sandbox.completes("scan");
    has(&sandbox.tick(), &["state: completed"]);
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 0);
    has(&sandbox.ok(&["status"]), &["queue 0"]);
}

#[test]
fn a_job_that_opsfsm_started_fires_even_if_it_was_never_seen_running() {
    let sandbox = scan_with(&json!([{"jobId": "disk"}]));
    sandbox.on("scan", "start", "echo '{\"running\":false,\"completed\":true}' > status");
    sandbox.ok(&["start", "scan"]);
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_job_that_was_given_up_fires_its_failure_links() {
    let sandbox = Sandbox::new();
    let links = json!([{"jobId": "disk"}, {"jobId": "alarm", "when": "failure"}]);
    let policy = json!({"policy": {"autoResume": true, "maxResumes": 1}});
    let scan = with(with(sandbox.watched("scan"), &after(&links)), &policy);
    sandbox.config(&json!({}), &[scan, sandbox.check("disk"), sandbox.check("alarm")]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.stands("scan");
    for _ in 0..6 {
        sandbox.tick();
    }
    assert_eq!(sandbox.state("scan"), "failed");
    assert_eq!((sandbox.count("disk", "runs"), sandbox.count("alarm", "runs")), (0, 1));
}

#[test]
fn a_stop_by_a_person_fires_nothing() {
    let sandbox = scan_with(&json!([{"jobId": "disk"}, {"jobId": "alarm", "when": "failure"}]));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.on("scan", "stop", "echo '{\"running\":false,\"completed\":false}' > status");
    sandbox.ok(&["stop", "scan"]);
    sandbox.tick();
    sandbox.tick();
    assert_eq!((sandbox.count("disk", "runs"), sandbox.count("alarm", "runs")), (0, 0));
}

#[test]
fn a_delay_is_kept_over_ticks_and_not_cut_short() {
    let sandbox = scan_with(&json!([{"jobId": "disk", "delaySeconds": 5000}]));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.completes("scan");
    sandbox.tick();
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 0);
    assert_eq!(sandbox.state("disk"), "queued");
    has(&sandbox.ok(&["status"]), &["queue 1"]);
    let dry = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    lacks(&dry(4900), &["would start"]);
    has(&dry(5001), &["would start: disk (check)"]);
    assert_eq!(sandbox.count("disk", "runs"), 0);
}

#[test]
fn a_link_to_a_write_records_a_request_and_runs_nothing() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &after(&json!([{"jobId": "prune"}])));
    let jobs = [scan, sandbox.write_job("prune", "disk"), sandbox.check("disk")];
    sandbox.config(&json!({}), &jobs);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.completes("scan");
    let told = sandbox.tick();
    has(&told, &["prune [one_shot_write]", "ACTION REQUIRED: a write is requested (by scan)"]);
    assert_eq!(sandbox.tick(), "", "told once");
    let job = sandbox.job("prune");
    assert_eq!((job["requested"].clone(), job["state"].clone()), (json!(true), json!("blocked")));
    has(&sandbox.ok(&["status"]), &["write (approved=false)", "requested"]);
    sandbox.run(&["run", "prune"]).exits(4);
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("disk", "runs")), (0, 0));
}

#[test]
fn a_link_to_a_disabled_write_is_told_and_records_no_request() {
    let sandbox = Sandbox::new();
    let first = with(sandbox.check("first"), &after(&json!([{"jobId": "prune"}])));
    let prune = with(sandbox.write_job("prune", "disk"), &json!({"enabled": false}));
    sandbox.config(&json!({}), &[first, prune, sandbox.check("disk")]);
    sandbox.run(&["run", "first"]).exits(0);
    has(&sandbox.tick(), &["prune [one_shot_write]", "ACTION REQUIRED"]);
    assert_eq!(sandbox.job("prune")["requested"], json!(false));
}

#[test]
fn a_link_to_a_watched_job_starts_nothing_and_says_how_to() {
    let sandbox = Sandbox::new();
    let first = with(sandbox.check("first"), &after(&json!([{"jobId": "scan"}])));
    sandbox.config(&json!({}), &[first, sandbox.watched("scan")]);
    sandbox.run(&["run", "first"]).exits(0);
    let told = sandbox.tick();
    has(&told, &["scan [long_running_read]", "ACTION REQUIRED", "opsfsm start scan"]);
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn run_fires_links_as_a_queued_run_does() {
    let sandbox = Sandbox::new();
    let links = json!([{"jobId": "good"}, {"jobId": "bad", "when": "failure"}]);
    let first = with(sandbox.check("first"), &after(&links));
    let second = with(sandbox.check("good"), &after(&json!([{"jobId": "last"}])));
    let jobs = [first, second, sandbox.check("bad"), sandbox.check("last")];
    sandbox.config(&json!({}), &jobs);
    let counts = || ["good", "bad", "last"].map(|id| sandbox.count(id, "runs"));
    sandbox.run(&["run", "first"]).exits(0);
    sandbox.tick();
    sandbox.tick();
    sandbox.tick();
    assert_eq!(counts(), [1, 0, 1], "the queued run of `good` fired its own link");
    sandbox.on("first", "run", "exit 1");
    sandbox.run(&["run", "first"]).exits(1);
    sandbox.tick();
    sandbox.tick();
    assert_eq!(counts(), [1, 1, 1]);
}

#[test]
fn two_links_that_meet_in_one_job_run_it_for_each_origin() {
    let sandbox = Sandbox::new();
    let to = after(&json!([{"jobId": "last"}]));
    let jobs =
        [with(sandbox.check("a"), &to), with(sandbox.check("b"), &to), sandbox.check("last")];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["run", "a"]).exits(0);
    sandbox.run(&["run", "b"]).exits(0);
    // One run of a job goes at a time.
    sandbox.tick();
    assert_eq!(sandbox.count("last", "runs"), 1);
    sandbox.tick();
    sandbox.tick();
    assert_eq!(sandbox.count("last", "runs"), 2);
}

#[test]
fn a_schedule_runs_when_due_and_not_twice() {
    let sandbox = Sandbox::new();
    let every = json!({"everySeconds": 3600});
    let off = with(with(sandbox.check("off"), &every), &json!({"enabled": false}));
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &every), off]);
    for _ in 0..3 {
        sandbox.tick();
    }
    assert_eq!(sandbox.count("disk", "runs"), 1);
    let dry = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    lacks(&dry(3300), &["would start"]);
    has(&dry(3601), &["would start: disk (check)"]);
    lacks(&dry(3601), &["would start: off"]);
    assert_eq!(sandbox.count("off", "runs"), 0);
}

#[test]
fn a_run_by_hand_counts_for_the_schedule() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 60}))]);
    sandbox.run(&["run", "disk"]).exits(0);
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 1);
}

#[test]
fn a_check_that_recovers_is_told() {
    let sandbox = Sandbox::new();
    let first = with(sandbox.check("first"), &after(&json!([{"jobId": "disk"}])));
    sandbox.config(&json!({}), &[first, sandbox.check("disk")]);
    sandbox.on("disk", "run", "echo full; exit 1");
    sandbox.run(&["run", "first"]).exits(0);
    has(&sandbox.tick(), &["disk", "exit=1", "ACTION REQUIRED"]);
    sandbox.on("disk", "run", "echo fine");
    sandbox.run(&["run", "first"]).exits(0);
    let told = sandbox.tick();
    has(&told, &["disk", "recovered"]);
    lacks(&told, &["ACTION REQUIRED"]);
    sandbox.run(&["run", "first"]).exits(0);
    assert_eq!(sandbox.tick(), "");
}

#[test]
fn a_queued_job_that_leaves_the_config_is_told_and_dropped() {
    let sandbox = Sandbox::new();
    let first = with(sandbox.check("first"), &after(&json!([{"jobId": "disk"}])));
    sandbox.config(&json!({}), &[first, sandbox.check("disk")]);
    sandbox.run(&["run", "first"]).exits(0);
    sandbox.config(&json!({}), &[sandbox.check("first")]);
    has(&sandbox.tick(), &["disk", "no longer in the config"]);
    assert_eq!(sandbox.tick(), "");
    assert_eq!(sandbox.count("disk", "runs"), 0);
}

#[test]
fn a_running_job_that_leaves_the_config_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan"), sandbox.check("disk")]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    has(&sandbox.tick(), &["scan", "no longer in the config"]);
    assert_eq!(sandbox.tick(), "");
}
