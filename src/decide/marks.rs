//! Once a write, always a write: what was ever declared one is remembered, so that its id or its
//! command can't come back as a read job that runs without approval.
//!
//! In: the config, and the marks of the store. Out: new marks; read jobs that bear one.
//! Invariant: a mark is taken away by a person's word only. It covers what a config says, not what
//! a program does: the same write under another spelling is not known again.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::ledger::Ledger;
use crate::base::JobId;
use crate::base::id::hex;
use crate::compile::{Compiled, CompiledJob};
use crate::journal::{EventKind, ReplayFault, Snapshot};
use crate::model::{Command, Job, StatusSource, Work};

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
    let declared = job.job();
    let Work::Write { run, .. } = &declared.work else { return Ok(()) };
    let mark = mark_of(run, &declared.cwd);
    let known = ledger.world().snapshot.marks.get(&declared.id);
    if known.is_some_and(|marks| marks.contains(&mark)) {
        return Ok(());
    }
    ledger.record(Some(&declared.id), EventKind::WriteMarked { mark })
}

/// The read jobs that bear the id or a command of what was ever declared a write, here and now
/// too: no store need have heard of it.
#[must_use]
pub fn hidden_writes(compiled: &Compiled, snapshot: &Snapshot) -> Vec<HiddenWrite> {
    let mut known = snapshot.marks.clone();
    for job in compiled.jobs().map(CompiledJob::job) {
        if let Work::Write { run, .. } = &job.work {
            known.entry(job.id.clone()).or_default().insert(mark_of(run, &job.cwd));
        }
    }
    if known.is_empty() {
        return Vec::new();
    }
    let hidden = |job: &Job| {
        if matches!(job.work, Work::Write { .. }) {
            return None;
        }
        let own: Vec<(&'static str, String)> =
            commands_of(job).into_iter().map(|(role, c)| (role, mark_of(c, &job.cwd))).collect();
        known.iter().find_map(|(write, marks)| {
            let role = own.iter().find(|(_, mark)| marks.contains(mark)).map(|(role, _)| *role);
            let found = role.is_some() || *write == job.id;
            found.then(|| HiddenWrite { job: job.id.clone(), write: write.clone(), role })
        })
    };
    compiled.jobs().filter_map(|job| hidden(job.job())).collect()
}

fn commands_of(job: &Job) -> Vec<(&'static str, &Command)> {
    match &job.work {
        Work::Watch { start, status, stop } => {
            let status = match status {
                StatusSource::Command(command) => Some(("status", command)),
                StatusSource::File(_) => None,
            };
            let stop = stop.as_ref().map(|stop| ("stop", stop));
            std::iter::once(("start", start)).chain(status).chain(stop).collect()
        }
        Work::Check { run, .. } | Work::Write { run, .. } => vec![("run", run)],
    }
}

/// A command's mark: the same for each spelling of the program's path, whatever the folder.
fn mark_of(command: &Command, cwd: &Path) -> String {
    let mut hasher = Sha256::new();
    for (n, word) in command.argv.iter().enumerate() {
        let path = (n == 0 && word.contains('/')).then(|| plain(&cwd.join(word)));
        let text = path.map_or(word.clone(), |p| p.to_string_lossy().into_owned());
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    hex(&hasher.finalize()[..16])
}

/// A path without `.` and `..`, by its text alone.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(part),
        }
    }
    out
}
