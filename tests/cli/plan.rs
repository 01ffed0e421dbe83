//! `opsfsm plan`: the digest stands for exactly what would run, and for nothing else.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use super::support::{Sandbox, with};

const WRITE: &str = "#!/bin/sh\necho write\n";
const VERIFY: &str = "#!/bin/sh\necho verify\n";

/// A write `w` with its verification `v`, and a check that has nothing to do with them.
fn sandbox(write: &Value, verify: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.script("w.sh", WRITE);
    sandbox.script("v.sh", VERIFY);
    sandbox.write("table", "1\n");
    configure(&sandbox, write, verify, &json!({}));
    sandbox
}

fn configure(sandbox: &Sandbox, write: &Value, verify: &Value, other: &Value) {
    let w = json!({
        "id": "w", "kind": "one_shot_write", "risk": "write_local", "enabled": true,
        "cwd": sandbox.path(""), "commands": {"run": ["./w.sh", "table", "--deep"]},
        "after": [{"jobId": "v"}],
    });
    let v = json!({
        "id": "v", "kind": "one_shot_read", "risk": "read_only", "enabled": true,
        "cwd": sandbox.path(""), "commands": {"run": ["./v.sh"]},
    });
    let o = json!({
        "id": "o", "kind": "one_shot_read", "risk": "read_only", "commands": {"run": ["true"]},
    });
    sandbox.config(&json!({}), &[with(w, write), with(v, verify), with(o, other)]);
}

fn digest(sandbox: &Sandbox) -> String {
    let plan = sandbox.json(&["plan", "w", "--format", "json"]);
    plan["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_plan_shows_all_that_would_run_and_records_nothing() {
    let sandbox = sandbox(&json!({"env": {"TOKEN": "secret-value"}}), &json!({}));
    let text = sandbox.ok(&["plan", "w"]);
    for part in [
        "./w.sh table --deep",
        "w.sh  sha256 ",
        "/table  sha256 ",
        "interpreter ",
        "TOKEN",
        "then verified by v",
        "./v.sh",
        "time limit   none",
        "not covered",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("secret-value"), "{text}");
    let json = sandbox.ok(&["plan", "w", "--format", "json"]);
    assert!(!json.contains("secret-value") && json.contains("TOKEN"), "{json}");
    assert!(text.contains(&digest(&sandbox)));
    assert!(!sandbox.has_store());
}

#[test]
fn whatever_would_run_differently_has_another_digest() {
    let sandbox = sandbox(&json!({}), &json!({}));
    let mut seen = vec![digest(&sandbox)];
    let mut is_new = |what: &str| {
        let now = digest(&sandbox);
        assert!(!seen.contains(&now), "{what} changes nothing");
        seen.push(now);
    };
    sandbox.script("w.sh", "#!/bin/sh\necho worse\n");
    is_new("the script behind an unchanged argv");
    sandbox.script("v.sh", "#!/bin/sh\ntrue\n");
    is_new("the verification's script");
    sandbox.write("table", "2\n");
    is_new("a file among the arguments");
    for (what, write, verify) in [
        ("an argument", json!({"commands": {"run": ["./w.sh", "table", "--all"]}}), json!({})),
        ("the environment", json!({"env": {"A": "1"}}), json!({})),
        ("a value of it", json!({"env": {"A": "2"}}), json!({})),
        ("the time limit", json!({"timeoutSeconds": 5}), json!({})),
        ("an input", json!({"inputs": ["v.sh"]}), json!({})),
        ("the verification's argv", json!({}), json!({"commands": {"run": ["./v.sh", "x"]}})),
        ("its delay", json!({"after": [{"jobId": "v", "delaySeconds": 9}]}), json!({})),
    ] {
        configure(&sandbox, &write, &verify, &json!({}));
        is_new(what);
    }
}

#[test]
fn whatever_would_not_run_differently_keeps_it() {
    let sandbox = sandbox(&json!({}), &json!({}));
    let before = digest(&sandbox);
    for (write, other) in [
        (json!({"name": "Another name"}), json!({})),
        (json!({"enabled": false}), json!({})),
        (json!({"manual": true, "policy": {"reportEverySeconds": 60}}), json!({})),
        (json!({}), json!({"commands": {"run": ["false"]}, "enabled": true})),
    ] {
        configure(&sandbox, &write, &json!({}), &other);
        assert_eq!(digest(&sandbox), before, "{write} {other}");
    }
    let elsewhere =
        sandbox.call(&["plan", "w", "--format", "json"]).env("PATH", "/usr/bin:/bin:/tmp");
    assert!(elsewhere.env("EXTRA", "1").run().out.contains(&before), "the caller's environment");
}

#[test]
fn a_link_turned_elsewhere_is_another_plan() {
    let sandbox = sandbox(&json!({}), &json!({}));
    fs::rename(sandbox.path("w.sh"), sandbox.path("real.sh")).expect("a rename");
    sandbox.script("other.sh", WRITE);
    symlink(sandbox.path("real.sh"), sandbox.path("w.sh")).expect("a link");
    let before = digest(&sandbox);
    fs::remove_file(sandbox.path("w.sh")).expect("removed");
    symlink(sandbox.path("other.sh"), sandbox.path("w.sh")).expect("a link");
    assert_ne!(digest(&sandbox), before, "the same content under another path");
}

#[test]
fn the_interpreters_of_a_script_are_covered() {
    let sandbox = sandbox(&json!({}), &json!({}));
    sandbox.script("w.sh", "#!/usr/bin/env sh\necho\n");
    let plan = sandbox.json(&["plan", "w", "--format", "json"]);
    let interpreters = plan["step"]["interpreters"].as_array().expect("a list");
    let paths: Vec<&str> = interpreters.iter().filter_map(|i| i["path"].as_str()).collect();
    assert_eq!(paths.len(), 2, "env, and what it looks up: {paths:?}");
}

#[test]
fn what_cannot_be_planned_is_refused_with_its_name() {
    let sandbox = sandbox(&json!({}), &json!({}));
    sandbox.run(&["plan", "v"]).exits(2).says("only a one_shot_write has a plan");
    sandbox.remove("w.sh");
    sandbox.run(&["plan", "w"]).exits(2).says("w.sh");
    sandbox.script("w.sh", WRITE);
    configure(&sandbox, &json!({"inputs": ["gone"]}), &json!({}), &json!({}));
    sandbox.run(&["plan", "w"]).exits(2).says("gone is not there");
    configure(&sandbox, &json!({"inputs": ["."]}), &json!({}), &json!({}));
    sandbox.run(&["plan", "w"]).exits(2).says("is a folder");
    configure(&sandbox, &json!({"inputs": "gone"}), &json!({}), &json!({}));
    sandbox.run(&["check"]).exits(1).prints("OF004");
    configure(&sandbox, &json!({}), &json!({}), &json!({}));
    fs::remove_file(sandbox.path("v.sh")).expect("removed");
    sandbox.run(&["plan", "w"]).exits(2).says("v.sh");
}

#[test]
fn what_a_digest_cannot_cover_is_told() {
    let run = json!(["/bin/sh", "-c", "echo x", "."]);
    let sandbox = sandbox(&json!({"commands": {"run": run}}), &json!({}));
    let text = sandbox.ok(&["plan", "w"]);
    assert!(text.contains("the content of the folder ."), "{text}");
    assert!(text.contains("loads or calls"), "{text}");
}

#[test]
fn no_two_commands_look_the_same() {
    let shown = |word: &str| {
        let run = json!({"commands": {"run": ["./w.sh", word]}});
        sandbox(&run, &json!({})).ok(&["plan", "w"]).lines().nth(2).unwrap().to_owned()
    };
    for (one, other) in [("x\ny", "x\\u{a}y"), ("\\", "\\\\"), ("a b", "a' 'b")] {
        assert_ne!(shown(one), shown(other), "{one:?} and {other:?}");
    }
}
