//! This machine's processes, as the engine asks after them.

use super::process::proc;
use crate::model::ProcessId;
use crate::ports::{Liveness, Processes};

/// The real ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsProcesses;

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
}
