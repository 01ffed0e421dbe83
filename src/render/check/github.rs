//! `--format github`: workflow commands that GitHub Actions shows beside the changed lines.
//!
//! Their form and escapes: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
//! Invariant: no text of a config can begin a command or add a property to one.

use std::path::Path;

use super::super::printable;
use super::{CheckedConfig, Item, Listing, relative};
use crate::base::limits;
use crate::diag::Severity;

/// All findings as annotations, the worst first; file names as seen from `base`.
#[must_use]
pub fn render_check_github(configs: &[CheckedConfig<'_>], base: &Path) -> String {
    let listing = Listing::of(configs);
    let mut lines: Vec<String> = configs.iter().filter_map(unreadable).collect();
    for index in listing.worst_first() {
        lines.extend(listing.items.get(index).map(|item| annotation(item, base)));
    }
    let all = lines.len() + listing.left_out;
    if all > limits::ANNOTATIONS {
        // One of them says how many there are besides.
        lines.truncate(limits::ANNOTATIONS - 1);
        let more = all - lines.len();
        lines.push(format!(
            "::notice title=opsfsm::{more} more findings: see them all with `opsfsm check`"
        ));
    }
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.push_str(&listing.closing(configs, 0));
    text
}

fn unreadable(config: &CheckedConfig<'_>) -> Option<String> {
    let why = config.unreadable?;
    Some(format!("::error title=opsfsm::{}", data(&printable::line(why))))
}

fn annotation(item: &Item<'_>, base: &Path) -> String {
    let finding = item.finding;
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let name = property(&printable::line(relative(item.file(), base)));
    let mut properties = vec![format!("file={name}")];
    let primary = finding.primary.as_ref();
    let file = primary.and_then(|label| item.config.sources.file(label.span.file));
    if let (Some(label), Some(file)) = (primary, file) {
        let (from, to) = (file.line_col(label.span.start), file.line_col(label.span.end));
        properties.push(format!("line={}", from.line));
        properties.push(format!("endLine={}", to.line));
        // Columns count only within one line.
        if from.line == to.line {
            properties.push(format!("col={}", from.column));
            properties.push(format!("endColumn={}", to.column));
        }
    }
    properties.push(format!("title={}", property(finding.code.as_str())));
    let mut text = vec![printable::line(&finding.message)];
    for label in primary.iter().filter(|l| !l.text.is_empty()).copied().chain(&finding.secondary) {
        let place = item.config.sources.place(label.span);
        text.push(format!("{}: {}", printable::line(&place), printable::line(&label.text)));
    }
    text.extend(finding.help.iter().map(|help| format!("help: {}", printable::line(help))));
    format!("::{command} {}::{}", properties.join(","), data(&text.join("\n")))
}

/// The escapes of a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
