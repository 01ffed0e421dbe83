//! Findings about `report`: the ways that reports go.
//!
//! In: configs in JSON, tried with their TOML twins. Out: snapshots of all that a person reads.
//! Invariant: no finding repeats an address.

use expect_test::expect;

use super::*;
use crate::model::{Endpoint, TelegramSettings, Via};

#[test]
fn a_way_is_one_of_five_and_a_webhook_needs_an_address() {
    expect![[r#"
        ── "report": {"via": "telegramm"}
        json:2:19: error[OF010]: `report.via` can't be "telegramm"
          help: did you mean "telegram"?
          help: one of: auto, telegram, openclaw, webhook, stdout
        toml:1:18: error[OF010]: `report.via` can't be "telegramm"
          help: did you mean "telegram"?
          help: one of: auto, telegram, openclaw, webhook, stdout
        ── "report": {"via": 1}
        json:2:19: error[OF004]: `report.via` must be a string, not a number
        toml:1:18: error[OF004]: `report.via` must be a string, not a number
        ── "report": {"via": "webhook"}
        json:2:1: error[OF005]: `report.via` is webhook, but there is no `report.webhook.url`
          help: add "webhook": {"url": "https://…"}
        toml:1:1: error[OF005]: `report.via` is webhook, but there is no `report.webhook.url`
          help: add webhook = { url = "https://…" }
        ── "report": {"via": "webhook", "webhook": {}}
        json:2:30: error[OF005]: there is no `report.webhook.url`
          help: add "url": "https://…"
        toml:1:29: error[OF005]: there is no `report.webhook.url`
          help: add url = "https://…"
        ── "report": {"webhook": {"url": "https://h.example/s"}}
        json:2:12: warning[OF006]: `report.webhook` has no effect: reports go another way
          help: to send them there, add "via": "webhook"
        toml:1:12: warning[OF006]: `report.webhook` has no effect: reports go another way
          help: to send them there, add via = "webhook"
        ── "report": {"via": "stdout", "webhook": {"url": "https://h.example/s"}}
        json:2:29: warning[OF006]: `report.webhook` has no effect: reports go another way
          help: to send them there, add "via": "webhook"
        toml:1:28: warning[OF006]: `report.webhook` has no effect: reports go another way
          help: to send them there, add via = "webhook"
        ── "report": {"deadman": {"uri": "https://h.example/s"}}
        json:2:12: error[OF005]: there is no `report.deadman.url`
          help: add "url": "https://…"
        json:2:24: warning[OF002]: unknown key `uri` in `report.deadman`: it has no effect
          help: did you mean `url`?
        toml:1:12: error[OF005]: there is no `report.deadman.url`
          help: add url = "https://…"
        toml:1:24: warning[OF002]: unknown key `uri` in `report.deadman`: it has no effect
          help: did you mean `url`?
        ── "report": {"telegram": {"token": "1:x"}}
        json:2:25: warning[OF002]: unknown key `token` in `report.telegram`: it has no effect
          help: known here: tokenFile, target, apiRoot, thread
        toml:1:25: warning[OF002]: unknown key `token` in `report.telegram`: it has no effect
          help: known here: tokenFile, target, apiRoot, thread
        ── "report": {"telegram": [], "deadman": "https://h.example/s"}
        json:2:24: error[OF004]: `report.telegram` must be an object, not an array
        json:2:39: error[OF004]: `report.deadman` must be an object, not a string
        toml:1:22: error[OF004]: `report.deadman` must be a table, not a string
        toml:1:56: error[OF004]: `report.telegram` must be a table, not an array
    "#]]
    .assert_eq(&top_cases(&[
        r#""report": {"via": "telegramm"}"#,
        r#""report": {"via": 1}"#,
        r#""report": {"via": "webhook"}"#,
        r#""report": {"via": "webhook", "webhook": {}}"#,
        r#""report": {"webhook": {"url": "https://h.example/s"}}"#,
        r#""report": {"via": "stdout", "webhook": {"url": "https://h.example/s"}}"#,
        r#""report": {"deadman": {"uri": "https://h.example/s"}}"#,
        r#""report": {"telegram": {"token": "1:x"}}"#,
        r#""report": {"telegram": [], "deadman": "https://h.example/s"}"#,
    ]));
}

#[test]
fn nothing_is_sent_unencrypted_or_to_nobody_in_particular() {
    let text = top_cases(&[
        r#""report": {"telegram": {"apiRoot": "http://api.telegram.org/hush"}}"#,
        r#""report": {"telegram": {"apiRoot": "api.telegram.org/hush"}}"#,
        r#""report": {"via": "webhook", "webhook": {"url": "http://h.example/hush"}}"#,
        r#""report": {"deadman": {"url": 7}}"#,
        r#""report": {"telegram": {"target": "*"}}"#,
        r#""report": {"telegram": {"target": "Alice"}}"#,
        r#""report": {"telegram": {"target": true}}"#,
        r#""report": {"telegram": {"thread": 0}}"#,
        r#""report": {"telegram": {"thread": "7"}}"#,
        r#""report": {"telegram": {"tokenFile": " "}}"#,
        r#""report": {"telegram": {"tokenFile": "~other/token"}}"#,
    ]);
    assert!(!text.replace("── ", "──").lines().any(|l| !l.starts_with("──") && l.contains("hush")));
    expect![[r#"
        ── "report": {"telegram": {"apiRoot": "http://api.telegram.org/hush"}}
        json:2:36: error[OF004]: `report.telegram.apiRoot` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        toml:1:35: error[OF004]: `report.telegram.apiRoot` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        ── "report": {"telegram": {"apiRoot": "api.telegram.org/hush"}}
        json:2:36: error[OF004]: `report.telegram.apiRoot` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        toml:1:35: error[OF004]: `report.telegram.apiRoot` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        ── "report": {"via": "webhook", "webhook": {"url": "http://h.example/hush"}}
        json:2:49: error[OF004]: `report.webhook.url` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        toml:1:47: error[OF004]: `report.webhook.url` must be an https:// address (or http:// of this machine: localhost, 127.0.0.1, [::1])
        ── "report": {"deadman": {"url": 7}}
        json:2:31: error[OF004]: `report.deadman.url` must be a string, not a number
        toml:1:30: error[OF004]: `report.deadman.url` must be a string, not a number
        ── "report": {"telegram": {"target": "*"}}
        json:2:35: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID
        toml:1:34: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID
        ── "report": {"telegram": {"target": "Alice"}}
        json:2:35: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID
        toml:1:34: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID
        ── "report": {"telegram": {"target": true}}
        json:2:35: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID, not a boolean
        toml:1:34: error[OF004]: `report.telegram.target` must be a chat's id, @name, or CHAT:topic:ID, not a boolean
        ── "report": {"telegram": {"thread": 0}}
        json:2:35: error[OF004]: `report.telegram.thread` must be the number of a topic, 1 or more
        toml:1:34: error[OF004]: `report.telegram.thread` must be the number of a topic, 1 or more
        ── "report": {"telegram": {"thread": "7"}}
        json:2:35: error[OF004]: `report.telegram.thread` must be the number of a topic, 1 or more, not a string
        toml:1:34: error[OF004]: `report.telegram.thread` must be the number of a topic, 1 or more, not a string
        ── "report": {"telegram": {"tokenFile": " "}}
        json:2:38: error[OF004]: `report.telegram.tokenFile` must be a string that is not empty
        toml:1:37: error[OF004]: `report.telegram.tokenFile` must be a string that is not empty
        ── "report": {"telegram": {"tokenFile": "~other/token"}}
        json:2:38: error[OF004]: `report.telegram.tokenFile` must be a path whose `~` stands alone or before `/`: other users' homes, and files whose name begins with `~`, need an absolute path or `./~`
        toml:1:37: error[OF004]: `report.telegram.tokenFile` must be a path whose `~` stands alone or before `/`: other users' homes, and files whose name begins with `~`, need an absolute path or `./~`
    "#]].assert_eq(&text);
}

#[test]
fn all_of_it_is_read() {
    let model = clean(
        "json",
        r#"{"version": 1, "report": {"language": "zh", "via": "telegram",
            "telegram": {"tokenFile": "~/token", "target": -1001234, "thread": 7,
                         "apiRoot": "http://127.0.0.1:8081/"},
            "deadman": {"url": "https://hc.example/ping/1"}}}"#,
    );
    let telegram = TelegramSettings {
        token_file: Some("/home/u/token".into()),
        target: Some("-1001234".to_owned()),
        api_root: Endpoint::parse("http://127.0.0.1:8081/"),
        thread: Some(7),
    };
    assert_eq!((model.report.via, &model.report.telegram), (Via::Telegram, &telegram));
    assert_eq!(model.report.deadman, Endpoint::parse("https://hc.example/ping/1"));
    let webhook = r#"{"version": 1, "report": {"via": "webhook", "webhook": {"url": "https://h.example/s"},
        "telegram": {"tokenFile": "sub/token", "target": "@room:topic:3"}}}"#;
    let report = clean("json", webhook).report;
    assert_eq!(report.telegram.token_file, Some("/etc/ops/sub/token".into()));
    assert_eq!(report.telegram.target.as_deref(), Some("@room:topic:3"));
    assert_eq!(
        report.webhook.map(|w| w.expose().to_owned()).as_deref(),
        Some("https://h.example/s")
    );
    let text = serde_json::to_string(&model.report).expect("JSON");
    assert_eq!(
        serde_json::from_str::<crate::model::ReportSettings>(&text).expect("back"),
        model.report
    );
}
