//! The schema against the decoder: the same keys, and the same verdict on every config of these tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::json_schema::validate;
use super::*;
use crate::diag::Code;

static SCHEMA: LazyLock<Value> = LazyLock::new(crate::config::schema);

/// What a schema judges.
const JUDGED: [Code; 7] = [
    Code::UnknownKey,
    Code::WrongType,
    Code::MissingKey,
    Code::UselessKey,
    Code::UnsupportedVersion,
    Code::UnknownWord,
    Code::ApprovalSwitchedOff,
];

/// The same verdict, where the text is one that JSON can say at all.
pub(super) fn agrees(name: &str, text: &str, parsed: &Parsed) {
    let findings = parsed.sink.sorted();
    if findings.iter().any(|f| matches!(f.code, Code::SyntaxError | Code::DuplicateKey)) {
        return;
    }
    let value: Option<Value> = if name.ends_with("json") {
        serde_json::from_str(text).ok()
    } else {
        ::toml::from_str(text).ok().filter(|value: &Value| !has_date(value))
    };
    let Some(value) = value else { return };
    let judged: Vec<_> = findings.iter().filter(|f| JUDGED.contains(&f.code)).collect();
    let wrong = validate(&SCHEMA, &value);
    assert_eq!(wrong.is_empty(), judged.is_empty(), "{text}\n{judged:#?}\n{wrong:#?}");
}

/// A date of TOML's, which serde passes on as a table of one odd key.
fn has_date(value: &Value) -> bool {
    match value {
        Value::Object(entries) => {
            entries.iter().any(|(key, value)| key.starts_with("$__toml") || has_date(value))
        }
        Value::Array(items) => items.iter().any(has_date),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// One unknown key in each table makes the decoder list the keys that it knows.
#[test]
fn the_schema_has_the_keys_of_the_decoder_and_no_others() {
    let text = r#"{"version": 1, "z": 1,
      "defaults": {"z": 1, "quietHours": {"z": 1}},
      "report": {"z": 1, "via": "webhook", "telegram": {"z": 1},
        "webhook": {"url": "https://h.example", "z": 1}, "deadman": {"url": "https://h.example", "z": 1}},
      "history": {"z": 1},
      "jobs": [{"id": "a", "kind": "one_shot_write", "risk": "write_local", "z": 1,
        "commands": {"run": ["a"], "z": 1}, "policy": {"z": 1}, "approval": {"z": 1},
        "after": [{"jobId": "a", "z": 1}]}]}"#;
    let parsed = parse_one("a.json", text);
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in parsed.sink.sorted() {
        let list = finding.help[0].strip_prefix("known here: ").expect("a list");
        let place =
            finding.message.replace("unknown key `z`", "").replace(": it has no effect", "");
        known.insert(place, list.split(", ").map(str::to_owned).collect());
    }
    let top = [
        "",
        "/definitions/defaults",
        "/definitions/quietHours",
        "/definitions/report",
        "/definitions/history",
    ];
    let inner =
        ["telegram", "webhook", "deadman"].map(|t| format!("/definitions/report/properties/{t}"));
    let job =
        ["job", "commands", "policy", "approval", "link"].map(|t| format!("/definitions/{t}"));
    let places = top.map(str::to_owned).into_iter().chain(inner).chain(job);
    let names = [
        "",
        " in `defaults`",
        " in `defaults.quietHours`",
        " in `report`",
        " in `history`",
        " in `report.telegram`",
        " in `report.webhook`",
        " in `report.deadman`",
        " in job `a`",
        " in `commands`",
        " in `policy`",
        " in `approval`",
        " in `after[0]`",
    ];
    assert_eq!(known.len(), names.len(), "{:?}", known.keys());
    for (place, name) in places.zip(names) {
        let properties = SCHEMA.pointer(&format!("{place}/properties")).expect("a table");
        let keys: BTreeSet<String> =
            properties.as_object().expect("keys").keys().cloned().collect();
        assert_eq!(Some(&keys), known.get(name), "{name}");
        for (key, schema) in properties.as_object().expect("keys") {
            assert!(schema["description"].is_string(), "{name} {key} is not described");
        }
    }
}

#[test]
fn defaults_are_valid_by_the_schema_and_change_nothing() {
    let mut defaults = serde_json::Map::new();
    let policy = SCHEMA["definitions"]["policy"]["properties"].as_object().expect("keys");
    for (key, schema) in policy {
        if let Some(default) = schema.get("default") {
            defaults.insert(key.clone(), default.clone());
        }
    }
    assert!(defaults.len() >= 9, "{defaults:?}");
    let job: Value = serde_json::from_str(&format!("{{{WATCH}}}")).expect("JSON");
    let jobs = |config: Value| clean("a.json", &config.to_string()).jobs["w"].policy.clone();
    let said = jobs(json!({"version": 1, "defaults": defaults, "jobs": [job]}));
    assert_eq!(said, jobs(json!({"version": 1, "jobs": [job]})));
}

#[test]
fn whole_configs_of_the_repository_are_valid() {
    let docs = include_str!("../../../docs/config.md");
    let blocks = docs.split("```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    for text in blocks.filter(|text| text.contains("version")) {
        assert_eq!(rendered(&parse_one("a.json", text)), "");
    }
    let jobs = include_str!("../../../jobs/opsfsm.toml");
    assert_eq!(rendered(&parse_one("a.toml", jobs)), "");
    let example = &SCHEMA["examples"][0];
    assert_eq!(validate(&SCHEMA, example), Vec::<String>::new());
}

/// Separated by bars; the first one is empty.
const TEXTS: &str = concat!(
    "| |x| x |a\0|~|~/x|~u|~u/x|./~u|a=b|OPSFSM_RUN|23:59|24:00|7:05| 7:05 |7:5|07:60|",
    ":|-1:00|100:00|UTC|Europe/Berlin|a//b|/a|a b|Etc/GMT+1|12345| -1001234567890 |",
    "telegram:7|tg:-7|@ops_room|@ab|-100:topic:42|*|tg:|0|007|+1|--1|1.5|1:2|1:topic:|",
    "1:topic:x|1:topic:0|1:topic:-3|https://api.telegram.org|",
    "https://h.example/T0/B0?a=b|https://[2001:db8::1]:8443/x|http://127.0.0.1:8081|",
    "http://localhost:80/x|http://[::1]:9/x|https://|https:///x|http://h.example|",
    "http://localhost.example.com/x|http://0.0.0.0/|http://localhost@example.com/|",
    "https://u:w@h.example/|https://exa mple.com/|https://h.example/\n|",
    "https://h.example/#x|ftp://localhost/|HTTP://localhost/|https://h.example/a@b",
);
/// Everything else.
const OTHERS: &str = r#"[0,1,1.0,-1,-1.0,9,10,59.9,59.9999,60,0.0005,0.0004,3600,3601,4294967295.0,4294967296,3162240000.0001,100000000000.5,true,null,[],["a"],[""],{},[1],["~u"],[{}],[{"jobId":" "}],[null]]"#;

/// Every text in every place that takes one: `parse_one` compares the verdicts.
#[test]
fn texts_and_numbers_are_judged_alike() {
    let others: Vec<Value> = serde_json::from_str(OTHERS).expect("JSON");
    let values = TEXTS.split('|').map(Value::from).chain(others);
    let bases =
        [WATCH, CHECK, WRITE].map(|job| serde_json::from_str::<Value>(&format!("{{{job}}}")));
    for value in values {
        for place in every_place() {
            for base in &bases {
                let mut config = json!({"version": 1, "jobs": [base.as_ref().expect("JSON")]});
                let target =
                    config.pointer_mut(if place.starts_with("/job") { "/jobs/0" } else { "" });
                put(target.expect("there"), place.trim_start_matches("/job/"), &value);
                parse_one("a.json", &config.to_string());
            }
        }
    }
}

/// The way to each key of each table; those of a job begin with `/job/`.
fn every_place() -> Vec<String> {
    let mut places = Vec::new();
    for (prefix, table) in [
        ("", ""),
        ("defaults/", "/definitions/defaults"),
        ("defaults/quietHours/", "/definitions/quietHours"),
        ("report/", "/definitions/report"),
        ("report/telegram/", "/definitions/report/properties/telegram"),
        ("report/webhook/", "/definitions/report/properties/webhook"),
        ("report/deadman/", "/definitions/report/properties/deadman"),
        ("/job/", "/definitions/job"),
        ("/job/commands/", "/definitions/commands"),
        ("/job/policy/", "/definitions/policy"),
        ("/job/approval/", "/definitions/approval"),
    ] {
        let table = SCHEMA.pointer(&format!("{table}/properties")).expect("a table");
        places.extend(table.as_object().expect("keys").keys().map(|key| format!("{prefix}{key}")));
    }
    places.extend(
        ["/job/env/A", "/job/env/OPSFSM_RUN", "/job/env/a=b", "/job/env/"].map(str::to_owned),
    );
    places
}

fn put(target: &mut Value, way: &str, value: &Value) {
    match way.split_once('/') {
        None => target[way] = value.clone(),
        Some((key, rest)) => {
            if !target[key].is_object() {
                target[key] = json!({});
            }
            put(&mut target[key], rest, value);
        }
    }
}

/// A number that is whole counts as an integer however it is written.
#[test]
fn a_whole_number_may_have_a_point() {
    let text = r#"{"version": 1, "defaults": {"maxResumes": 3.0}, "jobs": [{WATCH}]}"#;
    let model = clean("a.json", &text.replace("WATCH", WATCH));
    assert_eq!(model.jobs["w"].policy.max_resumes, Some(3));
}
