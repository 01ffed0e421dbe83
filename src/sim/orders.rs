//! The real orders, given on a simulated host: a tick, and what a person does.
//!
//! Invariant: an order here is the engine's own; only its ports are simulated.

use super::SimHost;
use crate::base::JobId;
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{Detail, Settling, TickOutcome};
use crate::machine::State;
use crate::model::{Language, Observation};
use crate::ports::{StatusAsk, StatusRunner as _, StoreError};
use crate::render::Style;
use crate::tick::{
    Ports, Ran, Round, RunPorts, Stopped, deliver_pending, run_check, run_tick, start_job, stop_job,
};

/// How reports are written on a simulated host.
pub(super) fn style() -> Style {
    Style { language: Language::En, invocation: "opsfsm".to_owned() }
}

impl SimHost {
    /// Runs one tick on this host and its store.
    ///
    /// # Errors
    /// As [`run_tick`].
    pub fn tick(&self, compiled: &Compiled) -> Result<TickOutcome, StoreError> {
        let style = self.style.borrow().clone();
        let (mut status, mut launcher) = (self.clone(), self.clone());
        let (mut notifier, mut store) = (self.clone(), self.store.clone());
        let mut ports = Ports {
            clock: self,
            entropy: self,
            processes: self,
            status: &mut status,
            launcher: &mut launcher,
            notifier: &mut notifier,
            store: &mut store,
        };
        run_tick(compiled, &mut ports, &style, Detail::EveryJob)
    }

    /// The state of a job.
    #[must_use]
    pub fn state(&self, id: &JobId) -> Option<State> {
        self.store.snapshot().world().snapshot.jobs.get(id).map(|r| r.state)
    }

    /// A person starts a job, as `opsfsm start` does. `None`: there is no such job.
    ///
    /// # Errors
    /// As [`start_job`].
    pub fn start(&self, compiled: &Compiled, id: &JobId) -> Result<Option<Ran>, StoreError> {
        let Some(job) = compiled.job(id) else { return Ok(None) };
        let seen = self.observe_one(job);
        self.with_run_ports(|ports| start_job(compiled, job, seen.as_ref(), None, ports)).map(Some)
    }

    /// A person stops a job, as `opsfsm stop` does.
    ///
    /// # Errors
    /// As [`stop_job`].
    pub fn stop(&self, compiled: &Compiled, id: &JobId) -> Result<Option<Stopped>, StoreError> {
        let Some(job) = compiled.job(id) else { return Ok(None) };
        let seen = self.observe_one(job);
        self.with_run_ports(|ports| stop_job(compiled, job, seen.as_ref(), None, ports)).map(Some)
    }

    /// A person runs a check, as `opsfsm run` does.
    ///
    /// # Errors
    /// As [`run_check`].
    pub fn run(&self, compiled: &Compiled, id: &JobId) -> Result<Option<Ran>, StoreError> {
        let Some(job) = compiled.job(id) else { return Ok(None) };
        self.with_run_ports(|ports| run_check(compiled, job, None, Settling::Shown, ports))
            .map(Some)
    }

    /// A cron runs a check, as `opsfsm run --report` does, and delivers what there is to tell.
    ///
    /// # Errors
    /// As [`run_check`] and [`deliver_pending`].
    pub fn run_and_report(
        &self,
        compiled: &Compiled,
        id: &JobId,
    ) -> Result<Option<Ran>, StoreError> {
        let Some(job) = compiled.job(id) else { return Ok(None) };
        let ran = self
            .with_run_ports(|ports| run_check(compiled, job, None, Settling::Told, ports))
            .map(Some)?;
        deliver_pending(&mut self.store.clone(), &mut self.clone(), self, Round::default())?;
        Ok(ran)
    }

    fn observe_one(&self, job: &CompiledJob) -> Option<Observation> {
        let ask = StatusAsk::of(job.job())?;
        self.clone().observe(&[ask], std::time::Duration::MAX).pop()
    }

    pub(super) fn with_run_ports<T>(
        &self,
        order: impl FnOnce(&mut RunPorts<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (mut runner, mut store) = (self.clone(), self.store.clone());
        let mut ports = RunPorts {
            clock: self,
            entropy: self,
            processes: self,
            files: &self.files,
            runner: &mut runner,
            store: &mut store,
            style: &self.style.borrow(),
        };
        order(&mut ports)
    }
}
