//! `--format json`: the keys and types that `docs/json.md` promises, and no others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{Sandbox, find, with};

const DOCS: &str = include_str!("../../docs/json.md");

/// All examples of the page.
fn examples() -> Vec<Value> {
    let all = DOCS.split("```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    all.map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// The example of a command.
fn example(command: &str) -> Value {
    examples().into_iter().find(|v| v["command"] == command).expect("an example")
}

/// Every path of a value with its type: `jobs[].id: string`. Maps of a job's own keys are one type.
fn shape(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk("", value, &mut found);
    found
}

fn walk(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    let mut add = |word: &str| found.insert(format!("{path}: {word}"));
    match value {
        // What may be null is told by the page in words.
        Value::Null => {}
        Value::Bool(_) => _ = add("boolean"),
        Value::Number(_) => _ = add("number"),
        Value::String(_) => _ = add("string"),
        Value::Array(items) => {
            add("array");
            for item in items {
                walk(&format!("{path}[]"), item, found);
            }
        }
        Value::Object(_) if path.ends_with(".progress") => _ = add("object"),
        Value::Object(map) => {
            for (key, item) in map {
                walk(&format!("{path}.{key}"), item, found);
            }
        }
    }
}

/// All keys, null ones too.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A tick with something of everything in it.
fn rich_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let scan =
        with(sandbox.watched("scan"), &json!({"name": "The scan", "policy": {"autoResume": true}}));
    let disk = with(sandbox.check("disk"), &json!({"everySeconds": 3600}));
    let jobs = [
        scan,
        disk,
        sandbox.write_job("prune", "disk"),
        sandbox.watched("mirror"),
        sandbox.watched("odd"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.status(
        "mirror",
        &json!({"running": true, "completed": false, "pid": 4711, "stopReason": "none",
        "progress": {"done": 3}, "progressKey": "3", "message": "fine"}),
    );
    sandbox.raw_status("odd", "?");
    sandbox
}

#[test]
fn tick_is_as_documented() {
    let sandbox = rich_sandbox();
    sandbox.stands("scan");
    sandbox.on("scan", "start", "exit 4");
    let answer = sandbox.json(&["tick", "--format", "json"]);
    assert_eq!(shape(&answer), shape(&example("tick")), "{answer:#}");
    assert_eq!(keys(&answer), keys(&example("tick")));
    for job in answer["jobs"].as_array().unwrap() {
        assert_eq!(keys(job), keys(&example("tick")["jobs"][0]));
    }
    let scan = find(&answer, "scan");
    assert_eq!((scan["state"].clone(), scan["reported"].clone()), (json!("stalled"), json!(true)));
    assert_eq!(scan["started"][0]["purpose"], "resume");
    assert!(answer["reports"][0]["text"].as_str().unwrap().contains("Ops report"));
    assert_eq!((answer["version"].clone(), answer["dryRun"].clone()), (json!(1), json!(false)));
    // Nothing but the answer is printed, and it counts as told.
    assert_eq!(sandbox.json(&["tick", "--format", "json", "--dry-run"])["dryRun"], json!(true));
}

#[test]
fn doctor_is_as_documented() {
    let sandbox = Sandbox::with(&[]);
    let ran = sandbox.call(&["doctor", "--format", "json"]).env("PATH", "/none").run();
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shape(&answer), shape(&example("doctor")), "{answer:#}");
    assert_eq!(keys(&answer), keys(&example("doctor")));
    for check in answer["checks"].as_array().unwrap() {
        assert_eq!(keys(check), keys(&example("doctor")["checks"][0]));
    }
}

#[test]
fn simulate_is_as_documented() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({"timezone": "Europe/Berlin"}), &[sandbox.watched("scan")]);
    let real =
        sandbox.json(&["simulate", "--days", "1", "--from", "2031-03-03", "--format", "json"]);
    assert_eq!(shape(&real), shape(&example("simulate")), "{real:#}");
    assert_eq!(keys(&real), keys(&example("simulate")));
    for list in ["messages", "told", "days", "jobs"] {
        assert_eq!(keys(&real[list][0]), keys(&example("simulate")[list][0]));
    }
}

#[test]
fn check_is_as_documented() {
    let sandbox = Sandbox::new();
    let scan = with(sandbox.watched("scan"), &json!({"kind": "x"}));
    let chained = with(sandbox.check("disk"), &json!({"after": [{"jobId": "disc"}]}));
    sandbox.config(&json!({}), &[scan, chained]);
    let ran = sandbox.run(&["check", "--format", "json"]);
    ran.exits(1);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shape(&answer), shape(&example("check")), "{answer:#}");
    assert_eq!(keys(&answer), keys(&example("check")));
    for finding in answer["findings"].as_array().unwrap() {
        assert_eq!(keys(finding), keys(&example("check")["findings"][0]));
    }
    assert_eq!(answer["findings"][0]["job"], "scan");
    assert_eq!(answer["findings"][0]["key"], "kind");
}

#[test]
fn each_why_of_a_tick_is_documented() {
    for why in [
        "anomaly",
        "anomaly_repeated",
        "resumed",
        "recovered",
        "state_changed",
        "routine",
        "run_ended",
        "request",
        "blocked",
        "orphaned",
        "nothing_new",
        "quiet_hours",
        "not_due",
        "not_watched",
    ] {
        assert!(DOCS.contains(&format!("`{why}`")), "{why}");
    }
}

#[test]
fn status_is_as_documented() {
    let sandbox = rich_sandbox();
    sandbox.on("disk", "run", "echo ALERT; exit 3");
    sandbox.tick();
    let answer = sandbox.json(&["status", "--format", "json"]);
    assert_eq!(shape(&answer), shape(&example("status")), "{answer:#}");
    for job in answer["jobs"].as_array().unwrap() {
        assert_eq!(keys(job), keys(&example("status")["jobs"][0]));
    }
    let disk = find(&answer, "disk");
    assert_eq!(disk["lastRun"]["end"], json!({"how": "exited", "code": 3}));
    assert_eq!(
        (disk["lastRun"]["text"].clone(), disk["lastRun"]["attention"].clone()),
        (json!("exit=3"), json!(true))
    );
    assert_eq!(find(&answer, "odd")["status"]["broken"], "malformed");
    assert_eq!(find(&answer, "prune")["status"], Value::Null);
}

#[test]
fn explain_is_as_documented() {
    let sandbox = rich_sandbox();
    sandbox.stands("scan");
    sandbox.on("scan", "start", "exit 4");
    sandbox.tick();
    let wanted = example("explain");
    for id in ["scan", "disk", "prune", "mirror", "odd"] {
        let answer = sandbox.json(&["explain", id, "--format", "json"]);
        assert_eq!((keys(&answer), keys(&answer["job"])), (keys(&wanted), keys(&wanted["job"])));
        for list in ["evidence", "next", "holds"] {
            for line in answer[list].as_array().unwrap() {
                assert_eq!(keys(line), keys(&wanted[list][0]), "{id}");
                let what = line["what"].as_str().unwrap();
                assert!(DOCS.contains(&format!("`{what}`")), "{what}");
            }
        }
    }
    let policy = json!({"stopReason": "out of space", "running": false, "completed": false});
    sandbox.status("scan", &policy);
    sandbox.tick();
    let answer = sandbox.json(&["explain", "scan", "--format", "json"]);
    // Here nothing has to wait.
    let shapes = [&answer, &wanted].map(|value| {
        let mut all = shape(value);
        all.retain(|line| !line.starts_with(".holds[]"));
        all
    });
    assert_eq!(shapes[0], shapes[1], "{answer:#}");
}

#[test]
fn run_is_as_documented_however_it_ends() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    sandbox.on("disk", "run", "echo out; echo ALERT >&2; exit 3");
    let ran = sandbox.run(&["run", "disk", "--format", "json"]);
    ran.exits(1);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(shape(&answer), shape(&example("run")), "{answer:#}");
    assert_eq!(keys(&answer), keys(&example("run")));
    assert_eq!(answer["stdout"], json!({"text": "out\n", "bytes": 4, "cut": false}));
    assert_eq!(answer["attention"], json!(true));
    for (script, end) in [
        ("exit 0", json!({"how": "exited", "code": 0})),
        ("kill -9 $$", json!({"how": "signaled", "signal": 9})),
        ("exec sleep 600", json!({"how": "timed_out", "limitMs": 1000})),
    ] {
        sandbox.on("disk", "run", script);
        let ran = sandbox.run(&["run", "disk", "--format", "json", "--timeout-seconds", "1"]);
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["end"], end);
        let how = end["how"].as_str().unwrap();
        assert!(DOCS.contains(&format!("`{how}`")), "{how}");
    }
    let mut gone = sandbox.check("disk");
    gone["commands"]["run"] = json!(["/no/such/program"]);
    sandbox.config(&json!({}), &[gone]);
    let ran = sandbox.run(&["run", "disk", "--format", "json"]);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (answer["end"]["how"].clone(), answer["end"]["fault"].clone()),
        (json!("not_started"), json!("not_found"))
    );
    assert_eq!(keys(&answer), keys(&example("run")));
}

#[test]
fn run_with_dry_run_answers_in_json_too() {
    let sandbox = Sandbox::new();
    let disk = with(sandbox.check("disk"), &json!({"env": {"B": "hush", "A": "hush"}}));
    sandbox.config(&json!({}), &[disk]);
    let answer = sandbox.json(&["run", "disk", "--dry-run", "--format", "json"]);
    assert_eq!(answer["dryRun"], json!(true));
    assert_eq!(answer["environment"], json!(["A", "B"]));
    assert_eq!(answer["limitMs"], json!(300_000));
    assert_eq!(answer["argv"][0], json!(sandbox.path("jobs/disk/run")));
    assert!(!answer.to_string().contains("hush"));
    assert_eq!(sandbox.count("disk", "runs"), 0);
}

#[test]
fn a_jobs_words_survive_as_json() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.watched("we\"ird\\ \u{1F600}")]);
    let id = "we\"ird\\ \u{1F600}";
    let answer = sandbox.json(&["status", "--format", "json"]);
    assert_eq!(answer["jobs"][0]["id"], json!(id));
}

#[test]
fn a_broken_config_leaves_json_readers_with_an_exit_code_and_no_half_answer() {
    let sandbox = Sandbox::new();
    sandbox.raw_config(&json!({"version": 7}));
    for command in [&["status", "--format", "json"][..], &["run", "x", "--format", "json"]] {
        let ran = sandbox.run(command);
        ran.exits(2).says("OF007");
        assert_eq!(ran.out, "");
    }
    let ran = sandbox.run(&["tick", "--format", "json"]);
    ran.exits(2);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(answer["reports"][0]["text"].as_str().unwrap().contains("OF007"));
    let again = sandbox.run(&["tick", "--format", "json"]);
    again.exits(2);
    let answer: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(answer["reports"], json!([]));
}

#[test]
fn the_plan_of_a_run_is_as_documented() {
    let sandbox = Sandbox::new();
    sandbox.config(&json!({}), &[sandbox.check("disk")]);
    let answer = sandbox.json(&["run", "disk", "--dry-run", "--format", "json"]);
    let plan = examples().into_iter().find(|v| v["dryRun"] == true).expect("an example");
    assert_eq!(keys(&answer), keys(&plan));
}

#[test]
fn a_writes_plan_is_as_documented() {
    let sandbox = Sandbox::new();
    sandbox.script("w.sh", "#!/bin/sh\ntrue\n");
    sandbox.write("table", "1\n");
    let step = |words: &[&str]| json!({"run": words});
    let w = json!({
        "id": "w", "kind": "one_shot_write", "risk": "write_local", "cwd": sandbox.path(""),
        "commands": step(&["./w.sh", "table"]), "after": [{"jobId": "v"}],
    });
    let v = json!({
        "id": "v", "kind": "one_shot_read", "risk": "read_only", "cwd": sandbox.path(""),
        "commands": step(&["./w.sh"]),
    });
    sandbox.config(&json!({}), &[w, v]);
    let real = sandbox.json(&["plan", "w", "--format", "json"]);
    assert_eq!(shape(&real), shape(&example("plan")));
}

#[test]
fn the_approvals_are_as_documented() {
    let sandbox = Sandbox::new();
    let unattended = json!({"approval": {"nonInteractive": true}});
    let jobs = ["live", "asked"].map(|id| with(sandbox.write_job(id, "disk"), &unattended));
    sandbox.config(&json!({}), &[jobs[0].clone(), jobs[1].clone(), sandbox.check("disk")]);
    let digest = sandbox.json(&["plan", "live", "--format", "json"])["digest"].clone();
    sandbox.ok(&["approve", "live", "--digest", digest.as_str().expect("text")]);
    sandbox.ok(&["request", "asked", "--reason", "the table is full"]);
    let real = sandbox.json(&["approvals", "--format", "json"]);
    assert_eq!(shape(&real), shape(&example("approvals")));
    let found = |status: &str| {
        let rows = real["approvals"].as_array().expect("a list");
        rows.iter().find(|row| row["status"] == status).expect("one").clone()
    };
    assert_eq!(found("live")["level"], "unattended");
    assert_eq!(found("live")["shortDigest"], digest.as_str().expect("text")[..12]);
    assert_eq!(found("pending")["detail"], "the table is full");
}

#[test]
fn the_outbox_is_as_documented() {
    let sandbox = rich_sandbox();
    sandbox.shell("\"$OPSFSM\" tick > /dev/full").run().exits(3);
    let real = sandbox.json(&["outbox", "--format", "json"]);
    assert_eq!(shape(&real), shape(&example("outbox")));
}

#[test]
fn the_history_is_as_documented() {
    let sandbox = rich_sandbox();
    sandbox.tick();
    let real = sandbox.json(&["history", "--format", "json"]);
    let frame = |v: &Value| keys(v).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let wanted = example("history");
    assert_eq!(frame(&real), frame(&wanted));
    let events = real["events"].as_array().expect("a list");
    assert!(!events.is_empty());
    for event in events {
        assert_eq!(frame(event), frame(&wanted["events"][0]));
        assert_eq!(frame(&event["record"]["at"]), frame(&wanted["events"][0]["record"]["at"]));
    }
    let verified = sandbox.json(&["history", "--verify", "--format", "json"]);
    assert_eq!(keys(&verified), ["command", "events", "head", "pruned", "verified", "version"]);
    assert_eq!((&verified["events"], &verified["pruned"]), (&json!(events.len()), &json!(0)));
}

/// Both pictures: the chains, and one job's machine.
fn graph_examples() -> (Value, Value) {
    let graphs = examples().into_iter().filter(|v| v["command"] == "graph");
    let (chains, machines): (Vec<_>, Vec<_>) = graphs.partition(|v| v.get("jobs").is_some());
    (chains[0].clone(), machines[0].clone())
}

#[test]
fn the_pictures_are_as_documented() {
    let sandbox = Sandbox::new();
    let links = json!({"name": "The scan", "after": [{"jobId": "disk", "delaySeconds": 3600}]});
    let jobs = [
        with(sandbox.watched("scan"), &links),
        with(sandbox.watched("mirror"), &json!({"policy": {"autoResume": true}})),
        with(sandbox.check("disk"), &json!({"everySeconds": 7200})),
        sandbox.write_job("prune", "disk"),
    ];
    sandbox.config(&json!({}), &jobs);
    sandbox.runs_on("scan", 1);
    sandbox.stands("mirror");
    sandbox.on("mirror", "start", "exit 4");
    sandbox.tick();
    sandbox.status("scan", &json!({"running": false, "completed": true}));
    sandbox.tick();
    sandbox.ok(&["request", "prune", "--reason", "full"]);
    let (chains, machine) = graph_examples();
    let real = sandbox.json(&["graph", "--live", "--format", "json"]);
    assert_eq!(shape(&real), shape(&chains), "{real:#}");
    let still = sandbox.json(&["graph", "--format", "json"]);
    assert_eq!(keys(&still), keys(&chains));
    assert_eq!((&still["at"], &find(&still, "scan")["live"]), (&Value::Null, &Value::Null));
    assert_eq!(keys(&find(&real, "prune")), keys(&chains["jobs"][0]));
    let real = sandbox.json(&["graph", "prune", "--live", "--format", "json"]);
    assert_eq!(keys(&real), keys(&machine), "{real:#}");
    assert_eq!((&real["edges"], &real["states"]), (&machine["edges"], &machine["states"]));
    assert_eq!(real["proofs"], machine["proofs"]);
    assert_eq!(sandbox.json(&["graph", "disk", "--format", "json"])["proofs"], json!([]));
    for what in ["queued", "schedule", "resume", "approval_ends", "verification_ends", "answer"] {
        assert!(DOCS.contains(&format!("`{what}`")), "{what}");
    }
}
