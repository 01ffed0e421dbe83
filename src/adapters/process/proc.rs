//! Facts about processes that can be proved, and the only signals sent to processes that are
//! not our unreaped children.
//!
//! In: a pid, or a process named by pid, start time and boot. Out: facts, or why there are none.
//! Invariant: this module never signals a process whose start time, boot and evidence were not
//! read while a handle kept that very process from being mistaken for another.

use crate::base::BootId;
use crate::model::ProcessId;

pub use super::evidence::{EndSignal, Evidence, Liveness, Reach, SignalRefusal};

#[cfg(target_os = "linux")]
use super::procfs as system;

#[cfg(not(target_os = "linux"))]
use super::noproc as system;

/// This boot; [`BootId::unknown`] where the system doesn't tell.
#[must_use]
pub fn boot_id() -> BootId {
    system::boot_id()
}

/// This very process.
#[must_use]
pub fn own_process_id() -> ProcessId {
    let pid = std::process::id();
    process_id(pid).unwrap_or_else(|| ProcessId { pid, start_ticks: 0, boot: boot_id() })
}

/// The process that has this pid now, named beyond doubt; `None` if there is none, or no telling.
#[must_use]
pub fn process_id(pid: u32) -> Option<ProcessId> {
    system::process_id(pid)
}

/// Does this very process still run?
#[must_use]
pub fn liveness(process: &ProcessId) -> Liveness {
    let here = boot_id();
    if here.as_str().is_empty() || process.boot.as_str().is_empty() {
        return Liveness::Unknown;
    }
    if process.boot != here {
        return Liveness::Dead;
    }
    system::liveness(process.pid, process.start_ticks)
}

/// Who the process belongs to and what it was started for.
#[must_use]
pub fn started_for(pid: u32) -> Evidence {
    system::started_for(pid)
}

/// For how many seconds the process has been running, suspend included.
#[must_use]
pub fn age_seconds(pid: u32) -> Option<u64> {
    system::age_seconds(pid)
}

/// Signals exactly this process, or the group it leads, if `check` accepts its evidence.
///
/// A handle on the process is taken first and the signal goes through it, so that no pid reused
/// meanwhile is ever hit. A whole group can only be signalled by number: that is done while the
/// handle shows its leader alive, which is what keeps the number from being reused.
pub fn signal_if(
    process: &ProcessId,
    check: impl Fn(&Evidence) -> bool,
    reach: Reach,
    signal: EndSignal,
) -> Result<(), SignalRefusal> {
    let here = boot_id();
    if process.start_ticks == 0 || process.boot.as_str().is_empty() || here.as_str().is_empty() {
        return Err(SignalRefusal::Unproved(process.pid));
    }
    if process.boot != here {
        return Err(SignalRefusal::Ended(process.pid));
    }
    system::signal_if(process, check, reach, signal)
}
