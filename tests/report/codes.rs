//! Approval by a code: sent to the person's own chat, typed back, and never to be found anywhere.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::support::{Sandbox, has, lacks, with};

/// A sandbox with a write whose level asks for a code, and a way to a chat.
fn asking(listener: &Listener) -> Sandbox {
    let sandbox = Sandbox::new();
    let prune = with(
        sandbox.write_job("prune", "verify"),
        &json!({"approval": {"level": "confirmed"}, "env": sandbox.mark()}),
    );
    let verify = with(sandbox.check("verify"), &json!({"env": sandbox.mark(), "sandbox": "off"}));
    let mut report = sandbox.telegram(listener);
    report["telegram"]["target"] = json!("4242");
    sandbox.reporting(&report, &[prune, verify]);
    sandbox
}

/// The code in the newest message, as it is spelled there.
fn code_in(listener: &Listener) -> String {
    let requests = listener.requests();
    let text = requests.last().unwrap().body["text"].as_str().unwrap().to_owned();
    let after = text.split("--code ").nth(1).unwrap_or_else(|| panic!("no code in:\n{text}"));
    after.split_whitespace().next().unwrap().to_owned()
}

fn messages(listener: &Listener) -> usize {
    listener.requests().len()
}

/// Any other code than this.
fn another(code: &str) -> String {
    let first = if code.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &code[1..])
}

fn levels(sandbox: &Sandbox) -> Vec<(String, String)> {
    let all = sandbox.json(&["approvals", "--format", "json"]);
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let rows = all["approvals"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "status"), text(row, "level"))).collect()
}

fn is_anywhere(folder: &Path, word: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_anywhere(&path, word);
        }
        path.is_file() && memchr::memmem::find(&fs::read(&path).unwrap(), word.as_bytes()).is_some()
    })
}

#[test]
fn a_code_from_the_chat_approves_one_plan_for_one_start() {
    let listener = Listener::start([]);
    let sandbox = asking(&listener);
    let asked = sandbox.run(&["request", "prune", "--reason", "the disk is full"]);
    asked.exits(0).says("a one-time code was sent");
    let message = listener.requests()[0].body["text"].as_str().unwrap().to_owned();
    has(&message, &["🔐 prune", "the disk is full", "plan ", "once, within 15 minutes", "uid "]);
    let code = code_in(&listener);
    // Without the code nobody gives this level.
    let digest = sandbox.json(&["plan", "prune", "--format", "json"])["digest"].clone();
    sandbox.run(&["approve", "prune", "--digest", digest.as_str().unwrap()]).exits(2);
    // An agent that was told the code passes it on, without a terminal.
    let typed = code.to_lowercase().replace('-', "");
    let approved = sandbox.run(&["approve", "prune", "--code", &typed]);
    approved.exits(0).prints("confirmed");
    assert_eq!(levels(&sandbox)[0], ("live".to_owned(), "confirmed".to_owned()));
    sandbox.run(&["run", "prune", "--wait"]).exits(0);
    assert_eq!(sandbox.count("prune", "runs"), 1);
    // It is used.
    sandbox.run(&["approve", "prune", "--code", &code]).exits(2).says("no code was sent");
    let history = sandbox.ok(&["history"]);
    has(&history, &["code made for chat 4242 by http://127.0.0.1", "(confirmed)"]);
    for text in [&asked.out, &asked.err, &approved.out, &approved.err, &history] {
        lacks(text, &[&code, &typed]);
    }
    for shape in [code.clone(), code.replace('-', "")] {
        assert!(!is_anywhere(&sandbox.path(""), &shape), "{shape} is kept somewhere");
    }
}

#[test]
fn five_wrong_codes_and_the_right_one_serves_no_more() {
    let listener = Listener::start([]);
    let sandbox = asking(&listener);
    sandbox.run(&["request", "prune"]).exits(0);
    let code = code_in(&listener);
    sandbox.run(&["approve", "prune", "--code", "not one"]).exits(2).says("that is no code");
    for _ in 0..5 {
        let wrong = sandbox.run(&["approve", "prune", "--code", &another(&code)]);
        wrong.exits(2).says("the code is wrong");
        lacks(&wrong.err, &[&another(&code)]);
    }
    let tried = sandbox.run(&["approve", "prune", "--code", &code]);
    tried.exits(2).says("a wrong code was typed 5 times");
    // Asking again, for the same plan or with other words, brings no new tries.
    for reason in ["", "please", "really"] {
        sandbox.run(&["request", "prune", "--reason", reason]).says("a code was sent less than");
    }
    sandbox.run(&["approve", "prune", "--code", &code]).exits(2);
    assert_eq!(messages(&listener), 1);
}

#[test]
fn a_code_is_for_the_plan_that_was_asked_for() {
    let listener = Listener::start([]);
    let sandbox = asking(&listener);
    sandbox.run(&["request", "prune"]).exits(0);
    let code = code_in(&listener);
    let script = sandbox.read("jobs/prune/run");
    sandbox.script("jobs/prune/run", &format!("{script}# edited\n"));
    sandbox.run(&["approve", "prune", "--code", &code]).exits(2).says("for another plan");
    sandbox.run(&["request", "prune"]).exits(0);
    assert_eq!(messages(&listener), 2, "another plan has a code of its own");
    sandbox.run(&["approve", "prune", "--code", &code]).exits(2).says("the code is wrong");
    sandbox.run(&["approve", "prune", "--code", &code_in(&listener)]).exits(0);
}

#[test]
fn a_code_whose_message_failed_or_may_have_serves_nobody_and_another_is_sent_at_once() {
    let refused = json!({"ok": false, "error_code": 403, "description": "Forbidden"});
    let listener = Listener::start([Reply::Json(403, refused), Reply::CutAfterRequest]);
    let sandbox = asking(&listener);
    for sent in 1..=2 {
        sandbox.run(&["request", "prune"]).exits(3).says("ask again for another");
        assert_eq!(messages(&listener), sent);
        let lost = code_in(&listener);
        sandbox.run(&["approve", "prune", "--code", &lost]).exits(2).says("no code was sent");
    }
    sandbox.run(&["request", "prune"]).exits(0);
    sandbox.run(&["approve", "prune", "--code", &code_in(&listener)]).exits(0);
}

/// Whoever asks can set the environment, and write a config of OpenClaw.
#[test]
fn a_code_goes_to_one_persons_chat_that_the_config_itself_names() {
    let listener = Listener::start([]);
    let sandbox = asking(&listener);
    let elsewhere = Listener::start([]);
    let evil = json!({"channels": {"telegram": {"apiRoot": elsewhere.root(), "defaultTo": 666,
        "botToken": super::surroundings::TOKEN}}});
    let evil = sandbox.write("evil.json", evil.to_string());
    let ran = sandbox.call(&["request", "prune"]).env("OPENCLAW_CONFIG_PATH", &evil).run();
    ran.exits(0);
    assert_eq!((messages(&listener), messages(&elsewhere)), (1, 0));
    assert_eq!(listener.requests()[0].body["chat_id"], 4242);
    let with_report = |report: &Value| {
        let prune = with(
            sandbox.write_job("prune", "verify"),
            &json!({"approval": {"level": "confirmed"}, "env": sandbox.mark()}),
        );
        sandbox.reporting(report, &[prune, sandbox.check("verify")]);
        sandbox.call(&["request", "prune"]).env("OPENCLAW_CONFIG_PATH", &evil).run()
    };
    // A group, a chat without a token file of the config's own, another way.
    let group = sandbox.telegram(&listener);
    with_report(&group).exits(3).says("codes go to a chat of one person only");
    let bare = json!({"telegram": {"target": "4242", "apiRoot": listener.root()}});
    with_report(&bare).exits(3).says("set report.telegram.tokenFile");
    let mut other = sandbox.telegram(&listener);
    other["telegram"]["target"] = json!("4242");
    other["via"] = json!("stdout");
    with_report(&other).exits(3).says("report.via is stdout");
    assert_eq!((messages(&listener), messages(&elsewhere)), (1, 0));
}

#[test]
fn a_denial_takes_the_code_back_and_no_other_way_sends_one() {
    let listener = Listener::start([]);
    let sandbox = asking(&listener);
    sandbox.run(&["request", "prune"]).exits(0);
    sandbox.run(&["deny", "prune"]).exits(0);
    let code = code_in(&listener);
    sandbox.run(&["approve", "prune", "--code", &code]).exits(2).says("no code was sent");
    // `run` without an approval asks too, and sends none.
    sandbox.run(&["run", "prune"]).exits(4);
    assert_eq!(messages(&listener), 1);
    let prune = with(sandbox.write_job("prune", "verify"), &json!({"env": sandbox.mark()}));
    sandbox.reporting(&json!({"via": "stdout"}), &[prune, sandbox.check("verify")]);
    sandbox.run(&["request", "prune", "--reason", "again"]).exits(0);
    assert_eq!(messages(&listener), 1);
}
