//! Where each job stands, and what is due of it: for pictures of a live config.
//!
//! In: the config, the world as it stands now, the present. Out: a [`Standing`] for each job.
//! Invariant: this only reads. What is due here is what the rules of ticks say, but nothing that
//! depends on how a job answers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::patience::resume_wait;
use crate::approval::judge_alive;
use crate::base::{JobId, Now, Stamp};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{
    Answer, Cause, GrantFate, GrantRecord, ItemState, JobRecord, Origin, Queued, Snapshot,
};
use crate::machine::{State, WriteState};
use crate::model::Work;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state of its machine.
    pub state: State,
    /// Why it is in it.
    pub cause: Option<Cause>,
    /// Since when: Unix milliseconds; `None` where nothing has happened to it.
    pub since_ms: Option<i64>,
    /// For how long.
    pub age: Duration,
    /// What is to come, the soonest first.
    pub due: Vec<Due>,
}

/// Something that is to come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// In this time; zero: now. `None`: when a person does something.
    pub within: Option<Duration>,
    /// What.
    pub what: DueKind,
}

/// What is to come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DueKind {
    /// A queued run, asked for by this.
    Queued(Origin),
    /// A run by `everySeconds`.
    Scheduled,
    /// A resume.
    Resume,
    /// The end of an approval that was not used.
    ApprovalEnds,
    /// The end of the time for a verification.
    VerificationEnds,
    /// A person's answer to a request.
    Answer,
}

/// Where every job of the config stands.
#[must_use]
pub fn standings(compiled: &Compiled, snapshot: &Snapshot, now: &Now) -> BTreeMap<JobId, Standing> {
    let mut queued: BTreeMap<&JobId, Vec<&Queued>> = BTreeMap::new();
    for item in snapshot.queue.values() {
        queued.entry(&item.job).or_default().push(item);
    }
    let mut grants: BTreeMap<&JobId, Vec<&GrantRecord>> = BTreeMap::new();
    for record in snapshot.grants.values() {
        grants.entry(&record.grant.job).or_default().push(record);
    }
    let standing = |job: &CompiledJob| {
        let id = &job.job().id;
        let items = queued.remove(id).unwrap_or_default().into_iter();
        let own = grants.remove(id).unwrap_or_default().into_iter();
        (id.clone(), whole_standing(job, snapshot, (items, own), now))
    };
    compiled.jobs().map(standing).collect()
}

/// Where one job of the config stands.
pub(super) fn standing(job: &CompiledJob, snapshot: &Snapshot, now: &Now) -> Standing {
    let id = &job.job().id;
    let items = snapshot.queue.values().filter(|item| item.job == *id);
    let own = snapshot.grants.values().filter(|record| record.grant.job == *id);
    whole_standing(job, snapshot, (items, own), now)
}

/// Where a job stands, with its queue items and its approvals.
fn whole_standing<'a>(
    job: &CompiledJob,
    snapshot: &Snapshot,
    (items, grants): (impl Iterator<Item = &'a Queued>, impl Iterator<Item = &'a GrantRecord>),
    now: &Now,
) -> Standing {
    let id = &job.job().id;
    let mut standing = standing_of(job, snapshot.jobs.get(id), now);
    let queued = items.filter(|item| item.state == ItemState::Pending);
    standing.due.extend(queued.map(|item| Due {
        within: Some(left(Duration::from_millis(item.delay_ms), &item.at, &now.at)),
        what: DueKind::Queued(item.origin.clone()),
    }));
    standing.due.extend(grants.filter_map(|g| approval_end(g, snapshot, now)));
    let asked = snapshot.requests.get(id).is_some_and(|r| r.answer == Answer::Pending);
    standing.due.extend(asked.then_some(Due { within: None, what: DueKind::Answer }));
    standing.due.sort_by(|a, b| (a.within.is_none(), a).cmp(&(b.within.is_none(), b)));
    standing
}

fn standing_of(job: &CompiledJob, record: Option<&JobRecord>, now: &Now) -> Standing {
    // What is remembered of a job of another kind says nothing of this one.
    let record = record.filter(|r| r.state.machine() == job.machine());
    let mut due = Vec::new();
    if job.job().enabled {
        due.extend(next_scheduled(job, record, &now.at));
        let wait = record.and_then(|r| resume_wait(job, r, &now.at));
        due.extend(wait.map(|w| Due { within: Some(w), what: DueKind::Resume }));
    }
    due.extend(record.and_then(|r| verification_end(r, &now.at)));
    Standing {
        state: record.map_or(job.machine().initial(), |r| r.state),
        cause: record.and_then(|r| r.cause.clone()),
        since_ms: record.map(|r| r.since.wall_ms),
        age: record.map_or(Duration::ZERO, |r| now.at.delay_since(&r.since)),
        due,
    }
}

fn left(span: Duration, from: &Stamp, now: &Stamp) -> Duration {
    span.saturating_sub(now.delay_since(from))
}

fn next_scheduled(job: &CompiledJob, record: Option<&JobRecord>, now: &Stamp) -> Option<Due> {
    let Work::Check { every: Some(every), .. } = job.job().work else { return None };
    let last = record.and_then(|r| r.last_run.as_ref());
    let within = last.map_or(Duration::ZERO, |last| left(every, &last.at, now));
    Some(Due { within: Some(within), what: DueKind::Scheduled })
}

/// When the first open check of a write's verification is overdue.
fn verification_end(record: &JobRecord, now: &Stamp) -> Option<Due> {
    let open = [WriteState::Verifying, WriteState::Unknown].map(State::Write);
    let cycle = record.write.as_ref().filter(|_| open.contains(&record.state))?;
    let verification = cycle.verification.as_ref()?;
    let from = verification.timed_from.as_ref().unwrap_or(&verification.since);
    let checks = cycle.plan.verifications.iter().enumerate();
    let delays = checks.filter(|(i, _)| !verification.passed.contains(i)).map(|(_, c)| c.delay_ms);
    let first = delays.min()?;
    let span = Duration::from_millis(first.saturating_add(cycle.plan.verify_within_ms));
    Some(Due { within: Some(left(span, from, now)), what: DueKind::VerificationEnds })
}

fn approval_end(record: &GrantRecord, snapshot: &Snapshot, now: &Now) -> Option<Due> {
    let epoch = snapshot.epoch.as_deref().unwrap_or_default();
    let grant = &record.grant;
    if record.fate != GrantFate::Live || judge_alive(grant, epoch, &now.at).is_err() {
        return None;
    }
    let within = Duration::from_millis(grant.life_ms).saturating_sub(now.at.age_of(&grant.at));
    Some(Due { within: Some(within), what: DueKind::ApprovalEnds })
}
