//! The course of a simulation that goes by assumptions: jobs work on, and what is supposed to happen
//! to them does.
//!
//! In: [`Assumptions`]. Out: changes of a [`SimHost`], tick by tick.
//! Invariant: work that is done is kept, as behind a checkpoint: a job that is resumed goes on with it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::SimHost;
use super::job::SimJob;
use super::rounds::Course;
use crate::base::JobId;
use crate::compile::{Compiled, CompiledJob};
use crate::config::{Assumed, Assumptions, Spell};
use crate::decide::ToldJob;
use crate::model::{Kind, Purpose, RunSpec};
use crate::ports::{Clock as _, StoreError};

/// The course.
#[derive(Clone, Debug)]
pub struct AssumedCourse {
    jobs: BTreeMap<JobId, Life>,
    /// Until when it has gone.
    at_ms: i64,
}

/// One job so far.
#[derive(Clone, Debug)]
struct Life {
    assumed: Assumed,
    /// How much of its work is done.
    worked: Duration,
    started: usize,
    died: usize,
    /// How many of its passing failures, and of its calls for attention, a command has met.
    failed: usize,
    attended: usize,
    /// When it was last started again.
    restarted_ms: Option<i64>,
}

impl AssumedCourse {
    /// What is supposed of each job; one that nothing is said of goes steadily.
    #[must_use]
    pub fn new(compiled: &Compiled, assumptions: &Assumptions, from_ms: i64) -> Self {
        let life = |id: &JobId| Life {
            assumed: assumptions.jobs.get(id).cloned().unwrap_or_else(|| Assumed::steady(from_ms)),
            worked: Duration::ZERO,
            started: 0,
            died: 0,
            failed: 0,
            attended: 0,
            restarted_ms: None,
        };
        let reads = compiled.jobs().map(CompiledJob::job).filter(|job| job.enabled);
        let reads = reads.filter(|job| job.kind() != Kind::OneShotWrite);
        Self { jobs: reads.map(|job| (job.id.clone(), life(&job.id))).collect(), at_ms: from_ms }
    }
}

impl Course for AssumedCourse {
    fn go_on(&mut self, host: &SimHost, compiled: &Compiled) -> Result<Vec<ToldJob>, StoreError> {
        let ran: Vec<RunSpec> = std::mem::take(&mut host.ran.borrow_mut());
        for spec in &ran {
            if let Some(life) = self.jobs.get_mut(&spec.job) {
                life.note_run(spec.purpose, self.at_ms);
            }
        }
        let now_ms = host.at().wall_ms;
        let passed = u64::try_from(now_ms.saturating_sub(self.at_ms)).unwrap_or(0);
        self.at_ms = now_ms;
        for (id, life) in &mut self.jobs {
            host.set(id, |job| life.live(job, now_ms, Duration::from_millis(passed)));
            let is_watched =
                compiled.job(id).is_some_and(|job| job.job().kind() == Kind::LongRunningRead);
            let due = life.assumed.starts.iter().take_while(|s| s.at_ms <= now_ms).count();
            if is_watched && due > life.started {
                life.started = due;
                life.begin(host, compiled, id)?;
            }
        }
        Ok(Vec::new())
    }
}

impl Life {
    /// A command of it was run.
    fn note_run(&mut self, purpose: Purpose, at_ms: i64) {
        let met = |spells: &[Spell]| spells.iter().take_while(|s| s.at_ms <= at_ms).count();
        self.failed = met(&self.assumed.fails);
        match purpose {
            Purpose::Start | Purpose::Resume => self.restarted_ms = Some(at_ms),
            Purpose::Check | Purpose::Verify => self.attended = met(&self.assumed.attention),
            Purpose::Stop | Purpose::RestartStop | Purpose::Write => {}
        }
    }

    /// A person starts it: from its beginning, if it had completed.
    fn begin(&mut self, host: &SimHost, compiled: &Compiled, id: &JobId) -> Result<(), StoreError> {
        host.set(id, |job| {
            if std::mem::take(&mut job.completed) {
                self.worked = Duration::ZERO;
            }
        });
        host.start(compiled, id)?;
        Ok(())
    }

    /// Time passes for it, and what has become due happens.
    fn live(&mut self, job: &mut SimJob, now_ms: i64, passed: Duration) {
        let Assumed { runs, stalls, dies, fails, broken, warns, alerts, attention, .. } =
            &self.assumed;
        let ended = |s: &Spell| s.lasts.is_none() && self.restarted_ms > Some(s.at_ms);
        let stands = stalls.iter().any(|s| lasts_at(s, now_ms) && !ended(s));
        if job.running && !stands {
            self.worked = self.worked.saturating_add(passed);
            job.progress += 1;
            if runs.is_some_and(|runs| self.worked >= runs) {
                job.completed = true;
                job.running = false;
                job.stop_reason = None;
            }
        }
        while let Some(death) = dies.get(self.died).filter(|s| s.at_ms <= now_ms) {
            self.died += 1;
            if job.running {
                job.running = false;
                job.stop_reason.clone_from(&death.says);
            }
        }
        let failing = met_at(fails, self.failed, now_ms);
        let attended = met_at(attention, self.attended, now_ms);
        job.exit = i32::from(failing.is_some());
        job.attention = attended.is_some();
        job.output = failing.or(attended).and_then(|s| s.says.clone()).unwrap_or_default();
        let lasting = |spells: &[Spell]| spells.iter().rfind(|s| lasts_at(s, now_ms)).cloned();
        let (warning, alert) = (lasting(warns), lasting(alerts));
        job.broken = lasting(broken).is_some();
        job.warn = warning.is_some();
        job.alert = alert.is_some();
        job.message = alert.or(warning).and_then(|s| s.says);
    }
}

/// Has it begun, and does it last? One without an end does.
fn lasts_at(spell: &Spell, now_ms: i64) -> bool {
    let since = now_ms.checked_sub(spell.at_ms).and_then(|ms| u64::try_from(ms).ok());
    since.is_some_and(|ms| spell.lasts.is_none_or(|lasts| Duration::from_millis(ms) < lasts))
}

/// What a command meets now: a spell that lasts, or the first moment that none has met yet.
fn met_at(spells: &[Spell], met: usize, now_ms: i64) -> Option<&Spell> {
    let meets = |(n, spell): &(usize, &Spell)| {
        lasts_at(spell, now_ms) && (spell.lasts.is_some() || *n >= met)
    };
    spells.iter().enumerate().filter(meets).map(|(_, spell)| spell).next_back()
}
