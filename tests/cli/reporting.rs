//! When a job is told: news at once, routine in its time, nothing twice; and quiet hours.

use serde_json::json;

use super::support::{Sandbox, from_now, has, lacks, watched_with, with, zone_where_it_is_about};

#[test]
fn a_change_between_running_and_completed_is_told() {
    let sandbox = watched_with(&json!({}));
    has(&sandbox.tick(), &["state: not started"]);
    assert_eq!(sandbox.tick(), "");
    sandbox.runs_on("scan", 1);
    has(&sandbox.tick(), &["state: running"]);
    sandbox.completes("scan");
    has(&sandbox.tick(), &["✅", "state: completed"]);
    assert_eq!(sandbox.tick(), "", "completion is told once");
    sandbox.runs_on("scan", 1);
    has(&sandbox.tick(), &["state: running"]);
}

#[test]
fn an_unchanged_anomaly_is_told_again_after_the_longer_of_900_s_and_the_interval() {
    for (every, still, again) in [(1, 600, 905), (5000, 4500, 5005)] {
        let sandbox = watched_with(&json!({"reportEverySeconds": every}));
        sandbox.runs_on("scan", 1);
        sandbox.tick();
        sandbox.stands("scan");
        sandbox.tick();
        let at = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
        has(&at(still), &["would report: nothing"]);
        has(&at(again), &["state: stalled", "ACTION REQUIRED"]);
    }
}

#[test]
fn a_changed_anomaly_is_told_at_once() {
    let sandbox = watched_with(&json!({"stallSeconds": 0}));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    has(&sandbox.tick(), &["runs without progress"]);
    sandbox.stands("scan");
    has(&sandbox.tick(), &["stopped without completing"]);
    sandbox.raw_status("scan", "{");
    has(&sandbox.tick(), &["status can't be read", "malformed"]);
    sandbox.remove("jobs/scan/status");
    has(&sandbox.tick(), &["status can't be read", "exited with an error"]);
    assert_eq!(sandbox.tick(), "");
    sandbox.completes("scan");
    has(&sandbox.tick(), &["state: completed", "recovered"]);
}

#[test]
fn a_running_job_is_told_again_when_its_interval_has_passed() {
    let sandbox = watched_with(&json!({"reportEverySeconds": 700}));
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.runs_on("scan", 2);
    assert_eq!(sandbox.tick(), "", "not due");
    let at = |s| sandbox.ok(&["tick", "--dry-run", "--now", &from_now(s)]);
    has(&at(500), &["would report: nothing"]);
    has(&at(701), &["state: running", "n=2"]);
}

#[test]
fn only_on_change_skips_a_job_that_has_not_moved() {
    for (only_on_change, told) in [(true, false), (false, true)] {
        let sandbox =
            watched_with(&json!({"reportEverySeconds": 0, "onlyOnChange": only_on_change}));
        sandbox.runs_on("scan", 1);
        sandbox.tick();
        assert_eq!(!sandbox.tick().is_empty(), told, "onlyOnChange {only_on_change}");
        sandbox.runs_on("scan", 2);
        has(&sandbox.tick(), &["n=2"]);
    }
}

#[test]
fn none_while_running_where_the_policy_says_so() {
    let sandbox = watched_with(&json!({"reportEverySeconds": 0, "reportWhileRunning": false}));
    sandbox.runs_on("scan", 1);
    has(&sandbox.tick(), &["state: running"]);
    sandbox.runs_on("scan", 2);
    assert_eq!(sandbox.tick(), "");
    sandbox.completes("scan");
    has(&sandbox.tick(), &["state: completed"]);
}

#[test]
fn in_quiet_hours_routine_waits_and_trouble_does_not() {
    let sandbox = Sandbox::new();
    let auto = json!({"policy": {"autoResume": true}});
    let after = json!({"after": [{"jobId": "prune"}]});
    let jobs = [
        sandbox.watched("routine"),
        sandbox.watched("trouble"),
        with(sandbox.watched("resumed"), &auto),
        with(sandbox.check("first"), &after),
        sandbox.write_job("prune", "verify"),
        sandbox.check("verify"),
    ];
    let quiet = json!({"quietHours": {"start": "06:00", "end": "18:00"}, "reportEverySeconds": 0});
    sandbox.config(&quiet, &jobs);
    let noon = zone_where_it_is_about(12);
    let night = zone_where_it_is_about(0);
    let tick = |zone: &str| {
        let ran = sandbox.call(&["tick"]).env("TZ", zone).run();
        ran.exits(0);
        ran.out
    };
    for id in ["routine", "trouble", "resumed"] {
        sandbox.runs_on(id, 1);
    }
    tick(&night);
    sandbox.runs_on("routine", 2);
    sandbox.stands("trouble");
    sandbox.stands("resumed");
    sandbox.run(&["run", "first"]).exits(0);
    let told = tick(&noon);
    lacks(&told, &["routine ["]);
    has(&told, &["trouble [", "ACTION REQUIRED", "resumed [", "a write is requested"]);
    sandbox.completes("routine");
    assert!(!tick(&noon).contains("routine ["), "completion waits for the morning");
    has(&tick(&night), &["routine [", "state: completed"]);
    sandbox.raw_config(&json!({"version": 1, "jobs": [{"id": "b"}]}));
    sandbox.call(&["tick"]).env("TZ", &noon).run().exits(2).prints("ACTION REQUIRED");
}

#[test]
fn equal_ends_of_quiet_hours_mean_never_quiet() {
    let sandbox = Sandbox::new();
    let hour = json!({"quietHours": {"start": "12:00", "end": "12:00"}});
    sandbox.config(&hour, &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    for hour in [0, 12] {
        let zone = zone_where_it_is_about(hour);
        let ran = sandbox.call(&["tick", "--dry-run"]).env("TZ", zone).run();
        ran.exits(0).prints("state: running");
    }
}

#[test]
fn quiet_hours_may_wrap_midnight() {
    let sandbox = Sandbox::new();
    sandbox.config(
        &json!({"quietHours": {"start": "23:00", "end": "08:00"}}),
        &[sandbox.watched("scan")],
    );
    sandbox.runs_on("scan", 1);
    let told = |time: &str| {
        let now = format!("2031-03-04T{time}Z");
        !sandbox.ok(&["tick", "--dry-run", "--now", &now]).contains("would report: nothing")
    };
    for (time, speaks) in [
        ("22:59:59", true),
        ("23:00:00", false),
        ("00:00:00", false),
        ("07:59:59", false),
        ("08:00:00", true),
        ("12:00:00", true),
    ] {
        assert_eq!(told(time), speaks, "{time}");
    }
}

#[test]
fn a_json_answer_that_nobody_gets_keeps_its_reports_for_the_next_tick() {
    let sandbox = watched_with(&json!({}));
    let full = sandbox.shell("\"$OPSFSM\" tick --format json > /dev/full").run();
    full.exits(3).says("No space left");
    has(&sandbox.tick(), &["state: not started"]);
    assert_eq!(sandbox.tick(), "", "delivered once");
}

#[test]
fn a_json_answer_holds_each_report_once_though_a_tick_delivers_twice() {
    let sandbox = Sandbox::new();
    let check = with(sandbox.check("c"), &json!({"everySeconds": 60, "manual": true}));
    sandbox.config(&json!({}), &[sandbox.watched("scan"), check]);
    let answer = sandbox.json(&["tick", "--format", "json"]);
    assert_eq!(answer["reports"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(sandbox.tick(), "", "it has arrived");
}
