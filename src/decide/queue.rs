//! The queue: chains and schedules fill it, a tick serves it.
//!
//! In: ended jobs, due schedules. Out: queue items, launches of read-only checks, requests.
//! Invariant: a chain starts nothing but a read_only one_shot_read; a link to a write records a
//! request, any other is told to a person.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::ledger::{Ledger, first_16};
use super::news::{Notice, Section, Why};
use super::section::section_of;
use crate::base::id::hex;
use crate::base::{ItemId, JobId, RunId, limits};
use crate::compile::CompiledJob;
use crate::journal::{EventKind, ItemEnd, ItemState, Origin, QueueItem, Queued, ReplayFault};
use crate::machine::{CheckInput, CheckState, Input, State};
use crate::model::{Kind, LinkWhen, Purpose, Work};

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
    let at = &ledger.now().at;
    let text = format!("{job}\0{}\0{}\0{}", at.wall_ms, at.up_ms, at.boot.as_str());
    RunId::from_bits(first_16(&Sha256::digest(text.as_bytes())))
}

/// Queues one run, unless the same origin has queued it already.
pub(super) fn enqueue(
    ledger: &mut Ledger<'_>,
    target: &JobId,
    origin: &Origin,
    delay: Duration,
) -> Result<(), ReplayFault> {
    let id = item_id(target, origin, ledger.now().at.wall_ms);
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

/// The same job and origin give the same id. A schedule has a run of its own each time.
fn item_id(target: &JobId, origin: &Origin, wall_ms: i64) -> ItemId {
    let from = match origin {
        Origin::Chain { job, run } => format!("chain\0{job}\0{run}"),
        Origin::Import { id, .. } => format!("import\0{id}"),
        Origin::Schedule => format!("schedule\0{wall_ms}"),
        Origin::Person => format!("person\0{wall_ms}"),
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
    let waits = |q: &Queued| q.job == *target && q.state == ItemState::Pending;
    ledger.world().snapshot.queue.values().any(waits)
}

/// Queues every enabled check whose `everySeconds` have passed since its last run.
pub(super) fn schedule_checks(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let scheduled: BTreeSet<JobId> = ledger
        .world()
        .snapshot
        .queue
        .values()
        .filter(|q| q.origin == Origin::Schedule && !matches!(q.state, ItemState::Settled(_)))
        .map(|q| q.job.clone())
        .collect();
    let compiled = ledger.compiled();
    for job in compiled.jobs() {
        let declared = job.job();
        let Work::Check { every: Some(every), .. } = declared.work else { continue };
        let last = ledger.job_record(&declared.id).and_then(|r| r.last_run.as_ref());
        let due = last.is_none_or(|l| ledger.now().at.delay_since(&l.at) >= every);
        if declared.enabled && due && !scheduled.contains(&declared.id) {
            enqueue(ledger, &declared.id, &Origin::Schedule, Duration::ZERO)?;
        }
    }
    Ok(())
}

/// Serves every pending item whose time has come, oldest first.
pub(super) fn serve_queue(ledger: &mut Ledger<'_>) -> Result<(), ReplayFault> {
    let now = &ledger.now().at;
    let mut due: Vec<(ItemId, Queued)> = ledger
        .world()
        .snapshot
        .queue
        .iter()
        .filter(|(_, q)| q.state == ItemState::Pending)
        .filter(|(_, q)| now.delay_since(&q.at) >= Duration::from_millis(q.delay_ms))
        .map(|(id, q)| (id.clone(), q.clone()))
        .collect();
    due.sort_by(|a, b| (a.1.at.wall_ms, &a.0).cmp(&(b.1.at.wall_ms, &b.0)));
    for (item, queued) in due {
        match ledger.compiled().job(&queued.job) {
            Some(job) => serve_item(ledger, job, &item, &queued)?,
            None => drop_item(ledger, &item, &queued)?,
        }
    }
    Ok(())
}

fn serve_item(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    item: &ItemId,
    queued: &Queued,
) -> Result<(), ReplayFault> {
    let declared = job.job();
    if let (true, Work::Check { run, .. }) = (declared.is_runnable_read(), &declared.work) {
        let open = ledger.may_start() && ledger.has_launch_room();
        if open && ledger.is_busy(&declared.id).is_none() {
            mark_queued(ledger, &declared.id)?;
            ledger.launch(job, Purpose::Check, run, Some(item.clone()))?;
        }
        return Ok(());
    }
    let how = EventKind::ItemSettled { item: item.clone(), how: ItemEnd::Blocked };
    ledger.record(Some(&declared.id), how)?;
    unmark_queued(ledger, job)?;
    if declared.kind() == Kind::OneShotWrite && declared.enabled {
        return request_write(ledger, job, &queued.origin);
    }
    let section = section_of(ledger, job, Why::Blocked);
    if let Some(section) = section {
        ledger.tell_section(Section { blocked: Some(queued.origin.clone()), ..section });
    }
    Ok(())
}

/// Records that a write is asked for, and tells a person once.
pub(super) fn request_write(
    ledger: &mut Ledger<'_>,
    job: &CompiledJob,
    origin: &Origin,
) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    ledger.record(Some(id), EventKind::Requested { origin: origin.clone() })?;
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
        let pending = ledger.world().snapshot.requests.contains_key(&job.job().id);
        if asks && !pending && job.job().kind() == Kind::OneShotWrite {
            request_write(ledger, job, &Origin::Config)?;
        }
    }
    Ok(())
}

/// An item whose job is gone from the config is over, and told.
fn drop_item(ledger: &mut Ledger<'_>, item: &ItemId, queued: &Queued) -> Result<(), ReplayFault> {
    let how = EventKind::ItemSettled { item: item.clone(), how: ItemEnd::Dropped };
    ledger.record(Some(&queued.job), how)?;
    let Some(record) = ledger.job_record(&queued.job) else {
        return Ok(());
    };
    let section = Section::gone(&queued.job, record, Some(queued.origin.clone()));
    ledger.tell_section(section);
    Ok(())
}

fn unmark_queued(ledger: &mut Ledger<'_>, job: &CompiledJob) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let queued = ledger.job_record(id).map(|r| r.state) == Some(State::Check(CheckState::Queued));
    if queued && !is_waiting(ledger, id) {
        ledger.step(job, Input::Check(CheckInput::Drop), None)?;
    }
    Ok(())
}
