//! One entry of `jobs` to one [`Job`].
//!
//! In: a table of the tree, the defaults, the ids seen so far. Out: the job, or findings that say
//! why there is none.
//! Invariant: this module never looks at other jobs, but for their ids; chains are checked when
//! they are compiled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::commands::{self, Owner};
use super::context::{Context, shown, ticked};
use super::cursor::{Anchor, Cursor, SpanRule};
use super::gate;
use super::paths;
use super::policy::{self, Defaults};
use super::tree::{Node, Value};
use super::useless::{span_of_kind, take_of_kind};
use crate::base::{JobId, RunId, limits};
use crate::diag::{Code, Finding, Severity, Span};
use crate::model::{Job, Kind, Link, LinkWhen, OnStall, Outline, Policy, Risk, Work};

/// The ids of all files, and where each stands first.
pub(super) type Ids = BTreeMap<String, Span>;

/// What was read of one entry.
#[derive(Default)]
pub(super) struct ReadJob {
    /// Enough to check the chains, if it has an id.
    pub(super) outline: Option<(JobId, Outline)>,
    /// The whole of it, if nothing needed is missing or wrong.
    pub(super) job: Option<Job>,
}

/// Reads one job. Everything that is wrong with it is reported, whatever is wrong first.
pub(super) fn read_job(
    ctx: &mut Context,
    node: &Node,
    index: usize,
    defaults: &Defaults,
    ids: &mut Ids,
) -> ReadJob {
    ctx.job = None;
    if !matches!(node.value, Value::Table(_)) {
        let must = ctx.table_word();
        ctx.wrong(node, &format!("jobs[{index}]"), must);
        return ReadJob::default();
    }
    let Some(mut job) = Cursor::open(ctx, node, "") else { return ReadJob::default() };
    let id = read_id(ctx, &mut job, index, ids);
    ctx.job = id.as_ref().map(|(id, _)| id.clone());
    let place = id.as_ref().map_or(job.head, |(_, span)| *span);
    let anchor = Anchor { id: ctx.job.clone(), index, place };
    job.is_job(&anchor);
    let name = read_name(ctx, &mut job);
    let kind = required_word(ctx, &mut job, &anchor, "kind", &Kind::ALL, Kind::as_str);
    let risk = required_word(ctx, &mut job, &anchor, "risk", &Risk::ALL, Risk::as_str);
    let enabled = read_enabled(ctx, &mut job);
    let manual = job.bool(ctx, "manual").unwrap_or(false);
    let cwd = read_cwd(ctx, &mut job);
    let env = read_env(ctx, &mut job);
    let owner = Owner {
        anchor: &anchor,
        kind,
        cwd: cwd.as_deref(),
        timeout: job.span(ctx, "timeoutSeconds", SpanRule::Limit),
        status_timeout: read_status_timeout(ctx, &mut job, kind, defaults),
        every: read_every(ctx, &mut job, kind),
        sandbox: gate::read_sandbox(ctx, &mut job, kind),
        verify_within: gate::read_verify_within(ctx, &mut job, kind),
    };
    let inputs = read_inputs(ctx, &mut job, kind, cwd.as_deref());
    let work = commands::read_commands(ctx, &mut job, &owner);
    let policy = read_policy(ctx, &mut job, &anchor, work.as_ref(), defaults);
    let approval = gate::read_approval(ctx, &mut job, kind);
    let after = read_after(ctx, &mut job);
    job.finish(ctx);
    let Some((id, id_span)) = id else { return ReadJob::default() };
    let outline =
        Outline { id_span, kind, risk, name: name.clone(), enabled, after: after.clone() };
    let outline = Some((id.clone(), outline));
    let (Some(risk), Some(cwd), Some(work)) = (risk, cwd, work) else {
        return ReadJob { outline, job: None };
    };
    let name = name.unwrap_or_else(|| id.as_str().to_owned());
    let job = Job {
        id,
        id_span,
        name,
        risk,
        enabled,
        manual,
        cwd,
        env,
        inputs,
        work,
        policy,
        approval,
        after,
    };
    ReadJob { outline, job: Some(job) }
}

fn read_id(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    index: usize,
    ids: &mut Ids,
) -> Option<(JobId, Span)> {
    if job.take("id").is_none() {
        ctx.missing(job.head, format!("jobs[{index}] has no `id`"), &[("id", "\"nightly-scan\"")]);
        return None;
    }
    let (text, node) = job.text(ctx, "id")?;
    let text = text.trim();
    if let Some(first) = ids.get(text) {
        let message = format!("the id {} is defined twice", ticked(text));
        ctx.push(
            Finding::new(Code::DuplicateJob, node.span, message)
                .also(*first, "first here")
                .help("give one of the jobs another id"),
        );
    } else {
        ids.insert(text.to_owned(), node.span);
    }
    Some((JobId::new(text), node.span))
}

/// A blank name is no name: the id stands in.
fn read_name(ctx: &mut Context, job: &mut Cursor<'_>) -> Option<String> {
    let (_, node) = job.take("name")?;
    if matches!(&node.value, Value::Str(text) if text.trim().is_empty()) {
        return None;
    }
    job.text(ctx, "name").map(|(text, _)| text.trim().to_owned())
}

fn required_word<T: Copy>(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    anchor: &Anchor,
    key: &'static str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Option<T> {
    if job.take(key).is_none() {
        let first = all.first().map_or("", |one| as_str(*one));
        let words: Vec<&str> = all.iter().map(|one| as_str(*one)).collect();
        let message = format!("{anchor} has no `{key}`: one of {}", words.join(", "));
        ctx.missing(anchor.place, message, &[(key, &format!("\"{first}\""))]);
        return None;
    }
    job.word(ctx, key, all, as_str)
}

/// Only a literal `true` enables. Anything else was always accepted and meant "no".
fn read_enabled(ctx: &mut Context, job: &mut Cursor<'_>) -> bool {
    let Some((_, node)) = job.take("enabled") else { return false };
    match node.value {
        Value::Bool(enabled) => enabled,
        Value::Broken => false,
        Value::Null
        | Value::Int(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Array(_)
        | Value::Table(_)
        | Value::Other(_) => {
            let example = ctx.example(&[("enabled", "true")]);
            let message = "`enabled` is neither true nor false: the job counts as disabled";
            let help = format!("only a literal true enables: {example}");
            let finding = Finding::new(Code::WrongType, node.span, message);
            ctx.push(finding.severity(Severity::Warning).help(help));
            false
        }
    }
}

fn read_cwd(ctx: &mut Context, job: &mut Cursor<'_>) -> Option<PathBuf> {
    if job.take("cwd").is_none() {
        let fallback = ctx.around.default_cwd.as_ref().unwrap_or(&ctx.dir);
        return Some(fallback.clone());
    }
    let (text, node) = job.text(ctx, "cwd")?;
    let base = ctx.dir.clone();
    paths::expand(ctx, node, "cwd", text, &base)
}

fn read_env(ctx: &mut Context, job: &mut Cursor<'_>) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let Some(table) = job.table(ctx, "env") else { return env };
    for (key, node) in table.entries() {
        let path = table.path(&shown(&key.name));
        let flaw = if key.name.is_empty() {
            Some("the name of an environment variable can't be empty")
        } else if key.name.contains(['=', '\0']) {
            Some("the name of an environment variable can't contain `=` or NUL")
        } else if key.name == RunId::ENV {
            Some("`OPSFSM_RUN` is opsfsm's own: it marks the processes that it started")
        } else {
            None
        };
        if let Some(flaw) = flaw {
            ctx.push(Finding::new(Code::WrongType, key.span, flaw));
        }
        match &node.value {
            Value::Str(value) if value.contains('\0') => {
                ctx.out_of_range(node, &path, "a string without a NUL character");
            }
            Value::Str(value) => {
                env.insert(key.name.clone(), value.clone());
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Other(_)
            | Value::Broken => ctx.wrong(node, &path, "a string"),
        }
    }
    env
}

fn read_status_timeout(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    kind: Option<Kind>,
    defaults: &Defaults,
) -> Duration {
    let kinds = [Kind::LongRunningRead, Kind::OneShotWrite];
    let own = span_of_kind(ctx, job, "statusTimeoutSeconds", SpanRule::Limit, kind, &kinds);
    own.or(defaults.status_timeout).unwrap_or(limits::STATUS_TIMEOUT)
}

fn read_every(ctx: &mut Context, job: &mut Cursor<'_>, kind: Option<Kind>) -> Option<Duration> {
    let rule = SpanRule::AtLeast(limits::EVERY_MIN);
    span_of_kind(ctx, job, "everySeconds", rule, kind, &[Kind::OneShotRead])
}

/// Files that a write, or a check that may verify one, depends on.
fn read_inputs(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    kind: Option<Kind>,
    cwd: Option<&Path>,
) -> Vec<PathBuf> {
    let kinds = [Kind::OneShotRead, Kind::OneShotWrite];
    if take_of_kind(ctx, job, "inputs", kind, &kinds).is_none() {
        return Vec::new();
    }
    let mut inputs = Vec::new();
    for (index, item) in job.array(ctx, "inputs").unwrap_or_default().iter().enumerate() {
        let path = format!("inputs[{index}]");
        match &item.value {
            Value::Str(text) if text.is_empty() || text.contains('\0') => {
                ctx.out_of_range(item, &path, "a path: not empty, and without a NUL character");
            }
            Value::Str(text) => {
                inputs.extend(cwd.and_then(|cwd| paths::expand(ctx, item, &path, text, cwd)));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Other(_)
            | Value::Broken => ctx.wrong(item, &path, "a path"),
        }
    }
    inputs
}

/// The policy in force. `onStall: restart` needs a stop command where the job itself asks for it;
/// as a mere default it holds for the jobs that have one.
fn read_policy(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    anchor: &Anchor,
    work: Option<&Work>,
    defaults: &Defaults,
) -> Policy {
    let patch = job.table(ctx, "policy").map(|table| policy::read_policy(ctx, table));
    let patch = patch.unwrap_or_default();
    let mut policy = patch.over(&defaults.policy);
    let lacks_stop = match work {
        Some(Work::Watch { stop, .. }) => stop.is_none(),
        Some(Work::Check { .. } | Work::Write { .. }) | None => false,
    };
    if lacks_stop {
        if patch.on_stall == Some(OnStall::Restart) {
            let message =
                format!("{anchor} is to be restarted on a stall and has no `commands.stop`");
            ctx.missing(anchor.place, message, &[("stop", "[\"/usr/bin/scan\", \"--stop\"]")]);
        }
        policy.on_stall = OnStall::Report;
    }
    policy
}

fn read_after(ctx: &mut Context, job: &mut Cursor<'_>) -> Vec<Link> {
    let links = job.array(ctx, "after").unwrap_or_default();
    links.iter().enumerate().filter_map(|(index, link)| read_link(ctx, link, index)).collect()
}

fn read_link(ctx: &mut Context, node: &Node, index: usize) -> Option<Link> {
    let name = format!("after[{index}]");
    let mut link = Cursor::open(ctx, node, name.clone())?;
    let when = link.word(ctx, "when", &LinkWhen::ALL, LinkWhen::as_str);
    let delay = link.span(ctx, "delaySeconds", SpanRule::Any);
    let target = if link.take("jobId").is_some() {
        link.text(ctx, "jobId")
    } else {
        let message = format!("`{name}` has no `jobId`");
        ctx.missing(link.head, message, &[("jobId", "\"verify-scan\"")]);
        None
    };
    link.finish(ctx);
    let (target, node) = target?;
    Some(Link {
        target: JobId::new(target.trim()),
        target_span: node.span,
        when: when.unwrap_or_default(),
        delay: delay.unwrap_or_default(),
    })
}
