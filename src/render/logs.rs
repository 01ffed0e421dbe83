//! What a job printed, as far as it is kept: the log of its starts, and the ends of its last runs.
//!
//! In: the end of a file, and outcomes. Out: text that steers no terminal, bounded by lines.
//! Invariant: what a job printed stands below a line that says where it is from; nothing it printed
//! is mistaken for such a line, which begin in the first column: its own are indented.

use std::path::Path;

use super::printable::visible;
use super::report::end_text;
use crate::base::time::{rfc3339, seconds_text};
use crate::base::{JobId, LocalTime};
use crate::decide::clean_text;
use crate::journal::{RunPhase, RunRow};
use crate::model::{End, Outcome, StreamTail};

/// The log of a job's starts, without secrets.
#[derive(Clone, Copy, Debug)]
pub struct StartLog<'a> {
    /// Its file.
    pub path: &'a Path,
    /// Its end; `None`: there is no such file.
    pub end: Option<(&'a str, u64)>,
}

/// A run that is remembered.
#[derive(Clone, Debug)]
pub struct KeptRun {
    /// What is remembered of it.
    pub row: RunRow,
    /// It is over and settled.
    pub over: bool,
    /// How it ended, by the journal.
    pub end: Option<End>,
}

/// Renders both: at most `lines` of each. Runs come oldest first.
#[must_use]
pub fn render_logs(
    job: &JobId,
    log: Option<StartLog<'_>>,
    runs: &[KeptRun],
    lines: usize,
    local: LocalTime,
) -> String {
    let mut text = String::new();
    let id = clean_text(job.as_str());
    if let Some(StartLog { path, end }) = log {
        if let Some((end, total)) = end {
            let cut = end.lines().count() > lines || (end.len() as u64) < total;
            let cut = if cut { ", its end" } else { "" };
            text.push_str(&format!("{id}: {} ({total} bytes{cut})\n", path.display()));
            push_lines(&mut text, end, lines);
        } else {
            let path = path.display();
            text.push_str(&format!("{id}: no start command was run by opsfsm ({path})\n"));
        }
    }
    for run in runs {
        push_run(&mut text, run, lines, local);
    }
    if runs.is_empty() && log.is_none() {
        text.push_str(&format!("{id}: nothing it printed is kept: it has not run yet\n"));
    }
    text
}

fn push_run(text: &mut String, run: &KeptRun, lines: usize, local: LocalTime) {
    let row = &run.row;
    let wall = row.claimed_at.wall_ms.saturating_add(i64::from(local.offset_s) * 1000);
    let when = rfc3339(wall).replace('T', " ");
    let when = when.get(..19).unwrap_or(&when);
    let (purpose, id) = (row.spec.purpose, &row.spec.run);
    let how = match (&row.phase, &run.end, run.over) {
        (RunPhase::Done { outcome }, ..) => {
            format!("{} in {} s", end_text(&outcome.end), seconds_text(outcome.took_ms, 1))
        }
        (RunPhase::Claimed | RunPhase::Executing { .. }, Some(end), _) => end_text(end),
        (RunPhase::Claimed, None, false) => "not begun".to_owned(),
        (RunPhase::Executing { .. }, None, false) => "under way".to_owned(),
        (RunPhase::Claimed | RunPhase::Executing { .. }, None, true) => "over".to_owned(),
    };
    text.push_str(&format!("{} {when}: {how}, run {id}\n", purpose.as_str()));
    // What a start printed stands in the log.
    match &row.phase {
        _ if purpose.starts_the_job() => {}
        RunPhase::Done { outcome } => push_streams(text, outcome, lines),
        RunPhase::Claimed | RunPhase::Executing { .. } if run.over => {
            text.push_str(
                "  (a person ran it: what it printed was shown there, and is not kept)\n",
            );
        }
        RunPhase::Claimed | RunPhase::Executing { .. } => {
            text.push_str("  (what it prints is kept when it ends)\n");
        }
    }
}

fn push_streams(text: &mut String, outcome: &Outcome, lines: usize) {
    let streams = [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)];
    if streams.iter().all(|(_, tail)| tail.bytes == 0) {
        text.push_str("  (it printed nothing)\n");
    }
    for (name, StreamTail { text: kept, bytes, cut }) in streams {
        if *bytes > 0 {
            let cut = *cut || kept.lines().count() > lines;
            let cut = if cut { ", its end" } else { "" };
            text.push_str(&format!(" {name} ({bytes} bytes{cut})\n"));
            push_lines(text, kept, lines);
        }
    }
}

/// The last lines, each harmless.
fn push_lines(text: &mut String, kept: &str, lines: usize) {
    let all: Vec<&str> = kept.lines().collect();
    for line in &all[all.len().saturating_sub(lines)..] {
        text.push_str("  ");
        text.extend(line.chars().map(visible));
        text.push('\n');
    }
}
