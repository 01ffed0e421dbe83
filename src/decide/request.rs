//! Requests: a write is asked for, and a person is told, once a day until it is answered.
//!
//! In: the ledger, a write, who asks. Out: events and sections.
//! Invariant: a request grants nothing.

use super::Facts;
use super::gate::{Answered, check_job, live_grant, refuse};
use super::ledger::Ledger;
use super::news::{Section, Why};
use super::person::begin_order;
use super::section::section_of;
use crate::approval::PlanDigest;
use crate::base::{JobId, limits};
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{Answer, EventKind, Origin, ReplayFault, Request, World};
use crate::model::Kind;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested {
    /// It is recorded and told.
    Now,
    /// The same request waits already.
    Before,
    /// This very plan is approved already, and nothing is asked for.
    Approved,
}

/// Asks a person to approve a plan; told once for each plan.
///
/// # Errors
/// [`ReplayFault`]; refusals are in the answer, here and below.
pub fn request(
    compiled: &Compiled,
    world: World,
    job: &CompiledJob,
    (digest, reason, origin): (&PlanDigest, Option<&str>, &Origin),
    facts: &Facts<'_>,
) -> Answered<Requested> {
    let mut ledger = begin_order(compiled, world, None, facts)?;
    if let Err(why) = check_job(job) {
        return refuse(ledger, why);
    }
    let asked = ask(&mut ledger, job, (digest, origin), reason)?;
    Ok((ledger.into_decision(), Ok(asked)))
}

/// Asks for a plan; the same one is asked for once.
pub(super) fn ask(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    (digest, origin): (&PlanDigest, &Origin),
    reason: Option<&str>,
) -> Result<Requested, ReplayFault> {
    let id = &job.job().id;
    if live_grant(ledger, id).is_some_and(|record| record.grant.digest == *digest) {
        return Ok(Requested::Approved);
    }
    let reason = reason.map(super::clean_text).filter(|r| !r.is_empty());
    let waits = ledger.world().snapshot.requests.get(id).is_some_and(|r| {
        let nothing_new = reason.is_none() || reason == r.reason;
        r.answer == Answer::Pending && r.digest.as_ref() == Some(digest) && nothing_new
    });
    if waits {
        return Ok(Requested::Before);
    }
    let (plan, why) = (Some(digest.short().to_owned()), reason.clone());
    let kind =
        EventKind::Requested { origin: origin.clone(), digest: Some(digest.clone()), reason };
    ledger.record(Some(id), kind)?;
    if let Some(section) = section_of(ledger, job, Why::Request) {
        ledger.tell_section(Section {
            request: Some(origin.clone()),
            plan,
            reason: why,
            ..section
        });
    }
    Ok(Requested::Now)
}

/// Records that a write is asked for, and tells a person once.
pub(super) fn request_write(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    origin: &Origin,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    ledger.record(
        Some(id),
        EventKind::Requested { origin: origin.clone(), digest: None, reason: None },
    )?;
    if let Some(section) = section_of(ledger, job, Why::Request) {
        ledger.tell_section(Section { request: Some(origin.clone()), ..section });
    }
    Ok(())
}

/// `approval.granted: true` in the config grants nothing and counts as a request, once.
pub(super) fn request_granted_in_file(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let compiled = ledger.compiled();
    for job in compiled.jobs() {
        let asks = job.job().approval.granted_in_file && job.job().enabled;
        let pending = || ledger.world().snapshot.requests.contains_key(&job.job().id);
        if asks && !pending() && job.job().kind() == Kind::OneShotWrite {
            request_write(ledger, job, &Origin::Config)?;
        }
    }
    Ok(())
}

/// A request that still waits is told again once a day, until somebody answers it.
pub(super) fn remind_of_requests(ledger: &mut Ledger<'_>) {
    let now = &ledger.now().at;
    let compiled = ledger.compiled();
    let due = |id: &JobId, request: &Request| {
        let told = ledger.notes(id).told.request_at.as_ref();
        let asked = now.age_of(&request.at);
        let since = told.map_or(asked, |told| asked.min(now.age_of(told)));
        request.answer == Answer::Pending && since >= limits::REMIND_EVERY
    };
    let requests = &ledger.world().snapshot.requests;
    let waiting: Vec<(JobId, Request)> = requests
        .iter()
        .filter(|(id, request)| compiled.job(id).is_some() && due(id, request))
        .map(|(id, request)| (id.clone(), request.clone()))
        .collect();
    for (id, Request { origin, digest, reason, .. }) in waiting {
        let mut notes = ledger.notes(&id).clone();
        notes.told.request_at = Some(now.clone());
        ledger.set_notes(&id, notes);
        let job = compiled.job(&id);
        let section = job.and_then(|job| section_of(ledger, job, Why::RequestRepeated));
        let plan = digest.map(|digest| digest.short().to_owned());
        if let Some(section) = section {
            ledger.tell_section(Section { request: Some(origin), plan, reason, ..section });
        }
    }
}
