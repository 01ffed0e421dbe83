//! Tests of the config room: every rule in both formats, by snapshots of what a person reads.
//!
//! In: configs written in JSON and turned into their TOML twin, so that both are always tried.
//! Out: findings as text. Invariant: this module never tests chains; they are not checked here.

// Snapshots are written by the tool, hashes and all.
#![allow(clippy::needless_raw_string_hashes)]

mod accepted;
mod findings_commands;
mod findings_jobs;
mod findings_report;
mod findings_top;
mod hostile;
#[path = "../../../tests/support/json_schema.rs"]
mod json_schema;
mod schema;
mod syntax;

use std::fmt::Write as _;
use std::path::PathBuf;

use super::{Format, Parsed, SourceText, Surroundings, parse_config};
use crate::model::Model;

fn around() -> Surroundings {
    Surroundings { home: Some(PathBuf::from("/home/u")), default_cwd: None }
}

fn source(name: &str, text: impl Into<Vec<u8>>) -> SourceText {
    let format = if name.ends_with("json") { Format::Json } else { Format::Toml };
    SourceText { name: name.to_owned(), dir: PathBuf::from("/etc/ops"), format, bytes: text.into() }
}

/// Every config of the tests comes by here: the schema has to judge it as the decoder does.
fn parse_one(name: &str, text: &str) -> Parsed {
    let parsed = parse_config(vec![source(name, text)], &around());
    schema::agrees(name, text, &parsed);
    parsed
}

/// `place: severity[code]: message`, other places and ways out below, indented.
fn rendered(parsed: &Parsed) -> String {
    let mut out = String::new();
    for finding in parsed.sink.sorted() {
        let place = match &finding.primary {
            Some(label) => parsed.sources.place(label.span),
            None => "nowhere".to_owned(),
        };
        let (severity, code, message) = (finding.severity, finding.code, &finding.message);
        let _ = writeln!(out, "{place}: {severity}[{code}]: {message}");
        for label in &finding.secondary {
            let _ = writeln!(out, "  {}: {}", parsed.sources.place(label.span), label.text);
        }
        for help in &finding.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    if parsed.sink.left_out() > 0 {
        let _ = writeln!(out, "and {} more", parsed.sink.left_out());
    }
    assert_eq!(parsed.model.is_none(), parsed.sink.has_errors(), "{out}");
    out
}

fn findings(name: &str, text: &str) -> String {
    rendered(&parse_one(name, text))
}

/// The model of a config without findings.
fn clean(name: &str, text: &str) -> Model {
    let parsed = parse_one(name, text);
    assert_eq!(rendered(&parsed), "", "{text}");
    parsed.model.expect("a model")
}

/// The TOML twin of a JSON config: one key a line, `[[jobs]]`, inline tables below.
fn toml_twin(json: &str) -> String {
    let config: serde_json::Value = serde_json::from_str(json).expect("valid JSON");
    let mut out = String::new();
    let top = config.as_object().expect("an object");
    for (key, value) in top.iter().filter(|(key, _)| *key != "jobs") {
        let _ = writeln!(out, "{} = {}", quoted(key), inline(value));
    }
    for job in top.get("jobs").and_then(|jobs| jobs.as_array()).into_iter().flatten() {
        out.push_str("[[jobs]]\n");
        for (key, value) in job.as_object().expect("a job") {
            let _ = writeln!(out, "{key} = {}", inline(value));
        }
    }
    out
}

/// Keys that are bare words stay so; others take JSON's quoting, which TOML shares.
fn quoted(key: &str) -> String {
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        key.to_owned()
    } else {
        serde_json::Value::from(key).to_string()
    }
}

fn inline(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(table) => {
            let pairs =
                table.iter().map(|(key, value)| format!("{} = {}", quoted(key), inline(value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => value.to_string(),
    }
}

const WATCH: &str = r#""id": "w", "kind": "long_running_read", "risk": "read_only",
  "commands": {"start": ["a"], "status": ["b"]}"#;
const CHECK: &str = r#""id": "c", "kind": "one_shot_read", "risk": "read_only",
  "commands": {"run": ["a"]}"#;
const WRITE: &str = r#""id": "x", "kind": "one_shot_write", "risk": "write_local",
  "commands": {"run": ["a"]}"#;

/// Each piece added to a good job of each kind's text in turn; the findings in both formats.
fn job_cases(base: &str, pieces: &[&str]) -> String {
    let configs = pieces.iter().map(|piece| {
        // A later key replaces an earlier one, in serde_json, so that a piece can override.
        let job: serde_json::Value =
            serde_json::from_str(&format!("{{{base}, {piece}}}")).expect(piece);
        let keys = job.as_object().expect("a job").iter();
        // What is taken away is written as null.
        let lines: Vec<_> = keys
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| format!("  {key:?}: {value}"))
            .collect();
        (
            (*piece).to_owned(),
            format!("{{\"version\": 1, \"jobs\": [{{\n{}\n}}]}}", lines.join(",\n")),
        )
    });
    cases(configs)
}

/// Each piece as a top-level key beside a version.
fn top_cases(pieces: &[&str]) -> String {
    cases(pieces.iter().map(|piece| ((*piece).to_owned(), format!("{{\"version\": 1,\n{piece}}}"))))
}

fn cases(configs: impl Iterator<Item = (String, String)>) -> String {
    let mut out = String::new();
    for (title, json) in configs {
        let in_json = findings("json", &json);
        let in_toml = findings("toml", &toml_twin(&json));
        let _ = write!(out, "── {title}\n{in_json}{in_toml}");
    }
    out
}
