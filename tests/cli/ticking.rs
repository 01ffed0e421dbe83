//! What a tick does, step by step: config, queue, watching, reports.

use serde_json::json;

use super::support::{Sandbox, from_now, has, lacks, watched_with, with};

const RUNS: &str = "echo '{\"running\":true,\"completed\":false,\"progress\":{\"n\":9}}' > status";

#[test]
fn step_1_a_broken_config_is_told_once_an_hour_and_exits_2() {
    let sandbox = Sandbox::new();
    let good = sandbox.watched("scan");
    sandbox.config(&json!({}), std::slice::from_ref(&good));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.raw_config(&json!({"version": 1, "jobs": [good, {"id": "b"}]}));
    let first = sandbox.run(&["tick"]);
    first.exits(2).prints("ACTION REQUIRED").prints("OF005").prints("ops-jobs.json:");
    let second = sandbox.run(&["tick"]);
    second.exits(2);
    assert_eq!((second.out.as_str(), second.err.as_str()), ("", ""), "once an hour");
    sandbox.run(&["tick", "--print-only"]).exits(2);
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn step_1_a_broken_config_with_a_target_still_exits_2() {
    let sandbox = Sandbox::new();
    sandbox.raw_config(&json!({"version": 1, "jobs": [{"id": "b"}]}));
    let ran = sandbox.run(&["tick", "--target", "1"]);
    ran.exits(2).says("report.telegram.tokenFile").says("OF005");
    sandbox.run(&["tick", "--target", "1"]).exits(2);
    sandbox.run(&["tick", "--print-only"]).exits(2).prints("ACTION REQUIRED");
}

#[test]
fn step_1_a_broken_config_runs_nothing_reads_included() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 60}));
    sandbox.config(&json!({}), &[scan, disk, json!({"id": "b", "kind": "nonsense"})]);
    for command in
        [&["tick"][..], &["start", "scan"], &["stop", "scan"], &["run", "disk"], &["status"]]
    {
        sandbox.run(command).exits(2);
    }
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("scan", "stops")), (0, 0));
    assert_eq!(sandbox.count("disk", "runs"), 0);
}

#[test]
fn step_1_a_dry_run_of_a_broken_config_shows_everything_and_records_nothing() {
    let sandbox = Sandbox::new();
    sandbox.raw_config(&json!({"version": 1, "jobs": [{"id": "b"}]}));
    for _ in 0..2 {
        sandbox.run(&["tick", "--dry-run"]).exits(2).says("OF005");
    }
    assert!(!sandbox.has_store());
}

#[test]
fn step_2_a_due_item_of_a_disabled_read_runs_once() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"after": [{"jobId": "disk"}]}));
    let disk = with(sandbox.check("disk"), &json!({"enabled": false}));
    sandbox.config(&json!({}), &[scan, disk]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.completes("scan");
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 1);
    sandbox.tick();
    assert_eq!(sandbox.count("disk", "runs"), 1);
    assert_eq!(sandbox.state("disk"), "completed");
}

#[test]
fn step_2_anything_else_is_blocked_and_told_as_action_required() {
    let sandbox = Sandbox::new();
    let targets = ["risky", "second", "prune"];
    let after: Vec<_> = targets.iter().map(|t| json!({"jobId": t})).collect();
    let first = with(sandbox.check("first"), &json!({"after": after}));
    let jobs = [
        first,
        sandbox.one_shot("risky", "one_shot_read", "write_local"),
        sandbox.watched("second"),
        sandbox.write_job("prune", "verify"),
        sandbox.check("verify"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["run", "first"]).exits(0);
    let told = sandbox.tick();
    for id in targets {
        let section = told.split("\n\n").find(|s| s.contains(&format!("{id} ["))).unwrap();
        has(section, &["🔴", "ACTION REQUIRED"]);
    }
    for id in ["risky", "prune"] {
        assert_eq!(sandbox.count(id, "runs"), 0);
    }
    assert_eq!(sandbox.count("second", "starts"), 0);
    assert_eq!(sandbox.tick(), "", "told once");
    has(&sandbox.ok(&["status"]), &["\nqueue 0\n"]);
}

#[test]
fn step_2_exit_0_is_told_only_with_attention_words_and_any_other_exit_always() {
    let sandbox = Sandbox::new();
    let ids = ["a-quiet", "b-action", "c-alert", "d-failed"];
    let after: Vec<_> = ids.iter().map(|t| json!({"jobId": t})).collect();
    let mut jobs = vec![with(sandbox.check("first"), &json!({"after": after}))];
    jobs.extend(ids.iter().map(|id| sandbox.check(id)));
    sandbox.config(&json!({}), &jobs);
    sandbox.on("a-quiet", "run", "echo all is well, no action required, alerts: none");
    sandbox.on("b-action", "run", "echo 'ACTION REQUIRED: full'");
    sandbox.on("c-alert", "run", "echo 'ALERT 95%' >&2");
    sandbox.on("d-failed", "run", "echo broken pipe >&2; exit 3");
    sandbox.run(&["run", "first"]).exits(0);
    let told = sandbox.tick();
    lacks(&told, &["a-quiet"]);
    has(&told, &["b-action", "ACTION REQUIRED: full", "c-alert", "ALERT 95%"]);
    has(&told, &["d-failed", "exit=3", "broken pipe"]);
    for id in ids {
        assert_eq!(sandbox.count(id, "runs"), 1, "{id}");
    }
}

#[test]
fn step_2_attention_words_count_wherever_they_stand_in_the_output() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"everySeconds": 60}))]);
    // Far before the kept tail, and written in two pieces.
    let noise = "head -c 300000 /dev/zero | tr '\\0' '.'";
    sandbox.on("disk", "run", &format!("{noise}; printf 'ACTION REQ'; printf UIRED; {noise}"));
    has(&sandbox.tick(), &["disk", "its output asks for attention"]);
}

#[test]
fn step_3_without_progress_for_stall_seconds_a_running_job_is_stalled() {
    let sandbox = watched_with(&json!({"stallSeconds": 0}));
    sandbox.runs_on("scan", 1);
    has(&sandbox.tick(), &["state: running"]);
    let told = sandbox.tick();
    has(&told, &["state: stalled", "no progress", "ACTION REQUIRED", "opsfsm stop scan"]);
    sandbox.runs_on("scan", 2);
    has(&sandbox.tick(), &["state: running", "recovered"]);
}

#[test]
fn step_3_the_stall_clock_is_stall_seconds() {
    let sandbox = watched_with(&json!({"stallSeconds": 100_000}));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    assert_eq!(sandbox.tick(), "");
    assert_eq!(sandbox.state("scan"), "running");
    let text = sandbox.ok(&["tick", "--dry-run", "--now", &from_now(99_000)]);
    lacks(&text, &["stalled"]);
    let text = sandbox.ok(&["tick", "--dry-run", "--now", &from_now(101_000)]);
    has(&text, &["state: stalled"]);
}

#[test]
fn step_3_a_job_without_a_progress_key_never_stalls() {
    let sandbox = watched_with(&json!({"stallSeconds": 0}));
    sandbox.status("scan", &json!({"running": true, "completed": false, "message": "here"}));
    for _ in 0..3 {
        lacks(&sandbox.tick(), &["stalled"]);
    }
    assert_eq!(sandbox.state("scan"), "running");
}

#[test]
fn step_3_the_progress_key_beats_the_progress() {
    let sandbox = watched_with(&json!({"stallSeconds": 0}));
    let status = |n: u32, key: &str| json!({"running": true, "completed": false, "progress": {"n": n}, "progressKey": key});
    sandbox.status("scan", &status(1, "same"));
    sandbox.tick();
    sandbox.status("scan", &status(2, "same"));
    sandbox.tick();
    assert_eq!(sandbox.state("scan"), "stalled", "only the fields moved");
    sandbox.status("scan", &status(2, "other"));
    sandbox.tick();
    assert_eq!(sandbox.state("scan"), "running");
}

#[test]
fn step_3_the_canonical_json_of_progress_serves_as_key() {
    let sandbox = watched_with(&json!({"stallSeconds": 0}));
    sandbox.raw_status("scan", r#"{"running":true,"completed":false,"progress":{"a":1,"b":2}}"#);
    sandbox.tick();
    let moved_about =
        "{ \"progress\" : {\n\"b\":2,   \"a\":1}, \"completed\":false,\"running\":true }\n";
    sandbox.raw_status("scan", moved_about);
    sandbox.tick();
    assert_eq!(sandbox.state("scan"), "stalled", "the same progress in another order");
}

#[test]
fn step_3_neither_running_nor_completed_is_an_anomaly() {
    let sandbox = watched_with(&json!({}));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.stands("scan");
    let told = sandbox.tick();
    has(&told, &["🔴", "state: stalled", "stopped without completing (gone)"]);
    has(&told, &["ACTION REQUIRED", "opsfsm start scan"]);
    assert_eq!(sandbox.tick(), "", "told once");
}

#[test]
fn step_3_auto_resume_starts_a_stopped_read_only_job() {
    let sandbox = watched_with(&json!({"autoResume": true}));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.stands("scan");
    sandbox.on("scan", "start", RUNS);
    has(&sandbox.tick(), &["resumed", "gone"]);
    assert_eq!(sandbox.count("scan", "starts"), 1);
    has(&sandbox.tick(), &["state: running"]);
    assert_eq!(sandbox.count("scan", "starts"), 1);
}

#[test]
fn step_3_auto_resume_is_off_by_default_and_never_for_another_risk() {
    let sandbox = Sandbox::new();
    let auto = json!({"policy": {"autoResume": true}});
    let risky = with(sandbox.watched("risky"), &json!({"risk": "write_local"}));
    let off = with(sandbox.watched("off"), &json!({"enabled": false}));
    let jobs = [with(risky, &auto), sandbox.watched("plain"), with(off, &auto)];
    sandbox.config(&json!({}), &jobs);
    for id in ["risky", "plain"] {
        sandbox.runs_on(id, 1);
    }
    sandbox.tick();
    for id in ["risky", "plain"] {
        sandbox.stands(id);
    }
    let told = sandbox.tick();
    has(&told, &["risky", "plain", "ACTION REQUIRED"]);
    lacks(&told, &["off ["]);
    sandbox.tick();
    for id in ["risky", "plain", "off"] {
        assert_eq!(sandbox.count(id, "starts"), 0, "{id}");
    }
}

#[test]
fn step_3_the_back_off_counts_from_the_last_start() {
    let sandbox = watched_with(&json!({"autoResume": true, "autoResumeBackoffSeconds": 50_000}));
    has(&sandbox.tick(), &["started: its start command was run"]);
    let told = sandbox.tick();
    has(&told, &["⚠", "next resume in 13h 5"]);
    assert_eq!(sandbox.tick(), "");
    assert_eq!(sandbox.count("scan", "starts"), 1);
    lacks(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(49_000)]), &["would start"]);
    has(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(50_001)]), &["would start: scan"]);
}

#[test]
fn step_3_the_back_off_doubles() {
    let sandbox = watched_with(&json!({"autoResume": true}));
    for starts in 1..=3 {
        sandbox.tick();
        assert_eq!(sandbox.count("scan", "starts"), starts);
    }
    let starts = sandbox.count("scan", "starts");
    let job = with(
        sandbox.watched("scan"),
        &json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": 1000}}),
    );
    sandbox.config(&json!({}), &[job]);
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), starts);
    // Three starts: twice doubled.
    lacks(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(3900)]), &["would start"]);
    has(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(4001)]), &["would start"]);
}

#[test]
fn step_3_a_resume_whose_start_fails_is_told_with_its_words() {
    let sandbox = watched_with(&json!({"autoResume": true, "autoResumeBackoffSeconds": 9000}));
    sandbox.on("scan", "start", "echo no space left >&2; exit 28");
    let told = sandbox.tick();
    has(&told, &["its start command was run", "exit 28: no space left", "next resume in"]);
    assert_eq!(sandbox.state("scan"), "stalled");
    assert_eq!(sandbox.tick(), "");
}

#[test]
fn step_3_a_resume_over_its_limit_counts_as_failed() {
    let sandbox = Sandbox::new();
    let policy = json!({"autoResume": true, "autoResumeBackoffSeconds": 9000});
    let job = with(sandbox.watched("scan"), &json!({"policy": policy, "timeoutSeconds": 0.2}));
    sandbox.config(&json!({}), &[job]);
    sandbox.on("scan", "start", "exec sleep 600");
    has(&sandbox.tick(), &["over its limit of 0.2 s"]);
    assert_eq!(sandbox.survivors(), []);
}

#[test]
fn step_3_a_completed_job_is_never_resumed() {
    let sandbox = watched_with(&json!({"autoResume": true}));
    sandbox.completes("scan");
    sandbox.tick();
    sandbox.stands("scan");
    for _ in 0..3 {
        assert_eq!(sandbox.tick(), "");
    }
    assert_eq!(
        (sandbox.state("scan"), sandbox.count("scan", "starts")),
        ("completed".to_owned(), 0)
    );
}

#[test]
fn step_3_give_up_after_max_resumes() {
    let sandbox = watched_with(&json!({"autoResume": true, "maxResumes": 2}));
    for _ in 0..8 {
        sandbox.tick();
    }
    assert_eq!(sandbox.count("scan", "starts"), 2);
    let job = sandbox.job("scan");
    assert_eq!(
        (job["state"].as_str(), job["cause"]["kind"].as_str()),
        (Some("failed"), Some("gave_up"))
    );
    sandbox.on("scan", "start", RUNS);
    sandbox.ok(&["start", "scan"]);
    has(&sandbox.tick(), &["state: running", "recovered"]);
}

#[test]
fn step_3_a_hung_job_is_restarted_where_its_policy_says_so() {
    let policy = json!({"autoResume": true, "onStall": "restart", "stallSeconds": 0});
    let sandbox = watched_with(&policy);
    sandbox.runs_on("scan", 1);
    sandbox.on("scan", "stop", "echo '{\"running\":false,\"completed\":false}' > status");
    sandbox.on("scan", "start", RUNS);
    sandbox.tick();
    has(&sandbox.tick(), &["hung: its stop command was run"]);
    assert_eq!((sandbox.count("scan", "stops"), sandbox.count("scan", "starts")), (1, 0));
    has(&sandbox.tick(), &["resumed"]);
    assert_eq!((sandbox.count("scan", "stops"), sandbox.count("scan", "starts")), (1, 1));
    has(&sandbox.tick(), &["state: running"]);
}
