//! The marks of a job's commands, by which the command of a write is known again in another job.
//!
//! In: a command and its folder. Out: a mark, the same for each spelling of the program's path.
//! Invariant: by its text alone; no file is looked at.

use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::base::id::hex;
use crate::model::{Command, Job, StatusSource, Work};

/// A command's mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandMark {
    /// Which of the job's commands: `run`, `start`, `status`, `stop`.
    pub role: &'static str,
    /// Its mark.
    pub mark: String,
}

/// Those of all commands of a job.
pub(super) fn marks_of(job: &Job) -> Vec<CommandMark> {
    let mark = |(role, command): (&'static str, &Command)| {
        let mark = mark_of(command, &job.cwd);
        CommandMark { role, mark }
    };
    commands_of(job).into_iter().map(mark).collect()
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

/// The mark: the same for each spelling of the program's path, whatever the folder.
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
