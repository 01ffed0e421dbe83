//! Writes that have left the config, or whose config is broken: what is recorded of them is told, and
//! people have their say.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::support::{Running, Sandbox, await_that, has, kill, lacks};
use super::writing::{GATE, gated};

const FAILED: i32 = 1;
const REFUSED: i32 = 2;

/// How a config can lose a write.
const LOSSES: [fn(&Sandbox); 4] = [
    |sandbox| sandbox.config(&json!({}), &[sandbox.verify()]),
    |sandbox| sandbox.config(&json!({}), &[]),
    |sandbox| drop(sandbox.write("config/opsfsm/ops-jobs.json", "{ broken")),
    |sandbox| {
        // What was a write comes back as a read job, which is refused (OF038).
        let read = super::support::with(
            sandbox.check("prune"),
            &json!({"commands": sandbox.prune()["commands"]}),
        );
        sandbox.config(&json!({}), &[read, sandbox.verify()]);
    },
];

fn restore(sandbox: &Sandbox) {
    sandbox.gated_jobs(&json!({}), &json!({}), &[]);
}

fn run_at_gate(sandbox: &Sandbox) -> Running {
    sandbox.on("prune", "run", GATE);
    sandbox.approve("prune");
    let run = sandbox.call(&["run", "prune"]).spawn();
    sandbox.at_gate("prune");
    let started = |e: &Value| e["record"]["event"] == "write_started";
    await_that("its record", || sandbox.events("prune").iter().any(started));
    run
}

#[test]
fn a_running_write_is_stopped_whatever_the_config_says() {
    for lose in LOSSES {
        let sandbox = gated();
        let run = run_at_gate(&sandbox);
        lose(&sandbox);
        sandbox.run(&["revoke", "prune"]).exits(REFUSED).says("stop prune");
        sandbox.run(&["stop", "prune"]).exits(0).prints("was ended");
        run.wait();
        assert_eq!(sandbox.survivors(), []);
        sandbox.run(&["acknowledge", "prune"]).exits(0).prints("acknowledged");
        restore(&sandbox);
        assert_eq!(sandbox.state("prune"), "blocked");
        assert_eq!(sandbox.count("prune", "runs"), 1);
        sandbox.journal_is_whole();
    }
}

#[test]
fn approvals_and_requests_are_taken_back_whatever_the_config_says() {
    for lose in LOSSES {
        let sandbox = gated();
        sandbox.ok(&["request", "prune"]);
        lose(&sandbox);
        sandbox.run(&["deny", "prune"]).exits(0).prints("denied");
        restore(&sandbox);
        sandbox.approve("prune");
        lose(&sandbox);
        sandbox.run(&["revoke", "prune"]).exits(0).prints("taken back");
        restore(&sandbox);
        assert_eq!(sandbox.approvals(), ["void"], "which had answered a newer request");
        assert_eq!(sandbox.state("prune"), "blocked");
        sandbox.journal_is_whole();
    }
}

#[test]
fn an_open_outcome_is_verified_whatever_the_config_says() {
    for lose in LOSSES {
        let sandbox = gated();
        sandbox.on("verify", "run", "exit 9");
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(FAILED).prints("unverified");
        lose(&sandbox);
        sandbox.remove("jobs/verify/on-run");
        sandbox.run(&["verify", "prune", "--wait"]).exits(0).prints("prune: verified");
        restore(&sandbox);
        assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 2));
        sandbox.journal_is_whole();
    }
}

#[test]
fn without_its_config_a_write_is_told_and_never_begun() {
    let sandbox = gated();
    let run = run_at_gate(&sandbox);
    sandbox.config(&json!({}), &[sandbox.verify()]);
    has(&sandbox.tick(), &["prune", "no longer in the config", "state: running", "stop prune"]);
    lacks(&sandbox.tick(), &["prune"]);
    has(&sandbox.ok(&["status"]), &["prune", "state=running", "no longer in the config"]);
    for pid in sandbox.executors() {
        kill(pid, Signal::KILL);
    }
    run.wait();
    has(&sandbox.tick(), &["prune", "no longer in the config", "unknown", "acknowledge prune"]);
    let status = sandbox.json(&["status", "--format", "json"]);
    assert_eq!(status["orphans"][0]["id"], "prune");
    assert_eq!(status["orphans"][0]["state"], "unknown");
    sandbox.run(&["run", "prune"]).exits(REFUSED).says("there is no job");
    sandbox.run(&["approve", "prune"]).exits(REFUSED).says("there is no job");
    sandbox.open_gate("prune");
    await_that("its end", || sandbox.survivors().is_empty());
    sandbox.tick();
    assert_eq!(sandbox.json(&["status", "--format", "json"])["orphans"], json!([]), "verified");
}

#[test]
fn what_nobody_ever_declared_is_no_write() {
    let sandbox = gated();
    sandbox.tick();
    for order in ["revoke", "acknowledge", "verify", "deny", "stop"] {
        sandbox.run(&[order, "prun"]).exits(REFUSED).says("did you mean `prune`?");
        let elsewhere = ["--config-file", "/nowhere.toml"];
        sandbox.run(&[&[order, "prune"], &elsewhere[..]].concat()).exits(REFUSED).says("/nowhere");
    }
    sandbox.write("config/opsfsm/ops-jobs.json", "{ broken");
    sandbox.run(&["stop", "verify"]).exits(REFUSED).says("broken");
}

#[test]
fn what_is_open_of_a_write_keeps_it_one() {
    let sandbox = gated();
    sandbox.approve("prune");
    LOSSES[3](&sandbox);
    let reclassify = || sandbox.call(&["approve", "--reclassify", "prune"]).types("prune\n");
    reclassify().exits(REFUSED).prints("revoke prune");
    restore(&sandbox);
    sandbox.on("verify", "run", "exit 9");
    sandbox.run(&["run", "prune", "--wait"]).exits(FAILED);
    LOSSES[3](&sandbox);
    reclassify().exits(REFUSED).prints("unverified").prints("acknowledge prune");
    sandbox.run(&["acknowledge", "prune"]).exits(0);
    reclassify().exits(0).prints("no write any more");
    sandbox.tick();
    assert_eq!(sandbox.state("prune"), "idle");
    sandbox.journal_is_whole();
}
