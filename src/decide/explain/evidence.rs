//! What is known of a job: what was last seen, started, ended, asked for and approved.
//!
//! Invariant: every fact is one that the store holds, with the time that it holds.

use super::Subject;
use crate::approval::Level;
use crate::base::RunId;
use crate::journal::{Answer, Broken, GrantFate, GrantRecord, Origin, RunPhase, Seen};
use crate::machine::{Machine, State, WriteState};
use crate::model::{End, Purpose};

/// Something that is known of a job. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// No tick has looked at it yet.
    NeverSeen,
    /// Its last good status.
    Seen {
        /// The tick that saw it; `None`: its status is broken since, so that it is older.
        at_ms: Option<i64>,
        /// What it said.
        seen: Seen,
    },
    /// Its status can't be read.
    Broken(Broken),
    /// Its progress key has not moved since.
    StillSince {
        /// When it did.
        at_ms: i64,
        /// What it is.
        key: String,
    },
    /// Every status since then said that it runs.
    RunningSince(i64),
    /// Its last start.
    LastStart {
        /// When it was over.
        at_ms: i64,
        /// Its run.
        run: Option<RunId>,
    },
    /// Resumes since it last ran for long enough.
    Attempts(u32),
    /// How its last run ended.
    LastRun {
        /// When.
        at_ms: i64,
        /// Its run.
        run: Option<RunId>,
        /// How.
        end: End,
        /// It printed attention words.
        attention: bool,
    },
    /// A command of it is under way.
    AtWork {
        /// Since when.
        at_ms: i64,
        /// Its run.
        run: RunId,
        /// Why it runs.
        purpose: Purpose,
        /// Its executor; `None`: it did not begin yet.
        pid: Option<u32>,
    },
    /// What happened at the gate.
    Gate(GateFact),
    /// The last report about it.
    Told {
        /// When.
        at_ms: i64,
    },
}

/// Something that happened to a write at the gate. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateFact {
    /// It is asked for.
    Requested {
        /// When.
        at_ms: i64,
        /// By whom or what.
        by: Origin,
        /// Why, in the asker's words.
        reason: Option<String>,
    },
    /// Somebody said no.
    Denied {
        /// When.
        at_ms: i64,
        /// Who.
        by: String,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Its last approval.
    Approval {
        /// When.
        at_ms: i64,
        /// By whom.
        by: String,
        /// How sure that is.
        level: Level,
        /// The first digits of the digest.
        plan: String,
        /// What became of it.
        fate: GrantFate,
    },
    /// How far its verification is.
    Verification {
        /// Queued then.
        at_ms: i64,
        /// Which round.
        round: u32,
        /// So many checks of its plan have passed.
        passed: usize,
        /// Of so many.
        of: usize,
    },
}

/// All that is known.
pub(super) fn evidence_of(subject: &Subject<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    if subject.job.machine() == Machine::Watch {
        watched(subject, &mut found);
    }
    if let Some(row) = subject.run() {
        let (at, pid) = match &row.phase {
            RunPhase::Executing { executor, at } => (at, Some(executor.pid)),
            RunPhase::Claimed | RunPhase::Done { .. } => (&row.claimed_at, None),
        };
        let (run, purpose) = (row.spec.run.clone(), row.spec.purpose);
        found.push(Evidence::AtWork { at_ms: at.wall_ms, run, purpose, pid });
    }
    if let Some(record) = subject.record {
        found.extend(record.last_run.as_ref().map(|last| Evidence::LastRun {
            at_ms: last.at.wall_ms,
            run: last.run.clone(),
            end: last.end.clone(),
            attention: last.attention,
        }));
    }
    if subject.job.machine() == Machine::Write {
        found.extend(gated(subject).into_iter().map(Evidence::Gate));
    }
    let told = subject.notes.told.at.as_ref();
    found.extend(told.map(|at| Evidence::Told { at_ms: at.wall_ms }));
    found
}

fn watched(subject: &Subject<'_>, found: &mut Vec<Evidence>) {
    let notes = subject.notes;
    let tick = subject.known.world.meta.last_tick.as_ref().map(|at| at.wall_ms);
    match &notes.seen {
        Some(seen) => {
            let at_ms = tick.filter(|_| notes.broken.is_none());
            found.push(Evidence::Seen { at_ms, seen: seen.clone() });
        }
        None if notes.broken.is_none() => found.push(Evidence::NeverSeen),
        None => {}
    }
    found.extend(notes.broken.clone().map(Evidence::Broken));
    found.extend(notes.running_since.as_ref().map(|at| Evidence::RunningSince(at.wall_ms)));
    let key = notes.seen.as_ref().and_then(|seen| seen.progress_key.clone());
    let still = notes.still_since.as_ref().zip(key);
    found.extend(still.map(|(at, key)| Evidence::StillSince { at_ms: at.wall_ms, key }));
    let Some(record) = subject.record else { return };
    found.extend(
        record.last_start.as_ref().map(|at| Evidence::LastStart {
            at_ms: at.wall_ms,
            run: record.last_start_run.clone(),
        }),
    );
    found.extend((record.attempts > 0).then_some(Evidence::Attempts(record.attempts)));
}

fn gated(subject: &Subject<'_>) -> Vec<GateFact> {
    let mut found = Vec::new();
    let snapshot = &subject.known.world.snapshot;
    if let Some(request) = snapshot.requests.get(subject.id()) {
        match &request.answer {
            Answer::Pending => found.push(GateFact::Requested {
                at_ms: request.at.wall_ms,
                by: request.origin.clone(),
                reason: request.reason.clone(),
            }),
            Answer::Denied { at, evidence, reason } => found.push(GateFact::Denied {
                at_ms: at.wall_ms,
                by: evidence.by.clone().unwrap_or_else(|| evidence.user.clone()),
                reason: reason.clone(),
            }),
            Answer::Approved { .. } => {}
        }
    }
    found.extend(last_grant(subject).map(|GrantRecord { grant, fate }| GateFact::Approval {
        at_ms: grant.at.wall_ms,
        by: grant.evidence.by.clone().unwrap_or_else(|| grant.evidence.user.clone()),
        level: grant.level,
        plan: grant.digest.short().to_owned(),
        fate: fate.clone(),
    }));
    let begun = !matches!(
        subject.state(),
        State::Write(WriteState::Blocked | WriteState::Approved | WriteState::Running)
    );
    let cycle = subject.record.and_then(|r| r.write.as_ref()).filter(|_| begun);
    if let Some((cycle, verification)) = cycle.and_then(|c| Some((c, c.verification.as_ref()?))) {
        found.push(GateFact::Verification {
            at_ms: verification.since.wall_ms,
            round: verification.round,
            passed: verification.passed.len(),
            of: cycle.plan.verifications.len(),
        });
    }
    found
}

/// The newest approval of a write.
pub(super) fn last_grant<'a>(subject: &Subject<'a>) -> Option<&'a GrantRecord> {
    let grants = subject.known.world.snapshot.grants.values();
    let own = grants.filter(|record| record.grant.job == *subject.id());
    // One that still lives is the last word, whatever the clocks said.
    own.max_by_key(|g| (g.fate == GrantFate::Live, g.grant.at.wall_ms))
}
