//! One-time codes: one is made for a requested plan, and one is typed.
//!
//! In: a salt and a slow hash, made outside. Out: events.
//! Invariant: a code that is typed costs a try before anything follows from it, and none is made
//! while another still lives.

use super::Facts;
use super::gate::{Answered, GateRefused, check_job, live_grant, refuse};
use super::ledger::Ledger;
use super::person::begin_order;
use crate::approval::{CodeRecord, CodeUnfit, PlanDigest, TypedCode};
use crate::base::JobId;
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Answer, EventKind, ReplayFault, World};

/// What came of asking for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeIssued {
    /// It is recorded, and is now to be sent.
    Now,
    /// One that was sent before still serves, or was mistyped too often and its time is not over.
    Before,
}

/// Records the hash of a new code for the plan that is requested.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer.
pub fn issue_code(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    (digest, made, sent_to): (&PlanDigest, &TypedCode, &str),
    facts: &Facts<'_>,
) -> Answered<CodeIssued> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    if let Err(why) = check_job(job) {
        return refuse(ledger, why);
    }
    let id = &job.job().id;
    let now = ledger.now().at.clone();
    let request = ledger.world().snapshot.requests.get(id).filter(|request| {
        request.answer == Answer::Pending && request.digest.as_ref() == Some(digest)
    });
    let Some(request) = request else { return refuse(ledger, GateRefused::NoRequest) };
    if live_grant(&ledger, id).is_some_and(|g| g.grant.digest == *digest) {
        return refuse(ledger, GateRefused::NoRequest);
    }
    if request.code.as_ref().is_some_and(|code| code.is_live(&now)) {
        return Ok((ledger.into_decision(), Ok(CodeIssued::Before)));
    }
    let TypedCode { salt, hash } = made.clone();
    let (digest, sent_to) = (digest.clone(), sent_to.to_owned());
    let code = CodeRecord { digest, salt, hash, sent_to, at: now, misses: 0 };
    ledger.record(Some(id), EventKind::CodeIssued { code: Box::new(code) })?;
    Ok((ledger.into_decision(), Ok(CodeIssued::Now)))
}

/// Takes a code back that could not be sent: another may be made at once.
///
/// # Errors
/// [`ReplayFault`].
pub fn withdraw_code(
    compiled: &Compiled,
    world: World,
    id: &JobId,
    made: &TypedCode,
    facts: &Facts<'_>,
) -> Answered<()> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    let request = ledger.world().snapshot.requests.get(id);
    let code = request.and_then(|request| request.code.as_ref());
    if code.is_some_and(|code| code.salt == made.salt) {
        ledger.record(Some(id), EventKind::CodeWithdrawn)?;
    }
    Ok((ledger.into_decision(), Ok(())))
}

/// Is it the code that was sent for this plan? A wrong one is recorded.
pub(super) fn check_code(
    ledger: &mut Ledger<'_>,
    id: &JobId,
    typed: &TypedCode,
    digest: &PlanDigest,
) -> Result<Result<(), GateRefused>, ReplayFault> {
    let request = ledger.world().snapshot.requests.get(id);
    let sent = request.and_then(|request| request.code.as_ref());
    let Some(code) = sent else { return Ok(Err(GateRefused::Code(None))) };
    if let Err(why) = code.judge(digest, &ledger.now().at) {
        return Ok(Err(GateRefused::Code(Some(why))));
    }
    if code.salt == typed.salt && code.matches(&typed.hash) {
        return Ok(Ok(()));
    }
    ledger.record(Some(id), EventKind::CodeMissed)?;
    Ok(Err(GateRefused::Code(Some(CodeUnfit::Wrong))))
}
