//! A simulation: ticks of the real engine over a config, on a clock of its own, for days.
//!
//! In: a config, what happens to its jobs, from when to when. Out: every message that would have
//! gone out, and what it was about.
//! Invariant: a write is never begun, and the same input gives the same messages, ids included.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::SimHost;
use crate::base::{JobId, ZoneFault};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{ToldJob, Why};
use crate::journal::Report;
use crate::model::{Kind, Purpose};
use crate::ports::{Clock as _, StoreError};
use crate::render::{SimulatedJob, Style};

/// From when to when, and how often a tick comes.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The first tick, in Unix milliseconds.
    pub from_ms: i64,
    /// How many.
    pub ticks: u64,
    /// How far apart.
    pub every: Duration,
    /// The zone of the local clock.
    pub zone: TimeZone,
    /// Why that is not the one that was meant.
    pub zone_fault: Option<ZoneFault>,
}

/// What happens to the jobs.
pub trait Course {
    /// All that has happened when the clock shows this, since it was last asked.
    ///
    /// # Errors
    /// [`StoreError`] of what people do in it.
    fn go_on(&mut self, host: &SimHost, compiled: &Compiled) -> Result<Vec<ToldJob>, StoreError>;
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Rehearsed {
    /// Every message, oldest first.
    pub messages: Vec<Report>,
    /// What they are about, and when.
    pub told: Vec<(i64, ToldJob)>,
    /// What became of the jobs that are watched or scheduled.
    pub jobs: BTreeMap<JobId, SimulatedJob>,
}

/// Lets the ticks go. `goes_on` is asked before each, with how many messages there are.
///
/// # Errors
/// [`StoreError::Interrupted`] where it says no; or what the engine ends with.
pub fn rehearse_rounds(
    compiled: &Compiled,
    course: &mut dyn Course,
    rounds: &Rounds,
    style: &Style,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Rehearsed, StoreError> {
    let host = SimHost::new();
    host.set_wall(rounds.from_ms);
    host.zone.replace(rounds.zone.clone());
    host.zone_fault.set(rounds.zone_fault);
    host.style.replace(style.clone());
    host.begin_store();
    let enabled = compiled.jobs().map(CompiledJob::job).filter(|job| job.enabled);
    let mut rehearsed = Rehearsed {
        jobs: enabled.map(|job| (job.id.clone(), SimulatedJob::default())).collect(),
        ..Rehearsed::default()
    };
    for n in 0..rounds.ticks {
        if !goes_on(rehearsed.messages.len()) {
            return Err(StoreError::Interrupted);
        }
        if n > 0 {
            host.pass(rounds.every);
        }
        let mut told = course.go_on(&host, compiled)?;
        let outcome = host.tick(compiled)?;
        for (id, view) in &outcome.jobs {
            let resumes = view.started.iter().filter(|s| s.purpose == Purpose::Resume).count();
            rehearsed.note(id, |job| job.resumes += resumes);
        }
        told.extend(outcome.told);
        let at_ms = host.at().wall_ms;
        for about in told {
            rehearsed.note(&about.job, |job| {
                *job.told.entry(about.why).or_default() += 1;
                job.held += about.held;
            });
            rehearsed.told.push((at_ms, about));
        }
        rehearsed.messages.append(&mut host.told.borrow_mut());
    }
    let notes = host.store.snapshot().world().notes.clone();
    for (id, notes) in notes {
        rehearsed.note(&id, |job| job.still_held = notes.held.len());
    }
    Ok(rehearsed)
}

impl Rehearsed {
    fn note(&mut self, id: &JobId, note: impl FnOnce(&mut SimulatedJob)) {
        if let Some(job) = self.jobs.get_mut(id) {
            note(job);
        }
    }
}

/// A check is run by hand, or by cron, and tells what it has to say.
pub(super) fn run_by_hand(
    host: &SimHost,
    compiled: &Compiled,
    id: &JobId,
) -> Result<Option<ToldJob>, StoreError> {
    let is_check = compiled.job(id).is_some_and(|job| job.job().kind() == Kind::OneShotRead);
    if !is_check {
        return Ok(None);
    }
    let before = host.told.borrow().len();
    host.run_and_report(compiled, id)?;
    let spoke = host.told.borrow().len() > before;
    Ok(spoke.then(|| ToldJob { job: id.clone(), why: Why::RunEnded, held: 0 }))
}
