//! `--format json`: as `docs/json.md` says.

use serde_json::{Value, json};

use super::super::json::{VERSION, pretty};
use super::super::printable;
use super::{CheckedConfig, Item, Listing};
use crate::diag::{Label, Severity, Sources};

/// All findings for a program.
#[must_use]
pub fn render_check_json(configs: &[CheckedConfig<'_>]) -> String {
    let listing = Listing::of(configs);
    let findings: Vec<Value> = listing.items.iter().map(finding_json).collect();
    printable::json(&pretty(&json!({
        "version": VERSION,
        "command": "check",
        "configs": configs.iter().map(config_json).collect::<Vec<_>>(),
        "counts": {
            "error": listing.count(Severity::Error),
            "warning": listing.count(Severity::Warning),
            "info": listing.count(Severity::Info),
        },
        "findings": findings,
        "leftOut": listing.left_out,
    })))
}

fn config_json(config: &CheckedConfig<'_>) -> Value {
    let jobs = config.jobs.as_ref().map(|jobs| jobs.iter().map(|(_, count)| count).sum::<usize>());
    json!({
        "path": config.name,
        "jobs": jobs,
        "disabled": jobs.map(|_| config.disabled),
        "unreadable": config.unreadable,
        "suppressed": config.suppressed,
    })
}

fn finding_json(item: &Item<'_>) -> Value {
    let (finding, sources) = (item.finding, item.config.sources);
    json!({
        "code": finding.code.as_str(),
        "severity": finding.severity.to_string(),
        "message": finding.message,
        "config": item.config.name,
        "job": item.job(),
        "key": item.key().map(|key| key.path.as_str()),
        "primary": finding.primary.as_ref().map(|label| label_json(label, sources)),
        "secondary": finding.secondary.iter().map(|l| label_json(l, sources)).collect::<Vec<_>>(),
        "help": finding.help,
    })
}

fn label_json(label: &Label, sources: &Sources) -> Value {
    let Some(file) = sources.file(label.span.file) else { return Value::Null };
    let (from, to) = (file.line_col(label.span.start), file.line_col(label.span.end));
    json!({
        "file": file.name,
        "line": from.line,
        "column": from.column,
        "endLine": to.line,
        "endColumn": to.column,
        "text": label.text,
    })
}
