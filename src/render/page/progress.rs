//! How far the watched jobs came: a plot each, and the same in words.
//!
//! In: the trails that ticks left. Out: a table of pictures, each with a title and a description.
//! Invariant: a figure stands until the next that is known; nothing is drawn that no job has told.

use super::html::{cell, escape, row, row_head, table as html_table};
use super::{Desk, Row};
use crate::decide::clean_text;
use crate::journal::{Figure, Trail};
use crate::render::words::page as words;

const JOBS_MAX: usize = 100;
/// A plot is so wide and so high, in its own units.
const WIDTH: i64 = 1000;
const HEIGHT: i64 = 100;

pub(super) fn table(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let trail = |row: &'_ Row<'_>| row.notes.is_some_and(|notes| !notes.trail.is_empty());
    let told: Vec<&Row<'_>> = desk.rows.iter().filter(|row| trail(row)).collect();
    if told.is_empty() {
        return format!("<p>{}</p>\n", words::no_progress(l));
    }
    let shown = told.len().min(JOBS_MAX);
    let rows: String =
        told.iter().take(shown).enumerate().map(|(n, row)| one(desk, n, row)).collect();
    let columns = [words::job(l), words::progress(l)];
    html_table(words::progress_caption(l), &columns, &rows) + &desk.left_out(told.len(), shown)
}

fn one(desk: &Desk<'_>, n: usize, job: &Row<'_>) -> String {
    let l = desk.language;
    let Some(notes) = job.notes else { return String::new() };
    let id = escape(&clean_text(job.id().as_str()));
    let told = |(at, figure): (i64, Figure)| {
        format!("{} {}", desk.time(at.saturating_mul(1000)), figure_text(desk, figure))
    };
    let plain = |(at, figure): (i64, Figure)| {
        format!("{} {}", desk.local(at.saturating_mul(1000)), figure_text(desk, figure))
    };
    let (first, last) = (notes.trail.figures().next(), notes.trail.figures().next_back());
    let ends: Vec<String> = [first, last].into_iter().flatten().map(plain).collect();
    let lines: String =
        notes.trail.figures().map(|point| format!("<li>{}</li>\n", told(point))).collect();
    let runs = notes.seen.as_ref().is_some_and(|seen| seen.running);
    let until = if runs { desk.page.now.at.wall_ms.div_euclid(1000) } else { i64::MIN };
    let path = path_of(&notes.trail, until);
    let plot = format!(
        "<svg class=\"plot\" role=\"img\" aria-labelledby=\"plot-{n} plot-{n}-more\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\"><title id=\"plot-{n}\">{}: {id}</title><desc id=\"plot-{n}-more\">{}</desc>\
         <path class=\"under\" d=\"{path} V{HEIGHT} H0 Z\"/><path class=\"trail\" d=\"{path}\"/></svg>\n\
         <small>{}</small>\n<details><summary>{}</summary>\n<ol>\n{lines}</ol></details>",
        words::progress(l),
        ends.join(" → "),
        ends.join(" → "),
        words::figures(l),
    );
    row(&[row_head(words::job(l), &format!("<bdi>{id}</bdi>")), cell(words::progress(l), &plot)])
}

fn figure_text(desk: &Desk<'_>, figure: Figure) -> String {
    match (figure.thousandths(), figure.whole) {
        // A percentage is what the job itself has told.
        (Some(share), Some(1000)) => format!("{} %", share / 10),
        (Some(share), Some(whole)) => {
            let of = words::done_of(desk.language);
            format!("{} % ({} {of} {whole})", share / 10, figure.done)
        }
        (None, _) | (Some(_), None) => figure.done.to_string(),
    }
}

/// Steps from the left to the right: each figure stands until the next, the last until `until`.
fn path_of(trail: &Trail, until: i64) -> String {
    let heights = trail.heights();
    let (Some((first, low)), Some((last, _))) = (heights.first(), heights.last()) else {
        return String::new();
    };
    let span = (i128::from(until.max(*last)) - i128::from(*first)).max(1);
    let x = |at: i64| (i128::from(at) - i128::from(*first)) * i128::from(WIDTH) / span;
    let y = |height: u64| HEIGHT - i64::try_from(height / 10).unwrap_or(HEIGHT).min(HEIGHT);
    let steps = heights.iter().skip(1).map(|(at, height)| format!(" H{} V{}", x(*at), y(*height)));
    format!("M0 {}{} H{WIDTH}", y(*low), steps.collect::<String>())
}
