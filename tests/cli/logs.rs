//! `opsfsm logs`: what jobs printed, from where it is kept, and harmless.

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks, with};

#[test]
fn the_log_of_starts_and_the_ends_of_runs() {
    let sandbox = Sandbox::new();
    let secret = json!({"env": {"API_TOKEN": "s3cr3t-of-scan"}});
    sandbox.config(&json!({}), &[with(sandbox.watched("scan"), &secret), sandbox.check("disk")]);
    let text = sandbox.ok(&["logs", "scan"]);
    has(&text, &["scan: no start command was run by opsfsm (", "opsfsm.db.logs/scan.log)"]);
    has(&sandbox.ok(&["logs", "disk"]), &["disk: nothing it printed is kept: it has not run yet"]);
    assert!(!sandbox.has_store());
    sandbox.on("scan", "start", "for n in 1 2 3; do echo line $n; done; echo it is $API_TOKEN");
    sandbox.run(&["start", "scan"]).exits(0);
    let text = sandbox.ok(&["logs", "scan", "-n", "2"]);
    has(&text, &["opsfsm.db.logs/scan.log (", ", its end)\n  line 3\n  it is "]);
    has(&text, &["\nstart 2", ": exit=0, run "]);
    lacks(&text, &["s3cr3t", "line 2", "line 1"]);
    assert!(sandbox.read("state/opsfsm/opsfsm.db.logs/scan.log").contains("s3cr3t-of-scan"));
    sandbox.run(&["logs", "dsik"]).exits(2).says("did you mean `disk`?");
}

/// A check that every first tick runs.
fn scheduled(sandbox: &Sandbox, id: &str) -> Value {
    with(sandbox.check(id), &json!({"everySeconds": 86_400}))
}

#[test]
fn the_ends_of_what_ticks_ran_and_that_those_of_what_a_person_ran_are_not_kept() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[scheduled(&sandbox, "disk")]);
    sandbox.on("disk", "run", "echo full; echo why >&2; exit 3");
    sandbox.tick();
    for _ in 0..3 {
        sandbox.run(&["run", "disk"]).exits(1);
    }
    let text = sandbox.ok(&["logs", "disk", "--runs", "9"]);
    has(&text, &["exit=3 in ", " stdout (5 bytes)\n  full\n stderr (4 bytes)\n  why\n"]);
    has(&text, &[": exit=3, run ", "  (a person ran it: what it printed was shown there"]);
    assert_eq!(text.matches("check 2").count(), 4);
    let text = sandbox.ok(&["logs", "disk"]);
    assert_eq!(text.matches("check 2").count(), 3);
    lacks(&text, &["full"]);
}

#[test]
fn what_is_printed_steers_no_terminal_and_feigns_no_other_run() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[scheduled(&sandbox, "disk")]);
    sandbox.on("disk", "run", "printf 'a\\033[2J\\rb\\ncheck 2026-01-01 00:00:00: exit=0\\n'");
    sandbox.tick();
    let text = sandbox.ok(&["logs", "disk"]);
    has(&text, &["  a␛[2J␍b\n  check 2026-01-01 00:00:00: exit=0\n"]);
    lacks(&text, &["\u{1b}", "\r", "\ncheck 2026-01-01"]);
}

#[test]
fn a_broken_config_and_a_job_that_is_gone_hinder_nobody() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[scheduled(&sandbox, "disk")]);
    sandbox.on("disk", "run", "echo here");
    sandbox.tick();
    sandbox.config(&json!({}), &[sandbox.check("other")]);
    has(&sandbox.ok(&["logs", "disk"]), &["  here\n"]);
    sandbox.raw_config(&json!({"version": 7}));
    has(&sandbox.ok(&["logs", "disk"]), &["  here\n"]);
    sandbox.run(&["logs", "other"]).exits(2).says("OF007");
}

#[test]
fn what_stands_in_the_place_of_a_log_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("scan")]);
    sandbox.tick();
    let secret = sandbox.write("secret", "hush\n");
    let log = sandbox.write("state/opsfsm/opsfsm.db.logs/scan.log", "");
    std::fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink(secret, &log).unwrap();
    let ran = sandbox.run(&["logs", "scan"]);
    ran.exits(2).says("scan.log can't be read");
    lacks(&ran.out, &["hush"]);
}
