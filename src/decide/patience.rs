//! How long to wait: grace after a start, growing back-off between resumes.
//!
//! In: a job's policy and record, the present. Out: spans, and whether they have passed.
//! Invariant: this module starts nothing; it says when something may be started.

use std::time::Duration;

use crate::base::{Stamp, limits};
use crate::compile::CompiledJob;
use crate::journal::JobRecord;
use crate::machine::{State, WatchState};
use crate::model::Policy;

/// Is the last start too recent for "stopped" to mean anything?
pub(super) fn in_grace(record: &JobRecord, policy: &Policy, now: &Stamp) -> bool {
    record.last_start.as_ref().is_some_and(|s| now.delay_since(s) < policy.start_grace)
}

/// How long after its last start the next one may come: the base, doubled for each resume after
/// the first, up to a cap.
pub(super) fn backoff(policy: &Policy, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(limits::BACKOFF_CAP);
    let factor = 2_u32.saturating_pow(doublings).min(limits::BACKOFF_CAP);
    policy.resume_backoff.saturating_mul(factor)
}

/// Is any resume left?
pub(super) fn has_resumes_left(policy: &Policy, attempts: u32) -> bool {
    policy.max_resumes.is_none_or(|max| attempts < max)
}

/// How long until a resume is due; `None` where none will come.
pub(super) fn resume_wait(job: &CompiledJob, record: &JobRecord, now: &Stamp) -> Option<Duration> {
    let policy = &job.job().policy;
    let waiting = matches!(record.state, State::Watch(WatchState::Stalled | WatchState::Idle));
    if !job.may_resume() || !waiting || !has_resumes_left(policy, record.attempts) {
        return None;
    }
    let since = record.last_start.as_ref().map(|s| now.delay_since(s));
    let wait = backoff(policy, record.attempts).max(policy.start_grace);
    Some(since.map_or(Duration::ZERO, |since| wait.saturating_sub(since)))
}
