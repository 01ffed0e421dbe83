//! The alert about a config that nothing runs by.

use super::envelope::{Block, pack};
use super::report::Style;
use super::words;
use crate::base::{Now, ReportId};
use crate::decide::clean_text;
use crate::diag::{Sink, Sources};
use crate::journal::Report;

/// Findings of a broken config that are shown.
const FINDINGS_SHOWN: usize = 5;

/// Renders the alert about a broken config: `unreadable` says why it could not even be parsed.
#[must_use]
pub fn render_config_alert(
    unreadable: Option<&str>,
    (sink, sources): (&Sink, &Sources),
    now: &Now,
    style: &Style,
    id: &ReportId,
) -> Vec<Report> {
    let language = style.language;
    let summary = format!("⚠ {}", words::config_broken(language));
    let mut text = summary.clone();
    if let Some(why) = unreadable {
        text.push_str(&format!("\n  {}", clean_text(why)));
    }
    let stops: Vec<_> = sink.sorted().into_iter().filter(|f| f.stops_everything()).collect();
    for finding in stops.iter().take(FINDINGS_SHOWN) {
        let place = finding.primary.as_ref().map(|l| sources.place(l.span)).unwrap_or_default();
        let (place, said) = (clean_text(&place), clean_text(&finding.message));
        text.push_str(&format!("\n  {place}: {}: {said}", finding.code));
    }
    let more = stops.len().saturating_sub(FINDINGS_SHOWN) + sink.left_out();
    if more > 0 {
        text.push_str(&format!("\n  +{more} {}", words::more_findings(language)));
    }
    let action = words::action(language);
    text.push_str(&format!("\n  {action}: {} check", style.invocation));
    let head = words::headline(language, &now.clock_text());
    pack(&head, vec![Block { text, summary }], id, now.at.wall_ms)
}
