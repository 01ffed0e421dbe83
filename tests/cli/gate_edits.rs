//! The write gate and what is changed between an approval and its use: an approval is for one plan,
//! and for that as it was.

use std::fs;

use serde_json::{Value, json};

use super::support::{Sandbox, has, lacks};

const APPROVAL_NEEDED: i32 = 4;

/// The files of the plan that a change may touch.
const FILES: [&str; 4] =
    ["jobs/prune/run", "jobs/verify/run", "jobs/prune/table", "jobs/prune/input"];

/// A write with a file among its arguments and one among its inputs.
fn planned() -> Value {
    json!({"cwd": "../../jobs/prune", "inputs": ["input"], "timeoutSeconds": 600})
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("jobs/prune/table", "old files\n");
    sandbox.write("jobs/prune/input", "a list\n");
    configure(&sandbox, &json!({}), &json!({}));
    sandbox
}

/// The config, with changes to the write and to its verification.
fn configure(sandbox: &Sandbox, prune: &Value, verify: &Value) {
    let mut job = planned();
    let argv = json!([sandbox.path("jobs/prune/run"), "table"]);
    job["commands"] = json!({"run": argv});
    for (key, value) in prune.as_object().unwrap() {
        job[key] = value.clone();
    }
    sandbox.gated_jobs(&job, verify, &[]);
}

/// The approval of what was before does not serve for what is now.
#[track_caller]
fn is_refused(sandbox: &Sandbox, what: &str) -> String {
    let ran = sandbox.run(&["run", "prune"]);
    ran.exits(APPROVAL_NEEDED).says("not the approved one");
    assert_eq!(sandbox.count("prune", "runs"), 0, "{what}");
    assert_eq!(sandbox.state("prune"), "blocked", "{what}");
    assert_eq!(sandbox.approvals(), ["pending", "void"], "{what}");
    ran.err
}

/// What is changed back is not approved again by that.
#[track_caller]
fn is_still_refused(sandbox: &Sandbox, what: &str) {
    sandbox.run(&["run", "prune"]).exits(APPROVAL_NEEDED).says("no approval");
    assert_eq!(sandbox.count("prune", "runs"), 0, "{what}");
    assert_eq!(sandbox.job("prune")["approved"], false, "{what}");
    sandbox.journal_is_whole();
}

#[test]
fn a_file_that_changes_after_the_approval_voids_it_for_good() {
    for file in FILES {
        let sandbox = sandbox();
        sandbox.approve("prune");
        let before = sandbox.read(file);
        fs::write(sandbox.path(file), format!("{before}\n")).unwrap();
        is_refused(&sandbox, file);
        fs::write(sandbox.path(file), before).unwrap();
        is_still_refused(&sandbox, file);
        sandbox.approve("prune");
        sandbox.run(&["run", "prune", "--wait"]).exits(0);
        assert_eq!(sandbox.count("prune", "runs"), 1);
    }
}

#[test]
fn the_file_that_changed_is_named() {
    for file in FILES {
        let sandbox = sandbox();
        sandbox.approve("prune");
        let before = sandbox.read(file);
        fs::write(sandbox.path(file), format!("{before}\n")).unwrap();
        let said = is_refused(&sandbox, file);
        has(&said, &[sandbox.path(file).to_str().unwrap()]);
        let others = FILES.into_iter().filter(|other| *other != file);
        for other in others {
            lacks(&said, &[sandbox.path(other).to_str().unwrap()]);
        }
    }
}

#[test]
fn a_plan_that_the_config_changes_after_the_approval_voids_it_for_good() {
    let argv = |sandbox: &Sandbox| json!([sandbox.path("jobs/prune/run"), "table", "--all"]);
    let mark = |sandbox: &Sandbox| {
        let mut env = sandbox.mark();
        env["DEPTH"] = json!("9");
        env
    };
    for what in ["argv", "env", "cwd", "inputs", "time limit", "delay", "verifier", "deadline"] {
        let sandbox = sandbox();
        sandbox.approve("prune");
        let (prune, verify) = match what {
            "argv" => (json!({"commands": {"run": argv(&sandbox)}}), json!({})),
            "env" => (json!({"env": mark(&sandbox)}), json!({})),
            "cwd" => (json!({"cwd": "../../jobs/verify", "inputs": []}), json!({})),
            "inputs" => (json!({"inputs": []}), json!({})),
            "time limit" => (json!({"timeoutSeconds": 601}), json!({})),
            "delay" => (json!({"after": [{"jobId": "verify", "delaySeconds": 1}]}), json!({})),
            "verifier" => (json!({}), json!({"commands": {"run": ["true"]}})),
            "deadline" => (json!({"verifyWithinSeconds": 9}), json!({})),
            _ => unreachable!("{what}"),
        };
        configure(&sandbox, &prune, &verify);
        is_refused(&sandbox, what);
        configure(&sandbox, &json!({}), &json!({}));
        is_still_refused(&sandbox, what);
    }
}

#[test]
fn what_would_not_run_differently_leaves_the_approval_alone() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    let policy = json!({"name": "Prune the old files", "policy": {"reportEverySeconds": 60}});
    configure(&sandbox, &policy, &json!({"name": "Look at what is left"}));
    sandbox.write("jobs/prune/unheard-of", "x");
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!((sandbox.count("prune", "runs"), sandbox.count("verify", "runs")), (1, 1));
}

#[test]
fn a_write_that_is_disabled_or_gone_after_its_approval_does_not_run() {
    let sandbox = sandbox();
    sandbox.approve("prune");
    configure(&sandbox, &json!({"enabled": false}), &json!({}));
    sandbox.run(&["run", "prune"]).exits(2).says("enabled: false");
    sandbox.config(&json!({}), &[sandbox.verify()]);
    sandbox.run(&["run", "prune"]).exits(2).says("there is no job");
    sandbox.tick();
    assert_eq!(sandbox.count("prune", "runs"), 0);
}
