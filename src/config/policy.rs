//! `defaults` and `policy`: the same keys, one laid over the other.
//!
//! In: a cursor over either table. Out: a [`PolicyPatch`] of what it names.
//! Invariant: this module never fills in a default before both layers are known.

use std::time::Duration;

use super::context::Context;
use super::cursor::{Cursor, SpanRule};
use super::tree::Value;
use crate::model::{OnStall, Policy, QuietHours, ZoneName};

/// What one table says of the policy; `None`: nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyPatch {
    quiet_start: Option<u16>,
    quiet_end: Option<u16>,
    report_every: Option<Duration>,
    stall: Option<Duration>,
    auto_resume: Option<bool>,
    resume_backoff: Option<Duration>,
    max_resumes: Option<u32>,
    start_grace: Option<Duration>,
    pub(super) on_stall: Option<OnStall>,
    only_on_change: Option<bool>,
    report_while_running: Option<bool>,
    report_output: Option<bool>,
    alert_after: Option<u32>,
}

/// `defaults`: a policy, and limits that no job overrides there.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults {
    pub(super) policy: PolicyPatch,
    pub(super) status_timeout: Option<Duration>,
    pub(super) tick_limit: Option<Duration>,
    pub(super) timezone: Option<ZoneName>,
}

// As in `Policy::default()`, which a test compares; it can't hand out its minutes.
const QUIET_START: u16 = 23 * 60;
const QUIET_END: u16 = 8 * 60;

const TICK_LIMITS: SpanRule = SpanRule::Between(Duration::from_secs(10), Duration::from_hours(1));

/// Reads `defaults`.
pub(super) fn read_defaults(ctx: &mut Context, mut table: Cursor<'_>) -> Defaults {
    let policy = read_keys(ctx, &mut table);
    let status_timeout = table.span(ctx, "statusTimeoutSeconds", SpanRule::Limit);
    let tick_limit = table.span(ctx, "tickLimitSeconds", TICK_LIMITS);
    let timezone = read_timezone(ctx, &mut table);
    table.finish(ctx);
    Defaults { policy, status_timeout, tick_limit, timezone }
}

/// Reads a job's `policy`.
pub(super) fn read_policy(ctx: &mut Context, mut table: Cursor<'_>) -> PolicyPatch {
    let patch = read_keys(ctx, &mut table);
    table.finish(ctx);
    patch
}

fn read_keys(ctx: &mut Context, table: &mut Cursor<'_>) -> PolicyPatch {
    let (quiet_start, quiet_end) = read_quiet_hours(ctx, table);
    PolicyPatch {
        quiet_start,
        quiet_end,
        report_every: table.span(ctx, "reportEverySeconds", SpanRule::Any),
        stall: table.span(ctx, "stallSeconds", SpanRule::Any),
        auto_resume: table.bool(ctx, "autoResume"),
        resume_backoff: table.span(ctx, "autoResumeBackoffSeconds", SpanRule::Any),
        max_resumes: table.count(ctx, "maxResumes", 0),
        start_grace: table.span(ctx, "startGraceSeconds", SpanRule::Any),
        on_stall: table.word(ctx, "onStall", &OnStall::ALL, OnStall::as_str),
        only_on_change: table.bool(ctx, "onlyOnChange"),
        report_while_running: table.bool(ctx, "reportWhileRunning"),
        report_output: table.bool(ctx, "reportOutput"),
        alert_after: table.count(ctx, "alertAfter", 1),
    }
}

/// A name that the IANA database could have. Whether the host knows it is found out by who asks the
/// host.
fn read_timezone(ctx: &mut Context, table: &mut Cursor<'_>) -> Option<ZoneName> {
    let (text, node) = table.text(ctx, "timezone")?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
    if !text.split('/').all(|part| !part.is_empty() && part.chars().all(fits)) {
        let must = "a name of the IANA time zone database, as in \"Europe/Berlin\"";
        ctx.out_of_range(node, &table.path("timezone"), must);
        return None;
    }
    Some(ZoneName { name: text.to_owned(), span: node.span })
}

fn read_quiet_hours(ctx: &mut Context, table: &mut Cursor<'_>) -> (Option<u16>, Option<u16>) {
    let Some(mut hours) = table.table(ctx, "quietHours") else { return (None, None) };
    let start = read_minute(ctx, &mut hours, "start");
    let end = read_minute(ctx, &mut hours, "end");
    hours.finish(ctx);
    (start, end)
}

/// A local time of day, `HH:MM`, as minutes since midnight.
fn read_minute(ctx: &mut Context, hours: &mut Cursor<'_>, key: &'static str) -> Option<u16> {
    let (_, node) = hours.take(key)?;
    let must = "a local time from \"00:00\" to \"23:59\"";
    let Value::Str(text) = &node.value else {
        ctx.wrong(node, &hours.path(key), must);
        return None;
    };
    let minute = parse_minute(text);
    if minute.is_none() {
        ctx.out_of_range(node, &hours.path(key), must);
    }
    minute
}

fn parse_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

impl PolicyPatch {
    /// The policy of a job that says `self` under defaults that say `lower`.
    pub(super) fn over(&self, lower: &Self) -> Policy {
        let base = Policy::default();
        let quiet_start = self.quiet_start.or(lower.quiet_start).unwrap_or(QUIET_START);
        let quiet_end = self.quiet_end.or(lower.quiet_end).unwrap_or(QUIET_END);
        let pick = |own: Option<Duration>, low: Option<Duration>, last| own.or(low).unwrap_or(last);
        let flag = |own: Option<bool>, low: Option<bool>, last| own.or(low).unwrap_or(last);
        Policy {
            quiet_hours: QuietHours::new(quiet_start, quiet_end),
            report_every: pick(self.report_every, lower.report_every, base.report_every),
            stall: pick(self.stall, lower.stall, base.stall),
            auto_resume: flag(self.auto_resume, lower.auto_resume, base.auto_resume),
            resume_backoff: pick(self.resume_backoff, lower.resume_backoff, base.resume_backoff),
            max_resumes: self.max_resumes.or(lower.max_resumes).or(base.max_resumes),
            start_grace: pick(self.start_grace, lower.start_grace, base.start_grace),
            on_stall: self.on_stall.or(lower.on_stall).unwrap_or(base.on_stall),
            only_on_change: flag(self.only_on_change, lower.only_on_change, base.only_on_change),
            report_while_running: flag(
                self.report_while_running,
                lower.report_while_running,
                base.report_while_running,
            ),
            report_output: self.report_output.or(lower.report_output),
            alert_after: self.alert_after.or(lower.alert_after).unwrap_or(base.alert_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_default_policy() {
        assert_eq!(PolicyPatch::default().over(&PolicyPatch::default()), Policy::default());
    }

    #[test]
    fn a_job_overrides_half_of_the_quiet_hours() {
        let lower =
            PolicyPatch { quiet_start: Some(60), quiet_end: Some(120), ..Default::default() };
        let own = PolicyPatch { quiet_end: Some(60), ..Default::default() };
        assert_eq!(own.over(&lower).quiet_hours, None);
        assert_eq!(PolicyPatch::default().over(&lower).quiet_hours, QuietHours::new(60, 120));
    }

    #[test]
    fn times_of_day_are_hours_and_minutes() {
        assert_eq!(parse_minute("23:59"), Some(1439));
        assert_eq!(parse_minute("7:05"), Some(425));
        for wrong in ["24:00", "7:5", "07:60", "", ":", "-1:00", "+1:00", "1:٠٠", "100:00", "1"] {
            assert_eq!(parse_minute(wrong), None, "{wrong}");
        }
    }
}
