//! Keys that the kind of their job has no use for.
//!
//! In: a key and the kinds that read it. Out: a finding, where the job is of another kind.
//! Invariant: a key that is useless is never read.

use std::time::Duration;

use super::context::Context;
use super::cursor::{Cursor, SpanRule};
use super::tree::{Key, Node};
use crate::diag::{Code, Finding};
use crate::model::Kind;

/// The entry of `key`, unless the job's kind has no use for it: then OF006 and nothing.
pub(super) fn take_of_kind<'t>(
    ctx: &mut Context,
    cursor: &mut Cursor<'t>,
    key: &'static str,
    kind: Option<Kind>,
    kinds: &[Kind],
) -> Option<(&'t Key, &'t Node)> {
    let unfit = kind.filter(|kind| !kinds.contains(kind));
    if unfit.is_some() {
        cursor.has_no_use_for(key);
    }
    let (found, node) = cursor.take(key)?;
    let Some(kind) = unfit else { return Some((found, node)) };
    let others: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let message = format!("`{}` has no effect on a {}", cursor.path(key), kind.as_str());
    let help = format!("remove it; it belongs to: {}", others.join(", "));
    ctx.push(Finding::new(Code::UselessKey, found.span, message).help(help));
    None
}

/// A span that only some kinds have a use for.
pub(super) fn span_of_kind(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    key: &'static str,
    rule: SpanRule,
    kind: Option<Kind>,
    kinds: &[Kind],
) -> Option<Duration> {
    take_of_kind(ctx, job, key, kind, kinds)?;
    job.span(ctx, key, rule)
}
