//! This machine's processes, as the engine asks after them.

use super::process::proc;
use std::path::PathBuf;

use super::flight_lock;
use crate::base::JobId;
use crate::model::ProcessId;
use crate::ports::{Liveness, Processes};

/// The real ones.
#[derive(Clone, Debug, Default)]
pub struct OsProcesses {
    /// The folder of the locks that writes hold while they are in flight; `None`: no store, so
    /// none is.
    pub flights: Option<PathBuf>,
}

impl Processes for OsProcesses {
    fn own_id(&self) -> ProcessId {
        proc::own_process_id()
    }

    fn liveness(&self, process: &ProcessId) -> Liveness {
        match proc::liveness(process) {
            proc::Liveness::Alive => Liveness::Alive,
            proc::Liveness::Dead => Liveness::Dead,
            proc::Liveness::Unknown => Liveness::Unknown,
        }
    }

    fn is_in_flight(&self, write: &JobId) -> bool {
        self.flights.as_ref().is_some_and(|folder| flight_lock::is_held(folder, write))
    }
}
