//! `--format sarif`: SARIF 2.1.0, for code scanning.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
//! Invariant: a finding's fingerprint is of its code, its job and its key (of an entry of an array,
//! what it says in the place of its number), and counted within its file: it stays the same finding
//! when lines move, entries are added, or other files are checked besides.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::json::pretty;
use super::super::printable;
use super::{CheckedConfig, Item, Listing, relative};
use crate::base::redact::config_secrets;
use crate::diag::{Code, Label, Severity};

/// All findings as one run; file names as seen from `base`.
#[must_use]
pub fn render_check_sarif(configs: &[CheckedConfig<'_>], base: &Path) -> String {
    let listing = Listing::of(configs);
    let mut codes: Vec<Code> = listing.items.iter().map(|item| item.finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        listing.items.iter().map(|item| result(item, &codes, base, &mut seen)).collect();
    printable::json(&pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "opsfsm",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(configs, listing.left_out)],
            "results": results,
        }],
    })))
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "name": format!("{code:?}"),
        "shortDescription": {"text": code.meaning()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// What could not be read, or was only counted, is said of the run.
fn invocation(configs: &[CheckedConfig<'_>], left_out: usize) -> Value {
    let unreadable: Vec<&str> = configs.iter().filter_map(|config| config.unreadable).collect();
    let notice = |level: &str, text: &str| json!({"level": level, "message": {"text": text}});
    let mut notices: Vec<Value> = unreadable.iter().map(|why| notice("error", why)).collect();
    if left_out > 0 {
        notices.push(notice("warning", &format!("{left_out} more findings are not listed")));
    }
    json!({"executionSuccessful": unreadable.is_empty(), "toolExecutionNotifications": notices})
}

fn result<'a>(
    item: &Item<'a>,
    codes: &[Code],
    base: &Path,
    seen: &mut BTreeMap<(&'a str, String), usize>,
) -> Value {
    let finding = item.finding;
    let rule_index = codes.iter().position(|code| *code == finding.code);
    let mut message = vec![finding.message.as_str()];
    message.extend(finding.help.iter().map(String::as_str));
    let hash = fingerprint(item);
    // The second of two that are alike in all of it is another one.
    let count =
        seen.entry((item.file(), hash.clone())).and_modify(|count| *count += 1).or_insert(1);
    let place = location(item, finding.primary.as_ref(), base);
    let related: Vec<Value> =
        finding.secondary.iter().map(|label| location(item, Some(label), base)).collect();
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rule_index,
        "level": level(finding.severity),
        "message": {"text": message.join("\n")},
        "locations": [place],
        "relatedLocations": related,
        "partialFingerprints": {"opsfsm/v1": format!("{hash}:{count}")},
    })
}

fn fingerprint(item: &Item<'_>) -> String {
    let path = item.key().map_or("", |key| key.path.as_str());
    let mut hash = Sha256::new();
    let parts = [item.finding.code.as_str(), item.job().unwrap_or_default()];
    for part in parts.into_iter().chain(without_numbers(path)) {
        hash.update(part.as_bytes());
        // No key holds a NUL.
        hash.update([0]);
    }
    hash.update(entry_text(item, path).unwrap_or_default());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The pieces of a path between the numbers of entries.
fn without_numbers(path: &str) -> impl Iterator<Item = &str> {
    let number = |piece: &str| piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
    path.split('[').map(move |piece| &piece[number(piece)..])
}

/// What stands at the place of a finding within an array: it tells its entry from the others
/// however they are numbered.
fn entry_text<'a>(item: &Item<'a>, path: &str) -> Option<&'a str> {
    let span = item.finding.primary.as_ref().filter(|_| path.contains('['))?.span;
    let file = item.config.sources.file(span.file)?;
    let range = usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?;
    // Not even by its hash: a short secret is found again by trying.
    let text = file.text.get(range.clone()).filter(|_| !file.is_concealed(range.start))?;
    config_secrets(text, 0..text.len()).is_empty().then_some(text)
}

fn location(item: &Item<'_>, label: Option<&Label>, base: &Path) -> Value {
    let file = label.and_then(|label| item.config.sources.file(label.span.file));
    let name = file.map_or(item.config.name.as_str(), |file| file.name.as_str());
    let mut place = json!({"artifactLocation": artifact(relative(name, base))});
    if let (Some(label), Some(file)) = (label, file) {
        let (from, to) = (file.line_col(label.span.start), file.line_col(label.span.end));
        place["region"] = json!({
            "startLine": from.line,
            "startColumn": from.column,
            "endLine": to.line,
            "endColumn": to.column,
        });
    }
    let mut location = json!({"physicalLocation": place});
    if let Some(label) = label.filter(|label| !label.text.is_empty()) {
        location["message"] = json!({"text": label.text});
    }
    location
}

fn artifact(name: &str) -> Value {
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    if name.starts_with('/') {
        json!({"uri": format!("file://{encoded}")})
    } else {
        json!({"uri": encoded, "uriBaseId": "%SRCROOT%"})
    }
}
