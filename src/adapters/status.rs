//! Asks jobs how they are: status commands all at once, status files one after another.
//!
//! In: asks. Out: one observation each, sorted by job.
//! Invariant: whatever a job prints, hangs on or fails at becomes an observation of that job
//! alone; nothing else is harmed by it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::config_files::open_without_waiting;
use super::process::{
    Capture, ChildResult, ChildSpec, Control, Deadline, proc, run_children_with, secrets_of,
};
use super::signals::Interrupt;
use crate::base::redact::Secrets;
use crate::base::time::limit_text;
use crate::base::{Stamp, limits};
use crate::model::{
    BrokenCause, BrokenStatus, Command, End, Observation, Observed, Status, StatusSource,
    parse_status,
};
use crate::ports::{Clock, StatusAsk, StatusRunner};

/// The real status runner.
pub struct OsStatusRunner<'a> {
    /// Says when each job was asked.
    pub clock: &'a dyn Clock,
    /// Ends the asking early.
    pub cancel: Option<&'a Interrupt>,
}

impl StatusRunner for OsStatusRunner<'_> {
    fn observe(&mut self, asks: &[StatusAsk<'_>], within: Duration) -> Vec<Observation> {
        let at = self.clock.at();
        let commands: Vec<(&StatusAsk<'_>, &Command)> =
            asks.iter().filter_map(|ask| command_of(ask).map(|c| (ask, c))).collect();
        let specs: Vec<ChildSpec> = commands.iter().map(|(ask, c)| spec_of(ask, c)).collect();
        let control = Control {
            deadline: Some(Deadline::after(within)),
            cancel: self.cancel,
            ..Control::default()
        };
        let judged = run_children_with(&specs, &control, |place, result| {
            let (command, spec) = (commands.get(place)?.1, specs.get(place)?);
            Some(judge(command, spec, &result))
        });
        let observe = |ask: &StatusAsk<'_>, observed| Observation {
            job: ask.job.clone(),
            at: at.clone(),
            observed,
        };
        let mut all: Vec<Observation> = commands
            .iter()
            .zip(judged)
            .filter_map(|((ask, _), observed)| Some(observe(ask, observed?)))
            .collect();
        let files = read_files(asks, &self.clock.at());
        all.extend(files.into_iter().map(|(ask, observed)| observe(ask, observed)));
        all.sort_by(|a, b| a.job.cmp(&b.job));
        all
    }

    fn was_interrupted(&self) -> bool {
        self.cancel.is_some_and(|interrupt| interrupt.received().is_some())
    }
}

/// Reads all status files; many of them in several threads, which share what is the kernel's work.
fn read_files<'a, 'b>(
    asks: &'b [StatusAsk<'a>],
    now: &Stamp,
) -> Vec<(&'b StatusAsk<'a>, Observed)> {
    let files: Vec<(&StatusAsk<'_>, &Path)> = asks.iter().filter_map(file_of).collect();
    let read = |of: &[(&'b StatusAsk<'a>, &Path)]| -> Vec<_> {
        of.iter().map(|(ask, path)| (*ask, read_one(ask, path, now))).collect()
    };
    if files.len() < limits::FILES_SHARED {
        return read(&files);
    }
    let readers = thread::available_parallelism().map_or(1, usize::from).min(limits::SPAWNERS);
    let shares: Vec<_> = files.chunks(files.len().div_ceil(readers)).collect();
    let Some((own, others)) = shares.split_first() else { return Vec::new() };
    thread::scope(|scope| {
        let start =
            |share| (share, thread::Builder::new().spawn_scoped(scope, move || read(share)));
        let others: Vec<_> = others.iter().map(|share| start(*share)).collect();
        let mut all = read(own);
        for (share, reader) in others {
            // What a thread that can't be had, or came to grief, has not read, this one reads.
            let theirs = reader.ok().and_then(|reader| reader.join().ok());
            all.extend(theirs.unwrap_or_else(|| read(share)));
        }
        all
    })
}

fn read_one(ask: &StatusAsk<'_>, path: &Path, now: &Stamp) -> Observed {
    match read_file(path, now) {
        Observed::Status(status) => Observed::Status(status.redacted(&own(ask))),
        broken @ Observed::Broken(_) => broken,
    }
}

/// The secrets that the config gives a job.
fn own(ask: &StatusAsk<'_>) -> Secrets {
    Secrets::of_env(ask.env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn command_of<'a>(ask: &StatusAsk<'a>) -> Option<&'a Command> {
    match ask.source {
        StatusSource::Command(command) => Some(command),
        StatusSource::File(_) => None,
    }
}

fn file_of<'a, 'b>(ask: &'b StatusAsk<'a>) -> Option<(&'b StatusAsk<'a>, &'a Path)> {
    match ask.source {
        StatusSource::File(path) => Some((ask, path)),
        StatusSource::Command(_) => None,
    }
}

fn spec_of(ask: &StatusAsk<'_>, command: &Command) -> ChildSpec {
    ChildSpec {
        argv: command.argv.clone(),
        cwd: ask.cwd.to_owned(),
        env: ask.env.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        clear_env: false,
        limit: Some(command.limit.unwrap_or(limits::STATUS_TIMEOUT)),
        capture: Capture::Head(limits::STATUS_BYTES),
    }
}

fn broken(cause: BrokenCause, detail: impl Into<String>) -> Observed {
    Observed::Broken(BrokenStatus { cause, detail: detail.into() })
}

/// What a status command's end and output say. A leaked pipe is no fault: the command has ended.
fn judge(command: &Command, spec: &ChildSpec, result: &ChildResult) -> Observed {
    let program = command.argv.first().map_or("", String::as_str);
    let errors = || {
        let stderr = &result.stderr;
        let text = secrets_of(spec).redact(&String::from_utf8_lossy(&stderr.bytes), stderr.cut);
        let last = text.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned);
        last.map(|line| format!(": {line}")).unwrap_or_default()
    };
    match &result.end {
        End::Exited { code: 0 } if result.stdout.cut => broken(
            BrokenCause::Malformed,
            format!("{program} printed {} bytes, more than a status may have", result.stdout.total),
        ),
        End::Exited { code: 0 } => match parse_status(&result.stdout.bytes) {
            Ok(status) => Observed::Status(status.redacted(&secrets_of(spec))),
            Err(fault) => broken(BrokenCause::Malformed, format!("{program}: {fault}")),
        },
        End::Exited { code } => {
            broken(BrokenCause::ExitedWithError, format!("{program}: exit {code}{}", errors()))
        }
        End::Signaled { signal } => {
            broken(BrokenCause::Signaled, format!("{program}: signal {signal}{}", errors()))
        }
        End::TimedOut { limit_ms } => broken(
            BrokenCause::TimedOut,
            format!("{program} took longer than its limit of {}", limit_text(*limit_ms)),
        ),
        End::Unkillable { pid } => broken(
            BrokenCause::Unkillable,
            format!(
                "{program} (pid {pid}) does not end even on SIGKILL; look at its disk or mount"
            ),
        ),
        End::NotStarted { detail, .. } => broken(BrokenCause::NotStarted, detail.clone()),
        End::Cancelled | End::Lost => {
            broken(BrokenCause::NotAsked, format!("the tick ended before {program} had answered"))
        }
    }
}

/// Reads a status file. "Running" is believed only while the pid it gives lives and is older than
/// the file's last change; a process that is gone has stopped, whatever the file says.
fn read_file(path: &Path, now: &Stamp) -> Observed {
    match read_bounded(path) {
        Ok((bytes, changed_ms)) => match parse_status(&bytes) {
            Ok(status) => Observed::Status(believe(status, changed_ms, now)),
            Err(fault) => broken(BrokenCause::Malformed, format!("{}: {fault}", path.display())),
        },
        Err(fault) => fault,
    }
}

fn read_bounded(path: &Path) -> Result<(Vec<u8>, i64), Observed> {
    read_regular(path).map_err(|why| {
        if fs::metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound) {
            return broken(BrokenCause::FileMissing, format!("{} is not there", path.display()));
        }
        broken(BrokenCause::FileUnreadable, why)
    })
}

pub(super) fn read_regular(path: &Path) -> Result<(Vec<u8>, i64), String> {
    let name = path.display();
    let facts = fs::metadata(path).map_err(|e| format!("{name}: {e}"))?;
    if !facts.is_file() {
        return Err(format!("{name} is no regular file"));
    }
    let file: File = open_without_waiting(path).map_err(|e| format!("{name}: {e}"))?;
    let facts = file.metadata().map_err(|e| format!("{name}: {e}"))?;
    let most = u64::try_from(limits::STATUS_BYTES).unwrap_or(u64::MAX);
    // Room for all of it, and to see its end: two reads, where growing from nothing takes five.
    let length = usize::try_from(facts.len().min(most)).unwrap_or(0);
    let mut bytes = Vec::with_capacity(length + 1);
    file.take(most + 1).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
    if bytes.len() > limits::STATUS_BYTES {
        return Err(format!("{name} has more than the {most} bytes that a status may have"));
    }
    let changed_ms =
        facts.mtime().saturating_mul(1000).saturating_add(facts.mtime_nsec() / 1_000_000);
    Ok((bytes, changed_ms))
}

fn believe(mut status: Status, changed_ms: i64, now: &Stamp) -> Status {
    if !status.running || status.completed {
        return status;
    }
    let Some(pid) = status.pid else {
        // Nothing else shows that its writer lives: what moves is then the file itself.
        status.progress_key.get_or_insert_with(|| format!("file changed at {changed_ms}"));
        return status;
    };
    let gone = |why: String| Status { running: false, stop_reason: Some(why), ..status.clone() };
    let Some(process) = proc::process_id(pid) else {
        // Where the system can't tell, the file is all there is; nothing is resumed on its word.
        let known = !proc::boot_id().as_str().is_empty();
        return if known { gone(format!("process {pid} is gone")) } else { status };
    };
    if proc::liveness(&process) == proc::Liveness::Dead {
        return gone(format!("process {pid} is gone"));
    }
    let age_ms = proc::age_seconds(pid).and_then(|s| i64::try_from(s).ok()).map(|s| s * 1000);
    // Whole seconds and two clocks: a process counts as younger only beyond that doubt.
    let younger = age_ms.is_some_and(|age| now.wall_ms - age > changed_ms + CLOCK_SLACK_MS);
    // A wall clock that went ahead makes every process look younger than what it wrote before. One
    // that bears the mark of a run is of this boot and ours: taking it for gone would start a second.
    if younger && proc::started_for(pid).run.is_none() {
        return gone(format!("pid {pid} belongs to a younger process"));
    }
    status
}

/// Doubt between a file's time and a process's age: each is rounded, and they come from two clocks.
const CLOCK_SLACK_MS: i64 = 3_000;
