//! The JSON Schema of a config, draft-07, for editors.
//!
//! In: the words and limits that the decoder goes by, and the table of keys in `docs/config.md`, which
//! every description is taken from. Out: a schema that refuses what the decoder has a finding about
//! (OF002, OF004 to OF007, OF010, OF061), as far as a schema can say it.
//! Invariant: tests hold it to the decoder's keys, and to its verdict on every config of the tests.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::key_docs::description;
use crate::approval::Level;
use crate::base::{RunId, limits};
use crate::model::{Kind, Language, LinkWhen, OnStall, Risk, Sandbox, Via};

/// No NUL, and something that is no white space.
const TEXT: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";
const NO_NUL: &str = r"^[^\x00]*$";
/// `~` means home only alone or before a slash.
const OTHER_HOME: &str = "^~[^/]";
const TIME: &str = r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9]\s*$";
/// Not how long each month is, but that there are so many.
const DAY: &str = r"^\s*[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\s*$";
const ZONE: &str = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$";
const CHAT: &str =
    r"^\s*(telegram:|tg:)?\s*(-?[1-9][0-9]*|@[A-Za-z0-9_]{3,64})(:topic:\+?0*[1-9][0-9]*)?\s*$";
/// What may stand in the host, and what behind it.
const ADDRESS: &str = concat!(
    r"^(https://[!$-.0-;=A-\[\]^_a-~]*[0-9A-Za-z][!$-.0-;=A-\[\]^_a-~]*",
    r"|http://(localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\])(:[0-9]+)?)",
    r"([/?][!$-;=?-\[\]^_a-~]*)?$"
);

/// The schema, as `opsfsm schema` prints it.
#[must_use]
pub fn schema() -> Value {
    let mut root = table(
        "top",
        vec![
            ("version", json!({"const": 1})),
            ("defaults", json!({"$ref": "#/definitions/defaults"})),
            ("report", json!({"$ref": "#/definitions/report"})),
            ("history", json!({"$ref": "#/definitions/history"})),
            ("jobs", json!({"type": "array", "items": {"$ref": "#/definitions/job"}})),
            (
                "suppressions",
                json!({"type": "array", "items": {"$ref": "#/definitions/suppression"}}),
            ),
        ],
        &["version"],
    );
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("opsfsm config");
    root["examples"] = json!([{
        "version": 1,
        "jobs": [{
            "id": "disk",
            "kind": Kind::OneShotRead.as_str(),
            "risk": Risk::ReadOnly.as_str(),
            "commands": {"run": ["df", "-h", "/"]},
        }],
    }]);
    root["definitions"] = json!({
        "argv": argv(),
        "defaults": defaults(),
        "quietHours": table("quietHours", vec![("start", time()), ("end", time())], &[]),
        "report": report(),
        "history": history(),
        "job": job(),
        "commands": commands(),
        "policy": table("policy", policy_keys(), &[]),
        "approval": approval(),
        "link": link(),
        "suppression": suppression(),
    });
    root
}

/// A table with these keys and no others; all but the needed ones may be null, which is nothing.
fn table(place: &str, keys: Vec<(&str, Value)>, needed: &[&str]) -> Value {
    let mut properties = Map::new();
    for (key, mut schema) in keys {
        if !needed.contains(&key) {
            schema = or_null(schema);
        }
        if let Some(text) = description(place, key) {
            schema["description"] = text.into();
        }
        properties.insert(key.to_owned(), schema);
    }
    let mut schema =
        json!({"type": "object", "additionalProperties": false, "properties": properties});
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    schema
}

fn or_null(mut schema: Value) -> Value {
    if let Some(target) = schema.get("$ref") {
        return json!({"anyOf": [{"$ref": target}, {"type": "null"}]});
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    } else if let Some(name) = schema.get("type").cloned() {
        let mut types = name.as_array().cloned().unwrap_or_else(|| vec![name]);
        types.push("null".into());
        schema["type"] = Value::Array(types);
    }
    schema
}

fn suppression() -> Value {
    let until = json!({"type": "string", "pattern": DAY, "examples": ["2027-06-30"]});
    table(
        "suppressions",
        vec![("job", text()), ("code", text()), ("reason", text()), ("until", until)],
        &["job", "code", "reason", "until"],
    )
}

fn words<T: Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) -> Value {
    json!({"enum": all.iter().map(|one| as_str(*one)).collect::<Vec<_>>()})
}

fn with_default(mut schema: Value, default: Value) -> Value {
    schema["default"] = default;
    schema
}

fn flag(default: bool) -> Value {
    json!({"type": "boolean", "default": default})
}

fn text() -> Value {
    json!({"type": "string", "pattern": TEXT})
}

fn path() -> Value {
    json!({"type": "string", "pattern": TEXT, "not": {"type": "string", "pattern": OTHER_HOME}})
}

fn time() -> Value {
    json!({"type": "string", "pattern": TIME, "examples": ["23:00"]})
}

fn address() -> Value {
    json!({"type": "string", "pattern": ADDRESS})
}

fn count(least: u32) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": u32::MAX})
}

/// A number of seconds from `least` up.
fn seconds(least: u64) -> Value {
    json!({"type": "number", "minimum": least, "maximum": limits::SPAN_MAX.as_secs()})
}

/// A time limit: half a millisecond is the least that does not round to nothing.
fn limit() -> Value {
    json!({"type": "number", "minimum": 0.0005, "maximum": limits::SPAN_MAX.as_secs()})
}

fn since(schema: Value, default: Duration) -> Value {
    with_default(schema, default.as_secs().into())
}

fn argv() -> Value {
    json!({
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "minLength": 1, "pattern": NO_NUL},
        "examples": [["/usr/bin/scan", "--background"]],
    })
}

fn policy_keys() -> Vec<(&'static str, Value)> {
    vec![
        ("quietHours", json!({"$ref": "#/definitions/quietHours"})),
        ("reportEverySeconds", since(seconds(0), limits::REPORT_EVERY)),
        ("stallSeconds", since(seconds(0), limits::STALL)),
        ("autoResume", flag(false)),
        ("autoResumeBackoffSeconds", since(seconds(0), limits::RESUME_BACKOFF)),
        ("maxResumes", count(0)),
        ("startGraceSeconds", since(seconds(0), limits::START_GRACE)),
        ("onStall", with_default(words(&OnStall::ALL, OnStall::as_str), json!("report"))),
        ("onlyOnChange", flag(true)),
        ("reportWhileRunning", flag(true)),
        ("reportOutput", json!({"type": "boolean"})),
        ("alertAfter", with_default(count(1), json!(1))),
    ]
}

fn defaults() -> Value {
    let mut keys = policy_keys();
    let tick = json!({"type": "number", "minimum": 10, "maximum": 3600});
    let zone = json!({"type": "string", "pattern": ZONE, "examples": ["Europe/Berlin"]});
    keys.push(("statusTimeoutSeconds", since(limit(), limits::STATUS_TIMEOUT)));
    keys.push(("tickLimitSeconds", since(tick, limits::TICK_LIMIT)));
    keys.push(("timezone", zone));
    table("defaults", keys, &[])
}

fn report() -> Value {
    let chat = json!({"type": ["string", "integer"], "pattern": CHAT, "not": {"const": 0}});
    let telegram = table(
        "telegram",
        vec![
            ("tokenFile", path()),
            ("target", chat),
            ("apiRoot", address()),
            ("thread", json!({"type": "integer", "minimum": 1})),
        ],
        &[],
    );
    let mut report = table(
        "report",
        vec![
            ("language", words(&Language::ALL, Language::as_str)),
            ("via", with_default(words(&Via::ALL, Via::as_str), json!("auto"))),
            ("telegram", telegram),
            ("webhook", table("webhook", vec![("url", address())], &["url"])),
            ("deadman", table("deadman", vec![("url", address())], &["url"])),
        ],
        &[],
    );
    report["if"] = says("via", Via::Webhook.as_str());
    report["then"] =
        json!({"required": ["webhook"], "properties": {"webhook": {"type": "object"}}});
    report["else"] = json!({"properties": {"webhook": {"type": "null"}}});
    report
}

fn history() -> Value {
    let events = count(limits::HISTORY_EVENTS_LEAST);
    let keys = vec![
        ("keepDays", with_default(count(1), limits::HISTORY_DAYS.into())),
        ("keepEvents", with_default(events, limits::HISTORY_EVENTS.into())),
    ];
    table("history", keys, &[])
}

/// A table whose `key` has this value.
fn says(key: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    json!({"required": [key], "properties": {key: {"const": value}}})
}

fn job() -> Value {
    let mut paths = path();
    // Of these only what is empty is no path.
    paths["pattern"] = json!(r"^[^\x00]+$");
    let name = json!({"type": "string", "pattern": NO_NUL});
    let env = json!({
        "type": "object",
        "propertyNames": {"pattern": r"^[^=\x00]+$", "not": {"const": RunId::ENV}},
        "additionalProperties": {"type": "string", "pattern": NO_NUL},
    });
    let least = limits::EVERY_MIN.as_secs();
    let mut job = table(
        "job",
        vec![
            ("id", with_examples(text(), json!(["nightly-scan"]))),
            ("name", name),
            ("kind", words(&Kind::ALL, Kind::as_str)),
            ("risk", words(&Risk::ALL, Risk::as_str)),
            ("enabled", flag(false)),
            ("manual", flag(false)),
            ("cwd", path()),
            ("env", env),
            ("timeoutSeconds", limit()),
            ("statusTimeoutSeconds", since(limit(), limits::STATUS_TIMEOUT)),
            ("everySeconds", seconds(least)),
            ("sandbox", words(&Sandbox::ALL, Sandbox::as_str)),
            ("verifyWithinSeconds", since(limit(), limits::VERIFY_WITHIN)),
            ("inputs", json!({"type": "array", "items": paths})),
            ("commands", json!({"$ref": "#/definitions/commands"})),
            ("policy", json!({"$ref": "#/definitions/policy"})),
            ("approval", json!({"$ref": "#/definitions/approval"})),
            ("after", json!({"type": "array", "items": {"$ref": "#/definitions/link"}})),
        ],
        &["id", "kind", "risk", "commands"],
    );
    let rules: Vec<Value> = Kind::ALL
        .iter()
        .map(|kind| json!({"if": says("kind", kind.as_str()), "then": of_kind(*kind)}))
        .collect();
    job["allOf"] = Value::Array(rules);
    job
}

fn with_examples(mut schema: Value, examples: Value) -> Value {
    schema["examples"] = examples;
    schema
}

/// What else holds for a job of this kind: commands that it needs, keys that mean nothing to it.
fn of_kind(kind: Kind) -> Value {
    let has =
        |key: &str, what: &str| json!({"required": [key], "properties": {key: {"type": what}}});
    let (useless, needed, foreign): (&[&str], Vec<Value>, &[&str]) = match kind {
        Kind::LongRunningRead => (
            &["everySeconds", "sandbox", "verifyWithinSeconds", "inputs", "approval"],
            vec![
                has("start", "array"),
                json!({"anyOf": [has("status", "array"), has("statusFile", "string")]}),
            ],
            &["run"],
        ),
        Kind::OneShotRead => (
            &["statusTimeoutSeconds", "verifyWithinSeconds", "approval"],
            vec![has("run", "array")],
            &["start", "stop", "status", "statusFile"],
        ),
        Kind::OneShotWrite => {
            (&["everySeconds", "sandbox"], vec![has("run", "array")], &["start", "stop"])
        }
    };
    let nothing = |keys: &[&str]| -> Map<String, Value> {
        keys.iter().map(|key| ((*key).to_owned(), json!({"type": "null"}))).collect()
    };
    let mut properties = nothing(useless);
    let commands = json!({"allOf": needed, "properties": nothing(foreign)});
    properties.insert("commands".to_owned(), commands);
    let mut rule = json!({"properties": properties});
    match kind {
        Kind::LongRunningRead => {
            let asked = says("onStall", OnStall::Restart.as_str());
            rule["if"] = json!({"required": ["policy"], "properties": {"policy": asked}});
            rule["then"] = json!({"properties": {"commands": has("stop", "array")}});
            // A policy that is no table asks for nothing.
            rule["if"]["properties"]["policy"]["type"] = json!("object");
        }
        Kind::OneShotWrite => {
            let never_off = json!({"properties": {"required": {"not": {"const": false}}}});
            rule["properties"]["approval"] = never_off;
        }
        Kind::OneShotRead => {}
    }
    rule
}

fn commands() -> Value {
    let one = || json!({"$ref": "#/definitions/argv"});
    let keys = vec![
        ("start", one()),
        ("stop", one()),
        ("run", one()),
        ("status", one()),
        ("statusFile", path()),
    ];
    let mut commands = table("commands", keys, &[]);
    commands["not"] = json!({
        "required": ["status", "statusFile"],
        "properties": {"status": {"type": "array"}, "statusFile": {"type": "string"}},
    });
    commands
}

fn approval() -> Value {
    let mut approval = table(
        "approval",
        vec![
            ("required", flag(true)),
            ("granted", flag(false)),
            ("nonInteractive", flag(false)),
            ("level", words(&Level::ALL, Level::as_str)),
        ],
        &[],
    );
    approval["if"] = says("nonInteractive", true);
    approval["then"] =
        json!({"properties": {"level": {"enum": [Level::Unattended.as_str(), null]}}});
    approval
}

fn link() -> Value {
    let when = with_default(words(&LinkWhen::ALL, LinkWhen::as_str), json!("success"));
    table(
        "after",
        vec![
            ("jobId", text()),
            ("when", when),
            ("delaySeconds", with_default(seconds(0), json!(0))),
        ],
        &["jobId"],
    )
}
