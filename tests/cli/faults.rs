//! The fourteen faults of ops-monitor v1, each shown to be gone.
//!
//! Faults 13 and 14 are about sending to Telegram, which this version does not do yet: what can be
//! shown is that a report leaves by stdout alone.

use serde_json::json;

use super::support::{Sandbox, await_that, has, lacks, stopwatch, with};

#[test]
fn fault_01_one_bad_job_does_not_end_the_tick() {
    let sandbox = Sandbox::new();
    let mut hangs = with(sandbox.watched("a-hangs"), &json!({"statusTimeoutSeconds": 0.3}));
    hangs["commands"]["status"] = json!(["sleep", "600"]);
    let mut missing = sandbox.watched("b-missing");
    missing["commands"]["status"] = json!(["/no/such/program"]);
    let jobs = [hangs, missing, sandbox.watched("c-odd"), sandbox.watched("d-good")];
    sandbox.config(&json!({}), &jobs);
    sandbox.raw_status("c-odd", r#"{"running": "yes", "completed": false}"#);
    sandbox.runs_on("d-good", 1);
    let told = sandbox.tick();
    has(&told, &["a-hangs", "timed out", "b-missing", "/no/such/program"]);
    has(&told, &["c-odd", "`running` is a text; it must be true or false"]);
    has(&told, &["d-good [long_running_read]\n  state: running"]);
    assert_eq!(sandbox.state("d-good"), "running", "its state was saved");
    assert_eq!(sandbox.survivors(), []);
}

#[test]
fn fault_02_status_commands_run_side_by_side() {
    // Each waits until all of them run: one after another, none would ever end.
    let sandbox = Sandbox::new();
    let folder = sandbox.path("together");
    std::fs::create_dir(&folder).unwrap();
    let wait = sandbox.script(
        "wait-for-all",
        &format!(
            "#!/bin/sh\n: > '{0}'/$1\nuntil [ $(ls '{0}' | wc -l) -ge 20 ]; do sleep 0.01; done\n\
             echo '{{\"running\":true,\"completed\":false}}'\n",
            folder.display()
        ),
    );
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            let id = format!("job-{n:02}");
            let mut job = sandbox.watched(&id);
            job["commands"]["status"] = json!([wait, id]);
            job
        })
        .collect();
    sandbox.config(&json!({}), &jobs);
    let told = sandbox.tick();
    assert_eq!(told.matches("state: running").count(), 20, "{told}");
}

#[test]
fn fault_03_a_report_that_cannot_be_delivered_loses_nothing() {
    let sandbox = Sandbox::new();
    let job = with(
        sandbox.watched("scan"),
        &json!({"policy": {"autoResume": true, "autoResumeBackoffSeconds": 9000}}),
    );
    sandbox.config(&json!({}), &[job]);
    let ran = sandbox.shell("\"$OPSFSM\" tick > /dev/full").run();
    ran.exits(3).says("kept for the next tick");
    assert_eq!(sandbox.count("scan", "starts"), 1);
    // Neither the resume nor the report is forgotten.
    let told = sandbox.tick();
    has(&told, &["its start command was run", "next resume in"]);
    assert_eq!(sandbox.count("scan", "starts"), 1);
    assert_eq!(sandbox.tick(), "");
}

#[test]
fn fault_04_a_broken_status_command_starts_no_second_copy() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    for broken in ["", "{", "null", "{\"running\": false}", "[]"] {
        sandbox.raw_status("scan", broken);
        sandbox.tick();
        assert_eq!(sandbox.state("scan"), "running", "{broken:?}");
    }
    sandbox.remove("jobs/scan/status");
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 0);
    sandbox.runs_on("scan", 2);
    has(&sandbox.tick(), &["recovered"]);
}

#[test]
fn fault_05_what_a_person_stopped_is_not_started_again() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job]);
    sandbox.runs_on("scan", 1);
    sandbox.tick();
    sandbox.on("scan", "stop", "echo '{\"running\":false,\"completed\":false}' > status");
    sandbox.ok(&["stop", "scan"]);
    for _ in 0..4 {
        lacks(&sandbox.tick(), &["🔴", "ACTION REQUIRED"]);
    }
    assert_eq!(sandbox.count("scan", "starts"), 0);
    assert_eq!(sandbox.state("scan"), "paused");
    // Until the person starts it.
    sandbox.on("scan", "start", "echo '{\"running\":true,\"completed\":false}' > status");
    sandbox.ok(&["start", "scan"]);
    has(&sandbox.tick(), &["state: running"]);
    sandbox.stands("scan");
    sandbox.tick();
    assert_eq!(sandbox.count("scan", "starts"), 2, "and then it is resumed again");
}

#[test]
fn fault_06_back_off_is_not_reported_at_every_tick() {
    let sandbox = Sandbox::new();
    let policy =
        json!({"autoResume": true, "autoResumeBackoffSeconds": 9000, "reportEverySeconds": 0});
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &json!({"policy": policy}))]);
    sandbox.tick();
    has(&sandbox.tick(), &["next resume in 2h"]);
    for _ in 0..4 {
        assert_eq!(sandbox.tick(), "");
    }
}

#[test]
fn fault_07_progress_alone_is_not_reported_before_its_time() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({"reportEverySeconds": 1000}), &[sandbox.watched("scan")]);
    for n in 0..6 {
        sandbox.runs_on("scan", n);
        assert_eq!(sandbox.tick().is_empty(), n > 0, "{n}");
    }
}

#[test]
fn fault_08_stop_does_not_trust_a_pid() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.unstoppable("scan")]);
    let bystander = sandbox.call_program("sleep", &["600"]).spawn();
    let pid = bystander.pid;
    sandbox.status("scan", &json!({"running": true, "completed": false, "pid": pid}));
    let ran = sandbox.run(&["stop", "scan"]);
    ran.exits(2).says(&format!("kill {pid}")).says("can't prove");
    assert!(sandbox.survivors().iter().any(|(alive, _)| *alive == pid), "it lives");
}

#[test]
fn fault_09_overlapping_calls_do_not_overwrite_each_other() {
    let sandbox = Sandbox::new();
    let jobs: Vec<_> = (0..8).map(|n| sandbox.check(&format!("job-{n}"))).collect();
    sandbox.config(&json!({}), &jobs);
    let names: Vec<String> = (0..8).map(|n| format!("job-{n}")).collect();
    let calls: Vec<_> = names.iter().map(|id| sandbox.call(&["run", id]).spawn()).collect();
    for call in calls {
        call.wait().exits(0);
    }
    let answer = sandbox.json(&["status", "--format", "json"]);
    for job in answer["jobs"].as_array().unwrap() {
        assert_eq!(job["state"], "completed", "{job}");
    }
}

#[test]
fn fault_09_a_corrupt_store_is_refused_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    let job = with(sandbox.watched("scan"), &json!({"policy": {"autoResume": true}}));
    sandbox.config(&json!({}), &[job, sandbox.check("disk")]);
    for content in ["", "this is no database", "{\"version\": 1"] {
        let path = sandbox.write("state/opsfsm/opsfsm.db", content);
        for command in [&["tick"][..], &["status"], &["start", "scan"], &["run", "disk"]] {
            let ran = sandbox.run(command);
            ran.exits(6).says("opsfsm.db");
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), content);
    }
    assert_eq!((sandbox.count("scan", "starts"), sandbox.count("disk", "runs")), (0, 0));
}

#[test]
fn fault_10_chains_fill_the_queue_and_a_write_is_gated_whatever_the_file_says() {
    let sandbox = Sandbox::new();
    let first =
        with(sandbox.check("first"), &json!({"after": [{"jobId": "prune"}, {"jobId": "verify"}]}));
    let prune = with(sandbox.write_job("prune", "verify"), &json!({"approval": {"granted": true}}));
    sandbox.config(&json!({}), &[first, prune, sandbox.check("verify")]);
    sandbox.run(&["run", "first"]).exits(0);
    sandbox.tick();
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (0, 1));
    sandbox.run(&["run", "prune"]).exits(4);
    let open =
        with(sandbox.write_job("prune", "verify"), &json!({"approval": {"required": false}}));
    sandbox.config(&json!({}), &[open, sandbox.check("verify")]);
    sandbox.run(&["run", "prune"]).exits(2).says("OF061");
    sandbox.run(&["tick"]).exits(2);
    assert_eq!(sandbox.count("prune", "runs"), 0);
}

#[test]
fn fault_11_no_flag_lets_a_command_of_write_risk_run() {
    let sandbox = Sandbox::new();
    let jobs = [
        with(sandbox.watched("risky"), &json!({"risk": "write_external"})),
        sandbox.one_shot("check", "one_shot_read", "write_local"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["start", "risky", "--allow-risk"]).exits(2);
    sandbox.run(&["start", "--allow-risk", "risky"]).exits(2);
    sandbox.run(&["run", "check", "--allow-risk"]).exits(2);
    sandbox.run(&["tick", "--allow-risk"]).exits(2);
    assert_eq!((sandbox.count("risky", "starts"), sandbox.count("check", "runs")), (0, 0));
}

#[test]
fn fault_12_output_is_bounded_everywhere() {
    // Redaction comes with sending; this is about size.
    let sandbox = Sandbox::new();
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 60}));
    sandbox.config(&json!({}), &[disk]);
    sandbox.on(
        "disk",
        "run",
        "head -c 60000000 /dev/zero | tr '\\0' x; echo; echo ALERT at the end",
    );
    let told = sandbox.tick();
    has(&told, &["disk", "ALERT at the end"]);
    assert!(told.len() < 8000, "{}", told.len());
    let size = |name: &str| std::fs::metadata(sandbox.path(name)).map_or(0, |m| m.len());
    assert!(size("state/opsfsm/opsfsm.db") + size("state/opsfsm/opsfsm.db-wal") < 1_000_000);
    // Memory too: the whole output would not fit under this limit of the address space.
    let ran = sandbox.shell("ulimit -v 300000; exec \"$OPSFSM\" run disk").run();
    ran.exits(0).prints("(60000018 bytes, its end)");
}

#[test]
fn fault_13_a_report_stands_in_no_argv() {
    let sandbox = Sandbox::new();
    let words = "very private words";
    let status = json!({"running": true, "completed": false, "message": words});
    let job = with(sandbox.watched("scan"), &json!({"after": [{"jobId": "disk"}]}));
    sandbox.config(&json!({}), &[job, sandbox.check("disk")]);
    sandbox.status("scan", &status);
    sandbox.tick();
    sandbox.status("scan", &with(status, &json!({"running": false, "completed": true})));
    // The check looks at every process below this sandbox while the tick is at work.
    sandbox.on(
        "disk",
        "run",
        "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done > argvs 2>/dev/null",
    );
    has(&sandbox.tick(), &[words]);
    let argvs = sandbox.read("jobs/disk/argvs");
    has(&argvs, &["__exec"]);
    lacks(&argvs, &[words]);
}

#[test]
fn fault_14_a_target_is_never_guessed() {
    // The order of all places is in `src/adapters/openclaw/tests.rs`; here nobody is named.
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/.openclaw/openclaw.json",
        r#"{"channels": {"telegram": {"allowFrom": ["*"]}}}"#,
    );
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    let ran = sandbox.run(&["tick"]);
    ran.exits(0);
    lacks(&ran.out, &["*"]);
}

#[test]
fn fault_03_a_closed_pipe_is_survived_and_the_report_kept() {
    let sandbox = Sandbox::new();
    let jobs: Vec<_> = (0..60).map(|n| sandbox.watched(&format!("job-{n}"))).collect();
    sandbox.config(&json!({}), &jobs);
    let ran = sandbox.shell("\"$OPSFSM\" tick | true; \"$OPSFSM\" status | head -1").run();
    lacks(&ran.err, &["panicked"]);
    has(&ran.out, &["paused"]);
    await_that("the report", || sandbox.tick().is_empty());
}

#[test]
fn a_status_that_ignores_its_end_and_a_long_run_together_keep_to_the_ticks_limit() {
    let sandbox = Sandbox::new();
    let mut stubborn = sandbox.watched("a-stubborn");
    stubborn["commands"]["status"] =
        json!(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    let mut long = with(sandbox.check("b-long"), &json!({"everySeconds": 60, "manual": true}));
    long["commands"]["run"] = json!(["sleep", "600"]);
    sandbox.config(&json!({"tickLimitSeconds": 10}), &[stubborn, long]);
    let seconds = stopwatch();
    has(&sandbox.tick(), &["a-stubborn", "not asked"]);
    assert!(seconds() < 10.0, "{}", seconds());
}
