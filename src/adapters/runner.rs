//! Runs one claimed command as a child, with the mark of its run.
//!
//! In: a [`RunSpec`]. Out: its [`Outcome`].
//! Invariant: the output of a start command goes to a file and never to a pipe: a job that goes
//! on in the background and writes to it must not be killed by that.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exposure::own_folder;
use super::file_name::safe_name;
use super::process::{
    Capture, ChildResult, ChildSpec, Control, Stream, resolve_program, run_children, search_path,
    secrets_of,
};
use super::sandbox;
use super::signals::Interrupt;
use crate::base::redact::Secrets;
use crate::base::{JobId, RunId, limits};
use crate::model::{End, Outcome, RunSpec, SandboxFate, SpawnFault, StreamTail};
use crate::ports::CommandRunner;

/// The real command runner.
pub struct OsCommandRunner<'a> {
    /// Where the logs of start commands are kept.
    pub logs: PathBuf,
    /// Where sandboxed commands may write, in a folder of their run's.
    pub scratch: PathBuf,
    /// This program: it puts the sandbox in force.
    pub program: PathBuf,
    /// Ends the command early.
    pub cancel: Option<&'a Interrupt>,
}

impl CommandRunner for OsCommandRunner<'_> {
    fn run(&mut self, spec: &RunSpec) -> Outcome {
        if !spec.sandboxed {
            return self.run_child(self.child_of(spec));
        }
        if !sandbox::is_available() {
            let outcome = self.run_child(self.child_of(spec));
            return Outcome { sandbox: Some(SandboxFate::Unavailable), ..outcome };
        }
        let own = self.scratch.join(safe_name(&spec.job));
        let scratch = own.join(spec.run.as_str());
        let made = make_scratch(&own, &scratch);
        let outcome = match made.and_then(|()| self.confined(spec, &scratch)) {
            Ok(child) => self.run_child(child),
            Err((fault, detail)) => Outcome::without_output(End::NotStarted { fault, detail }),
        };
        // What is left of it harms nobody; the next run of this job removes it.
        let _ = fs::remove_dir_all(&scratch).and_then(|()| fs::remove_dir(&own));
        Outcome { sandbox: Some(SandboxFate::Applied), ..outcome }
    }
}

/// A folder that is empty, and this run's alone. What earlier runs of its job have left goes: in one
/// store no two of them go at a time.
fn make_scratch(own: &Path, scratch: &Path) -> Result<(), (SpawnFault, String)> {
    // A link on the way there would have what it leads to removed.
    let safe = own.parent().map_or(Ok(()), own_folder).and_then(|()| own_folder(own));
    safe.map_err(|e| {
        (SpawnFault::Other, format!("its scratch folder {} can't be used: {e}", own.display()))
    })?;
    for left in fs::read_dir(own).into_iter().flatten().flatten() {
        // One that can't be removed is in nobody's way.
        let _ = fs::remove_dir_all(left.path());
    }
    DirBuilder::new().mode(0o700).create(scratch).map_err(|e| {
        let folder = scratch.display();
        (SpawnFault::Other, format!("its scratch folder {folder} can't be made: {e}"))
    })
}

impl OsCommandRunner<'_> {
    fn run_child(&self, child: ChildSpec) -> Outcome {
        let control = Control { cancel: self.cancel, ..Control::default() };
        let secrets = secrets_of(&child);
        let mut results = run_children(&[child], &control);
        let outcome = results.pop().map(|result| outcome_of(result, &secrets));
        outcome.unwrap_or_else(|| Outcome::without_output(End::Lost))
    }

    fn child_of(&self, spec: &RunSpec) -> ChildSpec {
        let capture = match self.log_of(spec) {
            Some(path) => Capture::Log { path },
            None => Capture::Tail,
        };
        let mut env: Vec<(String, String)> =
            spec.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        env.push((RunId::ENV.to_owned(), spec.run.to_string()));
        ChildSpec {
            argv: spec.argv.clone(),
            cwd: spec.cwd.clone(),
            env,
            // A verification runs with what was approved, and nothing else.
            clear_env: spec.verifies.is_some(),
            limit: spec.limit_ms.map(Duration::from_millis),
            capture,
        }
    }

    /// The same, through a process that restricts itself first. The program is looked up here, so
    /// that one that is missing is told as everywhere.
    fn confined(&self, spec: &RunSpec, scratch: &Path) -> Result<ChildSpec, (SpawnFault, String)> {
        let mut child = self.child_of(spec);
        let name = spec.argv.first().map_or("", String::as_str);
        let program = resolve_program(name, &spec.cwd, &search_path(&child))?;
        let text = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                (SpawnFault::Other, format!("the path {} is not UTF-8", path.display()))
            })
        };
        let mut argv = vec![text(&self.program)?, "__sandbox".to_owned(), "--".to_owned()];
        argv.extend([text(scratch)?, text(&program)?]);
        argv.append(&mut child.argv);
        for name in ["TMPDIR", "XDG_CACHE_HOME"] {
            child.env.push((name.to_owned(), text(scratch)?));
        }
        Ok(ChildSpec { argv, ..child })
    }
}

impl OsCommandRunner<'_> {
    /// The log of a start command; `None` where there can be none, or no need of one.
    fn log_of(&self, spec: &RunSpec) -> Option<PathBuf> {
        if !spec.purpose.starts_the_job() {
            return None;
        }
        own_folder(&self.logs).ok()?;
        let path = log_path(&self.logs, &spec.job);
        keep_end(&path);
        Some(path)
    }
}

/// The log of a job's start commands: named after the job where its id makes a file name, and
/// told apart from every other id by a hash where it does not.
#[must_use]
pub fn log_path(logs: &Path, job: &JobId) -> PathBuf {
    logs.join(format!("{}.log", safe_name(job)))
}

/// Cuts a log that has grown too long to its end. One that can't be cut stays as it is: the
/// command matters more.
fn keep_end(path: &Path) {
    let cut = || -> std::io::Result<()> {
        if fs::symlink_metadata(path)?.len() <= limits::LOG_BYTES {
            return Ok(());
        }
        let mut file = OpenOptions::new().read(true).write(true).mode(0o600).open(path)?;
        let half = i64::try_from(limits::LOG_BYTES / 2).unwrap_or(i64::MAX);
        file.seek(SeekFrom::End(-half))?;
        let mut end = Vec::new();
        (&file).take(limits::LOG_BYTES).read_to_end(&mut end)?;
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&end)
    };
    let _ = cut();
}

/// What a child brought, without the secrets that it printed: they go no further than here.
pub(super) fn outcome_of(result: ChildResult, secrets: &Secrets) -> Outcome {
    Outcome {
        took_ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        stdout: tail_of(&result.stdout, secrets),
        stderr: tail_of(&result.stderr, secrets),
        attention: result.attention,
        leaked: result.leaked,
        sandbox: None,
        end: result.end,
    }
}

fn tail_of(stream: &Stream, secrets: &Secrets) -> StreamTail {
    let text = secrets.redact(&String::from_utf8_lossy(&stream.bytes), stream.cut);
    StreamTail { text, bytes: stream.total, cut: stream.cut }
}
