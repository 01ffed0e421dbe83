//! Which way a tick goes, by the real binary; and what `config explain` says of it.

use serde_json::{Value, json};

use super::listener::{Listener, Reply};
use super::support::{Sandbox, has, lacks, with};
use super::surroundings::TOKEN;

const DOCS: &str = include_str!("../../docs/json.md");
const SENT: &str = r#"echo '{"action":"send","dryRun":false,"messageId":"7","payload":{}}'"#;

fn sandbox_with(report: &Value) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.reporting(report, &[sandbox.watched("scan")]);
    sandbox.runs_on("scan", 1);
    sandbox
}

fn openclaw_json(sandbox: &Sandbox, telegram: &Value) {
    let config = json!({"channels": {"telegram": telegram}});
    sandbox.write("home/.openclaw/openclaw.json", config.to_string());
}

#[test]
fn with_nothing_at_all_it_prints() {
    let ran = sandbox_with(&json!({})).run(&["tick"]);
    ran.exits(0).prints("scan [long_running_read]");
}

#[test]
fn what_openclaw_is_set_up_with_is_used() {
    let listener = Listener::start([]);
    let sandbox = sandbox_with(&json!({}));
    let root = listener.root();
    openclaw_json(&sandbox, &json!({"botToken": TOKEN, "allowFrom": ["*", 42], "apiRoot": root}));
    let ran = sandbox.run(&["tick"]);
    assert_eq!((ran.exits(0).out.as_str(), ran.err.as_str()), ("", ""), "it was sent, not printed");
    assert_eq!(listener.requests()[0].body["chat_id"], 42);
    has(&listener.texts()[0], &["scan [long_running_read]"]);
    let explained = sandbox.ok(&["config", "explain"]);
    has(&explained, &["go by telegram", "123456…", "channels.telegram.allowFrom", &root]);
    lacks(&explained, &[&TOKEN[12..]]);
    assert_eq!(listener.requests().len(), 1, "to explain is not to send");
}

#[test]
fn the_command_line_names_the_chat() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let telegram = sandbox.telegram(&listener);
    sandbox.reporting(&telegram, &[sandbox.watched("scan")]);
    sandbox.run(&["tick", "--target", "77:topic:3"]).exits(0);
    let body = &listener.requests()[0].body;
    assert_eq!((&body["chat_id"], &body["message_thread_id"]), (&json!(77), &json!(3)));
    let printed = sandbox.run(&["tick", "--target", "77", "--dry-run"]);
    printed.exits(0);
    assert_eq!(listener.requests().len(), 1, "a dry run sends nothing");
}

#[test]
fn a_chat_that_nothing_reaches_is_exit_3_until_it_is_printed() {
    let sandbox = sandbox_with(&json!({}));
    for _ in 0..2 {
        let ran = sandbox.run(&["tick", "--target", "12345"]);
        ran.exits(3).says("report.telegram.tokenFile");
        assert_eq!(ran.out, "", "nothing is told another way");
    }
    sandbox.run(&["tick", "--target", "*"]).exits(3).says("guess");
    let ran = sandbox.run(&["tick", "--target", "12345", "--print-only"]);
    ran.exits(0).prints("scan [long_running_read]");
    sandbox.run(&["tick", "--target", "12345"]).exits(0);
}

#[test]
fn a_token_that_can_not_be_used_is_never_passed_over() {
    let listener = Listener::start([]);
    let sandbox = sandbox_with(&json!({}));
    sandbox.stand_in(SENT);
    let telegram =
        json!({"tokenFile": "gone", "botToken": TOKEN, "defaultTo": 1, "apiRoot": listener.root()});
    openclaw_json(&sandbox, &telegram);
    let ran = sandbox.run_with_claw(&["tick"]);
    ran.exits(3).says("channels.telegram.tokenFile").says("is not there");
    assert_eq!((listener.requests().len(), sandbox.read("claw/argv").as_str()), (0, ""));
}

#[test]
fn a_chat_that_can_not_be_used_is_never_passed_over() {
    let listener = Listener::start([]);
    let sandbox = sandbox_with(&json!({}));
    let root = listener.root();
    for (to, said) in [(json!("${OPS_CHAT}"), "OPS_CHAT"), (json!(1e9), "is not a chat's id")] {
        let telegram =
            json!({"botToken": TOKEN, "defaultTo": to, "allowFrom": [42], "apiRoot": root});
        openclaw_json(&sandbox, &telegram);
        let ran = sandbox.run(&["tick"]);
        ran.exits(3).says("channels.telegram.defaultTo").says(said);
    }
    assert_eq!(listener.requests().len(), 0, "nothing goes to another chat");
}

#[test]
fn openclaw_is_the_way_without_a_token_and_needs_a_chat() {
    let sandbox = sandbox_with(&json!({}));
    sandbox.stand_in(SENT);
    sandbox.run_with_claw(&["tick"]).exits(3).says("report.telegram.target");
    let ran = sandbox.run_with_claw(&["tick", "--target", "55"]);
    assert_eq!((ran.exits(0).out.as_str(), ran.err.as_str()), ("", ""));
    has(&sandbox.read("claw/argv"), &["--target\n55\n"]);
    lacks(&sandbox.read("claw/argv"), &["state: running"]);
}

#[test]
fn what_is_asked_for_is_not_replaced_by_what_is_there() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let mut report = sandbox.telegram(&listener);
    for (via, code, said) in [("openclaw", 3, "program openclaw"), ("stdout", 0, "")] {
        report["via"] = json!(via);
        sandbox.reporting(&report, &[sandbox.watched("scan")]);
        sandbox.run(&["tick"]).exits(code).says(said);
    }
    sandbox.run(&["tick", "--target", "5"]).exits(0).says("--target has no effect");
    assert_eq!(listener.requests().len(), 0);
}

#[test]
fn a_json_answer_goes_beside_a_report_that_is_really_sent() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    let telegram = sandbox.telegram(&listener);
    sandbox.reporting(&telegram, &[sandbox.watched("scan")]);
    let answer = sandbox.json(&["tick", "--format", "json"]);
    assert_eq!(answer["reports"][0]["text"].as_str().unwrap(), listener.texts()[0]);
    assert_eq!(answer["undelivered"], Value::Null);
    let printed = sandbox.json(&["tick", "--format", "json", "--print-only"]);
    assert_eq!((printed["reports"].as_array().unwrap().len(), listener.requests().len()), (0, 1));
    sandbox.completes("scan");
    let printed = sandbox.json(&["tick", "--format", "json", "--print-only"]);
    assert_eq!((printed["reports"].as_array().unwrap().len(), listener.requests().len()), (1, 1));
}

#[test]
fn a_webhook_is_posted_to() {
    let listener = Listener::start([Reply::Json(200, Value::Null), Reply::Json(410, Value::Null)]);
    let url = format!("{}/T0pSecret", listener.root());
    let sandbox = sandbox_with(&json!({"via": "webhook", "webhook": {"url": url}}));
    sandbox.run(&["tick"]).exits(0);
    has(&listener.texts()[0], &["scan [long_running_read]"]);
    sandbox.completes("scan");
    let ran = sandbox.run(&["tick"]);
    ran.exits(3).says("answered 410").says("report.webhook.url");
    lacks(&format!("{}{}", ran.err, sandbox.ok(&["config", "explain"])), &["T0pSecret"]);
}

#[test]
fn the_sign_of_life_follows_a_complete_tick_only() {
    let alive = Listener::start([]);
    let deadman = json!({"url": format!("{}/ping/T0pSecret", alive.root())});
    let listener = Listener::start([Reply::Json(500, Value::Null)]);
    let unheard = Sandbox::new();
    let telegram = with(unheard.telegram(&listener), &json!({"deadman": deadman}));
    unheard.reporting(&telegram, &[unheard.watched("scan")]);
    unheard.run(&["tick"]).exits(3);
    unheard.run(&["tick", "--dry-run"]).exits(0);
    assert_eq!(alive.requests().len(), 0, "neither a tick that failed nor a dry run");
    let sandbox = sandbox_with(&json!({"deadman": deadman}));
    sandbox.run(&["tick"]).exits(0);
    assert_eq!(alive.requests().len(), 1);
    assert_eq!(alive.requests()[0].path, "/ping/T0pSecret");
    alive.script([Reply::CutAfterRequest]);
    let ran = sandbox.run(&["tick"]);
    ran.exits(0).says("dead-man's address");
    lacks(&ran.err, &["T0pSecret"]);
    sandbox.write("config/opsfsm/ops-jobs.json", "{");
    sandbox.run(&["tick"]).exits(2);
    assert_eq!(alive.requests().len(), 2, "a broken config runs nothing");
}

#[test]
fn config_explain_warns_of_a_token_that_openclaw_does_not_get() {
    let sandbox = Sandbox::new();
    sandbox.stand_in(SENT);
    let path =
        format!("{}:{}", sandbox.path("claw").display(), std::env::var("PATH").unwrap_or_default());
    let warning = |telegram: &Value, via: &str, name: &str| {
        openclaw_json(&sandbox, telegram);
        sandbox.reporting(&json!({"via": via}), &[]);
        let call = |args: &[&str]| {
            let ran = sandbox.call(args).env("PATH", &path).env(name, TOKEN).run();
            ran.exits(0).out.clone()
        };
        let text = call(&["config", "explain"]);
        let answer = call(&["config", "explain", "--format", "json"]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let warns = answer["report"]["warning"].is_string();
        assert_eq!(text.contains("\nwarning        the token stands in the env"), warns, "{text}");
        warns
    };
    let none = json!({"defaultTo": 1});
    let named = json!({"botToken": "${OPS_BOT}", "defaultTo": 1});
    let own = json!({"botToken": TOKEN, "defaultTo": 1});
    assert!(warning(&none, "openclaw", "TELEGRAM_BOT_TOKEN"));
    assert!(warning(&named, "openclaw", "OPS_BOT"));
    assert!(!warning(&own, "openclaw", "TELEGRAM_BOT_TOKEN"), "it has one of its own");
    assert!(!warning(&none, "telegram", "TELEGRAM_BOT_TOKEN"), "nothing goes by openclaw");
}

#[test]
fn config_explain_is_as_documented() {
    let listener = Listener::start([]);
    let sandbox = Sandbox::new();
    sandbox.stand_in(SENT);
    openclaw_json(
        &sandbox,
        &json!({"botToken": TOKEN, "defaultTo": "1", "apiRoot": listener.root()}),
    );
    sandbox.reporting(&json!({"deadman": {"url": "https://hc.example/secret"}}), &[]);
    let ran = sandbox.run_with_claw(&["config", "explain", "--format", "json"]);
    let answer: Value = serde_json::from_str(&ran.exits(0).out).unwrap();
    let all = DOCS.split("```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let example = all.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let example = example.into_iter().find(|v| v["command"] == "config explain").unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&answer), keys(&example));
    assert_eq!(keys(&answer["report"]), keys(&example["report"]));
    assert_eq!(keys(&answer["report"]["token"]), keys(&example["report"]["token"]));
    assert_eq!(answer["report"]["token"]["value"], "123456…");
    assert_eq!(answer["report"]["deadman"]["value"], "https://hc.example/…");
    assert_eq!(
        (&answer["report"]["route"], &answer["timeZone"]),
        (&json!("telegram"), &json!("UTC"))
    );
    assert!(!ran.out.contains(&TOKEN[12..]), "{}", ran.out);
    sandbox.raw_config(&json!({"version": 1, "defaults": {"timezone": "Asia/Tokyo"}}));
    let answer = sandbox.json(&["config", "explain", "--format", "json"]);
    assert_eq!(answer["timeZone"], "Asia/Tokyo");
    openclaw_json(&sandbox, &json!({"botToken": {"source": "exec", "id": "x"}, "defaultTo": "1"}));
    let ran = sandbox.run(&["config", "explain"]);
    has(
        &ran.exits(0).out,
        &["reports        wait", "token          unusable", "report.telegram.tokenFile"],
    );
}
