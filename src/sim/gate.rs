//! The gate on a simulated host: what people do there, and the executor of a write.
//!
//! Invariant: an order here is the engine's own; only its ports are simulated.

use std::time::Duration;

use super::SimHost;
use super::job::{Death, EXECUTOR_PIDS, SimJob, Wrote};
use crate::approval::{Evidence, Grant, Level, Permit, TypedCode};
use crate::base::{JobId, RunId};
use crate::compile::{Compiled, CompiledJob};
use crate::decide::{Attest, Denied, GateRefused, Proof, Requested};
use crate::journal::{Event, EventKind, Origin};
use crate::machine::State;
use crate::model::{End, Outcome, Planned, ProcessId, RunSpec, SpawnFault};
use crate::ports::{Clock as _, Processes as _, StoreError, Unready, WriteRunner};
use crate::writes::{
    self, Waited, WritePorts, acknowledge_write, approve_write, claim_write, deny_write,
    execute_write, issue_write_code, plan_now, request_write, reverify_write, revoke_write,
};

type Answer<T> = Result<Result<T, GateRefused>, StoreError>;

/// Whoever does things on a simulated host.
#[must_use]
pub fn somebody() -> Evidence {
    let tty = Some("/dev/pts/0".to_owned());
    let user = "sim".to_owned();
    Evidence { user, uid: 1000, login_uid: Some(1000), tty, by: None, through: None }
}

impl WriteRunner for SimHost {
    fn prepare(&mut self, job: &JobId, _program: &std::path::Path) -> Result<(), Unready> {
        if self.in_flight.borrow().contains(job) {
            return Err(Unready::InFlight);
        }
        if self.nothing_opens.get() {
            return Err(Unready::Short("simulated: no more files".to_owned()));
        }
        Ok(())
    }

    fn run_write(&mut self, permit: Permit, began: &mut dyn FnMut(ProcessId)) -> Outcome {
        let run = permit.run().clone();
        let command = permit.into_command();
        let id = command.job.clone();
        let job = self.jobs.borrow().get(&id).cloned().unwrap_or_default();
        let death = self.dies.take();
        if death == Some(Death::BeforeStart) {
            return self.die();
        }
        if job.not_started {
            let detail = "simulated".to_owned();
            return Outcome::without_output(End::NotStarted { fault: SpawnFault::Other, detail });
        }
        let at = self.now().at;
        self.wrote.borrow_mut().push(Wrote { job: id.clone(), run, argv: command.argv, at });
        // A process of its own, which has ended when this returns if it leaves nothing behind.
        let process = self.process(self.own_id().pid + EXECUTOR_PIDS);
        if death != Some(Death::AfterStart) {
            began(process.clone());
            self.in_flight.borrow_mut().insert(id.clone());
            self.live_on_meanwhile();
        }
        self.leave_behind(&id, &job, &process);
        if death == Some(Death::AfterStart) {
            return self.die();
        }
        if death == Some(Death::BeforeEnd) {
            return self.die();
        }
        let end =
            if job.killed { End::Signaled { signal: 9 } } else { End::Exited { code: job.exit } };
        Outcome { leaked: job.leaves_running, ..Outcome::without_output(end) }
    }
}

impl SimHost {
    /// While the write runs, and its executor waits for it, the host goes on.
    fn live_on_meanwhile(&self) {
        let Some(what) = self.meanwhile.borrow_mut().take() else { return };
        self.as_another(what);
    }

    /// The write itself has ended; what it started may hold its lock, or its pid only.
    fn leave_behind(&self, id: &JobId, job: &SimJob, process: &ProcessId) {
        if job.leaves_running && !job.sheds_lock {
            self.in_flight.borrow_mut().insert(id.clone());
            return;
        }
        self.in_flight.borrow_mut().remove(id);
        if job.leaves_running {
            self.alive.borrow_mut().insert(process.start_ticks);
        }
    }

    /// This executor is dead: it commits nothing any more, so what it answers reaches nobody.
    fn die(&self) -> Outcome {
        self.store.fail_at(0, StoreError::Refused("killed".to_owned()), false);
        Outcome::without_output(End::Lost)
    }

    /// Whatever writes left behind ends.
    pub fn writes_end(&self) {
        self.in_flight.borrow_mut().clear();
        let pid_of = |start: u64| start & u64::from(u32::MAX);
        self.alive.borrow_mut().retain(|start| pid_of(*start) < u64::from(EXECUTOR_PIDS));
    }

    /// The store gets its epoch, as a database file has one from its first event on.
    pub fn begin_store(&self) {
        let event = Event {
            at: self.now().at,
            job: None,
            kind: EventKind::StoreCreated { epoch: "sim".to_owned() },
        };
        self.store.record(&event);
    }

    /// A person says that what was a write is none any more.
    ///
    /// # Errors
    /// As above.
    pub fn reclassify(&self, compiled: &Compiled, id: &JobId) -> Answer<()> {
        self.with_run_ports(|ports| writes::reclassify_job(compiled, id, &somebody(), ports))
    }

    fn planned(&self, compiled: &Compiled, id: &JobId) -> Result<Planned, StoreError> {
        let job = compiled.job(id).ok_or_else(|| StoreError::Failed(format!("no job {id}")))?;
        plan_now(compiled, job, &self.files).map_err(|e| StoreError::Failed(e.to_string()))
    }

    /// Somebody asks for a write.
    ///
    /// # Errors
    /// As the order; also where there is no such job, or no plan.
    pub fn request(&self, compiled: &Compiled, id: &JobId) -> Answer<Requested> {
        let planned = self.planned(compiled, id)?;
        let Some(job) = compiled.job(id) else { return Ok(Err(GateRefused::NotAWrite)) };
        self.with_run_ports(|ports| {
            request_write(compiled, job, (&planned, None, &Origin::Person), ports)
        })
    }

    /// A person at a terminal approves the plan of this moment.
    ///
    /// # Errors
    /// As above.
    pub fn approve(&self, compiled: &Compiled, id: &JobId, life: Duration) -> Answer<Grant> {
        self.approve_as(compiled, id, life, Level::Asserted)
    }

    /// The same with another level.
    ///
    /// # Errors
    /// As above.
    pub fn approve_as(
        &self,
        compiled: &Compiled,
        id: &JobId,
        life: Duration,
        level: Level,
    ) -> Answer<Grant> {
        let planned = self.planned(compiled, id)?;
        let Some(job) = compiled.job(id) else { return Ok(Err(GateRefused::NotAWrite)) };
        let proof = match level {
            Level::Unattended => Proof::None,
            Level::Asserted => Proof::Terminal,
            Level::Confirmed => Proof::Code(self.code_of(compiled, job, &planned)?),
        };
        let attest = Attest { evidence: somebody(), proof, life };
        self.with_run_ports(|ports| approve_write(compiled, job, &planned, &attest, ports))
    }

    /// Asks for the plan and reads the code that is sent then.
    fn code_of(
        &self,
        compiled: &Compiled,
        job: &CompiledJob,
        planned: &Planned,
    ) -> Result<TypedCode, StoreError> {
        let code = TypedCode { salt: "salt".to_owned(), hash: "hash".to_owned() };
        // Where it is refused, so is the approval that needs it.
        let _ = self.with_run_ports(|p| {
            request_write(compiled, job, (planned, None, &Origin::Person), p)
        })?;
        let made = (&planned.digest, &code, "a chat");
        let _ = self.with_run_ports(|p| issue_write_code(compiled, job, made, p))?;
        Ok(code)
    }

    /// A person says no.
    ///
    /// # Errors
    /// As above.
    pub fn deny(&self, compiled: &Compiled, id: &JobId) -> Answer<Denied> {
        self.with_run_ports(|ports| deny_write(compiled, id, (&somebody(), None), ports))
    }

    /// A person takes an approval back.
    ///
    /// # Errors
    /// As above.
    pub fn revoke(&self, compiled: &Compiled, id: &JobId) -> Answer<()> {
        self.with_run_ports(|ports| revoke_write(compiled, id, ports))
    }

    /// A person takes note of an unproved outcome.
    ///
    /// # Errors
    /// As above.
    pub fn acknowledge(&self, compiled: &Compiled, id: &JobId) -> Answer<State> {
        self.with_run_ports(|ports| acknowledge_write(compiled, id, (&somebody(), None), ports))
    }

    /// A person asks for another verification.
    ///
    /// # Errors
    /// As above.
    pub fn reverify(&self, compiled: &Compiled, id: &JobId) -> Answer<()> {
        self.with_run_ports(|ports| reverify_write(compiled, id, ports))
    }

    /// Somebody claims a start, as `opsfsm run` does first.
    ///
    /// # Errors
    /// As above.
    pub fn claim(&self, compiled: &Compiled, id: &JobId) -> Answer<RunSpec> {
        let planned = self.planned(compiled, id)?;
        let Some(job) = compiled.job(id) else { return Ok(Err(GateRefused::NotAWrite)) };
        self.with_run_ports(|ports| claim_write(compiled, job, &planned, ports))
    }

    /// Somebody runs a write, as `opsfsm run` does: claims it, and its executor does the rest.
    ///
    /// # Errors
    /// As above.
    pub fn run_write(&self, compiled: &Compiled, id: &JobId) -> Answer<Result<Outcome, String>> {
        match self.claim(compiled, id)? {
            Ok(spec) => self.execute_write(compiled, &spec.run).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// The executor of a claimed write, with the config of this moment.
    ///
    /// # Errors
    /// As [`execute_write`].
    pub fn execute_write(
        &self,
        compiled: &Compiled,
        run: &RunId,
    ) -> Result<Result<Outcome, String>, StoreError> {
        let parent = self.become_pid(EXECUTOR_PIDS);
        let (mut runner, mut commands) = (self.clone(), self.clone());
        let mut store = self.store.clone();
        if self.executors_die.get() {
            // It begins and says who it became; its end is never recorded.
            store.fail_at(2, StoreError::Refused("killed".to_owned()), false);
        }
        let mut ports = WritePorts {
            clock: self,
            entropy: self,
            processes: self,
            files: &self.files,
            runner: &mut runner,
            commands: &mut commands,
            store: &mut store,
            style: &self.style.borrow(),
        };
        let executed = execute_write(run, compiled, &mut ports);
        self.return_to_pid(parent);
        executed
    }

    /// A person waits for the verification, as `opsfsm run --wait` does.
    ///
    /// # Errors
    /// As [`writes::wait_until_settled`].
    pub fn wait(&self, compiled: &Compiled, id: &JobId) -> Result<Waited, StoreError> {
        let mut launcher = self.clone();
        self.with_run_ports(|ports| {
            writes::wait_until_settled(compiled, id, &mut launcher, &|| false, ports)
        })
    }
}
