//! Process facts on systems without `/proc` and pidfds: none, said plainly.
//!
//! In: questions. Out: "can't be proved here".
//! Invariant: this module never guesses and never signals.

use super::evidence::{EndSignal, Evidence, Liveness, Reach, SignalRefusal};
use crate::base::BootId;
use crate::model::ProcessId;

const NO_PROOF: &str = "it can't be proved on this system who a process belongs to";

pub(super) fn boot_id() -> BootId {
    BootId::unknown()
}

pub(super) fn process_id(_pid: u32) -> Option<ProcessId> {
    None
}

pub(super) fn liveness(_pid: u32, _start_ticks: u64) -> Liveness {
    Liveness::Unknown
}

pub(super) fn started_for(_pid: u32) -> Evidence {
    Evidence { run: None, uid: None, start_ticks: None, missing: Some(NO_PROOF.to_owned()) }
}

pub(super) fn age_seconds(_pid: u32) -> Option<u64> {
    None
}

pub(super) fn signal_if(
    process: &ProcessId,
    _check: impl Fn(&Evidence) -> bool,
    _reach: Reach,
    _signal: EndSignal,
) -> Result<(), SignalRefusal> {
    Err(SignalRefusal::System { pid: process.pid, why: NO_PROOF.to_owned() })
}
