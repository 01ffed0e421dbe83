//! No secret anywhere: a token, followed through every call, file, argument and environment.
#![expect(clippy::disallowed_methods, reason = "strace is called as a person would")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::support::{Sandbox, with};
use super::surroundings::TOKEN;

/// The part of the token that nobody may see.
fn canary() -> &'static str {
    &TOKEN[10..]
}

/// Every file below a folder that bears the canary.
fn bearers(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(bearers(&path));
        } else if fs::read(&path).is_ok_and(|bytes| {
            bytes.windows(canary().len()).any(|window| window == canary().as_bytes())
        }) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Jobs that note their whole environment: a status, a start, a check.
fn nosy_jobs(sandbox: &Sandbox) -> Vec<Value> {
    let folder = sandbox.path("jobs").display().to_string();
    let note = |name: &str, then: &str| {
        let text = format!("#!/bin/sh\ncat /proc/self/environ >> '{folder}/{name}.env'\n{then}\n");
        sandbox.script(&format!("jobs/nosy-{name}"), &text)
    };
    let status = note("status", "echo '{\"running\":false,\"completed\":false}'");
    let start = note("start", "");
    let check = note("check", "exit 3");
    let scan = json!({"id": "scan", "kind": "long_running_read", "risk": "read_only", "enabled": true,
        "commands": {"status": [status], "start": [start]}, "policy": {"autoResume": true}});
    let disk = json!({"id": "disk", "kind": "one_shot_read", "risk": "read_only", "enabled": true,
        "everySeconds": 60, "manual": true, "commands": {"run": [check]}});
    vec![scan, disk]
}

/// Answers that make a client talk: of what went wrong, and to whom.
fn faults() -> Vec<Reply> {
    let echo = format!("Bad Request: chat not found at /bot{TOKEN}/sendMessage");
    vec![
        Reply::Json(400, json!({"ok": false, "error_code": 400, "description": echo})),
        Reply::Json(401, json!({"ok": false, "description": "Unauthorized"})),
        Reply::Json(500, Value::Null),
        Reply::ResetOnAccept,
        Reply::CutAfterRequest,
        Reply::Raw(format!("HTTP/1.1 307 X\r\nlocation: /bot{TOKEN}/x\r\n\r\n").into_bytes()),
        Reply::Raw(format!("nonsense {TOKEN}").into_bytes()),
        Reply::Json(200, json!({"ok": false, "description": TOKEN})),
    ]
}

/// Runs every kind of call on a fresh store for each fault, and looks everywhere.
fn follow(
    place: impl Fn(&Sandbox, &Listener) -> (Value, Vec<(&'static str, String)>),
    bearing: &[&str],
) {
    for fault in faults() {
        let shown = format!("{fault:?}").chars().take(40).collect::<String>();
        let listener = Listener::start([fault]);
        let sandbox = Sandbox::new();
        let (report, vars) = place(&sandbox, &listener);
        sandbox.reporting(&report, &nosy_jobs(&sandbox));
        let mut said = String::new();
        for args in [
            &["tick"][..],
            &["tick", "--format", "json"],
            &["status", "--format", "json"],
            &["run", "disk"],
            &["start", "scan"],
            &["history", "--format", "json"],
            &["config", "explain"],
            &["config", "explain", "--format", "json"],
            &["check"],
        ] {
            let call =
                vars.iter().fold(sandbox.call(args), |call, (name, value)| call.env(name, value));
            let ran = call.run();
            said.push_str(&ran.out);
            said.push_str(&ran.err);
        }
        assert!(!said.contains(canary()), "{shown}: {said}");
        assert!(
            !sandbox.read("jobs/status.env").is_empty()
                && !sandbox.read("jobs/start.env").is_empty()
        );
        let root = sandbox.path("");
        let shorten = |path: &String| path.replace(&root.display().to_string(), "");
        let found: Vec<String> = bearers(&root).iter().map(shorten).collect();
        assert_eq!(found, bearing, "{shown}");
    }
}

#[test]
fn a_token_from_our_own_file_is_nowhere_else() {
    follow(|sandbox, listener| (sandbox.telegram(listener), Vec::new()), &["secrets/token"]);
}

#[test]
fn a_token_from_the_environment_reaches_no_child() {
    let place = |_: &Sandbox, listener: &Listener| {
        let report = json!({"telegram": {"target": "1", "apiRoot": listener.root()}});
        (report, vec![("TELEGRAM_BOT_TOKEN", TOKEN.to_owned())])
    };
    follow(place, &[]);
}

#[test]
fn a_token_from_openclaws_config_stays_there() {
    let place = |sandbox: &Sandbox, listener: &Listener| {
        let telegram = json!({"botToken": TOKEN, "defaultTo": 7, "apiRoot": listener.root()});
        let config = json!({"channels": {"telegram": telegram}});
        sandbox.write("home/.openclaw/openclaw.json", config.to_string());
        (json!({}), Vec::new())
    };
    follow(place, &["home/.openclaw/openclaw.json"]);
}

#[test]
fn a_variable_that_openclaws_config_names_reaches_no_child() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let telegram = json!({"botToken": "${OPS_BOT}", "defaultTo": 7, "apiRoot": listener.root()});
    let config = json!({"channels": {"telegram": telegram}});
    sandbox.write("home/.openclaw/openclaw.json", config.to_string());
    sandbox.reporting(&json!({}), &nosy_jobs(&sandbox));
    sandbox.call(&["tick"]).env("OPS_BOT", TOKEN).run().exits(0);
    for args in [&["status"][..], &["start", "scan"], &["run", "disk"]] {
        sandbox.call(args).env("OPS_BOT", TOKEN).run();
    }
    assert!(!listener.requests().is_empty());
    assert!(!sandbox.read("jobs/check.env").is_empty(), "the executor's children too");
    assert_eq!(bearers(&sandbox.path("")), Vec::<String>::new());
}

#[test]
fn no_part_of_a_token_in_several_variables_reaches_a_child() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let parts = "${BOT_ID}:${BOT_HEAD}${BOT_TAIL}";
    let telegram = json!({"botToken": parts, "defaultTo": 7, "apiRoot": listener.root()});
    let config = json!({"channels": {"telegram": telegram}});
    sandbox.write("home/.openclaw/openclaw.json", config.to_string());
    sandbox.reporting(&json!({}), &nosy_jobs(&sandbox));
    let (id, hash) = TOKEN.split_once(':').unwrap();
    let (head, tail) = hash.split_at(10);
    let tick = sandbox.call(&["tick"]).env("BOT_ID", id).env("BOT_HEAD", head);
    tick.env("BOT_TAIL", tail).run().exits(0);
    assert!(!listener.requests().is_empty());
    for env in ["jobs/check.env", "jobs/status.env"] {
        let env = sandbox.read(env);
        assert!(!env.is_empty() && !env.contains("BOT_"), "{env}");
    }
}

#[test]
fn openclaw_gets_neither_argument_nor_variable_of_it() {
    let sandbox = Sandbox::new();
    sandbox.stand_in(&format!("echo >&2 'failed with {TOKEN}'; exit 1"));
    let file = sandbox.write("secrets/token", TOKEN);
    let report = json!({"via": "openclaw", "telegram": {"tokenFile": file, "target": "1"}});
    sandbox.reporting(&report, &nosy_jobs(&sandbox));
    let path = format!("{}:{}", sandbox.path("claw").display(), std::env::var("PATH").unwrap());
    let ran = sandbox.call(&["tick"]).env("PATH", path).env("TELEGRAM_BOT_TOKEN", TOKEN).run();
    ran.exits(3);
    assert!(!ran.err.contains(canary()), "{}", ran.err);
    assert!(!sandbox.read("claw/environ").is_empty());
    let mut found = bearers(&sandbox.path(""));
    found.retain(|path| !path.ends_with("secrets/token") && !path.ends_with("claw/openclaw"));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_job_that_states_the_variable_itself_gets_it() {
    let sandbox = Sandbox::new();
    let mut jobs = nosy_jobs(&sandbox);
    jobs[0] = with(jobs[0].clone(), &json!({"env": {"TELEGRAM_BOT_TOKEN": "its own"}}));
    sandbox.reporting(&json!({"via": "stdout"}), &jobs);
    sandbox.call(&["tick"]).env("TELEGRAM_BOT_TOKEN", TOKEN).run().exits(0);
    assert!(sandbox.read("jobs/status.env").contains("TELEGRAM_BOT_TOKEN=its own"));
    assert!(!sandbox.read("jobs/check.env").contains("TELEGRAM_BOT_TOKEN"));
}

#[test]
fn no_call_of_a_whole_tick_but_its_sending_bears_it() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let telegram = sandbox.telegram(&listener);
    sandbox.reporting(&telegram, &nosy_jobs(&sandbox));
    let log = sandbox.path("trace");
    let log = log.display().to_string();
    let flags = [
        "-f",
        "-qq",
        "-v",
        "-s",
        "1000000",
        "-e",
        "trace=execve,write,writev,pwrite64,openat,unlink,rename",
    ];
    let strace = [&flags[..], &["-o", &log, Sandbox::program(), "tick"]].concat();
    let mut can = Command::new("strace");
    can.args(["-qq", "-o", "/dev/null", "/bin/true"]).stderr(Stdio::null());
    if !can.status().is_ok_and(|status| status.success()) {
        // No strace, or no tracing here: the files and environments are looked at above.
        return;
    }
    let ran = sandbox.call_program("strace", &strace).env("TELEGRAM_BOT_TOKEN", "").run();
    ran.exits(0);
    assert!(!listener.requests().is_empty());
    let trace = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = trace.lines().filter(|line| line.contains(canary())).collect();
    assert!(trace.contains("nosy-status") && trace.contains("__exec"), "it saw the children");
    assert_eq!(lines, Vec::<&str>::new());
}
