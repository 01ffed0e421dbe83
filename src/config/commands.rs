//! `commands`: which a kind of job needs, may have, and has no use for.
//!
//! In: a job's cursor, its kind and limits. Out: its [`Work`], or why there is none.
//! Invariant: this module never splits or joins words: an argv is taken as it stands, and never
//! shown in a finding.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::Context;
use super::cursor::{Anchor, Cursor};
use super::paths;
use super::tree::{Node, Value};
use super::useless::take_of_kind;
use crate::base::limits;
use crate::diag::{Code, Finding, Span};
use crate::model::{Command, Kind, Sandbox, StatusSource, Work};

/// What the commands of one job need to know of it.
#[derive(Debug)]
pub(super) struct Owner<'a> {
    /// How findings call it, and where those about what it lacks point to.
    pub(super) anchor: &'a Anchor,
    /// `None` if the config doesn't say, or says something unknown.
    pub(super) kind: Option<Kind>,
    /// `None` if it was wrong, which has been said.
    pub(super) cwd: Option<&'a Path>,
    /// `timeoutSeconds`.
    pub(super) timeout: Option<Duration>,
    /// `statusTimeoutSeconds`, or its default.
    pub(super) status_timeout: Duration,
    /// `everySeconds`.
    pub(super) every: Option<Duration>,
    /// `sandbox`.
    pub(super) sandbox: Option<Sandbox>,
    /// `verifyWithinSeconds`.
    pub(super) verify_within: Option<Duration>,
}

/// A key that may be there, may be right, or both.
#[derive(Debug)]
struct Slot<T> {
    key: Option<Span>,
    value: Option<T>,
}

impl<T> Slot<T> {
    const EMPTY: Self = Self { key: None, value: None };
}

const START: (&str, &str) = ("start", "[\"/usr/bin/scan\", \"--background\"]");
const STATUS: (&str, &str) = ("status", "[\"/usr/bin/scan\", \"--status\"]");
const RUN: (&str, &str) = ("run", "[\"/usr/bin/scan\", \"--once\"]");

/// Reads `commands` of the job that `job` stands on.
pub(super) fn read_commands(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    owner: &Owner<'_>,
) -> Option<Work> {
    let Some((key, node)) = job.take("commands") else {
        if let Some(kind) = owner.kind {
            let needed = match kind {
                Kind::LongRunningRead => vec![START, STATUS],
                Kind::OneShotRead | Kind::OneShotWrite => vec![RUN],
            };
            let inner = ctx.example(&needed);
            let message = format!("{} has no `commands`", owner.anchor);
            ctx.missing(owner.anchor.place, message, &[("commands", &format!("{{ {inner} }}"))]);
        }
        return None;
    };
    let mut table = Cursor::open(ctx, node, "commands")?;
    table.head = key.span;
    let work = read_work(ctx, &mut table, owner);
    table.finish(ctx);
    work
}

fn read_work(ctx: &mut Context, table: &mut Cursor<'_>, owner: &Owner<'_>) -> Option<Work> {
    use Kind::{LongRunningRead, OneShotRead, OneShotWrite};
    let start = argv(ctx, table, "start", owner, &[LongRunningRead]);
    let stop = argv(ctx, table, "stop", owner, &[LongRunningRead]);
    let run = argv(ctx, table, "run", owner, &[OneShotRead, OneShotWrite]);
    let status = read_status(ctx, table, owner);
    let command = |argv: Vec<String>, default: Option<Duration>| Command {
        argv,
        limit: owner.timeout.or(default),
    };
    match owner.kind? {
        LongRunningRead => {
            need(ctx, table, owner, &start, START);
            need(ctx, table, owner, &status, STATUS);
            Some(Work::Watch {
                start: command(start.value?, Some(limits::START_TIMEOUT)),
                status: status.value?,
                stop: stop.value.map(|argv| command(argv, Some(limits::START_TIMEOUT))),
            })
        }
        OneShotRead => {
            need(ctx, table, owner, &run, RUN);
            let run = command(run.value?, Some(limits::RUN_TIMEOUT));
            Some(Work::Check { run, every: owner.every, sandbox: owner.sandbox })
        }
        OneShotWrite => {
            need(ctx, table, owner, &run, RUN);
            Some(Work::Write {
                run: command(run.value?, None),
                status: status.value,
                verify_within: owner.verify_within.unwrap_or(limits::VERIFY_WITHIN),
            })
        }
    }
}

/// OF005 if the slot's key is not there at all.
fn need<T>(
    ctx: &mut Context,
    table: &Cursor<'_>,
    owner: &Owner<'_>,
    slot: &Slot<T>,
    example: (&str, &str),
) {
    let (None, Some(kind)) = (slot.key, owner.kind) else { return };
    let or = if example.0 == STATUS.0 { " or `commands.statusFile`" } else { "" };
    let message =
        format!("{} is a {} and has no `commands.{}`{or}", owner.anchor, kind.as_str(), example.0);
    ctx.missing(table.head, message, &[example]);
}

/// `status` or `statusFile`: one of them at most.
fn read_status(ctx: &mut Context, table: &mut Cursor<'_>, owner: &Owner<'_>) -> Slot<StatusSource> {
    let kinds = [Kind::LongRunningRead, Kind::OneShotWrite];
    let command = argv(ctx, table, "status", owner, &kinds);
    let file = status_file(ctx, table, owner, &kinds);
    if let (Some(first), Some(second)) = (command.key, file.key) {
        let message = "`commands.status` and `commands.statusFile` exclude each other";
        ctx.push(
            Finding::new(Code::WrongType, second, message)
                .also(first, "the other one")
                .help("keep the one that tells how the job is"),
        );
        return Slot { key: Some(second), value: None };
    }
    if file.key.is_some() {
        return Slot { key: file.key, value: file.value.map(StatusSource::File) };
    }
    let limit = Some(owner.status_timeout);
    let source = |argv| StatusSource::Command(Command { argv, limit });
    Slot { key: command.key, value: command.value.map(source) }
}

fn status_file(
    ctx: &mut Context,
    table: &mut Cursor<'_>,
    owner: &Owner<'_>,
    kinds: &[Kind],
) -> Slot<PathBuf> {
    let entry = take_of_kind(ctx, table, "statusFile", owner.kind, kinds);
    let Some((key, _)) = entry else { return Slot::EMPTY };
    let value = table
        .text(ctx, "statusFile")
        .and_then(|(text, node)| paths::expand(ctx, node, "commands.statusFile", text, owner.cwd?));
    Slot { key: Some(key.span), value }
}

/// An argv: a program and its arguments.
fn argv(
    ctx: &mut Context,
    table: &mut Cursor<'_>,
    key: &'static str,
    owner: &Owner<'_>,
    kinds: &[Kind],
) -> Slot<Vec<String>> {
    let entry = take_of_kind(ctx, table, key, owner.kind, kinds);
    let Some((found, node)) = entry else { return Slot::EMPTY };
    let value = read_argv(ctx, node, &|| table.path(key));
    Slot { key: Some(found.span), value }
}

/// `path` words the place, for the few that something is wrong with.
fn read_argv(ctx: &mut Context, node: &Node, path: &dyn Fn() -> String) -> Option<Vec<String>> {
    let Value::Array(items) = &node.value else {
        let must = "an array of strings, the program and its arguments one by one (no shell reads \
                    it)";
        ctx.wrong(node, &path(), must);
        return None;
    };
    if items.is_empty() {
        ctx.out_of_range(node, &path(), "an array with at least a program");
    }
    let mut argv = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = || format!("{}[{index}]", path());
        if let Value::Str(word) = &item.value {
            if word.is_empty() {
                ctx.out_of_range(item, &path(), "a string that is not empty");
            } else if word.contains('\0') {
                ctx.out_of_range(item, &path(), "a string without a NUL character");
            } else {
                argv.push(word.clone());
            }
        } else {
            ctx.wrong(item, &path(), "a string");
        }
    }
    (!argv.is_empty() && argv.len() == items.len()).then_some(argv)
}
