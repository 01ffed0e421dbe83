//! Once a write, always a write: what was ever declared one is remembered, so that its id or its
//! command can't come back as a read job that runs without approval.
//!
//! In: the config, and the marks of the store. Out: new marks; read jobs that bear one.
//! Invariant: a mark is taken away by a person's word only. It covers what a config says, not what
//! a program does: the same write under another spelling is not known again.

use std::collections::{BTreeMap, BTreeSet};

use super::ledger::Ledger;
use crate::base::JobId;
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{EventKind, ReplayFault, Snapshot};
use crate::machine::Machine;

/// A read job with the id or a command of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenWrite {
    /// The read job.
    pub job: JobId,
    /// The write whose id or command it has.
    pub write: JobId,
    /// Which of its commands that is (`run`, `start`, `status`, `stop`); `None`: it is the id.
    pub role: Option<&'static str>,
}

/// Remembers a write's id and command.
pub(super) fn mark_write(ledger: &mut Ledger<'_>, job: &CompiledJob) -> Result<(), ReplayFault> {
    let id = &job.job().id;
    let Some(mark) = mark_of_write(job) else { return Ok(()) };
    let known = ledger.world().snapshot.marks.get(id);
    if known.is_some_and(|marks| marks.contains(mark)) {
        return Ok(());
    }
    let mark = mark.to_owned();
    ledger.record(Some(id), EventKind::WriteMarked { mark })
}

/// The mark of a write's command; `None`: it is none.
fn mark_of_write(job: &CompiledJob) -> Option<&str> {
    let is_write = job.machine() == Machine::Write;
    job.marks().first().filter(|_| is_write).map(|command| command.mark.as_str())
}

/// The read jobs that bear the id or a command of what was ever declared a write, here and now
/// too: no store need have heard of it.
#[must_use]
pub fn hidden_writes(compiled: &Compiled, snapshot: &Snapshot) -> Vec<HiddenWrite> {
    let marked =
        snapshot.marks.iter().map(|(id, marks)| (id, marks.iter().map(String::as_str).collect()));
    let mut known: BTreeMap<&JobId, BTreeSet<&str>> = marked.collect();
    for job in compiled.jobs().filter(|job| job.machine() == Machine::Write) {
        known.entry(&job.job().id).or_default().extend(mark_of_write(job));
    }
    if known.is_empty() {
        return Vec::new();
    }
    let hidden = |job: &CompiledJob| {
        let id = &job.job().id;
        known.iter().find_map(|(write, marks)| {
            let mut own = job.marks().iter();
            let role = own.find(|own| marks.contains(own.mark.as_str())).map(|own| own.role);
            let found = role.is_some() || *write == id;
            found.then(|| HiddenWrite { job: id.clone(), write: (*write).clone(), role })
        })
    };
    let reads = compiled.jobs().filter(|job| job.machine() != Machine::Write);
    reads.filter_map(hidden).collect()
}
