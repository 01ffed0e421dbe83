//! The course of a simulation that goes by a journal: each job is observed as it was recorded.
//!
//! In: events. Out: changes of a [`SimHost`], tick by tick.
//! Invariant: what the journal does not keep is not made up: between two events a job that ran is
//! taken to have moved, and no command changes what was observed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::SimHost;
use super::rounds::{Course, run_by_hand};
use crate::base::{JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::ToldJob;
use crate::journal::{Cause, CauseKind, Event, EventKind};
use crate::machine::{Input, State, WatchInput, WatchState};
use crate::model::{End, Job, Kind, Purpose};
use crate::ports::{Clock as _, StoreError};

/// The course.
#[derive(Clone, Debug, Default)]
pub struct ReplayedCourse {
    /// What was before this only says how things stood then.
    from_ms: i64,
    jobs: BTreeMap<JobId, Record>,
}

/// What is recorded of a job, and how far that was replayed.
#[derive(Clone, Debug, Default)]
struct Record {
    /// What is still to come, newest first.
    facts: Vec<(i64, Fact)>,
    shown: Shown,
    /// The last run that was recorded.
    last: Option<(i64, Result)>,
}

/// How a watched job is seen.
#[derive(Clone, Debug, Default)]
struct Shown {
    running: bool,
    completed: bool,
    stands: bool,
    reason: Option<String>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug)]
struct Result {
    exit: i32,
    attention: bool,
}

/// Something that is recorded.
#[derive(Clone, Debug)]
enum Fact {
    Seen(Shown),
    StartedByPerson,
    StoppedByPerson,
    Ran { result: Result, by_hand: bool },
}

impl ReplayedCourse {
    /// The course that these events tell, oldest first. `stall` says how long a job had stood still
    /// when it was recorded as stalled.
    #[must_use]
    pub fn new(events: &[Event], from_ms: i64, stall: &dyn Fn(&JobId) -> Duration) -> Self {
        let mut queued: BTreeSet<&RunId> = BTreeSet::new();
        for event in events {
            if let EventKind::ItemStarted { run, .. } = &event.kind {
                queued.insert(run);
            }
        }
        let mut course = Self { from_ms, ..Self::default() };
        for event in events {
            let Some(job) = &event.job else { continue };
            let facts = &mut course.jobs.entry(job.clone()).or_default().facts;
            let seen_ms = event.at.wall_ms;
            for fact in facts_of(&event.kind, &queued) {
                let stands = matches!(&fact, Fact::Seen(shown) if shown.stands);
                let last_ms = facts.last().map_or(i64::MIN, |(at_ms, _)| *at_ms);
                let at_ms = if stands { began_to_stand(seen_ms, stall(job)) } else { seen_ms };
                // Nothing comes before what was recorded earlier, whatever the clock showed then.
                facts.push((at_ms.max(last_ms), fact));
            }
        }
        for record in course.jobs.values_mut() {
            record.facts.reverse();
        }
        course
    }
}

impl ReplayedCourse {
    /// The watched jobs that nothing is recorded of: how they were observed can't be said.
    #[must_use]
    pub fn unseen(&self, compiled: &Compiled) -> BTreeSet<JobId> {
        let seen = |job: &Job| {
            let facts = self.jobs.get(&job.id).map(|record| &record.facts);
            facts.is_some_and(|facts| facts.iter().any(|(_, f)| matches!(f, Fact::Seen(_))))
        };
        let watched = compiled.jobs().map(CompiledJob::job).filter(|job| job.enabled);
        let watched = watched.filter(|job| job.kind() == Kind::LongRunningRead);
        watched.filter(|job| !seen(job)).map(|job| job.id.clone()).collect()
    }
}

/// A tick that sees a job move has seen it move: it stands from the next one on.
fn began_to_stand(seen_ms: i64, stall: Duration) -> i64 {
    let stall = i64::try_from(stall.as_millis()).unwrap_or(i64::MAX);
    seen_ms.saturating_sub(stall).saturating_add(1).min(seen_ms)
}

fn facts_of(kind: &EventKind, queued: &BTreeSet<&RunId>) -> Vec<Fact> {
    if let EventKind::Moved { input: Input::Watch(input), to: State::Watch(to), cause } = kind {
        let by_person = [
            (WatchInput::Started, Fact::StartedByPerson),
            (WatchInput::Stop, Fact::StoppedByPerson),
        ];
        let act = by_person.into_iter().find(|(act, _)| act == input).map(|(_, fact)| fact);
        return act.into_iter().chain([seen_in(*to, cause.as_ref())]).collect();
    }
    if let EventKind::ImportedState { state: State::Watch(state), cause, .. } = kind {
        return vec![seen_in(*state, cause.as_ref())];
    }
    if let EventKind::CauseChanged { cause } = kind {
        let stopped = cause.kind == CauseKind::Stopped;
        return stopped.then(|| seen_in(WatchState::Stalled, Some(cause))).into_iter().collect();
    }
    if let EventKind::RunEnded { run, purpose: Purpose::Check, end, attention } = kind {
        // However else it ended, it failed.
        let exit = if let End::Exited { code } = end { *code } else { 1 };
        let result = Result { exit, attention: *attention };
        return vec![Fact::Ran { result, by_hand: !queued.contains(run) }];
    }
    Vec::new()
}

/// How a job was seen that came into this state.
fn seen_in(state: WatchState, cause: Option<&Cause>) -> Fact {
    let is = |kind| cause.is_some_and(|cause| cause.kind == kind);
    let stands = state == WatchState::Stalled && is(CauseKind::NoProgress);
    Fact::Seen(Shown {
        running: stands || state == WatchState::Running,
        completed: state == WatchState::Completed,
        stands,
        reason: cause.filter(|_| is(CauseKind::Stopped)).and_then(|c| c.detail.clone()),
    })
}

impl Course for ReplayedCourse {
    fn go_on(
        &mut self,
        host: &SimHost,
        compiled: &Compiled,
    ) -> std::result::Result<Vec<ToldJob>, StoreError> {
        host.ran.borrow_mut().clear();
        let now_ms = host.at().wall_ms;
        let mut told = Vec::new();
        for (id, record) in &mut self.jobs {
            if compiled.job(id).is_none_or(|job| !job.job().enabled) {
                continue;
            }
            while let Some((at_ms, fact)) = record.facts.pop_if(|(at_ms, _)| *at_ms <= now_ms) {
                match fact {
                    Fact::Seen(shown) => record.shown = shown,
                    Fact::StartedByPerson => {
                        host.set(id, |job| (job.running, job.completed) = (false, false));
                        host.start(compiled, id)?;
                    }
                    Fact::StoppedByPerson => _ = host.stop(compiled, id)?,
                    Fact::Ran { result, by_hand } => {
                        record.last = Some((at_ms, result));
                        host.set(id, |job| {
                            (job.exit, job.attention) = (result.exit, result.attention);
                        });
                        if by_hand && at_ms >= self.from_ms {
                            told.extend(run_by_hand(host, compiled, id)?);
                        }
                    }
                }
            }
            record.show(host, id, now_ms);
        }
        Ok(told)
    }
}

impl Record {
    /// The job is as it was seen; a check of today's schedule gets the result that is nearest.
    fn show(&self, host: &SimHost, id: &JobId, now_ms: i64) {
        let next = self.facts.iter().rev().find_map(|(at_ms, fact)| match fact {
            Fact::Ran { result, .. } => Some((*at_ms, *result)),
            Fact::Seen(_) | Fact::StartedByPerson | Fact::StoppedByPerson => None,
        });
        let away = |(at_ms, _): &(i64, Result)| at_ms.abs_diff(now_ms);
        let nearest = self.last.into_iter().chain(next).min_by_key(away);
        host.set(id, |job| {
            let Shown { running, completed, stands, reason } = &self.shown;
            job.start_is_idle = true;
            (job.running, job.completed) = (*running, *completed);
            job.stop_reason.clone_from(reason);
            job.progress += u64::from(*running && !stands);
            if let Some((_, result)) = nearest {
                (job.exit, job.attention) = (result.exit, result.attention);
            }
        });
    }
}
