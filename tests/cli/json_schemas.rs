//! `docs/json/*.schema.json`: real answers of the real binary fit them, and hold no key that they do not
//! name; what holds words of jobs says so.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::json_schema::validate;
use super::support::{Sandbox, find, with};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/json")
}

fn schema(name: &str) -> Value {
    let path = folder().join(format!("{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Keys may be added for readers, but none that this page does not name: each object is closed.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(map) => {
            for value in map.values_mut() {
                *value = closed(value.take());
            }
            let named = map.contains_key("properties") && !map.contains_key("additionalProperties");
            // What an event holds depends on the event.
            if named && map.get("x-untrusted").is_none() {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = closed(item.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

#[track_caller]
fn fits(name: &str, answer: &Value) {
    let wrong = validate(&closed(schema(name)), answer);
    assert!(wrong.is_empty(), "{name}: {}\n{answer:#}", wrong.join("\n"));
}

/// Something of everything.
fn rich() -> Sandbox {
    let sandbox = Sandbox::new();
    let resumed = json!({"name": "The scan", "policy": {"autoResume": true}});
    let unattended = json!({"approval": {"nonInteractive": true}});
    let after = json!({"everySeconds": 3600, "after": [{"jobId": "disk-2", "when": "failure"}]});
    let jobs = [
        with(sandbox.watched("scan"), &resumed),
        with(sandbox.check("disk"), &after),
        sandbox.check("disk-2"),
        with(sandbox.write_job("prune", "disk"), &unattended),
        with(sandbox.write_job("rotate", "disk"), &unattended),
        sandbox.watched("mirror"),
        sandbox.watched("odd"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.stands("scan");
    sandbox.on("scan", "start", "exit 4");
    sandbox.on("disk", "run", "echo ALERT; exit 3");
    let status = json!({"running": true, "completed": false, "pid": 4711, "progress": {"done": 3},
        "progressKey": "3", "message": "fine", "level": "warn"});
    sandbox.status("mirror", &status);
    sandbox.raw_status("odd", "?");
    sandbox
}

const JSON: [&str; 2] = ["--format", "json"];

fn ask(sandbox: &Sandbox, words: &[&str]) -> Value {
    let ran = sandbox.run(&[words, &JSON].concat());
    serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{words:?}: {ran:?}"))
}

#[test]
fn answers_about_jobs_fit() {
    let sandbox = rich();
    fits("status", &ask(&sandbox, &["status"]));
    fits("tick", &ask(&sandbox, &["tick", "--dry-run"]));
    fits("tick", &ask(&sandbox, &["tick"]));
    fits("tick", &ask(&sandbox, &["tick"]));
    let status = ask(&sandbox, &["status"]);
    fits("status", &status);
    assert_eq!(find(&status, "disk")["lastRun"]["attention"], json!(true));
    for id in ["scan", "disk", "disk-2", "prune", "mirror", "odd"] {
        fits("explain", &ask(&sandbox, &["explain", id]));
    }
    fits("run", &ask(&sandbox, &["run", "disk-2"]));
    fits("run", &ask(&sandbox, &["run", "disk-2", "--dry-run"]));
    fits("run", &ask(&sandbox, &["run", "disk"]));
    fits("history", &ask(&sandbox, &["history"]));
    fits("history", &ask(&sandbox, &["history", "--verify"]));
    sandbox.raw_config(&json!({"version": 7}));
    fits("tick", &ask(&sandbox, &["tick"]));
}

#[test]
fn answers_about_writes_fit() {
    let sandbox = rich();
    sandbox.on("disk", "run", "exit 0");
    for id in ["prune", "rotate"] {
        let plan = ask(&sandbox, &["plan", id]);
        fits("plan", &plan);
        sandbox.ok(&["request", id, "--reason", "the disk is full"]);
        fits("approvals", &ask(&sandbox, &["approvals"]));
        sandbox.ok(&["approve", id, "--digest", plan["digest"].as_str().unwrap()]);
        fits("explain", &ask(&sandbox, &["explain", id]));
    }
    sandbox.ok(&["revoke", "rotate"]);
    fits("run", &ask(&sandbox, &["run", "prune"]));
    fits("explain", &ask(&sandbox, &["explain", "prune"]));
    fits("explain", &ask(&sandbox, &["explain", "rotate"]));
    fits("graph", &ask(&sandbox, &["graph", "--live"]));
    fits("graph", &ask(&sandbox, &["graph", "prune", "--live"]));
    fits("approvals", &ask(&sandbox, &["approvals"]));
    sandbox.on("disk", "run", "exit 3");
    sandbox.tick();
    fits("explain", &ask(&sandbox, &["explain", "prune"]));
    fits("history", &ask(&sandbox, &["history"]));
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    let status = ask(&sandbox, &["status"]);
    assert_eq!(status["orphans"][0]["id"], json!("prune"), "{status:#}");
    fits("status", &status);
}

#[test]
fn answers_about_opsfsm_itself_fit() {
    let sandbox = rich();
    sandbox.shell("\"$OPSFSM\" tick > /dev/full").run().exits(3);
    fits("doctor", &ask(&sandbox, &["doctor"]));
    fits("simulate", &ask(&sandbox, &["simulate", "--days", "1", "--every", "10m"]));
    fits("outbox", &ask(&sandbox, &["outbox"]));
    sandbox.tick();
    fits("outbox", &ask(&sandbox, &["outbox", "--all"]));
    fits("config-explain", &ask(&sandbox, &["config", "explain"]));
    fits("graph", &ask(&sandbox, &["graph"]));
    fits("graph", &ask(&sandbox, &["graph", "scan"]));
    fits("check", &ask(&sandbox, &["check"]));
    sandbox.config(&json!({}), &[with(sandbox.check("disk"), &json!({"kind": "x"}))]);
    fits("check", &ask(&sandbox, &["check"]));
    fits("check", &ask(&sandbox, &["check", "/no/such.toml"]));
}

#[test]
fn the_examples_of_the_page_fit_too_and_each_command_has_a_schema() {
    let page = include_str!("../../docs/json.md");
    let texts = page.split("```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut found = BTreeSet::new();
    for answer in texts.map(|text| serde_json::from_str::<Value>(text).unwrap()) {
        let Some(command) = answer["command"].as_str() else { continue };
        let name = command.replace(' ', "-");
        fits(&name, &answer);
        let mut more = answer.clone();
        more["unheardOf"] = json!(1);
        assert!(!validate(&closed(schema(&name)), &more).is_empty(), "{name} takes anything");
        assert!(validate(&schema(&name), &more).is_empty(), "{name} takes no new key");
        found.insert(format!("{name}.schema.json"));
    }
    let files = fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, files);
    for name in files {
        assert!(page.contains(&format!("json/{name}")), "docs/json.md does not name {name}");
    }
}

/// Each property under a name that is a job's own word, wherever it stands, is marked as untrusted.
fn unmarked(schema: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (key, value) in properties {
            let own = ["message", "stopReason", "progress", "progressKey", "detail"];
            if own.contains(&key.as_str())
                && value.get("x-untrusted") != Some(&json!(true))
                && !at.contains("findings")
            {
                found.push(format!("{at}.{key}"));
            }
        }
    }
    let children: Vec<(String, &Value)> = match schema {
        Value::Object(map) => map.iter().map(|(k, v)| (format!("{at}.{k}"), v)).collect(),
        Value::Array(items) => items.iter().map(|v| (at.to_owned(), v)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (at, child) in children {
        unmarked(child, &at, found);
    }
}

#[test]
fn what_holds_words_of_jobs_says_so() {
    for name in ["tick", "status", "explain", "run", "approvals", "graph", "check"] {
        let mut found = Vec::new();
        unmarked(&schema(name), name, &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
    for (name, place) in [
        ("run", "/oneOf/0/properties/stdout/properties/text"),
        ("tick", "/properties/reports/items/properties/text"),
        ("outbox", "/properties/reports/items/properties/text"),
        ("history", "/oneOf/0/properties/events/items/properties/record"),
    ] {
        let schema = schema(name);
        assert_eq!(schema.pointer(place).expect(place)["x-untrusted"], json!(true), "{place}");
    }
}
