//! Every command of ops-monitor v1 with its flags, its words and its exit codes.

use serde_json::json;

use super::support::{Sandbox, has, lacks, with};

#[test]
fn validate_config_is_check() {
    let sandbox = Sandbox::new();
    let job = sandbox.check("disk");
    sandbox.config(&json!({}), &[job]);
    let path = sandbox.config_path();
    let path = path.to_str().unwrap();
    let old = sandbox.ok(&["validate-config", "--config-file", path]);
    assert_eq!(old, sandbox.ok(&["check", path]));
    assert_eq!(old, sandbox.ok(&["check"]));
    has(&old, &["ok, 1 job", "1 one_shot_read"]);
    assert!(!sandbox.has_store(), "checking records nothing");
}

#[test]
fn a_check_with_errors_exits_1_and_one_that_cannot_be_made_exits_2() {
    let sandbox = Sandbox::new();
    sandbox.raw_config(&json!({"version": 1, "jobs": [{"id": "a"}]}));
    sandbox.run(&["validate-config"]).exits(1).prints("OF005");
    sandbox.run(&["check", "/nowhere/at/all.json"]).exits(2).says("no config at");
    let folder = sandbox.path("jobs");
    sandbox.run(&["check", folder.to_str().unwrap()]).exits(2).says("no *.toml or *.json");
}

#[test]
fn selftest_tries_everything_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let scratch = sandbox.path("scratch");
    std::fs::create_dir(&scratch).unwrap();
    let ran = sandbox.call(&["selftest"]).env("TMPDIR", &scratch).run();
    ran.exits(0);
    assert!(ran.out.lines().count() >= 8, "{ran:?}");
    assert!(ran.out.lines().all(|line| line.starts_with("ok ")), "{ran:?}");
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    assert!(!sandbox.has_store());
}

#[test]
fn selftest_says_when_it_cannot_try() {
    let sandbox = Sandbox::new();
    let ran = sandbox.call(&["selftest"]).env("TMPDIR", "/nowhere/at/all").run();
    assert_ne!(ran.code, 0, "{ran:?}");
    ran.says("/nowhere/at/all");
}

#[test]
fn status_begins_each_line_with_the_words_of_v1() {
    let sandbox = Sandbox::new();
    let jobs = [
        sandbox.watched("a-done"),
        sandbox.watched("b-runs"),
        sandbox.watched("c-silent"),
        sandbox.watched("d-stopped"),
        sandbox.check("e-never"),
        sandbox.check("f-fine"),
        sandbox.check("g-bad"),
        sandbox.write_job("h-write", "e-never"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.completes("a-done");
    sandbox.status("b-runs", &json!({"running": true, "completed": false, "pid": 4242}));
    sandbox.status("c-silent", &json!({"running": true, "completed": false}));
    sandbox.on("g-bad", "run", "exit 7");
    sandbox.run(&["run", "f-fine"]).exits(0);
    sandbox.run(&["run", "g-bad"]).exits(1);
    let text = sandbox.ok(&["status"]);
    let lines: Vec<&str> = text.lines().collect();
    let words = [
        "completed ",
        "running pid=4242 ",
        "running ",
        "paused ",
        "never ran ",
        "lastRun exit=0 ",
        "lastRun exit=7 ",
        "write (approved=false) ",
        "queue 0",
    ];
    assert_eq!(lines.len(), words.len(), "{text}");
    for (line, words) in lines.iter().zip(words) {
        assert!(line.starts_with(words), "{words:?}: {line:?}");
    }
    assert!(lines[..8].iter().all(|line| line.contains("state=")), "{text}");
    has(lines[0], &["a-done", "state=idle"]);
    has(lines[6], &["g-bad", "state=failed", "cause=run_failed"]);
}

#[test]
fn status_records_nothing_and_starts_nothing() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.ok(&["status"]);
    assert!(!sandbox.has_store());
    assert_eq!(sandbox.count("scan", "starts"), 0);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.completes("scan");
    has(&sandbox.ok(&["status"]), &["completed", "state=running"]);
    has(&sandbox.ok(&["status"]), &["completed", "state=running"]);
}

#[test]
fn status_counts_the_pending_items_of_the_queue() {
    let sandbox = Sandbox::new();
    let first = with(
        sandbox.check("first"),
        &json!({"after": [{"jobId": "second", "delaySeconds": 100_000}, {"jobId": "third", "delaySeconds": 50}]}),
    );
    let jobs = [first, sandbox.check("second"), sandbox.check("third")];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["run", "first"]).exits(0);
    has(&sandbox.ok(&["status"]), &["\nqueue 2\n"]);
}

#[test]
fn status_of_a_broken_source_is_unknown_and_says_why() {
    let sandbox = Sandbox::with(&[]);
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.raw_status("scan", "no json");
    let text = sandbox.ok(&["status"]);
    assert!(text.starts_with("unknown "), "{text}");
    has(&text, &["malformed", "not one JSON object"]);
}

#[test]
fn the_files_may_be_named_by_flags_before_and_after_the_command() {
    let sandbox = Sandbox::new();
    let job = sandbox.watched("scan");
    sandbox.runs_on("scan", 1);
    let config = json!({"version": 1, "jobs": [job]});
    let config = sandbox.write("elsewhere/jobs.json", config.to_string());
    let config = config.to_str().unwrap();
    let store = sandbox.path("elsewhere/deep/down/store.db");
    let store = store.to_str().unwrap();
    sandbox.ok(&["tick", "--config-file", config, "--state-file", store]);
    sandbox.ok(&["--config-file", config, "--state-file", store, "tick"]);
    let text = sandbox.ok(&["status", "--config-file", config, "--state-file", store]);
    has(&text, &["state=running"]);
    assert!(!sandbox.has_store());
    for command in [&["start", "scan"], &["stop", "scan"]] {
        let flags = ["--config-file", config, "--state-file", store];
        sandbox.run(&[&command[..], &flags[..]].concat()).exits(0);
    }
}

#[test]
fn a_tick_with_a_target_that_nothing_reaches_exits_3_until_printing_is_meant() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    for _ in 0..2 {
        let ran = sandbox.run(&["tick", "--target", "12345"]);
        assert_eq!(ran.exits(3).says("--print-only").out, "", "it waits");
    }
    let ran = sandbox.run(&["tick", "--target", "12345", "--print-only"]);
    ran.exits(0).prints("scan [long_running_read]");
    assert_eq!(sandbox.ok(&["tick", "--target", "12345"]), "");
}

#[test]
fn print_only_is_a_full_tick_that_counts_as_told() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.on("scan", "start", "echo '{\"running\":true,\"completed\":false}' > status");
    let told = sandbox.ok(&["tick", "--print-only"]);
    has(&told, &["scan", "started: its start command was run"]);
    assert_eq!(sandbox.count("scan", "starts"), 1);
    has(&sandbox.ok(&["tick", "--print-only"]), &["state: running"]);
    assert_eq!(sandbox.ok(&["tick", "--print-only"]), "");
}

#[test]
fn a_dry_run_observes_and_does_nothing_else() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 60}));
    sandbox.config(&json!({}), &[scan, disk]);
    for _ in 0..2 {
        let text = sandbox.ok(&["tick", "--dry-run"]);
        has(&text, &["dry run: nothing was recorded", "would start: scan (resume)"]);
        has(&text, &["would start: disk (check)", "Ops report ("]);
    }
    let ran = sandbox.run(&["tick", "--dry-run", "--target", "1"]);
    ran.exits(0);
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (0, 0));
    assert!(!sandbox.has_store());
}

#[test]
fn a_dry_run_on_a_used_store_changes_nothing_in_it() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    let before = sandbox.json(&["status", "--format", "json"])["jobs"].clone();
    sandbox.completes("scan");
    has(&sandbox.ok(&["tick", "--dry-run"]), &["state: completed"]);
    has(&sandbox.ok(&["tick", "--dry-run"]), &["state: completed"]);
    sandbox.runs_on("scan", 1);
    assert_eq!(before, sandbox.json(&["status", "--format", "json"])["jobs"]);
}

#[test]
fn now_needs_a_dry_run() {
    let sandbox = Sandbox::with(&[]);
    sandbox.run(&["tick", "--now", "2030-01-01T00:00:00Z"]).exits(2).says("--dry-run");
    sandbox.run(&["tick", "--dry-run", "--now", "soon"]).exits(2).says("--now");
    sandbox.run(&["tick", "--dry-run", "--now", "2030-01-01T00:00:00Z"]).exits(0);
}

#[test]
fn start_runs_the_start_command_once() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.on("scan", "start", "echo warming up; echo ready to go");
    let said = sandbox.ok(&["start", "scan", "--timeout-seconds", "60"]);
    assert_eq!(said, "scan: started: ready to go; the next tick watches it\n");
    assert_eq!(sandbox.count("scan", "starts"), 1);
    assert_eq!(sandbox.state("scan"), "running");
}

#[test]
fn a_start_that_fails_exits_1_and_names_its_log() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.on("scan", "start", "echo no licence >&2; exit 9");
    let ran = sandbox.run(&["start", "scan"]);
    ran.exits(1).says("exit=9").says("no licence").says("scan.log");
    has(&sandbox.read("state/opsfsm/opsfsm.db.logs/scan.log"), &["no licence"]);
    assert_eq!(sandbox.state("scan"), "idle");
}

#[test]
fn a_start_over_its_time_limit_exits_1() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.on("scan", "start", "exec sleep 600");
    let ran = sandbox.run(&["start", "scan", "--timeout-seconds", "1"]);
    ran.exits(1).says("timed out after 1.0s");
    assert_eq!(sandbox.survivors(), []);
}

#[test]
fn start_refuses_other_kinds_and_risks() {
    let sandbox = Sandbox::new();
    let risky = with(sandbox.watched("risky"), &json!({"risk": "write_local"}));
    let jobs = [risky, sandbox.check("disk"), sandbox.write_job("prune", "disk")];
    sandbox.config(&json!({}), &jobs);
    let ran = sandbox.run(&["start", "risky"]);
    ran.exits(2).says("risk write_local").says("one_shot_write");
    sandbox.run(&["start", "disk"]).exits(2).says("run disk");
    sandbox.run(&["start", "prune"]).exits(2);
    sandbox.run(&["start", "ghost"]).exits(2).says("there is no job `ghost`");
    assert_eq!(sandbox.count("risky", "starts"), 0);
    assert_eq!(sandbox.count("prune", "runs"), 0);
}

#[test]
fn allow_risk_exits_2_and_says_how_else() {
    let sandbox = Sandbox::new();
    let risky = with(sandbox.watched("risky"), &json!({"risk": "write_external"}));
    sandbox.config(&json!({}), &[risky, sandbox.watched("scan")]);
    for job in ["risky", "scan"] {
        let ran = sandbox.run(&["start", job, "--allow-risk"]);
        ran.exits(2).says("no longer exists").says("one_shot_write").says("commands.status");
        assert_eq!(sandbox.count(job, "starts"), 0);
    }
}

#[test]
fn stop_runs_the_stop_command_once() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    sandbox.on("scan", "stop", "echo '{\"running\":false,\"completed\":false}' > status");
    let said = sandbox.ok(&["stop", "scan", "--timeout-seconds", "60"]);
    assert_eq!(said, "scan: stopped; it stays so until you start it\n");
    assert_eq!(sandbox.count("scan", "stops"), 1);
    assert_eq!(sandbox.state("scan"), "paused");
}

#[test]
fn a_stop_that_fails_exits_1_and_one_of_another_kind_2() {
    let sandbox = Sandbox::new();
    let jobs = [sandbox.watched("scan"), sandbox.check("disk")];
    sandbox.config(&json!({}), &jobs);
    sandbox.runs_on("scan", 1);
    sandbox.on("scan", "stop", "echo cannot >&2; exit 4");
    sandbox.run(&["stop", "scan"]).exits(1).says("exit=4: cannot").says("may still run");
    sandbox.on("scan", "stop", "exec sleep 600");
    let ran = sandbox.run(&["stop", "scan", "--timeout-seconds", "1"]);
    ran.exits(1).says("timed out after 1.0s");
    sandbox.run(&["stop", "disk"]).exits(2).says("one_shot_read");
    sandbox.run(&["stop", "ghost"]).exits(2);
}

#[test]
fn run_prints_exit_duration_and_both_tails() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.on("disk", "run", "echo to out; echo to err >&2");
    let text = sandbox.ok(&["run", "disk", "--timeout-seconds", "300"]);
    has(&text, &["disk: exit=0 duration=0.", "--- stdout (7 bytes)\nto out\n"]);
    has(&text, &["--- stderr (7 bytes)\nto err\n", "run="]);
    lacks(&text, &["attention"]);
    sandbox.on("disk", "run", "echo 'disk: ACTION REQUIRED'; exit 5");
    sandbox.run(&["run", "disk"]).exits(1).prints("exit=5").prints("attention");
    sandbox.on("disk", "run", "exec sleep 600");
    let ran = sandbox.run(&["run", "disk", "--timeout-seconds", "1"]);
    ran.exits(1).prints("timed out after 1.0s");
    assert_eq!(sandbox.count("disk", "runs"), 3);
}

#[test]
fn the_tail_of_a_run_is_its_end() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.on("disk", "run", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done");
    let text = sandbox.ok(&["run", "disk"]);
    has(&text, &["its end)", "line 1999"]);
    lacks(&text, &["line 12\n"]);
    assert!(text.len() < 6000, "{}", text.len());
}

#[test]
fn run_with_dry_run_runs_nothing() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.check("disk"), &json!({"env": {"SECRET": "hush"}}));
    sandbox.config(&json!({}), &[job]);
    let text = sandbox.ok(&["run", "disk", "--dry-run", "--timeout-seconds", "7"]);
    has(&text, &["disk: would run", "jobs/disk/run", "limit: 7 s", "environment: SECRET"]);
    lacks(&text, &["hush"]);
    has(&sandbox.ok(&["run", "disk", "--dry-run"]), &["limit: 300 s"]);
    assert_eq!(sandbox.count("disk", "runs"), 0);
    assert!(!sandbox.has_store());
}

#[test]
fn run_refuses_other_kinds_and_risks() {
    let sandbox = Sandbox::new();
    let jobs = [
        sandbox.check("disk"),
        sandbox.one_shot("risky", "one_shot_read", "write_local"),
        sandbox.watched("scan"),
        sandbox.write_job("prune", "disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["run", "risky"]).exits(2).says("write_local");
    sandbox.run(&["run", "scan"]).exits(2).says("start scan");
    sandbox.run(&["run", "prune"]).exits(4).says("it has no approval; nothing was run");
    sandbox.run(&["run", "prune", "--dry-run"]).exits(0).prints("plan of prune");
    sandbox.run(&["run", "ghost"]).exits(2);
    for id in ["risky", "prune"] {
        assert_eq!(sandbox.count(id, "runs"), 0);
    }
    assert_eq!(sandbox.count("scan", "starts"), 0);
}

#[test]
fn a_time_limit_of_nothing_is_a_usage_error() {
    let sandbox = Sandbox::with(&[]);
    for command in ["start", "stop", "run"] {
        for limit in ["0", "-1", "soon", "99999999999"] {
            let flag = format!("--timeout-seconds={limit}");
            sandbox.run(&[command, "job", &flag]).exits(2).says("--timeout-seconds");
        }
    }
}

#[test]
fn start_and_run_work_on_disabled_read_jobs() {
    let sandbox = Sandbox::new();
    let off = json!({"enabled": false});
    let jobs = [with(sandbox.watched("scan"), &off), with(sandbox.check("disk"), &off)];
    sandbox.config(&json!({}), &jobs);
    let ran = sandbox.run(&["start", "scan"]);
    ran.exits(0).says("disabled: no tick watches it");
    sandbox.run(&["run", "disk"]).exits(0);
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (1, 1));
    sandbox.run(&["stop", "scan"]).exits(0);
    assert_eq!(sandbox.count("scan", "stops"), 1);
}
