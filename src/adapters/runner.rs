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

use sha2::{Digest as _, Sha256};

use super::process::{Capture, ChildResult, ChildSpec, Control, Stream, run_children};
use super::signals::Interrupt;
use crate::base::{JobId, RunId, id::hex, limits};
use crate::model::{Outcome, RunSpec, StreamTail};
use crate::ports::CommandRunner;

/// The real command runner.
pub struct OsCommandRunner<'a> {
    /// Where the logs of start commands are kept.
    pub logs: PathBuf,
    /// Ends the command early.
    pub cancel: Option<&'a Interrupt>,
}

impl CommandRunner for OsCommandRunner<'_> {
    fn run(&mut self, spec: &RunSpec) -> Outcome {
        let capture = match self.log_of(spec) {
            Some(path) => Capture::Log { path },
            None => Capture::Tail,
        };
        let mut env: Vec<(String, String)> =
            spec.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        env.push((RunId::ENV.to_owned(), spec.run.to_string()));
        let child = ChildSpec {
            argv: spec.argv.clone(),
            cwd: spec.cwd.clone(),
            env,
            limit: spec.limit_ms.map(Duration::from_millis),
            capture,
        };
        let control = Control { cancel: self.cancel, ..Control::default() };
        let mut results = run_children(&[child], &control);
        results.pop().map_or_else(|| Outcome::without_output(crate::model::End::Lost), outcome_of)
    }
}

impl OsCommandRunner<'_> {
    /// The log of a start command; `None` where there can be none, or no need of one.
    fn log_of(&self, spec: &RunSpec) -> Option<PathBuf> {
        if !spec.purpose.starts_the_job() {
            return None;
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.logs).ok()?;
        let path = log_path(&self.logs, &spec.job);
        keep_end(&path);
        Some(path)
    }
}

/// The log of a job's start commands: named after the job where its id makes a file name, and
/// told apart from every other id by a hash where it does not.
#[must_use]
pub fn log_path(logs: &Path, job: &JobId) -> PathBuf {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let id = job.as_str();
    if id.len() <= 100 && !id.starts_with('.') && id.chars().all(safe) {
        return logs.join(format!("{id}.log"));
    }
    let plain: String = id.chars().filter(|c| safe(*c)).take(40).collect();
    logs.join(format!("{plain}-{}.log", hex(&Sha256::digest(id.as_bytes())[..6])))
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

fn outcome_of(result: ChildResult) -> Outcome {
    Outcome {
        took_ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        stdout: tail_of(&result.stdout),
        stderr: tail_of(&result.stderr),
        attention: result.attention,
        leaked: result.leaked,
        end: result.end,
    }
}

fn tail_of(stream: &Stream) -> StreamTail {
    StreamTail {
        text: String::from_utf8_lossy(&stream.bytes).into_owned(),
        bytes: stream.total,
        cut: stream.cut,
    }
}
