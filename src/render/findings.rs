//! Findings as lines: `file:line:column: severity[CODE]: message`, then other places and help.
//!
//! Invariant: one finding gives one block, in the order of the files, and nothing of a config or of
//! its name steers a terminal.

use super::printable;
use crate::diag::{Finding, Severity, Sink, Sources};

/// Renders all findings and a closing count; empty where there are none.
#[must_use]
pub fn render_findings(sink: &Sink, sources: &Sources) -> String {
    if sink.is_empty() {
        return String::new();
    }
    let mut text: String =
        sink.sorted().iter().map(|finding| render_finding(finding, sources)).collect();
    let plural = |n: usize, what: &str| match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    let errors = plural(sink.count(Severity::Error), "error");
    let warnings = plural(sink.count(Severity::Warning), "warning");
    text.push_str(&format!("{errors}, {warnings}"));
    if sink.left_out() > 0 {
        text.push_str(&format!(", {} more not shown", sink.left_out()));
    }
    text.push('\n');
    text
}

/// Renders one finding.
#[must_use]
pub fn render_finding(finding: &Finding, sources: &Sources) -> String {
    let place = finding.primary.as_ref().map(|l| format!("{}: ", sources.place(l.span)));
    let head = format!(
        "{}{}[{}]: {}",
        place.unwrap_or_default(),
        finding.severity,
        finding.code,
        finding.message
    );
    let label = finding.primary.iter().filter(|l| !l.text.is_empty());
    let places = label.chain(&finding.secondary);
    let notes = places.map(|l| format!("  {}: {}", sources.place(l.span), l.text));
    let help = finding.help.iter().map(|h| format!("  help: {h}"));
    let lines = std::iter::once(head).chain(notes).chain(help);
    lines.map(|line| printable::line(&line) + "\n").collect()
}
