//! Starts executors: `opsfsm __exec RUN`, one process a run, that outlive the tick.
//!
//! In: claimed runs. Out: what could not be started; the rest is in the store when it has ended.
//! Invariant: nothing of a command is in an executor's argv but its run's id and the store's path.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::process::{Deadline, Detached, spawn_detached, wait_detached};
use super::signals::Interrupt;
use crate::base::RunId;
use crate::ports::{LaunchFault, Launcher};

/// The real launcher.
pub struct OsLauncher<'a> {
    /// This program.
    pub program: PathBuf,
    /// The store that holds the claims.
    pub store: PathBuf,
    /// Ends the waiting, not the executors.
    pub cancel: Option<&'a Interrupt>,
}

impl Launcher for OsLauncher<'_> {
    fn launch(&mut self, runs: &[RunId], within: Duration) -> Vec<LaunchFault> {
        let mut started: Vec<Detached> = Vec::new();
        let mut faults = Vec::new();
        for run in runs {
            let args = [
                OsString::from("__exec"),
                OsString::from(run.as_str()),
                OsString::from("--state-file"),
                self.store.clone().into_os_string(),
            ];
            match spawn_detached(&self.program, &args) {
                Ok(one) => started.push(one),
                Err(e) => {
                    let program = self.program.display();
                    let detail = format!("can't start {program} as an executor: {e}");
                    faults.push(LaunchFault { run: run.clone(), detail });
                }
            }
        }
        wait_detached(&mut started, Deadline::after(within), self.cancel);
        faults
    }
}
