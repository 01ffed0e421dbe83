//! `run --report`: a check that cron runs speaks up only when there is something to say.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use super::support::{Sandbox, has, lacks, with};

fn check(policy: &serde_json::Value) -> Sandbox {
    let sandbox = Sandbox::new();
    let job = with(sandbox.check("c"), &json!({"manual": true, "policy": policy}));
    sandbox.config(&json!({}), &[job]);
    sandbox
}

const REPORT: [&str; 3] = ["run", "c", "--report"];

#[test]
fn it_is_silent_unless_there_is_something_to_say_and_says_it_once() {
    let sandbox = check(&json!({}));
    let report = |code: i32| {
        let ran = sandbox.run(&REPORT);
        assert_eq!((ran.code, ran.err.as_str()), (code, ""), "{ran:?}");
        ran.out
    };
    assert_eq!(report(0), "");
    sandbox.on("c", "run", "echo 'ALERT: /srv is full'");
    let told = report(0);
    has(&told, &["🛠️ Ops report", "c [one_shot_read]", "ACTION REQUIRED", "ALERT: /srv is full"]);
    assert_eq!(report(0), "", "the same complaint");
    sandbox.on("c", "run", "echo broken >&2; exit 3");
    has(&report(1), &["exit=3", "broken"]);
    assert_eq!(report(1), "", "the same failure; its exit code still says so");
    sandbox.on("c", "run", ":");
    has(&report(0), &["recovered"]);
    assert_eq!(report(0), "");
    assert_eq!(sandbox.count("c", "runs"), 7);
    assert_eq!(sandbox.tick(), "", "there is nothing left for a tick to tell");
}

#[test]
fn a_report_that_does_not_arrive_is_kept_and_said_so() {
    let sandbox = check(&json!({}));
    sandbox.on("c", "run", "exit 3");
    let full = sandbox.shell("\"$OPSFSM\" run c --report > /dev/full").run();
    full.exits(3).says("could not be delivered and is kept").says("No space left");
    assert_eq!(sandbox.count("c", "runs"), 1, "the run is recorded all the same");
    assert_eq!(sandbox.state("c"), "failed");
}

/// Another process is delivering, for as long as the file is open.
#[test]
fn who_delivers_keeps_no_tick_from_watching_and_no_quiet_run_waiting() {
    let sandbox = check(&json!({}));
    sandbox.tick();
    let outbox = File::open(sandbox.path("state/opsfsm/opsfsm.db.outbox")).unwrap();
    flock(&outbox, FlockOperation::LockExclusive).unwrap();
    // Had it anything to say, it would wait, and then say so by its exit code.
    sandbox.on("c", "run", "exit 0");
    assert_eq!(sandbox.ok(&["run", "c", "--report"]), "");
    sandbox.on("c", "run", "exit 3");
    sandbox.run(&["run", "c"]).exits(1);
    sandbox.run(&["tick"]).exits(0);
    assert_eq!(sandbox.state("c"), "failed");
}

#[test]
fn an_attention_word_counts_wherever_it_stands_kept_or_not() {
    // Far more on either side than is kept of a run.
    let noise = "head -c 300000 /dev/zero | tr '\\0' .; echo";
    for word in ["echo ACTION REQUIRED", "echo ALERT >&2"] {
        let says = format!("{noise}; {word}; {noise}; {{ {noise}; }} >&2");
        let sandbox = check(&json!({}));
        sandbox.on("c", "run", &says);
        let told = sandbox.ok(&REPORT);
        has(&told, &["its output asks for attention"]);
        let shown = told.split("output:").nth(1).expect("an output");
        lacks(shown, &["ALERT", "ACTION REQUIRED\n"]);
        // And the same in a tick.
        let sandbox = Sandbox::new();
        let scheduled = with(sandbox.check("c"), &json!({"everySeconds": 60}));
        sandbox.config(&json!({}), &[scheduled]);
        sandbox.on("c", "run", &says);
        has(&sandbox.tick(), &["its output asks for attention"]);
    }
}

#[test]
fn what_it_cannot_report_is_refused() {
    let sandbox = Sandbox::new();
    let jobs =
        [sandbox.watched("scan"), sandbox.write_job("prune", "verify"), sandbox.check("verify")];
    sandbox.config(&json!({}), &jobs);
    sandbox.run(&["run", "prune", "--report"]).exits(2).says("--report is for checks");
    sandbox.run(&["run", "scan", "--report"]).exits(2).says("long_running_read");
    let json = sandbox.run(&["run", "verify", "--report", "--format", "json"]);
    json.exits(2).says("cannot be used with");
    assert_eq!(sandbox.count("verify", "runs"), 0);
}
