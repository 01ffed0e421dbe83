//! The state file of ops-monitor v1: taken over once, whole, and left alone.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::support::{Sandbox, from_now, has, lacks, unix_now, with};

/// A sandbox whose config and state stand where ops-monitor v1 had them.
struct Old {
    sandbox: Sandbox,
    state: PathBuf,
}

fn old_with(jobs: &[Value], state: &Value) -> Old {
    let sandbox = Sandbox::new();
    old_in(sandbox, jobs, state)
}

fn old_in(sandbox: Sandbox, jobs: &[Value], state: &Value) -> Old {
    let config = json!({"version": 1, "jobs": jobs,
        "defaults": {"quietHours": {"start": "01:00", "end": "01:00"}, "startGraceSeconds": 0}});
    sandbox.write("home/.openclaw/net/config/ops-jobs.json", config.to_string());
    let state = sandbox.write("home/.openclaw/net/state/ops-monitor.json", format!("{state:#}"));
    Old { sandbox, state }
}

fn state_of(jobs: &Value, queue: &Value) -> Value {
    json!({"version": 1, "updatedAt": "2026-02-05T10:00:00+00:00", "jobs": jobs, "queue": queue})
}

fn auto(sandbox: &Sandbox, id: &str) -> Value {
    with(sandbox.watched(id), &json!({"policy": {"autoResume": true}}))
}

fn ago(seconds: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "v1's times are floats")]
    let at = (unix_now() - seconds) as f64 + 0.25;
    json!(at)
}

fn seen(running: bool, completed: bool) -> Value {
    json!({"running": running, "completed": completed, "progressKey": "n=5", "stopReason": null})
}

#[test]
fn the_file_is_taken_over_once_and_stays_byte_for_byte() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), sandbox.check("disk")];
    let state = state_of(
        &json!({
            "scan": {"lastSeen": seen(true, false), "lastProgressKey": "n=5", "lastReportAt": ago(60)},
            "disk": {"lastRunAt": ago(30), "lastRun": {"exitCode": 3, "durationMs": 40, "stdoutTail": "ok", "stderrTail": ""}},
            "ghost": {"lastSeen": seen(true, false)},
        }),
        &json!([]),
    );
    let old = old_in(sandbox, &jobs, &state);
    let (sandbox, before) = (&old.sandbox, std::fs::read(&old.state).unwrap());
    sandbox.status("scan", &json!({"running": true, "completed": false, "progressKey": "n=5"}));
    let first = sandbox.run(&["tick"]);
    first.exits(0).says("took over 2 jobs from").says("left alone");
    assert_eq!(first.out, "", "v1 has told all of this already");
    assert_eq!(sandbox.run(&["tick"]).err, "", "once");
    assert_eq!(std::fs::read(&old.state).unwrap(), before);
    assert!(sandbox.path("home/.openclaw/net/state/opsfsm.db").exists());
    has(&sandbox.ok(&["status"]), &["lastRun exit=3", "running"]);
}

#[test]
fn status_and_dry_runs_see_it_before_anything_was_recorded() {
    let sandbox = Sandbox::new();
    let jobs = [auto(&sandbox, "scan"), sandbox.check("disk")];
    let state = state_of(
        &json!({
            "scan": {"lastSeen": seen(false, false), "lastStopAt": ago(50), "lastManualStartAt": ago(500)},
            "disk": {"lastRunAt": ago(30), "lastRun": {"exitCode": 0}},
        }),
        &json!([{"id": "q1", "jobId": "disk", "notBefore": ago(10), "status": "pending"}]),
    );
    let old = old_in(sandbox, &jobs, &state);
    let text = old.sandbox.ok(&["status"]);
    has(&text, &["lastRun exit=0", "state=paused", "queue 1"]);
    let text = old.sandbox.ok(&["tick", "--dry-run"]);
    has(&text, &["would start: disk (check)"]);
    lacks(&text, &["would start: scan"]);
    assert!(!old.sandbox.path("home/.openclaw/net/state/opsfsm.db").exists());
}

#[test]
fn progress_goes_on_from_what_was_last_seen_and_told() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan")];
    let state = state_of(
        &json!({"scan": {"lastSeen": seen(true, false), "lastProgressKey": "n=5",
            "lastProgressAt": ago(99_999), "lastReportAt": ago(1000)}}),
        &json!([]),
    );
    let old = old_in(sandbox, &jobs, &state);
    let sandbox = &old.sandbox;
    sandbox.status("scan", &json!({"running": true, "completed": false, "progressKey": "n=6"}));
    sandbox.run(&["tick"]).exits(0);
    // The last report was 1000 s ago, and the next is due 1800 s after it.
    has(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(500)]), &["would report: nothing"]);
    has(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(801)]), &["state: running"]);
}

#[test]
fn a_completion_that_was_not_told_is_told_and_one_that_was_is_not() {
    for (reported, told) in [(true, false), (false, true)] {
        let sandbox = Sandbox::new();
        let jobs = [sandbox.watched("scan")];
        let state = state_of(
            &json!({"scan": {"lastSeen": seen(false, true), "reportedCompleted": reported, "lastReportAt": ago(60)}}),
            &json!([]),
        );
        let old = old_in(sandbox, &jobs, &state);
        old.sandbox.completes("scan");
        let out = old.sandbox.run(&["tick"]).out;
        assert_eq!(out.contains("state: completed"), told, "{out}");
        assert_eq!(old.sandbox.tick(), "");
    }
}

#[test]
fn a_completion_of_v1s_time_fires_no_chain() {
    let sandbox = Sandbox::new();
    let jobs = [
        with(sandbox.watched("scan"), &json!({"after": [{"jobId": "disk"}]})),
        sandbox.check("disk"),
    ];
    let state = state_of(&json!({"scan": {"lastSeen": seen(false, true)}}), &json!([]));
    let old = old_in(sandbox, &jobs, &state);
    old.sandbox.completes("scan");
    old.sandbox.run(&["tick"]).exits(0);
    old.sandbox.tick();
    assert_eq!(old.sandbox.count("disk", "runs"), 0);
}

#[test]
fn an_anomaly_is_not_told_again_before_its_time() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan")];
    let state = state_of(
        &json!({"scan": {"lastSeen": seen(false, false), "lastAnomalyKey": "paused:gone",
            "lastAnomalyReportAt": ago(100), "lastReportAt": ago(100)}}),
        &json!([]),
    );
    let old = old_in(sandbox, &jobs, &state);
    let ran = old.sandbox.run(&["tick"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let text = old.sandbox.ok(&["tick", "--dry-run", "--now", &from_now(1701)]);
    has(&text, &["ACTION REQUIRED"]);
}

#[test]
fn the_back_off_counts_from_v1s_last_start() {
    for key in ["lastAutoResumeAt", "lastManualStartAt"] {
        let sandbox = Sandbox::new();
        let jobs = [auto(&sandbox, "scan")];
        let state =
            state_of(&json!({"scan": {"lastSeen": seen(false, false), key: ago(100)}}), &json!([]));
        let old = old_in(sandbox, &jobs, &state);
        old.sandbox.run(&["tick"]).exits(0).says("took over 1 job ");
        assert_eq!(old.sandbox.count("scan", "starts"), 0, "{key}");
        let at = |s| old.sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
        lacks(&at(500), &["would start"]);
        has(&at(801), &["would start: scan (resume)"]);
    }
}

#[test]
fn what_a_person_stopped_under_v1_stays_stopped() {
    // v1's `stop` did not look again: what it saw last may still say "running".
    for was_running in [false, true] {
        let sandbox = Sandbox::new();
        let jobs = [auto(&sandbox, "scan")];
        let state = state_of(
            &json!({"scan": {"lastSeen": seen(was_running, false), "lastManualStartAt": ago(90_000),
                "lastAutoResumeAt": ago(80_000), "lastProgressAt": ago(5000), "lastStopAt": ago(4000)}}),
            &json!([]),
        );
        let old = old_in(sandbox, &jobs, &state);
        old.sandbox.run(&["tick"]).exits(0);
        old.sandbox.tick();
        assert_eq!(old.sandbox.state("scan"), "paused");
        assert_eq!(old.sandbox.count("scan", "starts"), 0, "was running: {was_running}");
    }
}

#[test]
fn a_start_after_the_stop_makes_it_resumable_again() {
    let sandbox = Sandbox::new();
    let jobs = [auto(&sandbox, "scan")];
    let state = state_of(
        &json!({"scan": {"lastSeen": seen(false, false), "lastManualStartAt": ago(4000), "lastStopAt": ago(5000)}}),
        &json!([]),
    );
    let old = old_in(sandbox, &jobs, &state);
    old.sandbox.run(&["tick"]).exits(0);
    assert_eq!(old.sandbox.count("scan", "starts"), 1);
}

#[test]
fn pending_items_wait_on_and_settled_ones_are_left_behind() {
    let sandbox = Sandbox::new();
    let jobs = [
        with(sandbox.check("due"), &json!({"enabled": false})),
        sandbox.check("later"),
        sandbox.check("done"),
        sandbox.watched("scan"),
    ];
    let item = |id: &str, job: &str, at: Value, status: &str| {
        json!({"id": id, "jobId": job, "createdAt": ago(900), "notBefore": at, "reason": "by hand",
            "status": status, "attempt": 0, "timeoutSeconds": 300})
    };
    let queue = json!([
        item("a", "due", ago(5), "pending"),
        item("b", "later", ago(-5000), "pending"),
        item("c", "done", ago(5), "done"),
        item("d", "done", ago(5), "failed"),
        item("e", "done", ago(5), "blocked"),
        item("f", "done", ago(5), "running"),
        item("g", "scan", ago(5), "pending"),
        item("h", "ghost", ago(5), "pending"),
    ]);
    let old = old_in(sandbox, &jobs, &state_of(&json!({}), &queue));
    let sandbox = &old.sandbox;
    let ran = sandbox.run(&["tick"]);
    ran.exits(0).prints("scan [long_running_read]").prints("ACTION REQUIRED").prints("by hand");
    assert_eq!(["due", "later", "done"].map(|id| sandbox.count(id, "runs")), [1, 0, 0]);
    assert_eq!(sandbox.count("scan", "starts"), 0);
    has(&sandbox.ok(&["status"]), &["queue 1"]);
    lacks(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(4500)]), &["would start"]);
    has(&sandbox.ok(&["tick", "--dry-run", "--now", &from_now(5002)]), &["would start: later"]);
}

#[test]
fn pending_items_of_writes_become_requests_and_are_told() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.write_job("prune", "disk"), sandbox.check("disk")];
    let queue = json!([{"id": "w", "jobId": "prune", "createdAt": ago(9), "notBefore": ago(5),
        "reason": "clean up", "status": "pending"}]);
    let old = old_in(sandbox, &jobs, &state_of(&json!({}), &queue));
    let ran = old.sandbox.run(&["tick"]);
    ran.exits(0).prints("prune [one_shot_write]").prints("ACTION REQUIRED").prints("clean up");
    assert_eq!(ran.out.matches("a write is requested").count(), 1, "{ran:?}");
    assert_eq!(old.sandbox.job("prune")["requested"], json!(true));
    assert_eq!(old.sandbox.tick(), "");
    assert_eq!(old.sandbox.count("prune", "runs"), 0);
}

#[test]
fn a_first_use_by_another_command_than_tick_loses_no_request() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.write_job("prune", "disk"), sandbox.check("disk")];
    let queue = json!([{"id": "w", "jobId": "prune", "status": "pending"}]);
    let old = old_in(sandbox, &jobs, &state_of(&json!({}), &queue));
    old.sandbox.run(&["run", "disk"]).exits(0).says("took over");
    has(&old.sandbox.tick(), &["prune [one_shot_write]", "a write is requested"]);
}

#[test]
fn the_hour_between_two_config_alerts_goes_on() {
    let mut state = state_of(&json!({}), &json!([]));
    state["lastConfigErrorAt"] = ago(600);
    let old = old_with(&[], &state);
    old.sandbox.run(&["tick"]).exits(0);
    old.sandbox.write("home/.openclaw/net/config/ops-jobs.json", "{\"version\": 9}");
    let ran = old.sandbox.run(&["tick"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
}

#[test]
fn a_state_file_named_by_its_flag_is_imported_and_the_store_made_beside_it() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    let text =
        state_of(&json!({"disk": {"lastRunAt": ago(9), "lastRun": {"exitCode": 7}}}), &json!([]));
    let path = sandbox.write("elsewhere/x.json", text.to_string());
    let flag = path.to_str().unwrap();
    for _ in 0..2 {
        has(&sandbox.ok(&["status", "--state-file", flag]), &["lastRun exit=7"]);
        sandbox.run(&["tick", "--state-file", flag]).exits(0);
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text.to_string());
    assert!(sandbox.path("elsewhere/x.db").exists());
    // The store's own name finds the same store.
    let store = sandbox.path("elsewhere/x.db");
    has(&sandbox.ok(&["status", "--state-file", store.to_str().unwrap()]), &["lastRun exit=7"]);
}

#[test]
fn a_state_file_that_is_not_there_yet_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    let path = sandbox.path("elsewhere/ops-monitor.json");
    sandbox.run(&["tick", "--state-file", path.to_str().unwrap()]).exits(0);
    assert!(!Path::new(&path).exists(), "v1's file is never made");
    assert!(sandbox.path("elsewhere/opsfsm.db").exists());
}

#[test]
fn a_corrupt_state_file_is_never_taken_for_an_empty_one() {
    for text in ["", "{", "[]", "{\"version\": 2}", "{\"jobs\": [], \"queue\": {}}"] {
        let sandbox = Sandbox::new();
        let jobs = [auto(&sandbox, "scan")];
        let old = old_in(sandbox, &jobs, &json!({}));
        std::fs::write(&old.state, text).unwrap();
        for command in [&["tick"][..], &["start", "scan"], &["tick", "--dry-run"], &["status"]] {
            old.sandbox.run(command).exits(6).says("ops-monitor.json").says("can't be taken over");
        }
        assert_eq!(old.sandbox.count("scan", "starts"), 0);
        assert_eq!(std::fs::read_to_string(&old.state).unwrap(), text);
    }
}

#[test]
fn what_is_odd_in_a_state_file_is_left_out_and_the_rest_taken() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), sandbox.check("disk"), sandbox.check("third")];
    let state = json!({
        "version": 1, "lastConfigErrorAt": "yesterday", "comment": ["ours"],
        "jobs": {
            "scan": {"lastSeen": {"running": null, "completed": false}, "lastReportAt": -1, "lastStopAt": {}},
            "disk": {"lastRunAt": ago(5), "lastRun": {"exitCode": null, "stdoutTail": 3}},
            "third": {"lastRunAt": ago(5), "lastRun": {"exitCode": -9, "durationMs": 1e300}},
            "fourth": "nonsense",
        },
        "queue": ["nonsense", {"status": "pending"}, {"jobId": "disk", "notBefore": "soon", "status": "pending", "id": 7}],
    });
    let old = old_in(sandbox, &jobs, &state);
    old.sandbox.run(&["tick"]).exits(0);
    let text = old.sandbox.ok(&["status"]);
    has(&text, &["lastRun exit=-9"]);
    assert_eq!(old.sandbox.count("disk", "runs"), 1, "its pending item had no time and was due");
}
