//! The list of jobs: state, since when, why, how far, what is next.

use super::html::{cell, escape, row, row_head, span, table as html_table};
use super::{Desk, Row};
use crate::base::time::span_text;
use crate::decide::clean_text;
use crate::journal::{Figure, Seen};
use crate::model::Kind;
use crate::render::graph::due_lines;
use crate::render::report::cause_text;
use crate::render::tone::Tone;
use crate::render::words::{page as words, state_words};

pub(super) fn table(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let rows: String = desk.rows.iter().enumerate().map(|(n, row)| one(desk, n, row)).collect();
    let columns = [
        words::job(l),
        words::state(l),
        words::since(l),
        words::why(l),
        words::progress(l),
        words::next(l),
    ];
    html_table(words::jobs_caption(l), &columns, &rows) + &desk.left_out(desk.jobs, desk.rows.len())
}

fn one(desk: &Desk<'_>, n: usize, job: &Row<'_>) -> String {
    let l = desk.language;
    let standing = &job.standing;
    let declared = job.job.job();
    let id = clean_text(declared.id.as_str());
    let name = clean_text(&declared.name);
    let name = if name == id { String::new() } else { format!("<br><bdi>{}</bdi>", escape(&name)) };
    let kind = Kind::as_str(declared.kind());
    let off = if declared.enabled { String::new() } else { format!(" · {}", words::disabled(l)) };
    let head =
        format!("<bdi id=\"job-{n}\">{}</bdi>{name}<br><small>{kind}{off}</small>", escape(&id));
    let state = span(Tone::of(standing.state).as_str(), state_words(l, standing.state));
    let since = standing.since_ms.map_or_else(String::new, |ms| {
        format!("{}<br><small>{}</small>", desk.time(ms), span_text(standing.age))
    });
    let why = standing.cause.as_ref().map(|c| clean_text(&cause_text(c, l))).unwrap_or_default();
    let next: Vec<String> = due_lines(standing).iter().map(|line| escape(line)).collect();
    let next = if next.is_empty() {
        String::new()
    } else {
        format!("<span lang=\"en\">{}</span>", next.join("<br>"))
    };
    let seen = job.notes.and_then(|notes| notes.seen.as_ref());
    row(&[
        row_head(words::job(l), &head),
        cell(words::state(l), &state),
        cell(words::since(l), &since),
        cell(words::why(l), &escape(&why)),
        cell(words::progress(l), &seen.map(|seen| progress(desk, n, seen)).unwrap_or_default()),
        cell(words::next(l), &next),
    ])
}

/// The last progress that was seen, and what the job had to say.
fn progress(desk: &Desk<'_>, n: usize, seen: &Seen) -> String {
    let l = desk.language;
    let mut html = String::new();
    let figure = Figure::of(&seen.progress);
    let share = figure.and_then(|figure| Some((figure.done, figure.whole?, figure.thousandths()?)));
    if let Some((done, total, share)) = share {
        let percent = share / 10;
        html.push_str(&format!(
            "<svg class=\"bar\" role=\"img\" aria-labelledby=\"bar-{n} bar-{n}-more\" viewBox=\"0 0 1000 10\" \
             preserveAspectRatio=\"none\"><title id=\"bar-{n}\">{} {percent} %</title>\
             <desc id=\"bar-{n}-more\">{done} {} {total}</desc>\
             <rect class=\"track\" width=\"1000\" height=\"10\"/>\
             <rect class=\"fill-busy\" width=\"{share}\" height=\"10\"/></svg><b>{percent} %</b> ",
            words::progress(l),
            words::done_of(l),
        ));
    }
    let field = |(k, v): &(String, String)| format!("{}={}", clean_text(k), clean_text(v));
    let fields: Vec<String> = seen.progress.iter().map(field).collect();
    html.push_str(&escape(&fields.join(" · ")));
    if let Some(message) = &seen.message {
        html.push_str(&format!("<br><q>{}</q>", escape(&clean_text(message))));
    }
    html
}
