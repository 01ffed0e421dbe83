//! What a job says of approvals, sandboxes and the time of a verification.
//!
//! In: the cursor of a job. Out: its approval policy, and what a plan takes over.
//! Invariant: nothing that a file says grants anything.

use std::time::Duration;

use super::context::Context;
use super::cursor::{Cursor, SpanRule};
use super::useless::{span_of_kind, take_of_kind};
use crate::approval::Level;
use crate::base::limits;
use crate::diag::{Code, Finding};
use crate::model::{ApprovalPolicy, Kind, Sandbox};

pub(super) fn read_approval(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    kind: Option<Kind>,
) -> ApprovalPolicy {
    if take_of_kind(ctx, job, "approval", kind, &[Kind::OneShotWrite]).is_none() {
        return ApprovalPolicy::default();
    }
    let Some(mut table) = job.table(ctx, "approval") else { return ApprovalPolicy::default() };
    let required = table.bool(ctx, "required").unwrap_or(true);
    let granted_in_file = table.bool(ctx, "granted").unwrap_or(false);
    let place = |table: &mut Cursor<'_>, key| table.take(key).map_or(table.head, |(_, v)| v.span);
    if !required && kind.is_some() {
        let span = place(&mut table, "required");
        let message = "`approval.required: false` is refused: a write always needs an approval";
        ctx.push(
            Finding::new(Code::ApprovalSwitchedOff, span, message)
                .help("remove the key, and approve each write with `opsfsm approve`"),
        );
    }
    if granted_in_file && kind.is_some() {
        let span = place(&mut table, "granted");
        let message = "`approval.granted: true` grants nothing: it counts as a request";
        ctx.push(
            Finding::new(Code::GrantInFile, span, message)
                .help("approve the exact plan with `opsfsm approve`"),
        );
    }
    let non_interactive = table.bool(ctx, "nonInteractive").unwrap_or(false);
    let level = table.word(ctx, "level", &Level::ALL, Level::as_str);
    if non_interactive && level.is_some_and(|level| level > Level::Unattended) {
        let span = place(&mut table, "nonInteractive");
        let message = "`approval.nonInteractive` has no effect: the level asks for a person";
        ctx.push(
            Finding::new(Code::UselessKey, span, message)
                .help("remove one of the two, or ask for the level unattended"),
        );
    }
    table.finish(ctx);
    ApprovalPolicy { granted_in_file, non_interactive, level }
}

pub(super) fn read_verify_within(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    kind: Option<Kind>,
) -> Option<Duration> {
    let kinds = [Kind::OneShotWrite];
    let key = "verifyWithinSeconds";
    let within = span_of_kind(ctx, job, key, SpanRule::Limit, kind, &kinds)?;
    if within < limits::VERIFY_WITHIN_HASTY
        && let Some((_, node)) = job.take(key)
    {
        let message = format!("`{key}` may be over before a tick comes that verifies the write");
        ctx.push(
            Finding::new(Code::HastyVerification, node.span, message)
                .help("give it 120 seconds or more; else only `run --wait` verifies it in time"),
        );
    }
    Some(within)
}

pub(super) fn read_sandbox(
    ctx: &mut Context,
    job: &mut Cursor<'_>,
    kind: Option<Kind>,
) -> Option<Sandbox> {
    take_of_kind(ctx, job, "sandbox", kind, &[Kind::OneShotRead])?;
    job.word(ctx, "sandbox", &Sandbox::ALL, Sandbox::as_str)
}
