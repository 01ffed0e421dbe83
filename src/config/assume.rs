//! `simulate --assume FILE`: what is supposed to happen to each job, and when.
//!
//! In: a small TOML file, the jobs that there are, the time that is simulated. Out: [`Assumptions`]
//! with every moment on the wall clock, or findings, each with its place.
//! Invariant: a file with any finding is of no use: nothing in it is passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SpanRelativeTo, Timestamp};

use super::context::{Context, ticked};
use super::cursor::Cursor;
use super::text::parse_text;
use super::tree::{Node, Value};
use super::{SourceText, Surroundings};
use crate::base::{JobId, limits};
use crate::diag::{Code, Finding, Sink, Sources, did_you_mean};
use crate::model::Kind;

/// What is supposed to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// To the jobs that are named.
    pub jobs: BTreeMap<JobId, Assumed>,
}

/// What is supposed to happen to one job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed {
    /// How long it works until it completes; `None`: for ever.
    pub runs: Option<Duration>,
    /// When a person starts it.
    pub starts: Vec<Spell>,
    /// When it makes no progress.
    pub stalls: Vec<Spell>,
    /// When it dies.
    pub dies: Vec<Spell>,
    /// When its commands fail.
    pub fails: Vec<Spell>,
    /// When its status can't be read.
    pub broken: Vec<Spell>,
    /// When it warns.
    pub warns: Vec<Spell>,
    /// When it calls for help.
    pub alerts: Vec<Spell>,
    /// When its run prints attention words.
    pub attention: Vec<Spell>,
}

impl Assumed {
    /// What is supposed of a job that nothing is said of: started at the beginning, it works on, and
    /// completes.
    #[must_use]
    pub fn steady(from_ms: i64) -> Self {
        let start = Spell { at_ms: from_ms, lasts: None, says: None };
        Self { runs: Some(limits::SIMULATED_WORK), starts: vec![start], ..Self::default() }
    }
}

/// Something that begins, and may end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// For how long; `None`: see its key.
    pub lasts: Option<Duration>,
    /// In the job's own words.
    pub says: Option<String>,
}

/// What a file of assumptions is about.
#[derive(Clone, Debug)]
pub struct Supposed<'a> {
    /// The jobs that there are.
    pub jobs: &'a BTreeMap<JobId, Kind>,
    /// When the simulation begins, in Unix milliseconds.
    pub from_ms: i64,
    /// When it ends.
    pub until_ms: i64,
    /// Whose clock a time without an offset is read on.
    pub zone: &'a TimeZone,
}

const WATCHED: &[Kind] = &[Kind::LongRunningRead];
const CHECKS: &[Kind] = &[Kind::OneShotRead];
const READS: &[Kind] = &[Kind::LongRunningRead, Kind::OneShotRead];

/// The keys of moments, and which kinds of jobs they are for.
const MOMENTS: [(&str, &[Kind]); 8] = [
    ("startsAt", WATCHED),
    ("stallsAt", WATCHED),
    ("diesAt", WATCHED),
    ("failsAt", READS),
    ("brokenAt", WATCHED),
    ("warnsAt", WATCHED),
    ("alertsAt", WATCHED),
    ("attentionAt", CHECKS),
];

/// Reads a file of assumptions.
#[must_use]
pub fn parse_assumptions(
    file: SourceText,
    supposed: &Supposed<'_>,
) -> (Assumptions, Sources, Sink) {
    let mut sources = Sources::default();
    let mut loaded = parse_text(file, &Surroundings::default(), &mut sources);
    let ctx = &mut loaded.ctx;
    let mut all = Assumptions::default();
    if let Some(mut top) = loaded.root.as_ref().and_then(|root| Cursor::open(ctx, root, "")) {
        for (index, node) in top.array(ctx, "jobs").unwrap_or_default().iter().enumerate() {
            if let Some((id, assumed)) = read_job(ctx, node, index, supposed, &all) {
                all.jobs.insert(id, assumed);
            }
        }
        top.finish(ctx);
    }
    (all, sources, loaded.ctx.sink)
}

fn read_job(
    ctx: &mut Context,
    node: &Node,
    index: usize,
    supposed: &Supposed<'_>,
    all: &Assumptions,
) -> Option<(JobId, Assumed)> {
    let name = format!("jobs[{index}]");
    let mut table = Cursor::open(ctx, node, name.clone())?;
    if table.take("id").is_none() {
        ctx.missing(table.head, format!("`{name}` has no `id`"), &[("id", "\"scan\"")]);
    }
    let named = table.text(ctx, "id").and_then(|(id, node)| {
        let id = JobId::new(id.trim());
        let kind = known_job(ctx, node, &id, supposed)?;
        if all.jobs.contains_key(&id) {
            let message = format!("job {} stands here twice", ticked(id.as_str()));
            ctx.push(Finding::new(Code::DuplicateJob, node.span, message).help("join the two"));
        }
        Some((id, kind))
    });
    let kind = named.as_ref().map(|(_, kind)| *kind);
    let steady = Assumed::steady(supposed.from_ms);
    let runs = read_runs(ctx, &mut table, kind, steady.runs);
    let mut read = MOMENTS.map(|(key, kinds)| {
        let fits = fits(ctx, &mut table, key, kind, kinds);
        fits.then(|| read_spells(ctx, &mut table, key, supposed)).flatten()
    });
    table.finish(ctx);
    let mut next = |n: usize| read.get_mut(n).and_then(Option::take);
    let assumed = Assumed {
        runs,
        starts: next(0).unwrap_or(steady.starts),
        stalls: next(1).unwrap_or_default(),
        dies: next(2).unwrap_or_default(),
        fails: next(3).unwrap_or_default(),
        broken: next(4).unwrap_or_default(),
        warns: next(5).unwrap_or_default(),
        alerts: next(6).unwrap_or_default(),
        attention: next(7).unwrap_or_default(),
    };
    named.map(|(id, _)| (id, assumed))
}

/// Is there such a job, and may anything be supposed of it?
fn known_job(ctx: &mut Context, node: &Node, id: &JobId, supposed: &Supposed<'_>) -> Option<Kind> {
    let shown = ticked(id.as_str());
    let Some(kind) = supposed.jobs.get(id) else {
        let mut finding =
            Finding::new(Code::WrongType, node.span, format!("the config has no job {shown}"));
        if let Some(near) = did_you_mean(id.as_str(), supposed.jobs.keys().map(JobId::as_str)) {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        ctx.push(finding);
        return None;
    };
    if *kind == Kind::OneShotWrite {
        let message =
            format!("{shown} is a write: a simulation runs none, and shows requests only");
        ctx.push(Finding::new(Code::WrongType, node.span, message).help("leave it out"));
        return None;
    }
    Some(*kind)
}

/// A key of another kind of job is a finding.
fn fits(
    ctx: &mut Context,
    table: &mut Cursor<'_>,
    key: &'static str,
    kind: Option<Kind>,
    kinds: &[Kind],
) -> bool {
    let found = table.take(key).map(|(found, _)| found.span);
    let Some(kind) = kind.filter(|kind| !kinds.contains(kind)) else { return true };
    table.has_no_use_for(key);
    if let Some(span) = found {
        let message = format!("`{}` means nothing of a {}", table.path(key), kind.as_str());
        let fit: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        ctx.push(
            Finding::new(Code::UselessKey, span, message)
                .help(format!("it is for a {}", fit.join(" or a "))),
        );
    }
    false
}

/// `runs`: how long it works; `"forever"`: it never completes.
fn read_runs(
    ctx: &mut Context,
    table: &mut Cursor<'_>,
    kind: Option<Kind>,
    usual: Option<Duration>,
) -> Option<Duration> {
    if !fits(ctx, table, "runs", kind, WATCHED) {
        return usual;
    }
    let Some((_, node)) = table.take("runs") else { return usual };
    if node.value == Value::Str("forever".to_owned()) {
        return None;
    }
    read_span(ctx, node, &table.path("runs"), "a span as in \"6h\", or \"forever\"")
}

/// One moment, or several.
fn read_spells(
    ctx: &mut Context,
    table: &mut Cursor<'_>,
    key: &'static str,
    supposed: &Supposed<'_>,
) -> Option<Vec<Spell>> {
    let (_, node) = table.take(key)?;
    let path = table.path(key);
    let nodes: Vec<&Node> = match &node.value {
        Value::Array(items) => items.iter().collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Table(_)
        | Value::Other(_)
        | Value::Broken => vec![node],
    };
    if nodes.len() > limits::SIMULATED_SPELLS {
        ctx.out_of_range(node, &path, &format!("{} moments at most", limits::SIMULATED_SPELLS));
        return None;
    }
    let mut spells: Vec<Spell> =
        nodes.into_iter().filter_map(|node| read_spell(ctx, node, &path, supposed)).collect();
    spells.sort_by_key(|spell| spell.at_ms);
    Some(spells)
}

/// `"2h"`, `"2026-11-22T03:00"`, or `{ at = …, for = …, says = … }`.
fn read_spell(
    ctx: &mut Context,
    node: &Node,
    path: &str,
    supposed: &Supposed<'_>,
) -> Option<Spell> {
    let Value::Table(_) = node.value else {
        let at_ms = read_moment(ctx, node, path, supposed)?;
        return Some(Spell { at_ms, lasts: None, says: None });
    };
    let mut table = Cursor::open(ctx, node, path.to_owned())?;
    let at_ms = if let Some((_, at)) = table.take("at") {
        read_moment(ctx, at, &table.path("at"), supposed)
    } else {
        ctx.missing(table.head, format!("`{path}` has no `at`"), &[("at", "\"2h\"")]);
        None
    };
    let lasts = table
        .take("for")
        .map(|(_, lasts)| read_span(ctx, lasts, &table.path("for"), "a span as in \"30m\""));
    let says = table.text(ctx, "says").map(|(says, _)| says.to_owned());
    table.finish(ctx);
    // One that can't be read is no span without an end.
    let lasts = match lasts {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Spell { at_ms: at_ms?, lasts, says })
}

fn read_moment(ctx: &mut Context, node: &Node, path: &str, supposed: &Supposed<'_>) -> Option<i64> {
    let must = "a span after the beginning as in \"2h\", or a time as in \"2026-11-22T03:00\"";
    let found = match &node.value {
        Value::Str(text) => parse_moment(text, supposed.zone)
            .or_else(|| Some(supposed.from_ms.saturating_add(millis(parse_span(text)?)))),
        Value::Other(_) => {
            let quoted = format!("{must}, in quotes");
            ctx.wrong(node, path, &quoted);
            return None;
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Broken => {
            ctx.wrong(node, path, must);
            return None;
        }
    };
    let Some(at_ms) = found else {
        ctx.out_of_range(node, path, must);
        return None;
    };
    if (supposed.from_ms..supposed.until_ms).contains(&at_ms) {
        return Some(at_ms);
    }
    let shown = |ms: i64| {
        let moment = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        moment.to_zoned(supposed.zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string()
    };
    let (from, until) = (shown(supposed.from_ms), shown(supposed.until_ms));
    let must = format!("within what is simulated, from {from} to {until}");
    ctx.out_of_range(node, path, &must);
    None
}

fn read_span(ctx: &mut Context, node: &Node, path: &str, must: &str) -> Option<Duration> {
    let Value::Str(text) = &node.value else {
        ctx.wrong(node, path, must);
        return None;
    };
    let span = parse_span(text).filter(|span| !span.is_zero());
    if span.is_none() {
        ctx.out_of_range(node, path, must);
    }
    span
}

/// A moment as a person types it: with an offset, or on the local clock; a day begins at midnight.
#[must_use]
pub fn parse_moment(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    // What the clock shows twice counts the first time; what it leaves out comes when it jumps.
    let zoned = local.to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().as_millisecond())
}

/// A span as in `2h` or `1d 12h`: days of 24 hours.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.trim().parse().ok()?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(span).ok().filter(|span| *span <= limits::SPAN_MAX)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
