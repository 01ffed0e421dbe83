//! Requests and approvals, reports, events: what else is known, newest first.

use super::Desk;
use super::html::{cell, escape, row, row_head, table};
use crate::decide::{clean_output, clean_text};
use crate::journal::{Event, Parcel};
use crate::render::approvals;
use crate::render::history::event_text;
use crate::render::words::page as words;

const APPROVALS_MAX: usize = 100;
const REPORTS_MAX: usize = 20;
/// Most characters of one report.
const REPORT_CHARS: usize = 8000;
const EVENTS_MAX: usize = 200;

pub(super) fn approvals(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let all = approvals::rows(&desk.page.world.snapshot, desk.page.now);
    if all.is_empty() {
        return format!("<p>{}</p>\n", words::no_approvals(l));
    }
    let one = |r: &approvals::Row| {
        let who =
            if r.level.is_empty() { r.who.clone() } else { format!("{} ({})", r.who, r.level) };
        row(&[
            row_head(words::job(l), &format!("<bdi>{}</bdi>", escape(&clean_text(r.job.as_str())))),
            cell(words::what(l), &escape(r.what)),
            cell(words::when(l), &desk.time(r.at_ms)),
            cell(words::plan(l), &format!("<code>{}</code>", escape(&r.digest))),
            cell(words::who(l), &escape(&who)),
            cell(words::detail(l), &escape(&clean_text(&r.more))),
        ])
    };
    let rows: String = all.iter().take(APPROVALS_MAX).map(one).collect();
    let columns = [
        words::job(l),
        words::what(l),
        words::when(l),
        words::plan(l),
        words::who(l),
        words::detail(l),
    ];
    table(words::approvals_caption(l), &columns, &rows) + &desk.left_out(all.len(), APPROVALS_MAX)
}

pub(super) fn reports(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let all = desk.page.parcels;
    if all.is_empty() {
        return format!("<p>{}</p>\n", words::no_reports(l));
    }
    let one = |parcel: &Parcel| {
        let text = clean_output(&parcel.report.text);
        let mut shown: String = text.chars().take(REPORT_CHARS).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        let id = format!("<code>{}</code>", escape(parcel.report.id.as_str()));
        row(&[
            row_head(words::report(l), &id),
            cell(words::when(l), &desk.time(parcel.report.at_ms)),
            cell(words::state(l), parcel.state.as_str()),
            cell(words::detail(l), &format!("<pre>{}</pre>", escape(&shown))),
        ])
    };
    let rows: String = all.iter().rev().take(REPORTS_MAX).map(one).collect();
    let columns = [words::report(l), words::when(l), words::state(l), words::detail(l)];
    table(words::reports_caption(l), &columns, &rows) + &desk.left_out(all.len(), REPORTS_MAX)
}

pub(super) fn events(desk: &Desk<'_>) -> String {
    let l = desk.language;
    let all = desk.page.events;
    let gone = match desk.page.pruned {
        0 => String::new(),
        n => format!("<p class=\"dim\">{}</p>\n", words::pruned(l, n)),
    };
    if all.is_empty() {
        return format!("<p>{}</p>\n{gone}", words::no_events(l));
    }
    let one = |(seq, event): &(u64, Event)| {
        let job = event.job.as_ref().map(|job| clean_text(job.as_str())).unwrap_or_default();
        let said = clean_text(&event_text(&event.kind));
        row(&[
            row_head(words::event(l), &seq.to_string()),
            cell(words::when(l), &desk.time(event.at.wall_ms)),
            cell(words::job(l), &format!("<bdi>{}</bdi>", escape(&job))),
            cell(words::what(l), &format!("<span lang=\"en\">{}</span>", escape(&said))),
        ])
    };
    let rows: String = all.iter().rev().take(EVENTS_MAX).map(one).collect();
    let columns = [words::event(l), words::when(l), words::job(l), words::what(l)];
    let rest = desk.left_out(all.len(), EVENTS_MAX);
    table(words::events_caption(l), &columns, &rows) + &rest + &gone
}
