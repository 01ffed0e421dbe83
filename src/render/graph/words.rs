//! The words of pictures: labels, spans, what is due, and ids as one can read them.
//!
//! Invariant: one line a text: what would break a line, or turn it round, is shown as a sign.

use std::time::Duration;

use super::super::report;
use crate::base::time::{seconds_text, span_text};
use crate::compile::{ChainEdge, ChainGraph, ChainJob};
use crate::decide::{Due, DueKind, Standing, clean_text};
use crate::journal::Origin;
use crate::model::{Kind, Risk};

/// An id or a name on one line. Controls and what turns text round are shown as signs; joiners
/// stay, since they make one picture of several emoji.
pub(super) fn visible(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' | '\r' => '⏎',
        '\t' => '⇥',
        c if c.is_whitespace() => ' ',
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{61c}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(sign).collect()
}

/// `long_running_read · read_only`.
pub(super) fn kind_and_risk(job: &ChainJob) -> String {
    if job.missing {
        return "missing: no such job".to_owned();
    }
    let kind = job.kind.map_or("kind unknown", Kind::as_str);
    let risk = job.risk.map_or("risk unknown", Risk::as_str);
    format!("{kind} · {risk}")
}

/// What a link waits for: `success +60s`.
pub(super) fn condition(edge: &ChainEdge) -> String {
    let mut text = edge.when.as_str().to_owned();
    if !edge.delay.is_zero() {
        text.push_str(" +");
        text.push_str(&delay_text(edge.delay));
    }
    text
}

/// What a link is beside what it waits for.
pub(super) fn roles(edge: &ChainEdge) -> Vec<&'static str> {
    let all = [
        (edge.verifies, "verifies"),
        (edge.requests, "asks for approval"),
        (edge.in_cycle, "in a cycle"),
    ];
    all.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect()
}

/// Exact: in seconds up to ten minutes, in larger units where nothing is lost by it.
fn delay_text(delay: Duration) -> String {
    let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let s = ms / 1000;
    if !ms.is_multiple_of(1000) {
        let text = seconds_text(ms, 3);
        return format!("{}s", text.trim_end_matches('0'));
    }
    let two_units = s < 3600 || (s < 86_400 && s.is_multiple_of(60)) || s.is_multiple_of(3600);
    if s < 600 || !two_units || (s < 3600 && !s.is_multiple_of(60)) {
        return format!("{s}s");
    }
    span_text(delay).replace(' ', "")
}

/// `running for 2h`, and why.
pub(super) fn standing_line(standing: &Standing) -> String {
    let mut text = format!("now: {}", standing.state);
    if standing.since_ms.is_some() {
        text.push_str(&format!(" for {}", span_text(standing.age)));
    }
    if let Some(cause) = &standing.cause {
        text.push_str(&format!(" ({})", cause.kind.as_str()));
    }
    text
}

/// Most lines of what is due in one node; the rest is counted.
const DUE_SHOWN: usize = 3;

/// What is due, a line each.
pub(super) fn due_lines(standing: &Standing) -> Vec<String> {
    let mut lines: Vec<String> = standing.due.iter().take(DUE_SHOWN).map(due_line).collect();
    if standing.due.len() > lines.len() {
        lines.push(format!("and {} more", standing.due.len() - lines.len()));
    }
    lines
}

fn due_line(due: &Due) -> String {
    let when = match due.within {
        None => String::new(),
        Some(Duration::ZERO) => " now".to_owned(),
        Some(span) => format!(" in {}", span_text(span)),
    };
    match &due.what {
        DueKind::Queued(origin) => format!("due{when}: {}", origin_words(origin)),
        DueKind::Scheduled => format!("due{when}: its schedule"),
        DueKind::Resume => format!("due{when}: a resume"),
        DueKind::ApprovalEnds => format!("its approval ends{when}"),
        DueKind::VerificationEnds => format!("its verification is overdue{when}"),
        DueKind::Answer => "a person's approval is asked for".to_owned(),
    }
}

fn origin_words(origin: &Origin) -> String {
    match origin {
        Origin::Chain { job, .. } => format!("follows {}", clean_text(job.as_str())),
        Origin::Verification { job, .. } => format!("verifies {}", clean_text(job.as_str())),
        Origin::Schedule => "its schedule".to_owned(),
        Origin::Person => "a person asked".to_owned(),
        Origin::Account { .. } => format!("{} asked", report::origin_words(origin)),
        Origin::Config => "its config asks".to_owned(),
        Origin::Import { .. } => "taken over from ops-monitor".to_owned(),
    }
}

/// Most jobs of one cycle that are named.
const CYCLE_SHOWN: usize = 24;
/// Most cycles that are told.
const CYCLES_SHOWN: usize = 20;

/// Every cycle with its path.
pub(super) fn cycle_notes(graph: &ChainGraph) -> Vec<String> {
    let mut notes = Vec::new();
    for cycle in graph.cycles.iter().take(CYCLES_SHOWN) {
        let mut path: Vec<String> =
            cycle.iter().take(CYCLE_SHOWN).map(|id| visible(id.as_str())).collect();
        if cycle.len() > path.len() {
            path.push(format!("… ({} more)", cycle.len() - path.len()));
        }
        path.extend(cycle.first().map(|id| visible(id.as_str())));
        notes.push(format!("cycle: {}", path.join(" → ")));
    }
    if graph.cycles.len() > notes.len() {
        notes.push(format!("and {} more cycles", graph.cycles.len() - notes.len()));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_exact() {
        let texts = [1500, 60_000, 90_000, 600_000, 601_000, 3_660_000, 3_661_000, 90_000_000]
            .map(|ms| delay_text(Duration::from_millis(ms)));
        assert_eq!(texts, ["1.5s", "60s", "90s", "10m", "601s", "1h1m", "3661s", "1d1h"]);
    }
}
