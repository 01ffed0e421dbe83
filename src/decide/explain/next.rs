//! What comes next of a job: what has a time, the soonest first, then what may move its machine.
//!
//! Invariant: never empty. Where nothing can move a job any more, that is what is said.

use std::time::Duration;

use super::Subject;
use super::holds::hangs;
use crate::base::{JobId, Stamp, limits};
use crate::decide::patience::{backoff, has_resumes_left};
use crate::decide::standing::{Due, DueKind, standing};
use crate::journal::{Answer, ItemState, JobRecord, Origin, RunPhase};
use crate::machine::{Edge, Machine, State, WatchState, WriteState};
use crate::model::Purpose;

/// Something that comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// In this time, at the first tick from then on; zero: at the next tick. `None`: when it
    /// happens.
    pub within: Option<Duration>,
    /// What.
    pub what: NextKind,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextKind {
    /// What pictures of live configs tell too: queued runs, schedules, resumes, ends of approvals.
    Due(DueKind),
    /// A check of this write's verification is due.
    VerificationDue(JobId),
    /// It counts as stalled, unless its progress key moves before.
    Stall,
    /// From then on "stopped" counts again.
    GraceEnds,
    /// Its resumes are forgotten, if it runs until then.
    AttemptsForgotten,
    /// It is stopped, to be started again.
    Restart,
    /// It is given up.
    GiveUp,
    /// Its command is ended at its limit.
    Limit(Purpose),
    /// That it still runs although a person stopped it is told.
    StillRunning,
    /// Its routine report is due; with `true` only if something moved.
    Report(bool),
    /// What is wrong is told again, if it still is.
    AnomalyAgain,
    /// That it waits for a person is told again.
    Reminder,
    /// An input that its machine takes, and the state that it leads to.
    Move(Edge),
    /// Nothing can move it: opsfsm never runs it.
    Nothing,
}

/// All that comes next.
pub(super) fn next_of(subject: &Subject<'_>) -> Vec<Next> {
    let known = subject.known;
    // What hangs is not resumed, and what can't be seen is not either.
    let resumable = subject.notes.broken.is_none() && !hangs(subject);
    let mut timed: Vec<Next> = standing(subject.job, &known.world.snapshot, known.now)
        .due
        .into_iter()
        .filter(|due: &Due| resumable || due.what != DueKind::Resume)
        .map(|due| Next { within: due.within, what: NextKind::Due(due.what) })
        .collect();
    if let Some(record) = subject.record {
        match record.state {
            State::Watch(state) => watched(subject, record, state, &mut timed),
            State::Check(_) => {}
            State::Write(state) => written(subject, state, &mut timed),
        }
    }
    timed.extend(limit(subject));
    timed.extend(reports(subject));
    timed.sort_by_key(|next| (next.within.is_none(), next.within));
    timed.extend(moves(subject));
    if timed.is_empty() {
        timed.push(Next { within: None, what: NextKind::Nothing });
    }
    timed
}

fn left(span: Duration, from: &Stamp, now: &Stamp) -> Duration {
    span.saturating_sub(now.delay_since(from))
}

fn watched(subject: &Subject<'_>, record: &JobRecord, state: WatchState, out: &mut Vec<Next>) {
    let (policy, now, notes) = (&subject.job.job().policy, &subject.known.now.at, subject.notes);
    let mut add = |within, what| out.push(Next { within: Some(within), what });
    let seen = notes.seen.as_ref();
    let watched = |since: &Option<Stamp>| since.as_ref().and_then(|s| now.watched_since(s));
    let looks = matches!(state, WatchState::Running | WatchState::Resuming | WatchState::Stalled);
    let grace = record.last_start.as_ref().map(|at| left(policy.start_grace, at, now));
    if let Some(grace) = grace.filter(|left| looks && !left.is_zero()) {
        add(grace, NextKind::GraceEnds);
    }
    if !subject.job.job().enabled {
        return;
    }
    match state {
        WatchState::Running => {
            let keyed = seen.is_some_and(|s| s.running && s.progress_key.is_some());
            if let Some(still) = watched(&notes.still_since).filter(|_| keyed) {
                add(policy.stall.saturating_sub(still), NextKind::Stall);
            }
            let ran = watched(&notes.running_since).filter(|_| record.attempts > 0);
            if let Some(ran) = ran {
                add(policy.stall.saturating_sub(ran), NextKind::AttemptsForgotten);
            }
        }
        WatchState::Stalled | WatchState::Idle => {
            let used_up = !has_resumes_left(policy, record.attempts);
            if hangs(subject) && subject.job.may_restart() && !used_up {
                let stops = [&record.last_start, &record.last_restart_stop].into_iter().flatten();
                let wait = backoff(policy, record.attempts);
                let rest = stops.map(|at| left(wait, at, now)).max().unwrap_or_default();
                add(rest, NextKind::Restart);
            } else if used_up && state == WatchState::Stalled && subject.job.may_resume() {
                let stopped = seen.is_some_and(|s| !s.running && !s.completed);
                if stopped && !hangs(subject) {
                    add(grace.unwrap_or_default(), NextKind::GiveUp);
                }
            }
        }
        WatchState::Paused => {
            let runs = seen.is_some_and(|s| s.running && !s.completed);
            if runs && !notes.stopped_since_stop && notes.told.anomaly.is_none() {
                add(left(limits::STOPPING, &record.since, now), NextKind::StillRunning);
            }
        }
        WatchState::Resuming | WatchState::Completed | WatchState::Failed => {}
    }
}

fn written(subject: &Subject<'_>, state: WriteState, out: &mut Vec<Next>) {
    let now = &subject.known.now.at;
    for item in subject.known.world.snapshot.queue.values() {
        let own = matches!(&item.origin, Origin::Verification { job, .. } if job == subject.id());
        if own && item.state == ItemState::Pending {
            let within = Some(left(Duration::from_millis(item.delay_ms), &item.at, now));
            out.push(Next { within, what: NextKind::VerificationDue(item.job.clone()) });
        }
    }
    let request = subject.known.world.snapshot.requests.get(subject.id());
    let told = subject.notes.told.request_at.as_ref();
    if let Some(request) = request.filter(|r| r.answer == Answer::Pending) {
        let since = told.map_or(now.age_of(&request.at), |at| now.age_of(at));
        let within = Some(limits::REMIND_EVERY.saturating_sub(since));
        out.push(Next { within, what: NextKind::Reminder });
    }
    let alarm = matches!(state, WriteState::Unverified | WriteState::Unknown);
    if let Some(at) = subject.notes.told.anomaly_at.as_ref().filter(|_| alarm) {
        let within = Some(limits::REMIND_EVERY.saturating_sub(now.age_of(at)));
        out.push(Next { within, what: NextKind::Reminder });
    }
}

/// When a run that is under way is ended.
fn limit(subject: &Subject<'_>) -> Option<Next> {
    let row = subject.run()?;
    let RunPhase::Executing { at, .. } = &row.phase else { return None };
    let limit = Duration::from_millis(row.spec.limit_ms?);
    let within = Some(left(limit, at, &subject.known.now.at));
    Some(Next { within, what: NextKind::Limit(row.spec.purpose) })
}

/// When a watched job is told next, though nothing new happens to it.
fn reports(subject: &Subject<'_>) -> Option<Next> {
    if subject.job.machine() != Machine::Watch || !subject.job.job().enabled {
        return None;
    }
    let (policy, told) = (&subject.job.job().policy, &subject.notes.told);
    let now = &subject.known.now.at;
    if told.anomaly.is_some() {
        let repeat = limits::ANOMALY_REPEAT.max(policy.report_every);
        let within = told.anomaly_at.as_ref().map(|at| left(repeat, at, now));
        return Some(Next { within: Some(within?), what: NextKind::AnomalyAgain });
    }
    let runs = subject.state() == State::Watch(WatchState::Running)
        && subject.notes.seen.as_ref().is_some_and(|seen| seen.running);
    let within = left(policy.report_every, told.at.as_ref()?, now);
    let what = NextKind::Report(policy.only_on_change);
    (runs && policy.report_while_running).then_some(Next { within: Some(within), what })
}

/// What its machine takes in this state, as far as its config leaves it open.
fn moves<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = Next> + 'a {
    let state = subject.state();
    let open = move |e: &Edge| e.from == state && e.to != state;
    let edges = subject.job.edges().into_iter().filter(|e| e.offered).map(|e| e.edge);
    edges.filter(open).map(|edge| Next { within: None, what: NextKind::Move(edge) })
}
