//! Starting one child: the only place that builds a `Command`.
//!
//! In: a spec. Out: a started child with its pipes, a shortage that may pass, or a refusal.
//! Invariant: this module never runs code between fork and exec and names programs by their
//! path only, so that std keeps to posix_spawn, whose cost does not grow with our memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use rustix::fs::{OFlags, fcntl_setfl};

use super::log::Log;
use super::resolve::{self, Refusal};
use super::{Capture, ChildSpec};
use crate::base::redact::{Secrets, is_secret_name};
use crate::model::STANDARD_PATH;
use crate::model::SpawnFault;

/// The bot's token, as OpenClaw and opsfsm themselves may be given it.
pub const SECRET_VARIABLE: &str = "TELEGRAM_BOT_TOKEN";

/// What came of trying to start a child.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It runs.
    Started(Started),
    /// Files, processes or memory are short; worth another try. The refusal is for giving up.
    Short(Refusal),
    /// It will never start like this.
    Refused(Refusal),
}

/// A child just started, and our ends of its output.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
    pub(super) log: Option<Log>,
}

/// Variables of ours that no child inherits.
static KEPT_BACK: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Keeps variables of this process from every child started after this. A child whose own
/// environment states one still gets that.
pub fn keep_back_variable(names: &[String]) {
    KEPT_BACK.lock().unwrap_or_else(PoisonError::into_inner).extend(names.iter().cloned());
}

/// A command in its own process group, with nothing on its stdin.
pub(super) fn command(program: &Path) -> Command {
    let mut command = detached(program);
    command.process_group(0);
    command
}

/// A command in our own group, with nothing on its stdin.
pub(super) fn detached(program: &Path) -> Command {
    let mut command = bare(program);
    command.stdin(nothing());
    let kept_back = KEPT_BACK.lock().unwrap_or_else(PoisonError::into_inner);
    let kept_back = kept_back.iter().map(String::as_str).chain([SECRET_VARIABLE]);
    // A changed environment is built anew for every child: only where there is something to hide.
    for name in kept_back.filter(|name| std::env::var_os(name).is_some()) {
        command.env_remove(name);
    }
    command
}

/// `/dev/null`, opened once: to open it anew for each child takes four times as long.
fn nothing() -> Stdio {
    static NOTHING: LazyLock<Option<File>> = LazyLock::new(|| File::open("/dev/null").ok());
    let shared = NOTHING.as_ref().and_then(|file| file.try_clone().ok());
    shared.map_or_else(Stdio::null, Stdio::from)
}

#[expect(clippy::disallowed_methods, reason = "the one place that builds a Command")]
fn bare(program: &Path) -> Command {
    Command::new(program)
}

/// The name that the program is told as its own.
pub(super) fn name_as(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Turns this process into the program, with this environment in the place of its own if one is
/// given; comes back only where that fails.
#[must_use]
pub fn become_program<S: AsRef<OsStr>>(
    program: &Path,
    argv: &[S],
    env: Option<&BTreeMap<OsString, OsString>>,
) -> io::Error {
    let mut command = bare(program);
    if let Some(env) = env {
        command.env_clear().envs(env);
    }
    if let Some((name, arguments)) = argv.split_first() {
        command.arg0(name).args(arguments);
    }
    command.exec()
}

/// Tries to start `spec`.
pub(super) fn start(spec: &ChildSpec) -> Attempt {
    let (name, arguments) = match spec.argv.split_first() {
        Some((name, arguments)) => (name.as_str(), arguments),
        None => ("", &[][..]),
    };
    let program = match resolve::resolve_program(name, &spec.cwd, &search_path(spec)) {
        Ok(program) => program,
        Err(refusal) => return Attempt::Refused(refusal),
    };
    if !is_loadable(&program) {
        return Attempt::Refused((SpawnFault::BadFormat, resolve::bad_format(&program)));
    }
    let log = match &spec.capture {
        Capture::Head(_) | Capture::Tail => None,
        Capture::Log { path } => match Log::open(path) {
            Ok(log) => Some(log),
            Err(error) => {
                let detail = format!("log {} can't be written: {error}", path.display());
                return failed(&error, (fault_of_log(&error), detail));
            }
        },
    };
    let mut command = command(&program);
    // The name as it was written stays argv[0], as from a shell.
    command.arg0(name).args(arguments).current_dir(&spec.cwd);
    if spec.clear_env {
        command.env_clear();
    }
    command.envs(spec.env.iter().map(|(key, value)| (key, value)));
    match spawn(command, log) {
        Ok(started) => Attempt::Started(started),
        Err(error) => failed(&error, resolve::explain(&error, &program, &spec.cwd)),
    }
}

fn spawn(mut command: Command, log: Option<Log>) -> io::Result<Started> {
    match &log {
        Some(log) => command.stdout(log.for_child()?).stderr(log.for_child()?),
        None => command.stdout(Stdio::piped()).stderr(Stdio::piped()),
    };
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().map(|pipe| unblocked(pipe.into()));
    let stderr = child.stderr.take().map(|pipe| unblocked(pipe.into()));
    Ok(Started { child, stdout, stderr, log })
}

fn failed(error: &io::Error, refusal: Refusal) -> Attempt {
    if resolve::is_passing(error) { Attempt::Short(refusal) } else { Attempt::Refused(refusal) }
}

fn fault_of_log(error: &io::Error) -> SpawnFault {
    if resolve::is_passing(error) { SpawnFault::Resources } else { SpawnFault::Other }
}

/// Sets our end of a pipe non-blocking. The child's end is another open file and stays as it is.
pub(super) fn unblocked(pipe: OwnedFd) -> OwnedFd {
    // The reading end of a pipe of ours has no other flag that could be set. This can't fail on it; if
    // it did, reads would stop at the first chunk.
    let _ = fcntl_setfl(&pipe, OFlags::NONBLOCK);
    pipe
}

/// The PATH that a child inherits.
#[must_use]
pub fn inherited_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| STANDARD_PATH.into())
}

/// The PATH that a bare program name is looked up along.
#[must_use]
pub fn search_path(spec: &ChildSpec) -> OsString {
    let own = spec.env.iter().rev().find(|(key, _)| key == "PATH");
    own.map(|(_, value)| OsString::from(value))
        .or_else(|| std::env::var_os("PATH").filter(|_| !spec.clear_env))
        .unwrap_or_else(|| STANDARD_PATH.into())
}

/// What a child's environment holds that it may print and nobody is to see.
#[must_use]
pub fn secrets_of(spec: &ChildSpec) -> Secrets {
    let own = spec.env.iter().map(|(name, value)| (name, value));
    if spec.clear_env {
        return Secrets::of_env(own.map(|(name, value)| (name.as_str(), value.as_str())));
    }
    secrets_beside(own)
}

/// The same of a child with these variables beside ours.
#[must_use]
pub fn secrets_beside<'a>(own: impl IntoIterator<Item = (&'a String, &'a String)>) -> Secrets {
    // Ours never changes, and every child of a tick asks for it.
    static INHERITED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let all = std::env::vars_os();
        let text = all.filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        text.filter(|(name, _)| is_secret_name(name)).collect()
    });
    let inherited = INHERITED.iter().map(|(name, value)| (name, value));
    let all = inherited.chain(own);
    Secrets::of_env(all.map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Is this a file that the kernel itself can load?
///
/// Linux tells by ENOEXEC. Elsewhere posix_spawnp hands an unknown file to `/bin/sh`, which
/// would run any text as commands; so there the file's first bytes are looked at.
#[cfg(target_os = "linux")]
fn is_loadable(_program: &Path) -> bool {
    true
}

#[cfg(not(target_os = "linux"))]
fn is_loadable(program: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 4];
    let read = std::fs::File::open(program).and_then(|mut file| file.read_exact(&mut magic));
    // A file that can't be read may still run; a missing one is explained by the start itself.
    read.is_err() || super::loadable::is_known(&magic)
}
