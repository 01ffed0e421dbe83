//! What holds a job back: the guards that are closed now.
//!
//! Invariant: a guard stands here only while it is closed, by the very rules that ticks go by.

use std::time::Duration;

use super::Subject;
use super::evidence::last_grant;
use crate::approval::Level;
use crate::base::limits;
use crate::compile::CompiledJob;
use crate::decide::clocks;
use crate::decide::patience::{backoff, has_resumes_left, in_grace};
use crate::journal::{CauseKind, GrantFate, Voided};
use crate::machine::{CheckState, Machine, State, WatchState, WriteState};
use crate::model::{Purpose, Risk, Work};

/// Something that holds a job back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `enabled: false`.
    Disabled,
    /// A read job of write risk: opsfsm never starts it.
    Risk(Risk),
    /// A person stopped it: only a person starts it again.
    Paused,
    /// `policy.autoResume` is off.
    NoAutoResume,
    /// It hangs, and `policy.onStall` is `report`, or it has no stop command.
    NoRestart,
    /// Its resumes are used up.
    AttemptsUsedUp {
        /// So many were made.
        attempts: u32,
    },
    /// Its last start is too recent for "stopped" to mean anything.
    Grace(Duration),
    /// Its last start is too recent for another.
    Backoff(Duration),
    /// Its status can't be read: no state changes by it, and nothing is started.
    StatusBroken,
    /// Another command of it is at work.
    Busy(Purpose),
    /// A process of a write's last run still runs, or may.
    InFlight,
    /// No approval serves.
    NoApproval {
        /// Why the last one does not.
        why: Option<Voided>,
        /// What level it takes.
        least: Level,
    },
    /// Its outcome is not settled: no approval is taken before a person has taken note of it.
    Unsettled,
    /// Others may change the config or the store.
    Exposed(String),
    /// Quiet hours hold back its routine reports and good news.
    QuietHours(Duration),
    /// The clocks disagree, or were never set: nothing is started.
    Clock,
    /// No tick has come for so long; `None`: none ever has.
    NoTick(Option<Duration>),
}

/// All that holds it back.
pub(super) fn holds_of(subject: &Subject<'_>) -> Vec<Hold> {
    let mut holds = Vec::new();
    let declared = subject.job.job();
    if !declared.enabled {
        holds.push(Hold::Disabled);
    }
    let reads = subject.job.machine() != Machine::Write;
    if reads && declared.risk != Risk::ReadOnly {
        holds.push(Hold::Risk(declared.risk));
    }
    holds.extend(subject.run().map(|row| Hold::Busy(row.spec.purpose)));
    match subject.state() {
        State::Watch(state) => watch_holds(subject, state, &mut holds),
        State::Check(CheckState::Queued) => holds.extend(verified_write_in_flight(subject)),
        State::Check(
            CheckState::Idle | CheckState::Running | CheckState::Completed | CheckState::Failed,
        ) => {}
        State::Write(state) => write_holds(subject, state, &mut holds),
    }
    let now = subject.known.now;
    let second = now.local.furthest_second_of_day(now.at.wall_ms);
    let quiet = declared.policy.quiet_hours.and_then(|hours| hours.left(second));
    holds.extend(quiet.map(Hold::QuietHours));
    holds.extend(of_the_clock(subject));
    holds
}

fn watch_holds(subject: &Subject<'_>, state: WatchState, holds: &mut Vec<Hold>) {
    if subject.notes.broken.is_some() {
        holds.push(Hold::StatusBroken);
    }
    if state == WatchState::Paused {
        holds.push(Hold::Paused);
    }
    let down = matches!(state, WatchState::Idle | WatchState::Stalled);
    let Work::Watch { .. } = subject.job.job().work else { return };
    if down && subject.job.job().is_read_only() && !subject.job.may_resume() {
        holds.push(Hold::NoAutoResume);
    } else if state == WatchState::Stalled && hangs(subject) && !subject.job.may_restart() {
        holds.push(Hold::NoRestart);
    }
    let Some(record) = subject.record else { return };
    let (policy, now) = (&subject.job.job().policy, &subject.known.now.at);
    let used_up = !has_resumes_left(policy, record.attempts);
    if used_up && (down || state == WatchState::Failed) && subject.job.may_resume() {
        holds.push(Hold::AttemptsUsedUp { attempts: record.attempts });
    }
    let started = record.last_start.as_ref().map(|at| now.delay_since(at));
    let looks = matches!(state, WatchState::Running | WatchState::Resuming | WatchState::Stalled);
    if let Some(since) = started.filter(|_| looks && in_grace(record, policy, now)) {
        holds.push(Hold::Grace(policy.start_grace.saturating_sub(since)));
    }
    let wait = backoff(policy, record.attempts);
    let rests = started.filter(|since| down && subject.job.may_resume() && *since < wait);
    holds.extend(rests.map(|since| Hold::Backoff(wait.saturating_sub(since))));
}

/// Does it run without progress?
pub(super) fn hangs(subject: &Subject<'_>) -> bool {
    let cause = subject.record.and_then(|r| r.cause.as_ref());
    cause.is_some_and(|c| c.kind == CauseKind::NoProgress)
}

/// A check that is to verify a write waits for what still runs of it.
fn verified_write_in_flight(subject: &Subject<'_>) -> Option<Hold> {
    let flies = |job: &CompiledJob| {
        let follows = job.job().after.iter().any(|link| link.target == *subject.id());
        follows && subject.known.in_flight.contains(&job.job().id)
    };
    subject.known.compiled.jobs().any(flies).then_some(Hold::InFlight)
}

fn write_holds(subject: &Subject<'_>, state: WriteState, holds: &mut Vec<Hold>) {
    let flies = subject.known.in_flight.contains(subject.id());
    if flies && state != WriteState::Running {
        holds.push(Hold::InFlight);
    }
    match state {
        WriteState::Blocked | WriteState::Verified | WriteState::Failed => {
            let why = last_grant(subject).and_then(|record| match &record.fate {
                GrantFate::Void { why, .. } => Some(*why),
                GrantFate::Live | GrantFate::Spent { .. } => None,
            });
            let least = subject.job.job().approval.least_level();
            holds.push(Hold::NoApproval { why, least });
        }
        WriteState::Unverified | WriteState::Unknown => holds.push(Hold::Unsettled),
        WriteState::Approved | WriteState::Running | WriteState::Verifying => {}
    }
    holds.extend(subject.known.exposed.map(|what| Hold::Exposed(what.to_owned())));
}

/// What is wrong with the clocks, or with how often ticks come.
fn of_the_clock(subject: &Subject<'_>) -> Vec<Hold> {
    let (world, now) = (subject.known.world, &subject.known.now.at);
    let last = world.meta.last_tick.as_ref();
    let drift = last.map_or(Duration::ZERO, |last| now.drift_since(last));
    let suspect = now.wall_ms < limits::CLOCK_FLOOR_MS || drift > limits::CLOCK_DRIFT;
    let late = match last {
        None => Some(Hold::NoTick(None)),
        Some(last) => {
            let usual = clocks::tick_period(world).unwrap_or_default();
            let patience = usual.max(limits::GAP_PERIOD_MIN) * limits::GAP_PERIODS;
            let gap = now.age_of(last);
            (gap > patience).then_some(Hold::NoTick(Some(gap)))
        }
    };
    suspect.then_some(Hold::Clock).into_iter().chain(late).collect()
}
