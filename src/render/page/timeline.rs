//! What states each job went through: a bar each, and the same in words.
//!
//! In: events. Out: a table of pictures, each with a title and a description.
//! Invariant: only what the journal says is drawn; where it says nothing, that is said.

use super::html::{cell, escape, row, row_head, table as html_table};
use super::{Desk, Row};
use crate::decide::clean_text;
use crate::render::spans::{Span, spans, states_of};
use crate::render::tone::Tone;
use crate::render::words::{page as words, state_words};

const JOBS_MAX: usize = 100;
/// Most of them in words.
const WORDS_MAX: usize = 24;
/// So many parts has a bar.
const WIDTH: i64 = 1000;
const HEIGHT: i64 = 24;

pub(super) fn table(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let (from, to) = (desk.page.since_ms, desk.page.now.at.wall_ms);
    let moves = states_of(desk.page.events);
    let shown = desk.rows.len().min(JOBS_MAX);
    let none = Vec::new();
    let one = |(n, job): (usize, &Row<'_>)| {
        let moves = moves.get(job.id()).unwrap_or(&none);
        let last = job.standing.since_ms.map(|ms| (ms, job.standing.state));
        lane(desk, n, job, &spans(moves, last, (from, to)))
    };
    let rows: String = desk.rows.iter().take(shown).enumerate().map(one).collect();
    let axis = format!("{} → {}", desk.local(from), desk.local(to));
    let table = html_table(words::timeline_caption(l), &[words::job(l), &axis], &rows);
    key(desk) + &table + &desk.left_out(desk.jobs, shown)
}

/// How high a bar is: whoever sees no colours sees that.
const fn height(tone: Option<Tone>) -> i64 {
    match tone {
        Some(Tone::Trouble) => HEIGHT,
        Some(Tone::Busy) => 16,
        Some(Tone::Done) => 10,
        Some(Tone::Calm) | None => 5,
    }
}

fn rect(tone: Option<Tone>, x: i64, wide: i64, title: &str) -> String {
    let high = height(tone);
    let class = tone.map_or("none", Tone::as_str);
    format!(
        "<rect class=\"fill-{class}\" x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"{high}\">{title}</rect>",
        HEIGHT - high
    )
}

fn key(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let tones = Tone::ALL.map(|tone| (Some(tone), words::tone_words(l, tone)));
    let one = |(tone, text): (Option<Tone>, &str)| {
        let mark = rect(tone, 0, 40, "");
        format!(
            "<li><svg viewBox=\"0 0 40 {HEIGHT}\" aria-hidden=\"true\">{mark}</svg>{text}</li>\n"
        )
    };
    let all = tones.into_iter().chain([(None, words::unkept(l))]).map(one);
    format!(
        "<ul class=\"key\" aria-label=\"{}\">\n{}</ul>\n",
        words::key(l),
        all.collect::<String>()
    )
}

fn lane(desk: &Desk<'_>, n: usize, job: &Row<'_>, spans: &[Span]) -> String {
    let l = desk.language;
    let id = escape(&clean_text(job.id().as_str()));
    let (from, to) = (desk.page.since_ms, desk.page.now.at.wall_ms);
    let whole = i128::from(to) - i128::from(from);
    let place = |ms: i64| {
        let part = (i128::from(ms) - i128::from(from)) * i128::from(WIDTH) / whole.max(1);
        i64::try_from(part).unwrap_or(0).clamp(0, WIDTH)
    };
    let name = |span: &Span| span.state.map_or(words::unkept(l), |s| state_words(l, s));
    let told = |span: &Span| format!("{} {}", desk.local(span.from_ms), name(span));
    let mut bars = String::new();
    for span in spans {
        let x = place(span.from_ms).min(WIDTH - 1);
        let wide = (place(span.to_ms) - x).max(1);
        let title = format!("<title>{}</title>", escape(&told(span)));
        bars.push_str(&rect(span.state.map(Tone::of), x, wide, &title));
    }
    let skipped = spans.len().saturating_sub(WORDS_MAX);
    let last: Vec<String> = spans.iter().skip(skipped).map(|s| escape(&told(s))).collect();
    let mut lines: String = last.iter().map(|line| format!("<li>{line}</li>\n")).collect();
    if skipped > 0 {
        lines = format!("<li>{}</li>\n{lines}", words::left_out(l, skipped));
    }
    let svg = format!(
        "<svg class=\"lane\" role=\"img\" aria-labelledby=\"lane-{n} lane-{n}-more\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\"><title id=\"lane-{n}\">{}: {id}</title>\
         <desc id=\"lane-{n}-more\">{}</desc>{bars}</svg>\n\
         <details><summary>{}</summary>\n<ol>\n{lines}</ol></details>",
        words::timeline(l),
        last.join("; "),
        words::moves(l),
    );
    row(&[row_head(words::job(l), &format!("<bdi>{id}</bdi>")), cell(words::timeline(l), &svg)])
}
