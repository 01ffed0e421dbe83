//! The three tables, as the design has them: written by hand, and not asked of the program.

use crate::world::{CHECKS, WATCHES};

type Row = (&'static str, &'static str, &'static str);

const WATCH: &[Row] = &[
    ("idle", "started", "running"),
    ("idle", "seen_running", "running"),
    ("idle", "resume", "resuming"),
    ("idle", "seen_completed", "completed"),
    ("idle", "seen_stopped", "idle"),
    ("idle", "stop", "paused"),
    ("running", "progressed", "running"),
    ("running", "no_progress", "stalled"),
    ("running", "seen_stopped", "stalled"),
    ("running", "seen_completed", "completed"),
    ("running", "stop", "paused"),
    ("stalled", "progressed", "running"),
    ("stalled", "seen_running", "running"),
    ("stalled", "seen_stopped", "stalled"),
    ("stalled", "seen_completed", "completed"),
    ("stalled", "resume", "resuming"),
    ("stalled", "give_up", "failed"),
    ("stalled", "stop", "paused"),
    ("stalled", "started", "running"),
    ("resuming", "seen_running", "running"),
    ("resuming", "seen_completed", "completed"),
    ("resuming", "resume_failed", "stalled"),
    ("resuming", "seen_stopped", "stalled"),
    ("resuming", "stop", "paused"),
    ("paused", "started", "running"),
    ("paused", "seen_running", "running"),
    ("paused", "seen_completed", "completed"),
    ("completed", "started", "running"),
    ("completed", "seen_running", "running"),
    ("completed", "seen_stopped", "completed"),
    ("failed", "started", "running"),
    ("failed", "seen_running", "running"),
    ("failed", "seen_completed", "completed"),
    ("failed", "seen_stopped", "failed"),
    ("failed", "stop", "paused"),
];

const CHECK: &[Row] = &[
    ("idle", "enqueue", "queued"),
    ("idle", "begin", "running"),
    ("completed", "enqueue", "queued"),
    ("completed", "begin", "running"),
    ("failed", "enqueue", "queued"),
    ("failed", "begin", "running"),
    ("queued", "begin", "running"),
    ("queued", "drop", "idle"),
    ("running", "exited_ok", "completed"),
    ("running", "exited_err", "failed"),
    ("running", "lost", "failed"),
];

const WRITE: &[Row] = &[
    ("blocked", "approve", "approved"),
    ("approved", "approve", "approved"),
    ("approved", "begin", "running"),
    ("approved", "revoke", "blocked"),
    ("approved", "expire", "blocked"),
    ("approved", "plan_changed", "blocked"),
    ("running", "exited_ok", "verifying"),
    ("running", "exited_err", "failed"),
    ("running", "not_started", "blocked"),
    ("running", "lost", "unknown"),
    ("verifying", "verify_passed", "verified"),
    ("verifying", "verify_failed", "unverified"),
    ("verifying", "verify_overdue", "unverified"),
    ("unknown", "verify_passed", "verified"),
    ("unknown", "verify_failed", "unverified"),
    ("unknown", "verify_overdue", "unverified"),
    ("unknown", "acknowledge", "blocked"),
    ("unverified", "verify_passed", "verified"),
    ("unverified", "acknowledge", "blocked"),
    ("verified", "approve", "approved"),
    ("failed", "approve", "approved"),
];

/// Where an input leads a job of this kind.
pub(crate) fn leads_to(job: usize, from: &str, input: &str) -> Option<&'static str> {
    let table = if WATCHES.contains(&job) {
        WATCH
    } else if CHECKS.contains(&job) {
        CHECK
    } else {
        WRITE
    };
    table.iter().find(|(f, i, _)| *f == from && *i == input).map(|(.., to)| *to)
}
