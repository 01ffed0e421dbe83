//! `--format short`: one finding a line, as editors and `grep` take it.

use super::super::printable;
use super::{CheckedConfig, Listing};
use crate::base::limits;

/// All findings, one a line.
#[must_use]
pub fn render_check_short(configs: &[CheckedConfig<'_>]) -> String {
    let listing = Listing::of(configs);
    let (shown, hidden) = listing.most(limits::FINDINGS_SHOWN);
    let mut text = String::new();
    for item in shown {
        let finding = item.finding;
        let place = match &finding.primary {
            Some(label) => item.config.sources.place(label.span),
            None => item.config.name.clone(),
        };
        let (severity, code) = (finding.severity, finding.code);
        let (place, message) = (printable::line(&place), printable::line(&finding.message));
        text.push_str(&format!("{place}: {severity}[{code}]: {message}\n"));
    }
    text.push_str(&listing.closing(configs, hidden));
    text
}
