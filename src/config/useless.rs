//! Keys that the kind of their job has no use for.
//!
//! In: a key and the kinds that read it. Out: a finding, where the job is of another kind.
//! Invariant: a key that is useless is never read.

use std::time::Duration;

use super::context::Context;
use super::cursor::{Cursor, SpanRule};
use crate::diag::{Code, Finding, Span};
use crate::model::Kind;

/// OF006: `path` means nothing to `kind`, only to `kinds`.
pub(super) fn push_useless(ctx: &mut Context, place: Span, path: &str, kind: Kind, kinds: &[Kind]) {
    let others: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let message = format!("`{path}` has no effect on a {}", kind.as_str());
    let help = format!("remove it; it belongs to: {}", others.join(", "));
    ctx.push(Finding::new(Code::UselessKey, place, message).help(help));
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
    let (found, _) = job.take(key)?;
    if let Some(kind) = kind.filter(|kind| !kinds.contains(kind)) {
        push_useless(ctx, found.span, key, kind, kinds);
        return None;
    }
    job.span(ctx, key, rule)
}
