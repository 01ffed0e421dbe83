//! Filling the queue: by chains, schedules and verifications.
//!
//! In: ended jobs, due schedules. Out: queue items.
//! Invariant: the same origin queues a job once, and the queue is bounded.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::ledger::{Ledger, first_16};
use super::news::Notice;
use crate::base::id::hex;
use crate::base::{ItemId, JobId, RunId, Stamp, limits};
use crate::compile::CompiledJob;
use crate::journal::{EventKind, ItemEnd, ItemState, Origin, QueueItem, Queued, ReplayFault};
use crate::machine::{CheckInput, Input};
use crate::model::{LinkWhen, Work};

/// Queues what follows a job that completed (`success`) or failed. `run` is the run that ended;
/// a watched job, which has none, is told apart by the moment.
pub(super) fn fire_links(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    success: bool,
    run: Option<&RunId>,
) -> Result<(), ReplayFault> {
    let wanted = if success { LinkWhen::Success } else { LinkWhen::Failure };
    let id = &job.job().id;
    let run = run.cloned().unwrap_or_else(|| moment_id(ledger, id));
    for link in job.job().after.iter().filter(|link| link.when == wanted) {
        let origin = Origin::Chain { job: id.clone(), run: run.clone() };
        enqueue(ledger, &link.target, &origin, link.delay)?;
    }
    Ok(())
}

/// A stable id for "this job ended at this moment", in the place of a run's id.
fn moment_id(ledger: &Ledger<'_>, job: &JobId) -> RunId {
    let text = format!("{job}\0{}", moment_text(&ledger.now().at));
    RunId::from_bits(first_16(&Sha256::digest(text.as_bytes())))
}

/// A moment like no other: a wall clock alone may show one twice.
fn moment_text(at: &Stamp) -> String {
    format!("{}\0{}\0{}", at.wall_ms, at.up_ms, at.boot.as_str())
}

/// Queues one run, unless the same origin has queued it already.
pub(super) fn enqueue(
    ledger: &mut Ledger<'_>,
    target: &JobId,
    origin: &Origin,
    delay: Duration,
) -> Result<(), ReplayFault> {
    let id = item_id(target, origin, &ledger.now().at);
    let queue = &ledger.world().snapshot.queue;
    if queue.contains_key(&id) {
        return Ok(());
    }
    let pending = queue.values().filter(|q| q.state == ItemState::Pending).count();
    if pending >= limits::QUEUE_PENDING {
        ledger.tell(Notice::QueueFull { job: target.clone() });
        return Ok(());
    }
    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let item = QueueItem { id, delay_ms, origin: origin.clone() };
    ledger.record(Some(target), EventKind::Enqueued { item })?;
    mark_queued(ledger, target)
}

/// Queues a verification. It is a write's, not its job's own run: the check's machine stays.
pub(super) fn enqueue_verification(
    ledger: &mut Ledger<'_>,
    check: &JobId,
    origin: &Origin,
    delay: Duration,
) -> Result<(), ReplayFault> {
    let id = item_id(check, origin, &ledger.now().at);
    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let item = QueueItem { id, delay_ms, origin: origin.clone() };
    ledger.record(Some(check), EventKind::Enqueued { item })
}

/// The same job and origin give the same id. A schedule has a run of its own each time.
fn item_id(target: &JobId, origin: &Origin, at: &Stamp) -> ItemId {
    let from = match origin {
        Origin::Chain { job, run } => format!("chain\0{job}\0{run}"),
        Origin::Import { id, .. } => format!("import\0{id}"),
        Origin::Verification { job, run, index, round } => {
            format!("verification\0{job}\0{run}\0{index}\0{round}")
        }
        Origin::Schedule => format!("schedule\0{}", moment_text(at)),
        Origin::Person => format!("person\0{}", moment_text(at)),
        Origin::Account { uid, .. } => format!("account\0{uid}\0{}", moment_text(at)),
        Origin::Config => "config".to_owned(),
    };
    let digest = Sha256::digest(format!("{target}\0{from}").as_bytes());
    ItemId::new(hex(&digest[..8]))
}

/// A check with something waiting is queued, if its machine lets it.
pub(super) fn mark_queued(ledger: &mut Ledger<'_>, target: &JobId) -> Result<(), ReplayFault> {
    if let Some(job) = ledger.compiled().job(target) {
        ledger.step(job, Input::Check(CheckInput::Enqueue), None)?;
    }
    Ok(())
}

pub(super) fn is_waiting(ledger: &Ledger<'_>, target: &JobId) -> bool {
    let own = |q: &Queued| !matches!(q.origin, Origin::Verification { .. });
    let waits = |q: &Queued| q.job == *target && q.state == ItemState::Pending && own(q);
    ledger.world().snapshot.queue.values().any(waits)
}

/// Queues every enabled check whose `everySeconds` have passed since its last run; of one that a tick
/// may not run, since a person was last told so.
pub(super) fn schedule_checks(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let (now, compiled) = (&ledger.now().at, ledger.compiled());
    let every_of = |id: &JobId| match compiled.job(id).map(|job| &job.job().work) {
        Some(Work::Check { every, .. }) => *every,
        Some(Work::Watch { .. } | Work::Write { .. }) | None => None,
    };
    let is_told = |item: &Queued| {
        let runs = compiled.job(&item.job).is_some_and(|job| job.job().is_runnable_read());
        !runs && every_of(&item.job).is_some_and(|every| now.delay_since(&item.at) < every)
    };
    let waits = |item: &&Queued| match item.state {
        ItemState::Pending | ItemState::Running(_) => true,
        ItemState::Settled(ItemEnd::Blocked) => is_told(item),
        ItemState::Settled(ItemEnd::Done | ItemEnd::Failed | ItemEnd::Dropped) => false,
    };
    let queue = ledger.world().snapshot.queue.values();
    let own = queue.filter(|item| item.origin == Origin::Schedule);
    let scheduled: BTreeSet<JobId> = own.filter(waits).map(|item| item.job.clone()).collect();
    for job in compiled.jobs() {
        let declared = job.job();
        let Work::Check { every: Some(every), .. } = declared.work else { continue };
        let last = ledger.job_record(&declared.id).and_then(|r| r.last_run.as_ref());
        let due = last.is_none_or(|last| now.delay_since(&last.at) >= every);
        if declared.enabled && due && !scheduled.contains(&declared.id) {
            enqueue(ledger, &declared.id, &Origin::Schedule, Duration::ZERO)?;
        }
    }
    Ok(())
}
