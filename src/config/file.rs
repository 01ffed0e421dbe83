//! The top level of each file, and what the files of one config share.
//!
//! In: the trees of all files. Out: the model they declare together, and all findings in one sink.
//! Invariant: this module never lets one file's fault hide another file's findings.

use std::collections::BTreeMap;

use super::Format;
use super::context::Context;
use super::cursor::Cursor;
use super::history::read_history;
use super::jobs::{self, Ids};
use super::places::places_of;
use super::policy::{self, Defaults};
use super::report;
use super::suppressions::read_suppressions;
use super::text::Loaded;
use super::tree::{Node, Value};
use crate::base::JobId;
use crate::diag::{Code, Finding, Sink, Span};
use crate::model::{Model, Outline, Places, ReportSettings, Retention, Suppression};

/// What the files share, and where it was said.
#[derive(Default)]
struct Shared {
    defaults: Option<(Defaults, Span)>,
    report: Option<(ReportSettings, Span)>,
    history: Option<(Retention, Span)>,
    places: Places,
    suppressions: Vec<Suppression>,
}

/// What all files declare together.
pub(super) struct Declared {
    /// Complete only if the sink has no errors.
    pub(super) model: Model,
    /// Is the syntax of all files sound?
    pub(super) whole: bool,
    /// Of every job with an id; empty where a file is damaged.
    pub(super) outlines: BTreeMap<JobId, Outline>,
    /// All findings.
    pub(super) sink: Sink,
}

/// Reads all files into one model. Where its keys stand is noted on demand: it takes as long as the
/// rest.
pub(super) fn parse_model(loaded: Vec<Loaded>, with_places: bool) -> Declared {
    let whole = loaded.iter().all(|file| file.root.is_some() && !file.ctx.damaged);
    // Defaults hold for the jobs of all files, so all tops are read before any job.
    let mut shared = Shared::default();
    let mut contexts = Vec::with_capacity(loaded.len());
    let mut job_lists: Vec<Vec<Node>> = Vec::with_capacity(loaded.len());
    for Loaded { mut ctx, root } in loaded {
        let jobs = root.and_then(|root| read_top(&mut ctx, root, &mut shared));
        contexts.push(ctx);
        job_lists.push(jobs.unwrap_or_default());
    }
    let defaults = shared.defaults.map(|(defaults, _)| defaults).unwrap_or_default();
    let mut model = Model {
        tick_limit: defaults.tick_limit,
        timezone: defaults.timezone.clone(),
        report: shared.report.map(|(report, _)| report).unwrap_or_default(),
        history: shared.history.map(|(history, _)| history).unwrap_or_default(),
        defaults: shared.places,
        suppressions: shared.suppressions,
        ..Model::default()
    };
    let mut ids = Ids::new();
    let mut outlines = BTreeMap::new();
    let mut sink = Sink::new();
    for (mut ctx, nodes) in contexts.into_iter().zip(job_lists) {
        // Each tree goes once it is read: all of them beside the whole model would be the most that
        // is ever in memory.
        for (index, node) in nodes.into_iter().enumerate() {
            let read = jobs::read_job(&mut ctx, &node, index, &defaults, &mut ids);
            if let Some((id, outline)) = read.outline {
                outlines.entry(id).or_insert(outline);
            }
            if let Some(job) = read.job
                && !model.jobs.contains_key(&job.id)
            {
                if with_places {
                    model.places.insert(job.id.clone(), places_of(&node));
                }
                model.jobs.insert(job.id.clone(), job);
            }
        }
        sink.extend(ctx.sink);
    }
    if !whole {
        outlines.clear();
    }
    Declared { model, whole, outlines, sink }
}

/// Reads one top level; gives back its jobs.
fn read_top(ctx: &mut Context, root: Node, shared: &mut Shared) -> Option<Vec<Node>> {
    let mut top = Cursor::open(ctx, &root, "")?;
    read_version(ctx, &mut top);
    if let Some((key, node)) = top.take("defaults") {
        if shared.defaults.is_none() {
            shared.places = places_of(node);
        }
        let defaults = top
            .table(ctx, "defaults")
            .map(|table| policy::read_defaults(ctx, table))
            .unwrap_or_default();
        keep_first(ctx, &mut shared.defaults, defaults, "defaults", key.span);
    }
    if let Some((key, _)) = top.take("report") {
        let settings = top.table(ctx, "report").map(|table| report::read_report(ctx, table));
        keep_first(ctx, &mut shared.report, settings.unwrap_or_default(), "report", key.span);
    }
    if let Some((key, _)) = top.take("history") {
        let history = top.table(ctx, "history").map(|table| read_history(ctx, table));
        keep_first(ctx, &mut shared.history, history.unwrap_or_default(), "history", key.span);
    }
    shared.suppressions.extend(read_suppressions(ctx, &mut top));
    let has_jobs = has_jobs(ctx, &mut top);
    top.finish(ctx);
    if has_jobs { jobs_of(root) } else { None }
}

/// The jobs of a whole tree, which is no more then.
fn jobs_of(root: Node) -> Option<Vec<Node>> {
    let Value::Table(entries) = root.value else { return None };
    let (_, jobs) = entries.into_iter().find(|(key, _)| key.name == "jobs")?;
    let Value::Array(jobs) = jobs.value else { return None };
    Some(jobs)
}

fn read_version(ctx: &mut Context, top: &mut Cursor<'_>) {
    let Some((_, node)) = top.take("version") else {
        let place = top.head;
        ctx.missing(place, "the file has no `version`".to_owned(), &[("version", "1")]);
        return;
    };
    let is_one = match node.value {
        Value::Int(number) => number == 1,
        Value::Broken => true,
        Value::Null
        | Value::Float(_)
        | Value::Bool(_)
        | Value::Str(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Other(_) => false,
    };
    if !is_one {
        let help = format!("this build reads {}", ctx.example(&[("version", "1")]));
        let message = "a config version that this build can't read";
        ctx.push(Finding::new(Code::UnsupportedVersion, node.span, message).help(help));
    }
}

/// Keeps what the first file says; a second one's is OF003.
fn keep_first<T>(
    ctx: &mut Context,
    kept: &mut Option<(T, Span)>,
    found: T,
    key: &str,
    place: Span,
) {
    let Some((_, first)) = kept else {
        *kept = Some((found, place));
        return;
    };
    let message = format!("`{key}` stands in two files of one config");
    ctx.push(
        Finding::new(Code::DuplicateKey, place, message)
            .also(*first, "first here")
            .help("it holds for the jobs of all files: keep it in one of them"),
    );
}

/// Are there jobs, as an array?
fn has_jobs(ctx: &mut Context, top: &mut Cursor<'_>) -> bool {
    let Some((_, node)) = top.take("jobs") else { return false };
    if let (Value::Table(_), Format::Toml) = (&node.value, ctx.format) {
        let message = "`jobs` must be an array of tables, not a table";
        let finding = Finding::new(Code::WrongType, node.span, message);
        ctx.push(finding.help("begin each job with [[jobs]]"));
        return false;
    }
    top.array(ctx, "jobs").is_some()
}
