//! The fold of a write's events: approvals, their end, and what follows a spent one.
//!
//! Invariant: no sequence of events makes a write begin without an approval of its own that was
//! live until that moment; such a journal does not replay.

use std::collections::BTreeSet;

use super::event::{Event, EventKind};
use super::fault::{ReplayFault, job_of, record_of};
use super::gate::{Answer, GrantFate, GrantRecord, Request, Verification, WriteCycle};
use super::snapshot::{JobRecord, Snapshot};
use crate::approval::{CodeRecord, Grant, Level, PlanDigest};
use crate::base::{GrantId, JobId, RunId, Stamp, limits};
use crate::machine::{Input, State, WriteInput, WriteState};
use crate::model::Plan;

/// Applies an event of the gate; any other changes nothing.
pub(super) fn apply(snapshot: &mut Snapshot, event: &Event) -> Result<(), ReplayFault> {
    let at = &event.at;
    match &event.kind {
        EventKind::Requested { origin, digest, reason } => {
            let code = kept_code(snapshot, &job_of(event)?, digest.as_ref());
            let request = Request {
                at: at.clone(),
                origin: origin.clone(),
                digest: digest.clone(),
                reason: reason.clone(),
                answer: Answer::Pending,
                code,
            };
            snapshot.requests.insert(job_of(event)?, request);
        }
        EventKind::Denied { evidence, reason } => {
            let (evidence, reason) = (evidence.clone(), reason.clone());
            let answer = Answer::Denied { at: at.clone(), evidence, reason };
            request_of(snapshot, event)?.settle(answer);
        }
        EventKind::CodeIssued { code } => {
            request_of(snapshot, event)?.code = Some((**code).clone());
        }
        EventKind::CodeMissed => {
            request_of(snapshot, event)?.code.iter_mut().for_each(CodeRecord::miss);
        }
        EventKind::CodeWithdrawn => request_of(snapshot, event)?.code = None,
        EventKind::Approved { grant, plan } => approve(snapshot, event, grant, plan)?,
        EventKind::GrantVoided { grant, why, detail } => {
            let fate = GrantFate::Void { why: *why, detail: detail.clone(), at: at.clone() };
            live(snapshot, &job_of(event)?, grant)?.fate = fate;
        }
        EventKind::GrantSpent { grant, run } => spend(snapshot, event, grant, run)?,
        EventKind::WriteStarted { run, process } => {
            cycle_of(snapshot, event, run)?.process = Some(process.clone());
        }
        EventKind::VerificationQueued { run, round } => queue_round(snapshot, event, run, *round)?,
        EventKind::VerificationEnded { run, index, passed, sandbox, .. } => {
            let verification = cycle_of(snapshot, event, run)?.verification.as_mut();
            if let Some(verification) = verification {
                verification.note(*index, *passed, *sandbox);
            }
        }
        EventKind::WriteMarked { mark } => {
            snapshot.marks.entry(job_of(event)?).or_default().insert(mark.clone());
        }
        EventKind::Reclassified { .. } => {
            snapshot.marks.remove(&job_of(event)?);
        }
        EventKind::WriteRefused { .. } | EventKind::Acknowledged { .. } => {
            record_of(snapshot, event)?.1.touched = at.clone();
        }
        EventKind::StoreCreated { .. }
        | EventKind::StoreRestored { .. }
        | EventKind::ConfigAdopted { .. }
        | EventKind::Imported { .. }
        | EventKind::Declared { .. }
        | EventKind::Moved { .. }
        | EventKind::CauseChanged { .. }
        | EventKind::ImportedState { .. }
        | EventKind::RunClaimed { .. }
        | EventKind::RunEnded { .. }
        | EventKind::RunDropped { .. }
        | EventKind::AttemptsReset
        | EventKind::Enqueued { .. }
        | EventKind::ItemStarted { .. }
        | EventKind::ItemReturned { .. }
        | EventKind::ItemSettled { .. } => {}
    }
    Ok(())
}

/// Asked for again, the same plan keeps its code: who asks more often gets no more of them.
fn kept_code(snapshot: &Snapshot, job: &JobId, digest: Option<&PlanDigest>) -> Option<CodeRecord> {
    let code = snapshot.requests.get(job).and_then(|request| request.code.clone());
    code.filter(|code| Some(&code.digest) == digest)
}

fn request_of<'a>(
    snapshot: &'a mut Snapshot,
    event: &Event,
) -> Result<&'a mut Request, ReplayFault> {
    let job = job_of(event)?;
    let request = snapshot.requests.get_mut(&job);
    request.ok_or_else(|| ReplayFault::Unnamed(format!("a request of `{job}`")))
}

/// May a write take this input, by what the journal says of its approval? A second door beside the
/// machine's table: it asks for facts that the table does not know.
pub(super) fn check_gate(
    snapshot: &Snapshot,
    event: &Event,
    input: Input,
) -> Result<(), ReplayFault> {
    let job = job_of(event)?;
    let cycle = snapshot.jobs.get(&job).and_then(|record| record.write.as_ref());
    let fate = cycle.and_then(|c| snapshot.grants.get(&c.grant)).map(|g| &g.fate);
    let what = match (input, cycle, fate) {
        (Input::Write(WriteInput::Approve), _, Some(GrantFate::Live)) => return Ok(()),
        (Input::Write(WriteInput::Approve), ..) => "approved without a live approval",
        (Input::Write(WriteInput::Begin), Some(cycle), Some(GrantFate::Spent { run }))
            if cycle.run.as_ref() == Some(run) =>
        {
            return Ok(());
        }
        (Input::Write(WriteInput::Begin), ..) => "begins without a spent approval",
        (Input::Write(_) | Input::Watch(_) | Input::Check(_), ..) => return Ok(()),
    };
    Err(ReplayFault::Ungated { job, what })
}

/// The plan is kept as long as anything may still be done with it.
pub(super) fn end_cycle(record: &mut JobRecord) {
    match record.state {
        State::Write(WriteState::Blocked | WriteState::Verified | WriteState::Failed) => {
            record.write = None;
        }
        State::Write(
            WriteState::Approved
            | WriteState::Running
            | WriteState::Verifying
            | WriteState::Unverified
            | WriteState::Unknown,
        )
        | State::Watch(_)
        | State::Check(_) => {}
    }
}

fn approve(
    snapshot: &mut Snapshot,
    event: &Event,
    grant: &Grant,
    plan: &Plan,
) -> Result<(), ReplayFault> {
    let job = job_of(event)?;
    if snapshot.grants.contains_key(&grant.id) || grant.job != job {
        return Err(ReplayFault::Ungated {
            job,
            what: "an approval is given twice, or to another",
        });
    }
    if plan.digest().ok().as_ref() != Some(&grant.digest) {
        return Err(ReplayFault::Ungated { job, what: "an approval is for another plan" });
    }
    let code = snapshot.requests.get(&job).and_then(|request| request.code.as_ref());
    let serves = code.is_some_and(|code| code.judge(&grant.digest, &event.at).is_ok());
    if grant.level == Level::Confirmed && !serves {
        return Err(ReplayFault::Ungated { job, what: "confirmed without a code" });
    }
    let (_, record) = record_of(snapshot, event)?;
    record.write = Some(WriteCycle {
        grant: grant.id.clone(),
        plan: Box::new(plan.clone()),
        run: None,
        process: None,
        verification: None,
    });
    record.touched = event.at.clone();
    let record = GrantRecord { grant: grant.clone(), fate: GrantFate::Live };
    snapshot.grants.insert(grant.id.clone(), record);
    if let Some(request) = snapshot.requests.get_mut(&job) {
        request.settle(Answer::Approved { grant: grant.id.clone() });
    }
    drop_oldest_grant(snapshot);
    Ok(())
}

/// Keeps the list bounded. That a grant is spent is not forgotten with it: no event can bring its
/// id back, and a store keeps the ids of those that could still serve.
fn drop_oldest_grant(snapshot: &mut Snapshot) {
    let over = || snapshot.grants.iter().filter(|(_, g)| g.fate != GrantFate::Live);
    let needed: BTreeSet<&GrantId> =
        snapshot.jobs.values().filter_map(|r| r.write.as_ref()).map(|c| &c.grant).collect();
    if over().count() > limits::GRANTS_KEPT {
        let oldest = over()
            .filter(|(id, _)| !needed.contains(id))
            .min_by_key(|(id, g)| (g.grant.at.wall_ms, *id))
            .map(|(id, _)| id.clone());
        if let Some(id) = oldest {
            snapshot.grants.remove(&id);
        }
    }
}

fn live<'a>(
    snapshot: &'a mut Snapshot,
    job: &JobId,
    grant: &GrantId,
) -> Result<&'a mut GrantRecord, ReplayFault> {
    match snapshot.grants.get_mut(grant) {
        Some(record) if record.fate == GrantFate::Live && record.grant.job == *job => Ok(record),
        Some(_) | None => {
            Err(ReplayFault::Ungated { job: job.clone(), what: "its approval is not live" })
        }
    }
}

fn spend(
    snapshot: &mut Snapshot,
    event: &Event,
    grant: &GrantId,
    run: &RunId,
) -> Result<(), ReplayFault> {
    let job = job_of(event)?;
    let at: &Stamp = &event.at;
    let record = live(snapshot, &job, grant)?;
    record.fate = GrantFate::Spent { run: run.clone() };
    let digest = record.grant.digest.clone();
    if let Some(request) = snapshot.requests.get_mut(&job) {
        // One for another plan is not answered by it.
        let meant = request.digest.as_ref().is_none_or(|asked| *asked == digest);
        if meant && request.answer == Answer::Pending {
            request.answer = Answer::Approved { grant: grant.clone() };
        }
    }
    let (_, record) = record_of(snapshot, event)?;
    record.touched = at.clone();
    match &mut record.write {
        Some(cycle) if cycle.grant == *grant && cycle.run.is_none() => {
            cycle.run = Some(run.clone());
            Ok(())
        }
        Some(_) | None => Err(ReplayFault::Ungated { job, what: "another approval is spent" }),
    }
}

/// A new round. While the first one's time still runs, it runs on: asking again puts no alarm off.
fn queue_round(
    snapshot: &mut Snapshot,
    event: &Event,
    run: &RunId,
    round: u32,
) -> Result<(), ReplayFault> {
    let waited_for = |r: &&JobRecord| {
        matches!(r.state, State::Write(WriteState::Verifying | WriteState::Unknown))
    };
    let record = event.job.as_ref().and_then(|id| snapshot.jobs.get(id)).filter(waited_for);
    let before = record.and_then(|r| r.write.as_ref()).and_then(|c| c.verification.as_ref());
    let timed_from = before.map(|v| v.timed_from.clone().unwrap_or_else(|| v.since.clone()));
    let verification = Verification {
        round,
        since: event.at.clone(),
        timed_from,
        passed: BTreeSet::new(),
        unsandboxed: false,
    };
    cycle_of(snapshot, event, run)?.verification = Some(verification);
    Ok(())
}

fn cycle_of<'a>(
    snapshot: &'a mut Snapshot,
    event: &Event,
    run: &RunId,
) -> Result<&'a mut WriteCycle, ReplayFault> {
    let (id, record) = record_of(snapshot, event)?;
    record.touched = event.at.clone();
    match &mut record.write {
        Some(cycle) if cycle.run.as_ref() == Some(run) => Ok(cycle),
        Some(_) | None => Err(ReplayFault::Unnamed(format!("run {run} of `{id}`"))),
    }
}

#[cfg(test)]
mod tests;
