//! Runs one write for its permit.
//!
//! In: a job to prepare for, then a permit. Out: how the write ended, and whether it left anything
//! running.
//! Invariant: a signal to opsfsm does not end a write, and what was opened for one start serves for
//! no other.

use std::path::{Path, PathBuf};

use super::flight_lock::{self, FlightLock};
use super::process::{Prepared, Sole};
use super::runner::outcome_of;
use crate::approval::Permit;
use crate::base::redact::Secrets;
use crate::base::{JobId, RunId};
use crate::model::{End, Outcome, ProcessId, SpawnFault};
use crate::ports::{Unready, WriteRunner};

/// The real runner of writes.
#[derive(Debug)]
pub struct OsWriteRunner {
    flights: PathBuf,
    ready: Option<(JobId, FlightLock, Prepared)>,
}

impl OsWriteRunner {
    /// A runner whose locks are in this folder.
    #[must_use]
    pub fn new(flights: PathBuf) -> Self {
        Self { flights, ready: None }
    }
}

impl WriteRunner for OsWriteRunner {
    fn prepare(&mut self, job: &JobId, program: &Path) -> Result<(), Unready> {
        let short = |what: &Path, e: std::io::Error| {
            Unready::Short(format!("{} can't be opened for it: {e}", what.display()))
        };
        // What an earlier attempt held is given back: its lock would be in the way of the new one.
        self.ready = None;
        let lock = flight_lock::take(&self.flights, job).map_err(|e| short(&self.flights, e))?;
        let Some(lock) = lock else { return Err(Unready::InFlight) };
        let prepared = Prepared::open(program).map_err(|e| short(program, e))?;
        self.ready = Some((job.clone(), lock, prepared));
        Ok(())
    }

    fn run_write(&mut self, permit: Permit, began: &mut dyn FnMut(ProcessId)) -> Outcome {
        let run = permit.run().to_string();
        let command = permit.into_command();
        let ready = self.ready.take().filter(|(job, ..)| *job == command.job);
        let Some((_, lock, prepared)) = ready else {
            let detail = "nothing was prepared for it".to_owned();
            return Outcome::without_output(End::NotStarted { fault: SpawnFault::Other, detail });
        };
        let mut env = command.env;
        env.insert(RunId::ENV.to_owned(), run);
        let sole = Sole {
            program: &command.program,
            argv: &command.argv,
            cwd: &command.cwd,
            env: &env,
            limit: command.limit,
        };
        let secrets = Secrets::of_env(env.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        let outcome = outcome_of(prepared.run(&sole, began), &secrets);
        let still_held = lock.release();
        Outcome { leaked: outcome.leaked || still_held, ..outcome }
    }
}
