//! One page of HTML that tells how everything stands: to be kept, sent or printed.
//!
//! In: a config, the world as it stands, events, reports, the present. Out: one document.
//! Invariant: the page is whole by itself. It has no script, takes nothing from elsewhere and is
//! forbidden to (its policy allows the two style sheets in it, by their hashes, and nothing else);
//! what jobs and people said of themselves is text on it and never markup; and it is bounded.

mod attention;
mod html;
mod jobs;
mod lists;
mod picture;
mod progress;
mod style;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;

use super::graph;
use super::history::local_text;
use super::report::Style;
use super::tone::Tone;
use super::words::{page as words, state_words};
use crate::base::time::{rfc3339, span_text};
use crate::base::{JobId, Now};
use crate::compile::{ChainGraph, Compiled, CompiledJob};
use crate::decide::{Standing, clean_text, standings};
use crate::journal::{Answer, Event, Notes, Parcel, World};
use crate::machine::State;
use crate::model::Language;
use html::{escape, span};

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The config's path.
    pub config: &'a str,
    /// The jobs.
    pub compiled: &'a Compiled,
    /// Their chains, where there are not too many of them to be drawn.
    pub chains: Option<&'a ChainGraph>,
    /// The world as it stands now.
    pub world: &'a World,
    /// The newest events, oldest first.
    pub events: &'a [(u64, Event)],
    /// So many were pruned.
    pub pruned: u64,
    /// The timeline begins then, in Unix milliseconds.
    pub since_ms: i64,
    /// Reports, oldest first.
    pub parcels: &'a [Parcel],
    /// The present.
    pub now: &'a Now,
    /// Language, and how opsfsm is called here.
    pub style: &'a Style,
}

/// Most jobs in the list.
const JOBS_MAX: usize = 300;

/// One job on the page.
struct Row<'a> {
    job: &'a CompiledJob,
    standing: Standing,
    notes: Option<&'a Notes>,
    requested: bool,
}

impl Row<'_> {
    fn in_trouble(&self) -> bool {
        let notes = self.notes;
        let ill =
            notes.is_some_and(|n| n.broken.is_some() || n.seen.as_ref().is_some_and(|s| s.alert));
        Tone::of(self.standing.state) == Tone::Trouble || self.requested || ill
    }

    fn id(&self) -> &JobId {
        &self.job.job().id
    }
}

/// What every part of the page is written with.
struct Desk<'a> {
    page: &'a Page<'a>,
    language: Language,
    rows: Vec<Row<'a>>,
    /// How many jobs there are in all.
    jobs: usize,
    /// How many are in each state.
    counts: BTreeMap<State, usize>,
}

impl<'a> Desk<'a> {
    fn new(page: &'a Page<'a>) -> Self {
        let mut standings = standings(page.compiled, &page.world.snapshot, page.now);
        let row = |job: &'a CompiledJob| {
            let id = &job.job().id;
            let asked = page.world.snapshot.requests.get(id);
            Some(Row {
                job,
                standing: standings.remove(id)?,
                notes: page.world.notes.get(id),
                requested: asked.is_some_and(|r| r.answer == Answer::Pending),
            })
        };
        let mut rows: Vec<Row<'a>> = page.compiled.jobs().filter_map(row).collect();
        let mut counts = BTreeMap::new();
        for row in &rows {
            *counts.entry(row.standing.state).or_insert(0) += 1;
        }
        // Stable: within the two groups they stay sorted by id.
        rows.sort_by_key(|row| !row.in_trouble());
        let jobs = rows.len();
        rows.truncate(JOBS_MAX);
        Self { page, language: page.style.language, rows, jobs, counts }
    }

    /// A moment, for people and for programs.
    fn time(&self, wall_ms: i64) -> String {
        let shown = local_text(wall_ms, self.page.now.local);
        format!("<time datetime=\"{}\">{}</time>", rfc3339(wall_ms), escape(&shown))
    }

    /// The same, for people alone.
    fn local(&self, wall_ms: i64) -> String {
        local_text(wall_ms, self.page.now.local)
    }

    /// What a list had no place for; nothing if it had.
    fn left_out(&self, all: usize, shown: usize) -> String {
        let rest = all.saturating_sub(shown);
        if rest == 0 {
            return String::new();
        }
        format!("<p class=\"dim\">{}</p>\n", words::left_out(self.language, rest))
    }

    fn header(&self) -> String {
        let l = self.language;
        let page = self.page;
        let tick = page.world.meta.last_tick.as_ref().map_or_else(
            || words::never(l).to_owned(),
            |tick| {
                let age = span_text(page.now.at.age_of(tick));
                format!("{} ({age} {})", self.time(tick.wall_ms), words::ago(l))
            },
        );
        let count = |(state, n): (&State, &usize)| {
            let text = format!("{n} {}", state_words(l, *state));
            format!("<li>{}</li>", span(Tone::of(*state).as_str(), &text))
        };
        let counts: String = self.counts.iter().map(count).collect();
        format!(
            "<header>\n<h1>opsfsm · {}</h1>\n<dl class=\"facts\">\n\
             <dt>{}</dt><dd>{}</dd>\n<dt>{}</dt><dd>{tick}</dd>\n<dt>{}</dt><dd><code>{}</code></dd>\n\
             <dt>{}</dt><dd><ul class=\"counts\">{counts}</ul></dd>\n</dl>\n</header>\n",
            words::title(l),
            words::written(l),
            self.time(page.now.at.wall_ms),
            words::last_tick(l),
            words::config(l),
            escape(&clean_text(page.config)),
            words::counts(l),
        )
    }
}

/// A part of the page: its id, its title, what it holds.
type Part = (&'static str, &'static str, String);

/// Renders the page.
#[must_use]
pub fn render_page(page: &Page<'_>) -> String {
    let desk = Desk::new(page);
    let l = desk.language;
    let parts: [Part; 8] = [
        ("attention", words::attention(l), attention::list(&desk)),
        ("jobs", words::jobs(l), jobs::table(&desk)),
        ("progress", words::progress_title(l), progress::table(&desk)),
        ("timeline", words::timeline(l), timeline::table(&desk)),
        ("chains", words::chains(l), picture::chains(&desk)),
        ("approvals", words::approvals(l), lists::approvals(&desk)),
        ("reports", words::reports(l), lists::reports(&desk)),
        ("events", words::events(l), lists::events(&desk)),
    ];
    let link = |(id, title, _): &Part| format!("<li><a href=\"#{id}\">{title}</a></li>\n");
    let links: String = parts.iter().map(link).collect();
    let section = |(id, title, body): &Part| {
        format!(
            "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n{body}</section>\n"
        )
    };
    let body: String = parts.iter().map(section).collect();
    let header = desk.header();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"opsfsm {version}\">\n\
         <title>opsfsm · {title}</title>\n<style>{css}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">{skip}</a>\n{header}\
         <nav aria-label=\"{contents}\">\n<ul>\n{links}</ul>\n</nav>\n\
         <main id=\"main\" tabindex=\"-1\">\n{body}</main>\n\
         <footer><p>opsfsm {version}</p></footer>\n</body>\n</html>\n",
        tag = words::tag(l),
        policy = style::policy(&[style::STYLE, graph::STYLE]),
        version = env!("CARGO_PKG_VERSION"),
        title = words::title(l),
        css = style::STYLE,
        skip = words::skip(l),
        contents = words::contents(l),
    )
}
